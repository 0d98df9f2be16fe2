"""The wall: the worst first, and where it is. Read from three metres, at three in the morning."""

from __future__ import annotations

from nicegui import ui

from console.client import Json
from console.drawing import draw, unanswered, worst_first
from console.frame import frame, keep_drawn
from console.gate import Gate
from console.live import Live
from console.section import sections
from console.session import Session
from console.settings import Language
from console.words import Words, title
from console.words import add as add_words

SHOWN_MAX = 40  # in a flood the worst; how many more there are is said

WORDS: Words = {
    "incidents": ("Incidents", "事件"),
    "building": ("Building", "楼宇"),
    "open_unanswered": ("{open} open, {unanswered} not acknowledged", "未关闭 {open} 起，未确认 {unanswered} 起"),
    "all_quiet": ("All quiet", "一切正常"),
    "first_out": ("First reported by", "首报"),
    "untaken": ("NOT TAKEN", "无人接警"),
    "more_incidents": ("and {more} more, less severe", "另有 {more} 起较轻事件"),
    "zones_affected": ("{affected} of {zones} zones affected", "{zones} 个区域中 {affected} 个受影响"),
    "silent_devices": ("silent devices", "失联设备"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/")
    async def wall(session: Session, live: Live) -> None:
        with frame(session, live, "wall"):
            element = ui.html(sanitize=False)
            keep_drawn(live, lambda: wall_of(live, session.language), element)


def wall_of(live: Live, language: Language) -> str:
    """Drawn once for all walls that show the same."""
    known = live.drawn.get(("wall", language))
    if known is None or known[0] != live.version:
        known = live.drawn["wall", language] = live.version, wall_html(live.incidents, live.zones, language)
    return known[1]


def wall_html(incidents: dict[str, Json], zones: list[Json], language: Language) -> str:
    ordered = worst_first(list(incidents.values()))
    titles = {zone["id"]: zone["title"] for zone in zones}
    real = [each for each in ordered if each["mode"] == "actual"]
    counts = {level: sum(each["level"] == level for each in real) for level in ("I", "II", "III")}

    def place(incident: Json) -> str:
        zone = title(titles.get(incident["zone"]), language, incident["zone"])
        return zone if incident["floor"] in zone else f"{zone}, {incident['floor']}"

    def device(id: str) -> str:
        return id.partition("/")[2] or id

    return draw(
        "wall.html",
        language,
        incidents=ordered,
        shown=ordered[:SHOWN_MAX],
        more=max(0, len(ordered) - SHOWN_MAX),
        counts=counts | {"exercise": len(ordered) - len(real)},
        unanswered=unanswered,
        unanswered_count=sum(map(unanswered, real)),
        place=place,
        device=device,
        buildings=sections(zones, incidents, language),
    )
