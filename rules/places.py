"""Which devices of a class are near an incident: an index, made once for a directory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol

from rules.site import Device, Zone

Scope = Literal["zone", "floor", "building", "site"]
SCOPES: tuple[Scope, ...] = ("zone", "floor", "building", "site")


class Placed(Protocol):
    """Anything that stands somewhere: a device, an incident."""

    @property
    def site(self) -> str: ...
    @property
    def building(self) -> str: ...
    @property
    def floor(self) -> str: ...
    @property
    def zone(self) -> str: ...


class Within(NamedTuple):
    site: str
    building: str
    floor: str
    zone: str


def place(of: Placed, same: Scope) -> str:
    """The name of the zone, floor, building or site it is in, unique over all sites."""
    if same == "zone":
        return of.zone
    if same == "floor":
        return f"{of.site}/{of.building}/{of.floor}"
    return f"{of.site}/{of.building}" if same == "building" else of.site


class Places:
    def __init__(self, devices: Iterable[Device], zones: Iterable[Zone] = ()) -> None:
        """`zones`: all, also those without devices, where a person may report something."""
        self._zones: dict[tuple[Scope, str], list[str]] = {}
        for zone in zones:
            within = Within(zone.site, zone.building, zone.floor, zone.id)
            for same in SCOPES:
                self._zones.setdefault((same, place(within, same)), []).append(zone.id)
        self._found: dict[tuple[str, Scope, str], list[Device]] = {}
        self._in_zone: dict[str, list[Device]] = {}
        for device in devices:
            self._in_zone.setdefault(device.zone, []).append(device)
            for same in SCOPES:
                self._found.setdefault((device.device_class, same, place(device, same)), []).append(device)

    def zones(self, of: Placed, same: Scope) -> list[str]:
        """Ids of the zones there, in the order of the site files."""
        return self._zones.get((same, place(of, same)), [])

    def in_zone(self, zone: str) -> list[Device]:
        return self._in_zone.get(zone, [])

    def near(self, of: Placed, same: Scope, device_class: str) -> list[Device]:
        """In the order of the site files."""
        return self._found.get((device_class, same, place(of, same)), [])
