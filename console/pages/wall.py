"""The wall: the worst first, and where it is. Read from three metres, at three in the morning."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.ask import Field, ask
from console.client import Json
from console.drawing import LEVELS, draw, unanswered, worst_first
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.live import Live
from console.section import sections
from console.session import Session
from console.settings import Language
from console.words import Words, say, title
from console.words import add as add_words

SHOWN_MAX = 24  # what a screen holds; in a flood the worst, and how many more there are is said
COMPACT_FROM = 7  # so many stand as lines, so that a screen holds them
BESIDE_MAX = 4  # up to so many leave room for what has been
ENTRIES_SHOWN = 16
LEFT_OUT = ("command_issued", "command_published", "command_done", "notice_issued", "notice_done")  # bursts of hundreds

WORDS: Words = {
    "incidents": ("Incidents", "事件"),
    "building": ("Building", "楼宇"),
    "open_unanswered": ("{open} open, {unanswered} not acknowledged", "未关闭 {open} 起，未确认 {unanswered} 起"),
    "all_quiet": ("All quiet", "一切正常"),
    "first_out": ("First reported by", "首报"),
    "reported_by_person": ("Reported by a person", "人工上报"),
    "untaken": ("NOT TAKEN", "无人接警"),
    "more_incidents": ("and {more} more, less severe", "另有 {more} 起较轻事件"),
    "zones_affected": ("{affected} of {zones} zones affected", "{zones} 个区域中 {affected} 个受影响"),
    "silent_devices": ("silent devices", "失联设备"),
    "silent_count": ("{count} silent", "{count} 个失联"),
    "sites": ("Sites", "站点"),
    "all_sites": ("All sites", "全部站点"),
    "elsewhere": ("{open} open at other sites", "其他站点未关闭 {open} 起"),
    "lately": ("Lately", "最近动态"),
    "nothing_lately": ("Nothing has happened since this console was started", "本控制台启动后尚无动态"),
    "lately_closed": ("Closed last", "最近关闭"),
    "none_closed": ("no incident has been closed yet", "尚无已关闭事件"),
    "awaits_review": ("awaits review", "待复盘"),
    "real": ("real", "属实"),
    "raise": ("Report an incident", "上报事件"),
    "where": ("Where", "地点"),
    "hazard_is": ("What it is", "事件类型"),
    "seen": ("What was seen", "所见情况"),
    "raise_note": (
        "What a person has seen and no device has. An alarm is confirmed by it, and its plan is followed.",
        "用于上报设备未发现的情况。上报即视为已确认，并启动相应预案。",
    ),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/")
    async def wall(session: Session, live: Live, site: str = "") -> None:
        """`site`: one or several, with commas; none: all."""
        sites = frozenset(filter(None, site.split(",")))
        with frame(session, live, "wall", sites):
            element = ui.html(sanitize=False)
            may_raise = session.may("incidents:raise")
            keep_drawn(live, lambda: wall_of(live, session.language, sites, may_raise), element)

            async def acted(what: dict[str, Any]) -> None:
                if what.get("act") == "raise":
                    with told(session):
                        await begin_to_raise(session, live, sites)

            on_act(acted)


# ---- drawing


def wall_of(live: Live, language: Language, sites: frozenset[str], may_raise: bool) -> str:
    """Drawn once for all walls that show the same."""
    key = ("wall", language, sites, may_raise)
    known = live.drawn.get(key)
    if known is None or known[0] != live.version:
        known = live.drawn[key] = live.version, wall_html(live, language, sites, may_raise)
    return known[1]


def wall_html(live: Live, language: Language, sites: frozenset[str] = frozenset(), may_raise: bool = False) -> str:
    here = {id: each for id, each in live.incidents.items() if not sites or each["site"] in sites}
    zones = [zone for zone in live.zones if not sites or zone["site"] in sites]
    ordered = worst_first(list(here.values()))
    titles = {zone["id"]: zone["title"] for zone in live.zones}
    real = [each for each in ordered if each["mode"] == "actual"]
    counts = {level: sum(each["level"] == level for each in real) for level in LEVELS}
    buildings, tiles = sections(zones, here, language)

    def place(incident: Json) -> str:
        zone = title(titles.get(incident["zone"]), language, incident["zone"])
        return zone if incident["floor"] in zone else f"{zone}, {incident['floor']}"

    return draw(
        "wall.html",
        language,
        shown=ordered[:SHOWN_MAX],
        more=max(0, len(ordered) - SHOWN_MAX),
        compact=len(ordered) >= COMPACT_FROM,
        counts=counts | {"exercise": len(ordered) - len(real)},
        open_count=len(real),
        unanswered=unanswered,
        unanswered_count=sum(map(unanswered, real)),
        place=place,
        device=lambda id: id.partition("/")[2] or id,
        buildings=buildings,
        tiles=tiles,
        sites=sorted({zone["site"] for zone in live.zones}),
        chosen=sites,
        elsewhere=len(live.incidents) - len(here),
        beside=len(ordered) <= BESIDE_MAX,
        entries=_lately(live.entries, sites),
        closed=[each for each in live.closed if not sites or each["site"] in sites],
        may_raise=may_raise,
    )


def _lately(entries: list[Json], sites: frozenset[str]) -> list[Json]:
    """Newest first. What belongs to no incident is for all."""
    told = [each for each in entries if each["kind"] not in LEFT_OUT]
    here = [each for each in told if not sites or not each["device"] or each["device"].partition("/")[0] in sites]
    return here[: -ENTRIES_SHOWN - 1 : -1]


# ---- what a person has seen


async def begin_to_raise(session: Session, live: Live, sites: frozenset[str]) -> None:
    """Raises what the API raises."""
    language = session.language
    plans = (await session.api.get("/plans"))["items"]
    zones = {
        zone["id"]: f"{title(zone['title'], language, zone['name'])} · {zone['building']}"
        for zone in live.zones
        if not sites or zone["site"] in sites
    }
    hazards = {plan["hazard"]: say(plan["hazard"], language) for plan in plans}
    fields = [
        Field("zone", "where", zones),
        Field("hazard", "hazard_is", hazards),
        Field("level", "level", {level: level for level in LEVELS}, value="II"),
        Field("note", "seen", lines=2),
    ]

    async def carry_out(values: dict[str, str]) -> None:
        answer = await session.api.post("/incidents", session.acting() | values)
        ui.navigate.to(f"/incidents/{answer['incident']['id']}")

    ask(session, say("raise", language), fields, carry_out, say("raise_note", language))
