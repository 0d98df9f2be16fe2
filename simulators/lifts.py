"""Passenger lifts: traffic over the day, doors, faults, people shut in.

Assumptions (ours): every trip is a round trip from the lobby 1F to one floor and back, 100 s at most, so that the
lift's place at an instant follows from the trip's number alone; 3.5 m a floor; doors open 5 s at each end. Traffic
is that of an office: up-peak at 8, lunch, down-peak at 18, nearly nothing at night (the shape of CIBSE Guide D's
office day; confidence low). Recalled by the fire linkage, it stands in the lobby with its doors open.
"""

from __future__ import annotations

from rules.instant import HOUR_MS, SECOND_MS, Instant
from rules.reading import Value
from rules.site import Device
from simulators.chance import key, noise, uniform
from simulators.daily import at_hour
from simulators.scene import Fault, Scene, Told

TRIP_MS = 100 * SECOND_MS
DOOR_MS = 5 * SECOND_MS
FLOOR_M = 3.5
SPEED_M_PER_S = 2.5  # without a nameplate
BUTTON_AFTER_MS = 5 * SECOND_MS  # how long people who are shut in wait before they press the button
PERSON_KG = 75.0
_BUSY = (5, 3, 2, 2, 3, 8, 25, 60, 95, 70, 50, 60, 90, 70, 50, 50, 60, 85, 95, 60, 35, 25, 15, 8)  # % of trips, by hour


def readings(device: Device, scene: Scene, at: Instant, told: Told | None) -> dict[str, Value]:
    disturbed = scene.disturbed(device.id, at)
    if Fault.ENTRAPMENT in disturbed:
        return _stuck(device, scene, at, people=True)
    if Fault.OUT_OF_ORDER in disturbed:
        return _stuck(device, scene, at, people=False)
    floors = _floors(device, scene)
    if told is not None and told.command == "recall":
        return _values(floors[_lobby(floors)], door="open", mode="fire")
    if told is not None and told.command == "out_of_service":
        return _values(floors[_lobby(floors)], mode="out_of_service")
    return _travelling(device, scene, at, floors)


def _travelling(device: Device, scene: Scene, at: Instant, floors: tuple[str, ...]) -> dict[str, Value]:
    trip, left_ms = divmod(at, TRIP_MS)
    since_ms = float(left_ms)
    chance, lobby = key(scene.seed, f"{device.id}/trips"), _lobby(floors)
    hour = (at + scene.utc_offset_ms) / HOUR_MS % 24
    if len(floors) < 2 or uniform(chance, trip) * 100 >= at_hour(_BUSY, hour):
        return _values(floors[lobby])
    target = int(uniform(chance, -trip) * len(floors))
    target = target if target != lobby else len(floors) - 1
    speed = device.rated.get("speed", SPEED_M_PER_S)
    way_ms = abs(target - lobby) * FLOOR_M / speed * 1000
    people = 1 + int(uniform(chance, trip + 1) * 6)
    upward_people = hour < 12 or uniform(chance, trip + 2) < 0.5
    for legs, (start, goal) in enumerate(((lobby, target), (target, lobby))):
        load_kg = people * PERSON_KG if upward_people == (legs == 0) else 0.0
        if since_ms < DOOR_MS:
            return _values(floors[start], door="open", load_kg=load_kg)
        since_ms -= DOOR_MS
        if since_ms < way_ms:
            passed = round(start + (goal - start) * since_ms / way_ms)
            direction = 1 if goal > start else -1
            measured = direction * (speed + 0.01 * noise(chance, at // SECOND_MS))
            return _values(floors[passed], speed=measured, load_kg=load_kg)
        since_ms -= way_ms
    return _values(floors[lobby], door="open" if since_ms < DOOR_MS else "closed")


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


def _floors(device: Device, scene: Scene) -> tuple[str, ...]:
    return scene.layout.floors.get(f"{device.site}/{device.building}") or (device.floor,)


def _lobby(floors: tuple[str, ...]) -> int:
    return floors.index("1F") if "1F" in floors else 0
