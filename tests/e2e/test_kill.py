"""The gateway is killed again and again while alarms come in: nothing is lost, nothing is doubled."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.clock import now_ms
from gateway.store import Store
from gateway.telemetry import Telemetry
from rules.timeline import Entry, Kind
from tests.support.cycles import CLASSES, RULES, SITE, Publisher, site_file
from tests.support.gateway import RunningGateway
from tests.support.servers import Mosquitto

CYCLES = 5_000
KILLS = 18  # once it is ready, and further ones while it starts: 21 in all
SEED = 20261124
KILL_AFTER_MS = (0, 300)  # from the moment it is ready: what the broker has kept comes in, and more is published
EARLY_KILLS = 6  # after these many, one in the middle of the start


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_every_accepted_alarm_is_on_one_timeline_once_however_often_the_gateway_is_killed(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], tmp_path: Path
) -> None:
    broker = mosquitto("autosave_interval 30", persistence=True)
    publisher = Publisher(broker.host, broker.port, CYCLES, SEED, now_ms)
    (tmp_path / "classes.yaml").write_text(CLASSES)
    (tmp_path / "rules.yaml").write_text(RULES)
    files = {"sites": ["site.yaml", "../classes.yaml"], "rules": ["../rules.yaml"]}
    running = gateway(site_file(publisher.devices), broker.url, **files)
    try:
        running.start()  # the broker knows its session from now on
        assert _kill_again_and_again(running, publisher, random.Random(SEED)) > 20
        accepted = publisher.finish()
        running.until(lambda: running.get(f"devices/{SITE}/marker")["values"])
        assert running.stop() == 0
    finally:
        publisher.close()
    print(f"starts: {sorted(round(each, 2) for each in running.start_seconds)} s")  # noqa: T201 - shown with -s

    assert accepted == 2 * CYCLES + 1
    with Store.open(f"sqlite:///{running.data / 'journal.sqlite'}", writer=False) as store:
        entries = list(_entries(store))
    _assert_every_alarm_once(entries, publisher)
    _assert_no_incident_doubled(entries, publisher)
    _assert_telemetry_holds_every_message_once(running.data / "telemetry", publisher)
    for command in ("verify-log", "replay", "audit"):
        done = running.run(command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in running.log


def _kill_again_and_again(running: RunningGateway, publisher: Publisher, chance: random.Random) -> int:
    """As many messages come while it is down as while it is up. → how often it was killed"""
    share, kills = 2 * CYCLES // (2 * KILLS), 0
    for number in range(KILLS):
        delay_s = chance.uniform(*KILL_AFTER_MS) / 1000
        sending = threading.Thread(target=publisher.send, args=(share, KILL_AFTER_MS[1] / 1000))
        sending.start()
        threading.Event().wait(delay_s)
        running.kill()
        kills += 1
        sending.join()
        publisher.send(share)
        if number % EARLY_KILLS == EARLY_KILLS - 1:
            running.start(ready=False)
            threading.Event().wait(chance.uniform(0.5, 1.2))
            running.kill()
            kills += 1
        running.start()
    return kills


def _entries(store: Store) -> Iterator[Entry]:
    position = 0
    while page := store.entries_after(position, 500):
        yield from page
        position = page[-1].position


def _assert_every_alarm_once(entries: list[Entry], publisher: Publisher) -> None:
    found: dict[Kind, Counter[tuple[str, float]]] = defaultdict(Counter)
    for entry in entries:
        if entry.kind in (Kind.DETECTED, Kind.CLEARED) and entry.rule in ("smoke-high", "leak"):
            assert entry.incident is not None, entry
            assert entry.device is not None
            found[entry.kind][entry.device, float(entry.facts["leak" if entry.rule == "leak" else "smoke"])] += 1
    alarms = Counter((f"{SITE}/{device.name}", value) for device, value in publisher.alarms)
    sent = Counter((f"{SITE}/{device.name}", value) for device, values in publisher.sent.items() for value in values)
    assert len(alarms) == CYCLES
    faults = {
        "alarms lost": alarms - found[Kind.DETECTED],
        "alarms doubled": found[Kind.DETECTED] - alarms,
        "normals lost": sent - alarms - found[Kind.CLEARED],
        "normals doubled": found[Kind.CLEARED] - (sent - alarms),
    }
    assert {fault: sorted(which.elements()) for fault, which in faults.items() if which} == {}


def _assert_no_incident_doubled(entries: list[Entry], publisher: Publisher) -> None:
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    timelines: dict[str, list[Entry]] = defaultdict(list)
    opened: Counter[str] = Counter()
    open_now: dict[str, str] = {}
    for entry in entries:
        if entry.incident is None:
            continue
        timelines[entry.incident].append(entry)
        if entry.kind is Kind.OPENED:
            zone = str(entry.facts["zone"])
            assert zone not in open_now.values(), f"{entry.incident} was opened beside another of {zone}"
            open_now[entry.incident] = zone
            opened[zone] += 1
        elif entry.kind is Kind.CLOSED:
            del open_now[entry.incident]
    for timeline in timelines.values():
        assert [entry.number for entry in timeline] == list(range(1, len(timeline) + 1))
    for device, values in publisher.sent.items():
        cycles = len(values) // 2
        assert opened[f"{SITE}/{device.zone}"] == (cycles if device.zone.startswith("solo") else 1)


def _assert_telemetry_holds_every_message_once(folder: Path, publisher: Publisher) -> None:
    telemetry = Telemetry(folder, writer=False)
    wrong = {}
    for device, values in publisher.sent.items():
        source = telemetry.source("actual", f"{SITE}/{device.name}")
        stored = telemetry.readings(source, 0, 2**53, 1_000_000)
        found = Counter(values[device.metric] for _, _, _, _, values in stored)
        if found != Counter(values):
            wrong[device.name] = Counter(values) - found, found - Counter(values)
    telemetry.close()
    assert not wrong, f"missing, doubled: {wrong}"
