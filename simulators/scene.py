"""What the simulated devices stand in: the building's shape, what is wrong, since when, until when.

A scene is what a scenario comes to for one building. It does not change while it is played: the models in
`devices` are pure functions of (scene, device, instant). Instants are the scene's own, Unix milliseconds UTC; how
they relate to the wall clock is the player's business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from rules.instant import Instant
from rules.reading import Value
from rules.site import Device, Site
from simulators.fire import Fire
from simulators.plume import Passage, passages


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
    NUISANCE = "nuisance"  # dust, steam, a toaster: smoke at this one detector, and nothing burns
    DRIFTING = "drift"  # its chamber gets dirty: clear air looks like ever more smoke
    STUCK = "stuck"  # it goes on reporting what it measured when this began
    FLAT_BATTERY = "flat_battery"  # it runs down within two hours, and falls silent
    CHATTER = "chatter"  # its alarm (its fault, where it has none) comes and goes
    TAMPER = "tamper"  # taken off its base, opened
    DOOR_BLOCKED = "door_blocked"  # a lift's door meets something each time it closes


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
    """Where zones lie to one another. `floors`: building → floor ids, lowest first.

    A floor's hubs are its zones with doors of an access controller: the core with stairs and lift lobby. Every zone
    of a floor adjoins its hubs, and no other zone; on a floor without a hub all adjoin one another. A hub adjoins the
    hubs of the floor above by the stairs, every zone the one that stands over it (the same place in the site file's
    order) by the windows.
    """

    floors: dict[str, tuple[str, ...]]
    zones: dict[str, tuple[str, int]]  # zone → (building, floor number)
    hubs: frozenset[str] = frozenset()

    def beside(self, zone: str) -> list[str]:
        """The zones of its floor that it adjoins."""
        others = [each for each in self._on_floor(*self.zones[zone]) if each != zone]
        hubs = [each for each in others if each in self.hubs]
        return others if zone in self.hubs or not hubs else hubs

    def stairs(self, zone: str) -> list[str]:
        """The hubs above a hub."""
        building, number = self.zones[zone]
        return [each for each in self._on_floor(building, number + 1) if {each, zone} <= self.hubs]

    def over(self, zone: str) -> list[str]:
        """The zone above it."""
        building, number = self.zones[zone]
        place = self._on_floor(building, number).index(zone)
        return self._on_floor(building, number + 1)[place : place + 1]

    def _on_floor(self, building: str, number: int) -> list[str]:
        return self._by_floor.get((building, number), [])

    @cached_property
    def _by_floor(self) -> dict[tuple[str, int], list[str]]:
        found: dict[tuple[str, int], list[str]] = {}
        for zone, place in self.zones.items():
            found.setdefault(place, []).append(zone)
        return found


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

    def clear_at(self, device: Device) -> Instant | None:
        """When the last fire can no longer be noticed there; None: it burns on."""
        reaching = [fire for fire in self.fires if self._way(fire, device) is not None]
        cleared = [fire.clear_at for fire in reaching]
        return None if None in cleared else max((at for at in cleared if at is not None), default=0)

    def warming_k(self, device: Device, at: Instant) -> float:
        return sum(fire.warming_k(self.seed, device.id, self._way(fire, device), at) for fire in self.fires)

    def _way(self, fire: Fire, device: Device) -> Passage | None:
        return self._ways[fire.zone].get(device.zone)

    @cached_property
    def _ways(self) -> dict[str, dict[str, Passage]]:
        return {fire.zone: passages(self.layout, fire.zone) for fire in self.fires}


_NOTHING: frozenset[Fault] = frozenset()


def layout(sites: Iterable[Site], devices: Iterable[Device] = ()) -> Layout:
    """Of the sites; `devices` say which zones have doors."""
    floors: dict[str, tuple[str, ...]] = {}
    zones: dict[str, tuple[str, int]] = {}
    for site in sites:
        for building in site.buildings:
            name = f"{site.id}/{building.id}"
            floors[name] = tuple(floor.id for floor in building.floors)
            for number, floor in enumerate(building.floors):
                zones |= {zone.id: (name, number) for zone in floor.zones}
    hubs = {device.zone for device in devices if device.device_class == "access_controller"}
    return Layout(floors, zones, frozenset(hubs & zones.keys()))
