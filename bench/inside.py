"""The gateway's inside without broker and API: ingest with the real screen, desk, store and telemetry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway.clock import now_ms
from gateway.core import calendars
from gateway.desk import Desk
from gateway.history import StoredHistory
from gateway.ingest import Ingest
from gateway.library import Loaded, load
from gateway.store import Store, StoreFailed
from gateway.telemetry import Telemetry
from gateway.wire import Message, Reader
from rules.instant import Instant
from rules.ruleset import RuleFile, Ruleset
from rules.screen import Screen
from rules.site import Device, Directory, Site, Zone
from simulators.building import Plan, portfolio, site_content
from simulators.load_frames import Frames, LoadDevice

TIMEZONE = "Asia/Shanghai"
_CONNACK = b"\x20\x02\x00\x00"


class NoTimer:
    """Batches end when they are full or are told to."""

    def call_later(self, delay: float, callback: object) -> Any:
        return self

    def cancel(self) -> None:
        pass


class Inside:
    """`take` messages; they are judged, stored, and their acknowledgements counted."""

    def __init__(self, loaded: Loaded, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.acknowledged = 0
        directory, ruleset = loaded.directory, loaded.ruleset
        self.store = Store.open(f"sqlite:///{folder / 'journal.sqlite'}")
        self.telemetry = Telemetry(folder / "telemetry")
        self.desk = Desk(self.store, now_ms, lambda entries, effects: None)
        self.desk.load(directory, ruleset)
        self.desk.commit()
        self.screen = Screen(directory, ruleset, StoredHistory(self.telemetry, self.desk), calendars(directory))
        self.screen.listening(now_ms())
        self.ingest = Ingest(
            self.screen, self.desk, self.store, self.telemetry, now_ms, NoTimer(), self._acknowledge, self._failed
        )

    def start(self) -> None:
        for change in self.screen.start([], now_ms()):
            self.ingest.submit(change)
        self.ingest.flush()

    def take(self, messages: list[Message]) -> None:
        """One read of the socket, and the commit."""
        self.ingest.on_messages(messages, 1)
        self.ingest.flush()

    def close(self) -> None:
        self.telemetry.close()
        self.store.close()

    def _acknowledge(self, generation: int, packet_ids: list[int]) -> None:
        self.acknowledged += len(packet_ids)

    def _failed(self, error: StoreFailed) -> None:
        raise error


class Traffic:
    """What the load generator would send, as the link hands it on: the devices in turn, in the order given."""

    def __init__(self, devices: Sequence[Device], first_seq: int = 1) -> None:
        self._frames = Frames([LoadDevice(each.site, each.name, each.device_class) for each in devices], first_seq)
        self._reader = Reader("3.1.1")
        self._reader.feed(_CONNACK)

    def take(self, count: int, at: Instant) -> list[Message]:
        return self._reader.feed(self._frames.take(count, at))


def loaded(plan: Plan, more_rules: int = 0) -> Loaded:
    """The shipped classes and rules, a generated site, and so many rules more on a smoke detector's `smoke`."""
    shipped = load([])
    ruleset = _with_rules(shipped.ruleset, more_rules)
    return Loaded(_directory(plan, shipped.directory), ruleset, shipped.plans, shipped.roster)


def portfolio_of(devices: int) -> Plan:
    return portfolio(devices)


def _directory(plan: Plan, shipped: Directory) -> Directory:
    """As `site_file` would make it, without reading tens of megabytes of YAML first."""
    zones: dict[str, Zone] = {}
    devices: dict[str, Device] = {}
    for building in site_content(plan)["buildings"]:
        for floor in building["floors"]:
            for entry in floor["zones"]:
                zone = f"{plan.site}/{entry['id']}"
                zones[zone] = Zone(zone, entry["id"], plan.site, building["id"], floor["id"], dict(entry["title"]))
                for each in entry["devices"]:
                    devices[f"{plan.site}/{each['id']}"] = _device(each, zones[zone], shipped)
    sites = {plan.site: Site(plan.site, dict(plan.title), str(ZoneInfo(TIMEZONE)), (), ())}
    return Directory(sites, zones, devices, shipped.device_classes)


def _device(entry: dict[str, Any], zone: Zone, shipped: Directory) -> Device:
    return Device(
        id=f"{zone.site}/{entry['id']}",
        name=entry["id"],
        device_class=entry["class"],
        site=zone.site,
        building=zone.building,
        floor=zone.floor,
        zone=zone.id,
        title=dict(entry["title"]),
        rated=dict(entry.get("rated", {})),
        silent_after_ms=shipped.device_classes[entry["class"]].silent_after_ms,
    )


def _with_rules(ruleset: Ruleset, more: int) -> Ruleset:
    """Thresholds of their own each, all above what a quiet detector says."""
    written = [
        {
            "id": f"smoke-step-{number}",
            "title": {"en": f"Smoke above step {number}"},
            "device_class": "smoke_detector",
            "hazard": "fire",
            "signal": "alarm",
            "when": {"metric": "smoke", "above": round(0.15 + 0.001 * number, 4)},
            "clear": {"metric": "smoke", "below": 0.08},
        }
        for number in range(more)
    ]
    rules = RuleFile.model_validate({"rules": written}).rules
    detections = {**ruleset.detections, **{rule.id: rule for rule in rules}}
    return Ruleset(detections=detections, confirmations=ruleset.confirmations)
