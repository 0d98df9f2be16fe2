"""What the simulated devices stand in: the building's shape, what is wrong, since when, until when.

A scene is what a scenario comes to for one building. It does not change while it is played: the models in
`devices` are pure functions of (scene, device, instant). Instants are the scene's own, Unix milliseconds UTC; how
they relate to the wall clock is the player's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from rules.instant import Instant
from rules.reading import Value
from rules.site import Device, Site
from simulators.fire import Fire


class Fault(Enum):
    """What can go wrong at one device, besides a fire. The value is the word in a scenario."""

    FAULTY = "fault"  # it reports a fault of its own
    SILENT = "silence"  # it sends nothing
    PRESSED = "pressed"  # a call point
    ENTRAPMENT = "entrapment"  # a lift stops between landings, people in it
    OUT_OF_ORDER = "lift_fault"  # a lift stands still, empty
    FORCED = "door_forced"
    HELD_OPEN = "door_held_open"
    DURESS = "duress"
    DENIALS = "denials"  # somebody tries one card after another
    PHASE_LOST = "phase_loss"  # L1 of a meter
    POWER_LOST = "power_loss"
    OVERLOAD = "overload"  # 105 % of the rated power
    OVERLOAD_SEVERE = "severe_overload"  # 120 %
    GAS = "gas_leak"  # at this detector; it ends, too, where the detector is told to close its valve
    WATER = "water_leak"  # at this detector; what it reports goes on until the place is dry


class Told(NamedTuple):
    """What a device was last told to do, and when: the only thing about it that is not settled beforehand."""

    command: str
    at: Instant


class Happening(NamedTuple):
    """Something a device says in `…/event`."""

    at: Instant
    event: str
    attributes: dict[str, Value] = {}


@dataclass(frozen=True)
class Disturbance:
    """A fault of one device, from `since` (included) to `until` (not included; None: to the end)."""

    fault: Fault
    device: str  # "site/name"
    since: Instant
    until: Instant | None = None

    def holds(self, at: Instant) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True)
class Layout:
    """Where zones lie to one another. `floors`: building → floor ids, lowest first."""

    floors: dict[str, tuple[str, ...]]
    zones: dict[str, tuple[str, int]]  # zone → (building, floor number)

    def distance(self, origin: str, zone: str) -> tuple[int, int] | None:
        """(floors up, zones beside: 0 or 1) from a zone to another of the same building; None: not connected."""
        here, there = self.zones.get(origin), self.zones.get(zone)
        if here is None or there is None or here[0] != there[0]:
            return None
        return there[1] - here[1], int(origin != zone)


@dataclass(frozen=True)
class Scene:
    seed: int
    layout: Layout
    utc_offset_ms: int = 0
    fires: tuple[Fire, ...] = ()
    disturbances: dict[str, tuple[Disturbance, ...]] = field(default_factory=dict)  # device → its own

    def disturbed(self, device: str, at: Instant) -> frozenset[Fault]:
        """What is wrong with a device now."""
        own = self.disturbances.get(device)
        return frozenset(each.fault for each in own if each.holds(at)) if own else _NOTHING

    def smoke_db_per_m(self, device: Device, at: Instant) -> float:
        """What all fires together bring to a detector."""
        return sum(fire.smoke_db_per_m(self.seed, device.id, self._way(fire, device), at) for fire in self.fires)

    def reached_at(self, device: Device) -> Instant | None:
        """The earliest at which any fire can be noticed there; None: never."""
        reached = [fire.reaches_at(self._way(fire, device)) for fire in self.fires]
        return min((at for at in reached if at is not None), default=None)

    def warming_k(self, device: Device, at: Instant) -> float:
        return sum(fire.warming_k(self.seed, device.id, self._way(fire, device), at) for fire in self.fires)

    def _way(self, fire: Fire, device: Device) -> tuple[int, int] | None:
        return self.layout.distance(fire.zone, device.zone)


_NOTHING: frozenset[Fault] = frozenset()


def layout(sites: Iterable[Site]) -> Layout:
    floors: dict[str, tuple[str, ...]] = {}
    zones: dict[str, tuple[str, int]] = {}
    for site in sites:
        for building in site.buildings:
            name = f"{site.id}/{building.id}"
            floors[name] = tuple(floor.id for floor in building.floors)
            for number, floor in enumerate(building.floors):
                zones |= {zone.id: (name, number) for zone in floor.zones}
    return Layout(floors, zones)
