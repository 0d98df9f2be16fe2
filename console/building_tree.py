"""Devices by building, floor and zone: what of the tree is open, what is sought, how many are not well."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from console.client import Json
from console.settings import Language
from console.words import say, title

FOUND_MAX = 150  # shown of a search; how many more there are is said
ONLY = ("all", "firing", "silent", "shelved")


class Sought(NamedTuple):
    """`only`: one of ONLY. `open`: floors (`site/building/floor`) that are unfolded."""

    text: str = ""
    only: str = "all"
    open: frozenset[str] = frozenset()


def shelf_of(device: Json, shelves: Iterable[Json]) -> Json | None:
    """The first in force that names the device or its zone; where it names a rule, too, that alone is quiet."""
    return next((shelf for shelf in shelves if _fits(shelf, device)), None)


def _fits(shelf: Json, device: Json) -> bool:
    named = {"device": device["id"], "zone": device["zone"]}
    return any(shelf[name] for name in named) and all(shelf[name] in (None, is_) for name, is_ in named.items())


def counts(devices: Collection[Json], shelved: Collection[str]) -> dict[str, int]:
    return {only: sum(_is(device, only, shelved) for device in devices) for only in ONLY}


def tree(
    devices: list[Json], zones: Mapping[str, Json], shelved: Collection[str], sought: Sought, language: Language
) -> dict[str, Any]:
    """→ {floors: [{id, name, building, devices, zones: [{title, devices}], silent, …, open}], more}.

    Floors stand as the site's file has them, by `zones`; where something is sought, those that have it, unfolded.
    """
    by_floor: dict[str, list[Json]] = {}
    for zone in zones.values():  # in the order of the site's file
        by_floor.setdefault(_floor(zone), [])
    for device in devices:
        by_floor.setdefault(_floor(device), []).append(device)
    seeking, left, floors = bool(sought.text) or sought.only != "all", FOUND_MAX, []
    more = 0
    for id, all_of_floor in by_floor.items():
        wanted = [each for each in all_of_floor if _wanted(each, zones, shelved, sought, language)]
        if not wanted:
            continue
        is_open = seeking or id in sought.open
        shown = wanted[: max(left, 0)] if is_open else []
        left, more = left - len(shown), more + (len(wanted) - len(shown) if is_open else 0)
        floor = {"id": id, "site": wanted[0]["site"], "building": wanted[0]["building"], "name": wanted[0]["floor"]}
        floors.append(floor | {"open": is_open, "zones": _by_zone(shown, zones, language)} | counts(wanted, shelved))
    return {"floors": floors, "more": more}


def _by_zone(devices: list[Json], zones: Mapping[str, Json], language: Language) -> list[dict[str, Any]]:
    found: dict[str, list[Json]] = {}
    for device in devices:
        found.setdefault(device["zone"], []).append(device)
    return [
        {"id": id, "title": title(zones.get(id, {}).get("title"), language, id), "devices": some}
        for id, some in found.items()
    ]


def _wanted(
    device: Json, zones: Mapping[str, Json], shelved: Collection[str], sought: Sought, language: Language
) -> bool:
    if not _is(device, sought.only, shelved):
        return False
    zone = title(zones.get(device["zone"], {}).get("title"), language)
    kind = say("class_" + device["device_class"], language)
    text = (
        f"{device['id']} {' '.join(device['title'].values())} {device['device_class']} {kind} {device['zone']} {zone}"
    )
    return all(word in text.casefold() for word in sought.text.casefold().split())


def _is(device: Json, only: str, shelved: Collection[str]) -> bool:
    if only == "shelved":
        return device["id"] in shelved
    return only == "all" or bool(device[only])


def _floor(of: Json) -> str:
    return f"{of['site']}/{of['building']}/{of['floor']}"
