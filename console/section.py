"""A building from the side, as SVG: every zone a cell in the colour of its worst open incident."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

from markupsafe import escape

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
CELLS_KEPT, FIGURES_KEPT = 16_384, 256  # as drawn, in memory


class Tile(NamedTuple):
    """A building in a word."""

    name: str
    level: str  # the worst; empty: none
    open: int
    silent: int


class Figure(NamedTuple):
    """A drawn building. `frame`: SVG without its cells; `cells`: id → SVG."""

    key: str
    frame: str
    caption: str
    cells: dict[str, str]


class Shape(NamedTuple):
    label: int
    cells: int


def buildings_of(zones: list[Json]) -> dict[tuple[str, str], list[Json]]:
    """(site, building) → its zones, in the order of the site's file."""
    found: dict[tuple[str, str], list[Json]] = {}
    for zone in zones:
        found.setdefault((zone["site"], zone["building"]), []).append(zone)
    return found


def sections(zones: list[Json], incidents: dict[str, Json], language: Language) -> tuple[list[Figure], list[Tile]]:
    """Drawings, and tiles for the buildings that are not drawn."""
    all_of_them = buildings_of(zones)
    drawn = list(all_of_them)
    if len(drawn) > DRAWN_MAX:
        drawn = sorted(
            filter(lambda each: _worst(all_of_them[each], incidents), all_of_them), key=_rank(all_of_them, incidents)
        )
        drawn = drawn[:DRAWN_AFFECTED_MAX]
    shape = Shape(LABEL_WIDTH, CELLS_WIDTH) if len(drawn) < 2 else Shape(NARROW_LABEL, NARROW_CELLS)
    figures = [_section(_key(each), _name(each), all_of_them[each], incidents, language, shape) for each in drawn]
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


def _key(of: tuple[str, str]) -> str:
    """Fit for an id, and for `url(#…)`."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", "-".join(of))


def _name(key: tuple[str, str]) -> str:
    site, building = key
    return building if building == site else f"{site} · {building}"


def _section(
    key: str,
    name: str,
    zones: list[Json],
    incidents: dict[str, Json],
    language: Language,
    shape: Shape,
) -> Figure:
    floors = [(floor, list(some)) for floor, some in groupby(zones, key=lambda zone: zone["floor"])]
    height = max(FLOOR_HEIGHT_MIN, min(FLOOR_HEIGHT_MAX, HEIGHT // len(floors)))
    cells: dict[str, str] = {}
    for index, (floor, some) in enumerate(reversed(floors)):
        cells |= _floor(key, floor, some, height, index * height, incidents, language, shape)
    affected = sum(bool(zone["open_incidents"]) for zone in zones)
    summary = say("zones_affected", language, affected=affected, zones=len(zones))
    frame = _frame(language, key, name, shape.label + shape.cells, len(floors) * height)
    return Figure(key, frame, str(escape(summary)), cells)


@lru_cache(FIGURES_KEPT)
def _frame(language: Language, key: str, name: str, width: int, height: int) -> str:
    return draw("section.html", language, key=key, name=name, width=width, height=height)


def _floor(
    key: str,
    name: str,
    zones: list[Json],
    height: int,
    y: int,
    incidents: dict[str, Json],
    language: Language,
    shape: Shape,
) -> dict[str, str]:
    """Id → SVG: the floor's name, then its zones."""
    width = shape.cells / len(zones)
    states = [_state(zone, incidents, language) for zone in zones]
    lit = " lit" if any(each.level for each in states) else ""
    id = f"floor-{key}-{name}"
    label = f'x="{shape.label - 6}" y="{y + height / 2:g}" aria-hidden="true"'
    drawn = {id: f'<text id="{escape(id)}" class="floor-name{lit}" {label}>{escape(name)}</text>'}
    for index, state in enumerate(states):
        x = round(shape.label + index * width, 1)
        drawn[state.id] = _cell(language, key, state, x, y, round(width - GAP, 1), height - GAP)
    return drawn


class State(NamedTuple):
    """What a cell shows of its zone."""

    id: str
    state: str
    level: str
    incident: str  # the worst there; empty: none
    silent: bool
    sign: str
    title: str


@lru_cache(CELLS_KEPT)
def _cell(language: Language, key: str, state: State, x: float, y: int, width: float, height: int) -> str:
    """Of five hundred zones few change at a time: the others are drawn already."""
    cell = state._asdict() | {"key": key, "x": x, "y": y, "width": width, "height": height}
    return draw("cell.html", language, cell=cell)


def _state(zone: Json, incidents: dict[str, Json], language: Language) -> State:
    here = [incidents[id] for id in zone["open_incidents"] if id in incidents]
    worst = min(here, key=lambda each: (each["mode"] != "actual", LEVELS.index(each["level"])), default=None)
    level, state = "", "calm"
    if worst is not None:
        level = worst["level"]
        state = f"level-{level}" if worst["mode"] == "actual" else "exercise"
    what = ", ".join(f"{each['level']} {say(each['hazard'], language)}" for each in here)
    named = title(zone["title"], language, zone["id"])
    return State(
        id=f"zone-{zone['id']}",
        state=state,
        level=level,
        incident=worst["id"] if worst else "",
        silent=bool(zone["silent"]),
        sign=f"★ {level}" if worst and _first_out_here(worst, zone) else level,
        title=f"{named}: {what}" if what else named,
    )


def _first_out_here(incident: Json, zone: Json) -> bool:
    return bool(incident["zone"] == zone["id"])
