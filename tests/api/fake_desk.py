"""A desk in memory, for tests of the API. Behaves as `api.ports.Desk` promises; its clock is a counter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from api.ports import (
    DeadLetter,
    DeviceQuery,
    DeviceState,
    Done,
    FoundDevice,
    Health,
    InboxQuery,
    IncidentQuery,
    Page,
    Refused,
    UnknownDevice,
    UnknownInboxDevice,
    UnknownIncident,
    ZoneState,
)
from rules.incident import Confirmation, Evidence, Incident, Phase
from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.requests import (
    AboutInbox,
    Acknowledge,
    AddNote,
    AssignDevice,
    ClearDeadLetters,
    FillHandover,
    OpenOrder,
    PersonCommand,
    PutOnShelf,
    ReportIncident,
    Resolve,
    StartDrill,
)
from rules.signal import Signal
from rules.timeline import Entry, Kind
from tests.api.fake_reports import FakeReports
from tests.api.fake_response import DETECTOR, START, FakeResponse, has, of_sites, page_of
from tests.api.fake_rules import FakeRules

_MAKES: dict[type, str] = {OpenOrder: "order", PutOnShelf: "shelf", FillHandover: "handover", StartDrill: "drill"}
SMOKE = {"en": "Smoke above alarm threshold", "zh": "烟雾浓度超过报警阈值"}


@dataclass
class FakeDesk(FakeReports, FakeResponse, FakeRules):
    known: dict[str, Incident] = field(default_factory=dict)
    device_states: list[DeviceState] = field(default_factory=list)
    zone_states: list[ZoneState] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    found: dict[tuple[str, str], FoundDevice] = field(default_factory=dict)
    state: Health = field(default_factory=lambda: Health(True, {"broker": "ok", "store": "ok"}, "0.1.0", START))
    refusal: Refused | None = None  # what every command gets
    asked: list[PersonCommand] = field(default_factory=list)  # every command that was carried out
    whences: list[str] = field(default_factory=list)  # from where they were asked
    titled: dict[str, dict[str, str]] = field(default_factory=dict)
    watching: int = 0
    _answered: dict[str, tuple[PersonCommand, Done]] = field(default_factory=dict)
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _watchers_changed: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    # ---- what tests make happen

    def opened(self, **fields: Any) -> Incident:
        """A new incident, with its first entry."""
        number = len(self.known) + 1
        at = START + number * 60_000
        device = fields.get("first_out", DETECTOR)
        values: dict[str, Any] = {
            "id": f"INC-{number:06}",
            "mode": Mode.ACTUAL,
            "site": "tower-a",
            "building": "main",
            "floor": "12F",
            "zone": "tower-a/12F-east",
            "hazard": "fire",
            "signal": Signal.ALARM,
            "level": Level.I,
            "phase": Phase.ACTIVATED,
            "confirmation": Confirmation.CONFIRMED,
            "title": SMOKE,
            "first_out": device,
            "opened_at": at,
            "updated_at": at,
            "evidence": [_evidence(device, at)],
        }
        incident = Incident(**(values | fields))
        self.known[incident.id] = incident
        self.write(incident, Kind.OPENED, facts={"level": incident.level.value, "hazard": "fire", "signal": "alarm"})
        return incident

    def write(self, incident: Incident | None, kind: Kind, **fields: Any) -> Entry:
        """One more entry, as the engine would write it."""
        position = len(self.entries) + 1
        if incident is not None:
            incident.entries += 1
            incident.revision += 1
        entry = Entry(
            position=position,
            incident=incident.id if incident else None,
            number=incident.entries if incident else 0,
            at=START + position * 1000,
            kind=kind,
            mode=incident.mode if incident else None,
            **fields,
        )
        self.entries.append(entry)
        self._wake()
        return entry

    def close(self) -> None:
        self._closed = True
        self._wake()

    async def until_watched_by(self, readers: int) -> None:
        while self.watching != readers:
            self._watchers_changed.clear()
            await self._watchers_changed.wait()

    def _watched(self, change: int) -> None:
        self.watching += change
        self._watchers_changed.set()

    def _wake(self) -> None:
        self._grown.set()
        self._grown = asyncio.Event()

    # ---- api.ports.Desk

    async def carry_out(
        self, command: PersonCommand, idempotency_key: str | None = None, if_revision: int | None = None
    ) -> Done | Refused:
        self._check()
        self.whences.append(command.whence)
        command = msgspec.structs.replace(command, whence="")  # two workstations may send the same
        if idempotency_key in self._answered:
            before, done = self._answered[idempotency_key]
            if before != command:
                return Refused("idempotency_key_reused", "this key carried out something else")
            return msgspec.structs.replace(done, repeated=True)
        outcome = self._carry_out(command, if_revision)
        if isinstance(outcome, Done) and idempotency_key is not None:
            self._answered[idempotency_key] = (command, outcome)
        return outcome

    def _carry_out(self, command: PersonCommand, if_revision: int | None) -> Done | Refused:
        if isinstance(command, AboutInbox):
            return self._of_the_inbox(command)
        if isinstance(command, ClearDeadLetters | ReportIncident):
            return self._without_subject(command)
        about, subject = self._subject(command)
        if about and subject is None:
            return Refused(f"unknown_{about}", f"there is no {about} {getattr(command, about)}")
        if if_revision is not None and if_revision != subject.revision:
            return Refused("revision_changed", f"{subject.id} has revision {subject.revision}")
        if self.refusal is not None:
            return self.refusal
        self.asked.append(command)
        if isinstance(subject, Incident):
            return self._about(subject, command)
        subject = subject or self._made(command)
        if hasattr(subject, "revision"):
            subject.revision += 1
        entry = self.write(None, Kind.ACTION, by=command.by, facts={"id": subject.id, "what": type(command).__name__})
        return Done(entries=[entry], **{about or _MAKES[type(command)]: subject})

    def _without_subject(self, command: ClearDeadLetters | ReportIncident) -> Done | Refused:
        if self.refusal is not None:
            return self.refusal
        self.asked.append(command)
        if isinstance(command, ReportIncident):
            incident = self.opened(zone=command.zone, hazard=command.hazard, level=command.level, first_out="")
            facts = {"note": command.note}
            return Done(incident, [self.write(incident, Kind.REPORTED, by=command.by, facts=facts)])
        cleared = len(self.letters)
        self.letters = []
        entry = self.write(None, Kind.LETTERS_CLEARED, by=command.by, facts={"count": float(cleared)})
        return Done(entries=[entry], letters=cleared)

    def _of_the_inbox(self, command: AboutInbox) -> Done | Refused:
        source = command.source if isinstance(command, AssignDevice) else None
        key = (source.codec, source.id) if source else (command.codec, command.native_id)  # type: ignore[union-attr]
        if key not in self.found:
            return Refused("unknown_inbox_device", f"{'/'.join(key)} is not among the devices that were found")
        if self.refusal is not None:
            return self.refusal
        self.asked.append(command)
        device = command.device if isinstance(command, AssignDevice) else None
        ignored = getattr(command, "ignored", False)
        self.found[key] = msgspec.structs.replace(self.found[key], device=device, ignored=ignored)
        entry = self.write(None, Kind.INBOX, by=command.by, facts={"what": "device assigned"})
        return Done(entries=[entry], found=self.found[key])

    def _subject(self, command: PersonCommand) -> tuple[str, Any]:
        """What a command is about, by its path; "" for one that makes something new."""
        known = {
            "order": self.known_orders,
            "action": self.known_actions,
            "shelf": self.known_shelves,
            "handover": self.known_handovers,
            "drill": self.known_drills,
            "incident": self.known,
        }
        if type(command) in _MAKES:
            return "", None
        about = next(name for name in known if hasattr(command, name))
        return about, known[about].get(getattr(command, about))

    def _made(self, command: PersonCommand) -> Any:
        if isinstance(command, OpenOrder):
            return self.ordered(asset=command.asset, fault=command.fault, kind=command.kind, opened_by=command.by)
        if isinstance(command, PutOnShelf):
            return self.shelved(
                device=command.device, zone=command.zone, reason=command.reason, maintenance=command.maintenance
            )
        if isinstance(command, StartDrill):
            return self.drilling(site=command.site, scenario=command.scenario, started_by=command.by)
        assert isinstance(command, FillHandover)
        return self.handing_over(site=command.site, outgoing=command.by, incoming=command.incoming)

    def _about(self, incident: Incident, command: PersonCommand) -> Done | Refused:
        if isinstance(command, AddNote):
            return Done(incident, [self.write(incident, Kind.NOTED, by=command.by, facts={"text": command.text})])
        if isinstance(command, Acknowledge):
            return self._acknowledge(incident, command)
        if isinstance(command, Resolve):
            return self._resolve(incident, command)
        return Done(incident, [self.write(incident, Kind.NOTED, by=command.by, facts={"text": "done"})])

    def _acknowledge(self, incident: Incident, command: Acknowledge) -> Done | Refused:
        if incident.acknowledged_by is not None:
            return Refused("already_acknowledged", f"{incident.id} was acknowledged by {incident.acknowledged_by}")
        incident.phase, incident.acknowledged_by = Phase.RESPONDING, command.by
        entry = self.write(incident, Kind.ACKNOWLEDGED, by=command.by, facts={"note": command.note})
        incident.acknowledged_at = entry.at
        return Done(incident, [entry])

    def _resolve(self, incident: Incident, command: Resolve) -> Done | Refused:
        if not incident.sources_normal:
            return Refused("sources_not_normal", "still holds: smoke-high at tower-a/sd-1203")
        incident.phase, incident.closed_by = Phase.CLOSED, command.by
        incident.finding, incident.cause = command.finding, command.cause
        facts = {"finding": command.finding.value, "cause": command.cause}
        entry = self.write(incident, Kind.CLOSED, by=command.by, facts=facts)
        incident.closed_at = entry.at
        return Done(incident, [entry])

    async def incidents(self, query: IncidentQuery) -> Page[Incident]:
        self._check()
        found = [each for each in reversed(self.known.values()) if _matches(each, query) and _says(each, query.text)]
        return page_of(found, query.cursor, query.limit)

    async def incident(self, incident: str) -> Incident:
        self._check()
        if incident not in self.known:
            raise UnknownIncident(incident)
        return self.known[incident]

    async def timeline(self, incident: str, after: int = 0, limit: int = 500) -> Page[Entry]:
        await self.incident(incident)
        found = [entry for entry in self.entries if entry.incident == incident and entry.number > after]
        return Page(found[:limit], "more" if len(found) > limit else None)

    async def watch(self, after: int | None = None, incident: str | None = None) -> AsyncIterator[Entry]:
        position = len(self.entries) if after is None else after
        self._watched(1)
        try:
            while not self._closed:
                self._check()
                grown = self._grown
                while position < len(self.entries):
                    entry = self.entries[position]
                    position += 1
                    if incident in (None, entry.incident):
                        yield entry
                await grown.wait()
        finally:
            self._watched(-1)

    async def devices(self, query: DeviceQuery) -> Page[DeviceState]:
        self._check()
        wanted = {name: getattr(query, name) for name in ("site", "zone", "device_class", "silent")}
        found = [state for state in self.device_states if has(state, wanted) and of_sites(state, query.sites)]
        return page_of(found, query.cursor, query.limit)

    async def device(self, device: str) -> DeviceState:
        self._check()
        for state in self.device_states:
            if state.id == device:
                return state
        raise UnknownDevice(device)

    async def zones(self, site: str | None = None) -> list[ZoneState]:
        self._check()
        return [state for state in self.zone_states if site in (None, state.site)]

    async def inbox(self, query: InboxQuery) -> Page[FoundDevice]:
        self._check()
        wanted = [
            each
            for each in self.found.values()
            if query.codec in (None, each.codec)
            and query.assigned in (None, each.device is not None)
            and query.ignored in (None, each.ignored)
        ]
        return page_of(wanted, query.cursor, query.limit)

    async def found_device(self, codec: str, native_id: str) -> FoundDevice:
        self._check()
        if (codec, native_id) not in self.found:
            raise UnknownInboxDevice(f"{codec}/{native_id}")
        return self.found[codec, native_id]

    async def dead_letters(self, cursor: str | None = None, limit: int = 100) -> Page[DeadLetter]:
        self._check()
        return page_of(self.letters, cursor, limit)

    async def health(self) -> Health:
        self._check()
        return self.state

    def titles(self) -> dict[str, dict[str, str]]:
        return self.titled

    async def metrics(self) -> bytes:
        return b"# TYPE tocsin_readings counter\ntocsin_readings_total 7.0\n"


def device(name: str, **fields: Any) -> DeviceState:
    values: dict[str, Any] = {
        "id": f"tower-a/{name}",
        "name": name,
        "device_class": "smoke_detector",
        "site": "tower-a",
        "building": "main",
        "floor": "12F",
        "zone": "tower-a/12F-east",
        "title": {"en": name},
        "values": {"smoke": 0.02, "alarm": False},
        "last_seen_at": START,
        "online": True,
        "silent": False,
        "firing": [],
    }
    return DeviceState(**(values | fields))


def zone(name: str, site: str = "tower-a") -> ZoneState:
    return ZoneState(f"{site}/{name}", name, site, "main", "12F", {"en": name}, 24, 1, ["INC-000001"], Level.I)


def _evidence(device: str, at: Instant) -> Evidence:
    return Evidence(
        rule="smoke-high",
        device=device,
        title=SMOKE,
        signal=Signal.ALARM,
        level=Level.I,
        fired_at=at,
        values={"smoke": 0.182, "alarm": True},
        rule_version="3f2a9c51",
    )


def _says(incident: Incident, words: str | None) -> bool:
    said = " ".join(incident.title.values()).lower()
    return all(word.lower() in said for word in (words or "").split())


def _matches(incident: Incident, query: IncidentQuery) -> bool:
    names = ("site", "zone", "level", "phase", "signal", "mode", "hazard", "open")
    return (
        has(incident, {name: getattr(query, name) for name in names})
        and of_sites(incident, query.sites)
        and (query.ids is None or incident.id in query.ids)
        and (query.since is None or incident.opened_at >= query.since)
        and (query.until is None or incident.opened_at < query.until)
    )
