"""Passenger lifts: traffic over the day, doors, faults, people shut in.

Assumptions (ours): time is cut into turns of 3 minutes; in a turn a car makes at most one round trip from the lobby 1F,
with one to three stops, so that its place at an instant follows from the turn's number alone. 3.5 m a floor; doors take
2 s to open, stand open for 5 s and take 2 s to close, and one stop in twenty takes 7 s longer, because somebody holds
them; a door that moves counts as open, as a controller with one door contact reports it. Traffic is that of an office:
up-peak at 8, lunch, down-peak at 18, nearly nothing at night (the shape of CIBSE Guide D's office day; confidence low);
before noon more people go up than down. 75 kg a person (EN 81-20; confidence high).

Recalled by the fire linkage, a car stands in the lobby with its doors open. Without mains it stands at a landing with
its doors open: rescue by battery took it there. People who are shut in press the button after 5 s, and the call stands
until they are freed (EN 81-28 wants it acknowledged; confidence medium). A blocked door tries on at its landing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rules.instant import HOUR_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators.chance import key, noise, uniform
from simulators.daily import at_hour
from simulators.scene import Fault, Happening, Scene, Told

TRIP_MS = 180 * SECOND_MS
OPEN_MS = 9 * SECOND_MS  # opening and closing included
HELD_MS = 7 * SECOND_MS
FLOOR_M = 3.5
SPEED_M_PER_S = 2.5  # without a nameplate
BUTTON_AFTER_MS = 5 * SECOND_MS  # how long people who are shut in wait before they press the button
PERSON_KG = 75.0
STOPS_MAX = 3
UNDER_WAY_MS = 5 * SECOND_MS  # so often a car that travels says where it is
_BUSY = (5, 3, 2, 2, 3, 8, 25, 60, 95, 70, 50, 60, 90, 70, 50, 50, 60, 85, 95, 60, 35, 25, 15, 8)  # % of turns, by hour
_KEPT = 1_024  # trips under way


class _Leg(NamedTuple):
    """A part of a trip: from one floor to another, or (the same floor) with the door as it is."""

    until_ms: int  # since the trip's beginning
    start: int
    goal: int
    door: str
    load_kg: float


def readings(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    if Fault.ENTRAPMENT in disturbed:
        return _stuck(device, scene, at, people=True)
    if Fault.OUT_OF_ORDER in disturbed:
        return _stuck(device, scene, at, people=False)
    floors = _floors(device, scene)
    lobby = floors[_lobby(floors)]
    if Fault.POWER_LOST in disturbed:
        return _values(lobby, door="open", mode="out_of_service") | {"mains": False}
    if told is not None and told.command == "recall":
        return _values(lobby, door="open", mode="fire")
    if told is not None and told.command == "out_of_service":
        return _values(lobby, mode="out_of_service")
    if Fault.DOOR_BLOCKED in disturbed:
        return _values(lobby, door="blocked")
    return _travelling(device, scene, at, floors)


def events(device: Device, scene: Scene, since: Instant, until: Instant) -> Iterator[Happening]:
    for each in scene.disturbances.get(device.id, ()):
        if each.fault is Fault.ENTRAPMENT:
            if since < each.since + BUTTON_AFTER_MS <= until:
                yield Happening(each.since + BUTTON_AFTER_MS, "alarm_button_pressed")
            if each.until is not None and since < each.until <= until:
                yield Happening(each.until, "rescued")


def next_change(device: Device, scene: Scene, after: Instant) -> Instant | None:
    """When the door moves next, the car starts or stops; under way every few seconds."""
    turn, since_ms = divmod(after, TRIP_MS)
    begins_ms = 0
    for leg in _legs(device, scene, turn):
        if since_ms < leg.until_ms:
            ends_at = turn * TRIP_MS + leg.until_ms
            if leg.start == leg.goal:
                return ends_at
            return min(ends_at, after + UNDER_WAY_MS - (since_ms - begins_ms) % UNDER_WAY_MS)
        begins_ms = leg.until_ms
    return (turn + 1) * TRIP_MS


def _travelling(device: Device, scene: Scene, at: Instant, floors: tuple[str, ...]) -> dict[str, Value]:
    turn, since_ms = divmod(at, TRIP_MS)
    begins_ms = 0
    for leg in _legs(device, scene, turn):
        if since_ms < leg.until_ms:
            if leg.start == leg.goal:
                return _values(floors[leg.start], door=leg.door, load_kg=leg.load_kg)
            done = (since_ms - begins_ms) / (leg.until_ms - begins_ms)
            passed = round(leg.start + (leg.goal - leg.start) * done)
            direction = 1 if leg.goal > leg.start else -1
            jitter = 0.01 * noise(key(scene.seed, f"{device.id}/trips"), at // SECOND_MS)
            return _values(floors[passed], speed=direction * (_speed(device) + jitter), load_kg=leg.load_kg)
        begins_ms = leg.until_ms
    return _values(floors[_lobby(floors)])


def _legs(device: Device, scene: Scene, turn: int) -> tuple[_Leg, ...]:
    """What the car does in a turn; nothing: it waits in the lobby with its doors closed."""
    hour = (turn * TRIP_MS + scene.utc_offset_ms) // HOUR_MS % 24
    floors = _floors(device, scene)
    return _trip(key(scene.seed, f"{device.id}/trips"), turn, hour, len(floors), _lobby(floors), _speed(device))


@lru_cache(_KEPT)
def _trip(chance: int, turn: int, hour: int, floors: int, lobby: int, speed: float) -> tuple[_Leg, ...]:
    if floors < 2 or uniform(chance, turn) * 100 >= at_hour(_BUSY, hour):
        return ()
    drawn = chance ^ (turn * 0x9E3779B1)
    stops = _stops(drawn, floors, lobby, speed)
    people = len(stops) + int(uniform(drawn, 1) * 4)
    upward = hour < 12 or uniform(drawn, 2) < 0.5  # they get in in the lobby; else on the way, for the lobby
    legs: list[_Leg] = []
    here, aboard, now_ms = lobby, people if upward else 0, 0
    for number, goal in enumerate((lobby, *stops, lobby)):
        if goal != here:
            now_ms += round(abs(goal - here) * FLOOR_M / speed * 1000)
            legs.append(_Leg(now_ms, here, goal, "closed", aboard * PERSON_KG))
        if goal != lobby:
            share = people // len(stops)
            aboard = max(0, aboard - share) if upward else aboard + share
        elif number:
            aboard = 0
        held_ms = HELD_MS if uniform(drawn, 20 + number) < 0.05 else 0
        now_ms += OPEN_MS + held_ms
        legs.append(_Leg(now_ms, goal, goal, "open", aboard * PERSON_KG))
        here = goal
    return tuple(legs)


def _stops(drawn: int, floors: int, lobby: int, speed: float) -> list[int]:
    """One to three floors, upwards; only so far that the trip ends with its turn."""
    doors_ms = (STOPS_MAX + 2) * (OPEN_MS + HELD_MS)
    reach = max(1, int((TRIP_MS - doors_ms) / 1000 * speed / FLOOR_M / 2))
    within = [floor for floor in range(floors) if floor != lobby and abs(floor - lobby) <= reach]
    count = 1 + int(uniform(drawn, 3) * STOPS_MAX)
    return sorted({within[int(uniform(drawn, 10 + number) * len(within))] for number in range(count)})


def _stuck(device: Device, scene: Scene, at: Instant, *, people: bool) -> dict[str, Value]:
    """Between two landings, where the seed says."""
    floors = _floors(device, scene)
    where = floors[int(uniform(key(scene.seed, f"{device.id}/stuck")) * len(floors))]
    values = _values(where, load_kg=2 * PERSON_KG if people else 0.0)
    pressed = people and any(
        each.fault is Fault.ENTRAPMENT and each.holds(at) and at >= each.since + BUTTON_AFTER_MS
        for each in scene.disturbances[device.id]
    )
    return values | {
        "at_landing": not people,
        "fault": True,
        "fault_code": "E31" if people else "E12",
        "entrapment": people,
        "alarm_button": pressed,
    }


def _values(
    floor: str, *, door: str = "closed", speed: float = 0.0, load_kg: float = 0.0, mode: str = "normal"
) -> dict[str, Value]:
    return {
        "floor": floor,
        "at_landing": speed == 0,
        "direction": "idle" if speed == 0 else "up" if speed > 0 else "down",
        "speed": round(speed, 2),
        "door": door,
        "occupied": load_kg > 0,
        "load_kg": load_kg,
        "mode": mode,
        "mains": True,
        "fault": False,
        "entrapment": False,
        "alarm_button": False,
    }


def _speed(device: Device) -> float:
    return device.rated.get("speed", SPEED_M_PER_S)


def _floors(device: Device, scene: Scene) -> tuple[str, ...]:
    return scene.layout.floors.get(f"{device.site}/{device.building}") or (device.floor,)


def _lobby(floors: tuple[str, ...]) -> int:
    return floors.index("1F") if "1F" in floors else 0
