"""The wall: the worst first, and where it is. Read from three metres, at three in the morning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from markupsafe import escape
from nicegui import ui

from console.ask import Field, ask
from console.board import Board
from console.client import Json
from console.drawing import LEVELS, clock, draw, floor_beside, ms, unanswered, worst_first
from console.frame import frame, on_act, told
from console.gate import Gate
from console.live import Live
from console.parts import Holder, Parts, filled
from console.section import sections
from console.session import Session
from console.settings import Language
from console.words import Words, say, title
from console.words import add as add_words

SHOWN_MAX = 14  # what a screen holds; in a flood the worst, and how many more there are is said
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
    "more_incidents": ("and {more} more; the newest: {newest}", "另有 {more} 起；最新：{newest}"),
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
            look = Look(session.language, sites, session.may("incidents:raise"))
            seat = board_of(live, look).sit(ui.context.client.run_javascript)
            ui.context.client.on_delete(seat.stop)
            ui.html(filled(_skeleton(seat.parts, look.language, seat.number), seat.parts), sanitize=False)

            async def acted(what: dict[str, Any]) -> None:
                if what.get("act") == "raise":
                    with told(session):
                        await begin_to_raise(session, live, sites)

            on_act(acted)


# ---- drawing


class Look(NamedTuple):
    """Walls that look the same are one drawing."""

    language: Language
    sites: frozenset[str] = frozenset()
    may_raise: bool = False


def board_of(live: Live, look: Look) -> Board:
    known = live.boards.get(look)
    if known is None:
        cards: Cards = {}

        def forget() -> None:
            live.boards.pop(look, None)

        known = live.boards[look] = Board(live, partial(wall_parts, live, look, cards), left=forget)
    return known


def wall_html(live: Live, language: Language, sites: frozenset[str] = frozenset(), may_raise: bool = False) -> str:
    """All of it, as a page first shows it."""
    parts = wall_parts(live, Look(language, sites, may_raise), {})
    return filled(_skeleton(parts, language, 0), parts)


def _skeleton(parts: Parts, language: Language, number: int) -> str:
    return draw("wall.html", language, look=parts.look, number=number)


Cards = dict[str, tuple[Any, str]]
"""Incident → what its card was drawn from, and its HTML."""


def wall_parts(live: Live, look: Look, drawn: Cards) -> Parts:
    """`drawn`: the cards of the last time, for those that still look so."""
    language, sites = look.language, look.sites
    here = {id: each for id, each in live.incidents.items() if not sites or each["site"] in sites}
    zones = [zone for zone in live.zones if not sites or zone["site"] in sites]
    ordered = worst_first(list(here.values()))
    titles = {zone["id"]: zone["title"] for zone in live.zones}
    compact, beside = len(ordered) >= COMPACT_FROM, len(ordered) <= BESIDE_MAX

    def place(incident: Json) -> str:
        zone = title(titles.get(incident["zone"]), language, incident["zone"])
        return ", ".join(filter(None, [zone, floor_beside(zone, incident["floor"])]))

    cards = _cards(ordered, place, compact, language, drawn)
    figures, tiles = sections(zones, here, language)
    several = len(figures) + len(tiles)
    kind = f"{' quiet' if not ordered else ''}{' many' if compact else ''}{' towers' if several > 2 else ''}"
    buildings = {f"section-{each.key}": each.frame for each in figures}
    if tiles:
        buildings["wall-tiles"] = draw("wall_tiles.html", language, tiles=tiles)
    lately: dict[str, str] = {}
    if beside:
        closed = [each for each in live.closed if not sites or each["site"] in sites]
        entries = _lately(live.entries, sites)
        lately["wall-lately"] = draw("wall_lately.html", language, entries=entries, closed=closed, place=place)
    holders = {
        "sum": Holder(_sums(live, look, ordered)),
        "cards": Holder(cards),
        "beside": Holder(lately),
        "buildings": Holder(buildings),
    }
    for each in figures:
        inside = f"section-{each.key}"
        caption = f'<span id="caption-of-{each.key}">{each.caption}</span>'
        holders[f"caption-{each.key}"] = Holder({f"caption-of-{each.key}": caption}, inside)
        holders[f"cells-{each.key}"] = Holder(each.cells, inside)
    return Parts(f"content wall{kind}{' several' if len(figures) > 1 else ''}", holders)


def _sums(live: Live, look: Look, ordered: list[Json]) -> dict[str, str]:
    real = [each for each in ordered if each["mode"] == "actual"]
    counts = {level: sum(each["level"] == level for each in real) for level in LEVELS}
    made: dict[str, str] = {
        "wall-sum": draw(
            "wall_sum.html",
            look.language,
            counts=counts | {"exercise": len(ordered) - len(real)},
            open_count=len(real),
            unanswered_count=sum(map(unanswered, real)),
            may_raise=look.may_raise,
        )
    }
    sites = sorted({zone["site"] for zone in live.zones})
    if len(sites) > 1:
        elsewhere = len(live.incidents) - len(ordered)
        known = {"sites": sites, "chosen": look.sites, "elsewhere": elsewhere}
        made["wall-sites"] = draw("wall_sites.html", look.language, **known)
    return made


def _cards(
    ordered: list[Json], place: Callable[[Json], str], compact: bool, language: Language, drawn: Cards
) -> dict[str, str]:
    """The worst; where there are none, or more, that is said."""
    made: dict[str, str] = {}
    kept: Cards = {}
    for each in ordered[:SHOWN_MAX]:
        where = place(each)
        source = (each["revision"], compact, where)
        known = drawn.get(each["id"])
        if known is None or known[0] != source:
            known = (
                source,
                draw(
                    "card.html",
                    language,
                    each=each,
                    compact=compact,
                    place=where,
                    untaken=unanswered(each),
                    first_out=each["first_out"].partition("/")[2] or each["first_out"],
                ),
            )
        kept[each["id"]] = known
        made[f"card-{each['id']}"] = known[1]
    drawn.clear()
    drawn.update(kept)
    if not ordered:
        quiet = say("all_quiet", language)
        made["wall-quiet"] = (
            f'<div id="wall-quiet" class="all-quiet"><span class="mark" aria-hidden="true">✓</span>{quiet}</div>'
        )
    if len(ordered) > SHOWN_MAX:
        last = max(ordered, key=lambda each: ms(each["opened_at"]))
        newest = f"{clock(last['opened_at'])} {say(last['hazard'], language)}, {place(last)}"
        more = say("more_incidents", language, more=len(ordered) - SHOWN_MAX, newest=newest)
        made["wall-more"] = f'<p id="wall-more" class="more">{escape(more)}</p>'
    return made


def _lately(entries: Iterable[Json], sites: frozenset[str]) -> list[Json]:
    """Newest first. What belongs to no incident is for all."""
    told = [each for each in entries if each["kind"] not in LEFT_OUT]
    here = [each for each in told if not sites or not each["device"] or each["device"].partition("/")[0] in sites]
    return here[: -ENTRIES_SHOWN - 1 : -1]


# ---- what a person has seen


async def begin_to_raise(session: Session, live: Live, sites: frozenset[str]) -> None:
    """Raises what the API raises."""
    language = session.language
    zones = {
        zone["id"]: f"{title(zone['title'], language, zone['name'])} · {zone['building']}"
        for zone in live.zones
        if not sites or zone["site"] in sites
    }
    hazards = {hazard: say(hazard, language) for hazard in await live.hazards()}
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
