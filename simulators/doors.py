"""Doors with access control: who comes through over the day, refusals, force, duress.

Assumptions (ours): time is cut into turns of 20 s; in a turn at most one person comes, likelier in office hours; one
card in fifty is refused; a door let open closes after 4 s. Card numbers are made up from the seed. Released by the
fire linkage, a door is unlocked and stays so until it is told to lock.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.instant import HOUR_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators.chance import key, uniform
from simulators.daily import at_hour
from simulators.scene import Fault, Happening, Scene, Told

TURN_MS = 20 * SECOND_MS
OPEN_MS = 4 * SECOND_MS
DENIAL_EVERY_MS = 5 * SECOND_MS  # somebody who tries one card after another
REFUSED = 0.02
CARDS = 500
_USE = (1, 1, 1, 1, 1, 1, 3, 10, 25, 18, 10, 15, 25, 18, 10, 10, 12, 20, 25, 12, 6, 4, 3, 2)  # % of turns, by hour


def readings(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    released = told is not None and told.command == "release"
    passing = _comes(device, scene, at // TURN_MS) == "access_granted" and 0 <= at % TURN_MS < OPEN_MS
    ajar = bool(disturbed & {Fault.FORCED, Fault.HELD_OPEN})
    return {
        "door": "open" if ajar or passing else "closed",
        "locked": not (ajar or passing or released),
        "forced": Fault.FORCED in disturbed,
        "held_open": Fault.HELD_OPEN in disturbed,
        "mains": Fault.POWER_LOST not in disturbed,
        "fault": Fault.FAULTY in disturbed,
    }


def events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    """What happens at the door after `since`, up to and including `until`, in order."""
    for turn in range(since // TURN_MS + 1, until // TURN_MS + 1):
        if event := _comes(device, scene, turn):
            yield Happening(turn * TURN_MS, event, {"card": _card(scene, device, turn)})
    for each in scene.disturbances.get(device.id, ()):
        if each.fault is Fault.DENIALS:
            yield from _denials(device, scene, each.since, max(since, each.since - 1), min(until, each.until or until))
        elif each.fault in _SAID and since < each.since <= until:
            yield Happening(each.since, _SAID[each.fault], {"card": _card(scene, device, 0)})


_SAID = {Fault.FORCED: "door_forced", Fault.HELD_OPEN: "door_held_open", Fault.DURESS: "duress"}


def _denials(device: Device, scene: Scene, start: Instant, since: Instant, until: Instant) -> Iterator[Happening]:
    first = -(-(since + 1 - start) // DENIAL_EVERY_MS)
    for number in range(first, (until - start) // DENIAL_EVERY_MS + 1):
        attributes: dict[str, Value] = {"card": _card(scene, device, -number - 1)}
        yield Happening(start + number * DENIAL_EVERY_MS, "access_denied", attributes)


def _comes(device: Device, scene: Scene, turn: int) -> str | None:
    chance = key(scene.seed, f"{device.id}/people")
    hour = (turn * TURN_MS + scene.utc_offset_ms) / HOUR_MS % 24
    if uniform(chance, turn) * 100 >= at_hour(_USE, hour):
        return None
    return "access_denied" if uniform(chance, -turn - 1) < REFUSED else "access_granted"


def _card(scene: Scene, device: Device, turn: int) -> str:
    return f"C{int(uniform(key(scene.seed, f'{device.id}/cards'), turn) * CARDS):05d}"
