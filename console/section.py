"""A building from the side, as SVG: every zone a cell in the colour of its worst open incident."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

from markupsafe import Markup

from console.client import Json
from console.drawing import LEVELS, draw
from console.settings import Language
from console.words import say, title

LABEL_WIDTH, CELLS_WIDTH, GAP = 56, 304, 2
NARROW_LABEL, NARROW_CELLS = 40, 120  # where several stand side by side
HEIGHT = 640  # of the floors together, where there are many
FLOOR_HEIGHT_MIN, FLOOR_HEIGHT_MAX = 14, 44
DRAWN_MAX = 4  # buildings; of more, those where something goes on, and the rest as tiles
DRAWN_AFFECTED_MAX = 8


class Tile(NamedTuple):
    """A building in a word."""

    name: str
    level: str  # the worst; empty: none
    open: int
    silent: int


class Shape(NamedTuple):
    label: int
    cells: int


def buildings_of(zones: list[Json]) -> dict[tuple[str, str], list[Json]]:
    """(site, building) → its zones, in the order of the site's file."""
    found: dict[tuple[str, str], list[Json]] = {}
    for zone in zones:
        found.setdefault((zone["site"], zone["building"]), []).append(zone)
    return found


def sections(zones: list[Json], incidents: dict[str, Json], language: Language) -> tuple[list[Markup], list[Tile]]:
    """Drawings, and tiles for the buildings that are not drawn."""
    all_of_them = buildings_of(zones)
    drawn = list(all_of_them)
    if len(drawn) > DRAWN_MAX:
        drawn = sorted(
            filter(lambda each: _worst(all_of_them[each], incidents), all_of_them), key=_rank(all_of_them, incidents)
        )
        drawn = drawn[:DRAWN_AFFECTED_MAX]
    shape = Shape(LABEL_WIDTH, CELLS_WIDTH) if len(drawn) < 2 else Shape(NARROW_LABEL, NARROW_CELLS)
    figures = [_section(number, key, all_of_them[key], incidents, language, shape) for number, key in enumerate(drawn)]
    return figures, [_tile(key, some, incidents) for key, some in all_of_them.items() if key not in drawn]


def _rank(
    buildings: dict[tuple[str, str], list[Json]], incidents: dict[str, Json]
) -> Callable[[tuple[str, str]], tuple[str, int]]:
    """The worst first; roman numerals of three levels sort as they are."""
    return lambda key: (_worst(buildings[key], incidents), -sum(len(zone["open_incidents"]) for zone in buildings[key]))


def _worst(zones: list[Json], incidents: dict[str, Json]) -> str:
    levels = [incidents[id]["level"] for zone in zones for id in zone["open_incidents"] if id in incidents]
    return min(levels, key=LEVELS.index, default="")


def _tile(key: tuple[str, str], zones: list[Json], incidents: dict[str, Json]) -> Tile:
    count = sum(len(zone["open_incidents"]) for zone in zones)
    return Tile(_name(key), _worst(zones, incidents), count, sum(zone["silent"] for zone in zones))


def _name(key: tuple[str, str]) -> str:
    site, building = key
    return building if building == site else f"{site} · {building}"


def _section(
    number: int,
    key: tuple[str, str],
    zones: list[Json],
    incidents: dict[str, Json],
    language: Language,
    shape: Shape,
) -> Markup:
    floors = [(name, list(some)) for name, some in groupby(zones, key=lambda zone: zone["floor"])]
    height = max(FLOOR_HEIGHT_MIN, min(FLOOR_HEIGHT_MAX, HEIGHT // len(floors)))
    drawn = [
        _floor(name, cells, height, index * height, incidents, language, shape)
        for index, (name, cells) in enumerate(reversed(floors))
    ]
    affected = sum(bool(zone["open_incidents"]) for zone in zones)
    return draw(
        "section.html",
        language,
        key=number,
        name=_name(key),
        summary=say("zones_affected", language, affected=affected, zones=len(zones)),
        width=shape.label + shape.cells,
        height=len(floors) * height,
        label_width=shape.label,
        gap=GAP,
        floors=drawn,
    )


def _floor(
    name: str, zones: list[Json], height: int, y: int, incidents: dict[str, Json], language: Language, shape: Shape
) -> dict[str, Any]:
    width = shape.cells / len(zones)
    cells = [
        _cell(zone, shape.label + index * width, width - GAP, incidents, language) for index, zone in enumerate(zones)
    ]
    return {"name": name, "y": y, "height": height, "cells": cells, "lit": any(cell["level"] for cell in cells)}


def _cell(zone: Json, x: float, width: float, incidents: dict[str, Json], language: Language) -> dict[str, Any]:
    here = [incidents[id] for id in zone["open_incidents"] if id in incidents]
    worst = min(here, key=lambda each: (each["mode"] != "actual", LEVELS.index(each["level"])), default=None)
    level = worst["level"] if worst else None
    state = "calm"
    if worst is not None:
        state = f"level-{level}" if worst["mode"] == "actual" else "exercise"
    what = ", ".join(f"{each['level']} {say(each['hazard'], language)}" for each in here)
    named = title(zone["title"], language, zone["id"])
    return {
        "x": round(x, 1),
        "width": round(width, 1),
        "level": level,
        "state": state,
        "silent": zone["silent"],
        "incident": worst["id"] if worst else "",
        "sign": f"★ {level}" if worst and _first_out_here(worst, zone) else (level or ""),
        "title": f"{named}: {what}" if what else named,
    }


def _first_out_here(incident: Json, zone: Json) -> bool:
    return bool(incident["zone"] == zone["id"])
