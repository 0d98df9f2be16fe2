"""A journal as years leave it behind, made in seconds.

All but the last rows go straight into the store: events of a quiet building, with their keys and a hash chain that
verifies, without projections (a start reads none). Then a snapshot where the gateway would have made one, and after
it the worst that a start can meet: nearly SNAPSHOT_EVERY events, through the real desk and engine, with incidents
that opened and closed, and no other snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from gateway.desk import SNAPSHOT_EVERY, Desk
from gateway.library import Loaded
from gateway.store import Group, JournalRow, Store, chain_hash
from rules.codec import encode
from rules.events import Event, VerdictChanged
from rules.instant import MINUTE_MS, SECOND_MS, Instant
from rules.mode import Mode
from rules.requests import Acknowledge, Finding, Resolve
from rules.state import encode_state
from rules.verdict import Verdict

BEGAN: Instant = 1_700_000_000_000  # 2023-11-14
APART_MS = MINUTE_MS
LEFT = 500  # events less than a snapshot's worth: the starts that are measured journal some themselves
GROUP_ROWS = 2_000
DESK_GROUP = 20  # submitted events a commit


def write(store: Store, loaded: Loaded, events: int) -> int:
    """→ how many events a start will replay. `events` in all; the last go through the desk."""
    replayed = min(events // 2, SNAPSHOT_EVERY - LEFT)
    now = [BEGAN]
    desk = Desk(store, lambda: now[0], lambda entries, effects: None)
    desk.load(*loaded.documents)
    desk.commit()
    now[0] = _write_bulk(store, loaded, desk, events - replayed)
    desk = Desk(store, lambda: now[0], lambda entries, effects: None)
    for number, event in enumerate(_lately(loaded, desk, now)):
        if desk.journal_index >= events:
            break
        desk.submit(event)
        if number % DESK_GROUP == 0:
            desk.commit()
    desk.commit()
    return replayed


def _write_bulk(store: Store, loaded: Loaded, desk: Desk, until: int) -> Instant:
    devices = list(loaded.directory.devices)
    index, hash_ = store.head()
    now = BEGAN
    while index < until:
        group = Group()
        while index < until and len(group.journal) < GROUP_ROWS:
            index, now = index + 1, now + APART_MS
            verdict = Verdict.HOLDS if index % 2 else Verdict.DOES_NOT
            device = devices[index // 2 % len(devices)]
            event = VerdictChanged(Mode.ACTUAL, "device-silent", device, verdict, now - SECOND_MS, now, seq=index)
            key, body = event.key(), encode(event)
            hash_ = chain_hash(hash_, index, now, body, key)
            group.journal.append(JournalRow(index, now, key, body, hash_))
        if index == until:
            desk.engine.state.now = now
            group.snapshot = (index, encode_state(desk.engine.state))
        store.commit(group)
    return now


def _lately(loaded: Loaded, desk: Desk, now: list[Instant]) -> Iterator[Event]:
    """Devices fall silent and come back, doors stand open, now and then a detector alarms and is found to be false."""
    devices = list(loaded.directory.devices.values())
    doors = [each.id for each in devices if each.device_class == "access_controller"]
    smoke = [each.id for each in devices if each.device_class == "smoke_detector"]
    for number in count():
        rule, of = (("device-silent", smoke), ("door-held-open", doors), ("smoke-alarm", smoke))[number % 3]
        device = of[number // 3 % len(of)]
        yield _verdict(rule, device, Verdict.HOLDS, number, now)
        if rule == "smoke-alarm":
            incident = f"INC-{desk.engine.state.incidents_made:06d}"
            yield Acknowledge(incident=incident, by="duty-officer")
        yield _verdict(rule, device, Verdict.DOES_NOT, number, now)
        if rule == "smoke-alarm":
            yield Resolve(
                incident=incident, by="duty-officer", finding=Finding.FALSE_ALARM, cause="dust from building work"
            )


def _verdict(rule: str, device: str, verdict: Verdict, number: int, now: list[Instant]) -> VerdictChanged:
    now[0] += APART_MS if verdict is Verdict.HOLDS else SECOND_MS
    return VerdictChanged(Mode.ACTUAL, rule, device, verdict, now[0] - SECOND_MS, now[0], {}, seq=number)
