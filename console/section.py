"""A building from the side, as SVG: every zone a cell in the colour of its worst open incident."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from markupsafe import Markup

from console.client import Json
from console.drawing import LEVELS, draw
from console.settings import Language
from console.words import say, title

LABEL_WIDTH, CELLS_WIDTH, GAP = 64, 296, 2
HEIGHT = 640  # of the floors together, where there are many
FLOOR_HEIGHT_MIN, FLOOR_HEIGHT_MAX = 14, 44


def sections(zones: list[Json], incidents: dict[str, Json], language: Language) -> list[Markup]:
    """One drawing a building, in the order of the site's file."""
    buildings = groupby(zones, key=lambda zone: (zone["site"], zone["building"]))
    return [
        _section(number, site, building, list(some), incidents, language)
        for number, ((site, building), some) in enumerate(buildings)
    ]


def _section(
    number: int, site: str, building: str, zones: list[Json], incidents: dict[str, Json], language: Language
) -> Markup:
    floors = [(name, list(some)) for name, some in groupby(zones, key=lambda zone: zone["floor"])]
    height = max(FLOOR_HEIGHT_MIN, min(FLOOR_HEIGHT_MAX, HEIGHT // len(floors)))
    drawn = [
        _floor(name, cells, height, index * height, incidents, language)
        for index, (name, cells) in enumerate(reversed(floors))
    ]
    affected = sum(bool(zone["open_incidents"]) for zone in zones)
    return draw(
        "section.html",
        language,
        key=number,
        name=building if building == site else f"{site} · {building}",
        summary=say("zones_affected", language, affected=affected, zones=len(zones)),
        width=LABEL_WIDTH + CELLS_WIDTH,
        height=len(floors) * height,
        label_width=LABEL_WIDTH,
        gap=GAP,
        floors=drawn,
    )


def _floor(
    name: str, zones: list[Json], height: int, y: int, incidents: dict[str, Json], language: Language
) -> dict[str, Any]:
    width = CELLS_WIDTH / len(zones)
    cells = [
        _cell(zone, LABEL_WIDTH + index * width, width - GAP, incidents, language) for index, zone in enumerate(zones)
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
