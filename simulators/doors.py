"""Doors with access control: who comes through on which shift, refusals, force, duress.

Assumptions (ours): a door has 24 cards that use it, made up from the seed: three quarters on the day shift (8:30 to
17:30), the others late (13:00 to 21:30), at night (21:30 to 6:00) or cleaning (18:00 to 20:30). Day and late shifts
come on nine working days in ten and on one week-end day in twenty, nights and cleaners nine days in ten. People come
and go within a quarter of an hour of their times, leave for lunch, and pass two to five times between. One passing in
fifty is refused first, and granted 6 s later. Into the stairs by card, out by the button. A door let open closes after
4 s; who comes within 5 s of another walks through behind. Released by the fire linkage, a door is unlocked and stays so
until it is told to lock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators.chance import between, key, noise, uniform
from simulators.scene import Fault, Happening, Scene, Told

OPEN_MS = 4 * SECOND_MS
BEHIND_MS = 5 * SECOND_MS
DENIAL_EVERY_MS = 5 * SECOND_MS  # somebody who tries one card after another
AGAIN_MS = 6 * SECOND_MS
REFUSED = 0.02
CARDS = 24
STRANGE_CARDS = 500
_MONDAY = 1_704_067_200_000 // DAY_MS  # 2024-01-01
_KEPT = 4_096  # days of doors: three of every door of 30 buildings


class _Shift(NamedTuple):
    share: float
    starts_h: float
    ends_h: float
    lunch_h: float | None
    on_days_off: float  # how likely somebody comes then; on a working day nine in ten


_SHIFTS = (
    _Shift(0.75, 8.5, 17.5, 12.0, 0.05),
    _Shift(0.12, 13.0, 21.5, 17.5, 0.05),
    _Shift(0.04, 21.5, 30.0, None, 0.9),
    _Shift(0.09, 18.0, 20.5, None, 0.9),
)
_ON_WORKING_DAYS = 0.9


class _Passing(NamedTuple):
    at: Instant  # local, since the epoch
    event: str
    card: str


def readings(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    released = told is not None and told.command == "release"
    ajar = Fault.FORCED in disturbed or Fault.HELD_OPEN in disturbed
    passing = not ajar and _is_open(device, scene, at)
    return {
        "door": "open" if ajar or passing else "closed",
        "locked": not (ajar or passing or released),
        "forced": Fault.FORCED in disturbed,
        "held_open": Fault.HELD_OPEN in disturbed,
        "mains": Fault.POWER_LOST not in disturbed,
        "fault": Fault.FAULTY in disturbed,
    }


def events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    """What happens at the door after `since`, up to and including `until`."""
    for each in _between(device, scene, since, until):
        attributes: dict[str, Value] = {} if each.event == "request_to_exit" else {"card": each.card}
        yield Happening(each.at - scene.utc_offset_ms, each.event, attributes)
    for wrong in scene.disturbances.get(device.id, ()):
        if wrong.fault is Fault.DENIALS:
            start, end = wrong.since, min(until, wrong.until or until)
            yield from _denials(device, scene, start, max(since, start - 1), end)
        elif wrong.fault in _SAID and since < wrong.since <= until:
            yield Happening(wrong.since, _SAID[wrong.fault], {"card": _strange_card(scene, device, 0)})


_SAID = {Fault.FORCED: "door_forced", Fault.HELD_OPEN: "door_held_open", Fault.DURESS: "duress"}


def next_change(device: Device, scene: Scene, after: Instant) -> Instant | None:
    """When somebody comes next, or the door closes behind the last."""
    local = after + scene.utc_offset_ms
    day = local // DAY_MS
    for index in (day, day + 1):
        known = _day(scene.seed, device.id, index)
        place = bisect_right(known, local, key=_at)
        closes_at = known[place - 1].at + OPEN_MS if place else 0
        if closes_at > local:
            return closes_at - scene.utc_offset_ms
        if place < len(known):
            return known[place].at - scene.utc_offset_ms
    return (day + 2) * DAY_MS - scene.utc_offset_ms


def _is_open(device: Device, scene: Scene, at: Instant) -> bool:
    passed = _between(device, scene, at - OPEN_MS, at)
    return any(each.event != "access_denied" for each in passed)


def _between(device: Device, scene: Scene, since: Instant, until: Instant) -> list[_Passing]:
    """Who comes after `since`, up to and including `until`."""
    after, upto = since + scene.utc_offset_ms, until + scene.utc_offset_ms
    found: list[_Passing] = []
    for index in range(after // DAY_MS, upto // DAY_MS + 1):
        known = _day(scene.seed, device.id, index)
        found += known[bisect_right(known, after, key=_at) : bisect_right(known, upto, key=_at)]
    return found


def _at(passing: _Passing) -> Instant:
    return passing.at


@lru_cache(_KEPT)
def _day(seed: int, device: str, day: int) -> list[_Passing]:
    """Everybody who passes on a local day, in order; those of the night shift before it among them."""
    start, end = day * DAY_MS, (day + 1) * DAY_MS
    coming = sorted(each for before in (day - 1, day) for each in _comings(seed, device, before))
    found: list[_Passing] = []
    for each in coming[bisect_left(coming, start, key=_at) : bisect_left(coming, end, key=_at)]:
        if not found or each.at - found[-1].at > BEHIND_MS:
            found.append(each)
    return found


def _comings(seed: int, device: str, day: int) -> Iterator[_Passing]:
    """The passings of the shifts that begin on a local day; those of a night may come after midnight."""
    works = (day - _MONDAY) % 7 < 5
    for person in range(CARDS):
        of_person = key(seed, f"{device}/card-{person}")
        shift = _shift(uniform(of_person))
        chance = of_person ^ (day * 0x9E3779B1)
        if uniform(chance) >= (_ON_WORKING_DAYS if works else shift.on_days_off):
            continue
        card = f"C{int(uniform(of_person, 1) * 90_000) + 10_000}"
        for number, (hour, out) in enumerate(_hours(shift, chance)):
            at = day * DAY_MS + round(hour * HOUR_MS / SECOND_MS) * SECOND_MS
            if out:
                yield _Passing(at, "request_to_exit", card)
                continue
            if uniform(chance, 50 + number) < REFUSED:
                yield _Passing(at, "access_denied", card)
                at += AGAIN_MS
            yield _Passing(at, "access_granted", card)


def _hours(shift: _Shift, chance: int) -> Iterator[tuple[float, bool]]:
    """When somebody on a shift passes, and whether out by the button."""
    quarter_h = 15 * MINUTE_MS / HOUR_MS
    yield shift.starts_h + quarter_h / 2 * noise(chance, 1), False
    yield shift.ends_h + quarter_h / 2 * noise(chance, 2), True
    if shift.lunch_h is not None:
        leaves_h = shift.lunch_h + quarter_h * noise(chance, 3)
        yield leaves_h, True
        yield leaves_h + between(chance, 0.4, 0.9, 4), False
    for errand in range(2 + int(uniform(chance, 5) * 4)):
        hour = between(chance, shift.starts_h + 0.5, shift.ends_h - 0.5, 10 + errand)
        yield hour, uniform(chance, 20 + errand) < 0.5


def _shift(drawn: float) -> _Shift:
    for shift in _SHIFTS:
        if drawn < shift.share:
            return shift
        drawn -= shift.share
    return _SHIFTS[0]


def _denials(device: Device, scene: Scene, start: Instant, since: Instant, until: Instant) -> Iterator[Happening]:
    first = -(-(since + 1 - start) // DENIAL_EVERY_MS)
    for number in range(first, (until - start) // DENIAL_EVERY_MS + 1):
        attributes: dict[str, Value] = {"card": _strange_card(scene, device, -number - 1)}
        yield Happening(start + number * DENIAL_EVERY_MS, "access_denied", attributes)


def _strange_card(scene: Scene, device: Device, turn: int) -> str:
    return f"C{int(uniform(key(scene.seed, f'{device.id}/cards'), turn) * STRANGE_CARDS):05d}"
