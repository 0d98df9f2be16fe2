"""What a page looks like is a pure function of what is known: order, sound, place, escaping."""

from __future__ import annotations

import re
import time
from typing import Any

from console.bursts import gathered
from console.client import Api
from console.drawing import clock, draw, ms, sounding, worst_first
from console.incident_acts import missing
from console.incident_charts import compared, options, wanted
from console.incident_sent import groups, sent
from console.live import Live
from console.pages import wall
from console.pages.wall import BESIDE_MAX, SHOWN_MAX, wall_html
from console.section import sections
from console.words import add
from tests.support.shown import SITE, entry, incident, zone

add(wall.WORDS)
TAKEN = {"acknowledged_at": "2026-11-24T05:00:03.000Z", "acknowledged_by": "duty-officer"}


def _live(*incidents: dict[str, Any], zones: list[Any] | None = None) -> Live:
    live = Live(Api("http://127.0.0.1:9"))
    live.incidents = {each["id"]: each for each in incidents}
    live.zones = [zone()] if zones is None else zones
    return live


def test_the_worst_stands_first_and_of_one_level_what_nobody_has_taken_the_longest() -> None:
    old, new = "2026-11-24T05:00:00.000Z", "2026-11-24T06:00:00.000Z"
    some = [
        incident(1, level="III"),
        incident(2, level="I", **TAKEN),
        incident(3, level="I", opened_at=old),
        incident(4, level="I", opened_at=new),
        incident(5, level="I", mode="exercise"),
        incident(6, level="I", signal="trouble", opened_at=new),
        incident(7, level="I", opened_at=new, **TAKEN),
    ]
    assert [each["id"][-1] for each in worst_first(some)] == ["3", "4", "6", "7", "2", "1", "5"]


def test_it_sounds_for_a_real_level_one_or_two_that_nobody_has_acknowledged() -> None:
    assert sounding([]) == ""
    assert sounding([incident(level="III")]) == ""
    assert sounding([incident(level="II")]) == "II"
    assert sounding([incident(1, level="II"), incident(2, level="I")]) == "I"
    assert sounding([incident(level="I", **TAKEN)]) == ""
    assert sounding([incident(level="I", mode="exercise")]) == ""
    assert sounding([incident(level="I", open=False)]) == ""


def test_what_a_device_is_called_cannot_be_markup() -> None:
    nasty = incident(title={"en": "<script>alert(1)</script>"}, owner="<b>me</b>", **TAKEN)
    html = wall_html(_live(nasty, zones=[zone(title={"en": "<img src=x>"})]), "en")
    assert "<script>" not in html
    assert "<b>me" not in html
    assert "<img" not in html


def test_a_quiet_wall_shows_what_has_been() -> None:
    live = _live()
    live.entries.append(entry(1, text="Somebody signed the handover", incident=None))
    live.closed = [incident(7, open=False, closed_at="2026-11-24T05:30:00.000Z", finding="real")]
    html = wall_html(live, "en")
    assert "All quiet" in html
    assert "Somebody signed the handover" in html
    assert "INC-000007" in html


def test_where_much_goes_on_nothing_that_has_been_takes_its_room() -> None:
    html = wall_html(_live(*(incident(number) for number in range(1, BESIDE_MAX + 2))), "en")
    assert "Closed last" not in html


def test_a_flood_of_five_hundred_is_drawn_fast_and_says_how_many_more_there_are() -> None:
    levels = ("III", "III", "II", "I")
    live = _live(*(incident(number, level=levels[number % 4]) for number in range(500)))
    begun = time.perf_counter()
    html = wall_html(live, "en")
    seconds = time.perf_counter() - begun
    assert html.count('<article class="card') == SHOWN_MAX
    assert f"and {500 - SHOWN_MAX} more" in html
    assert "500 open, 500 not acknowledged" in html
    assert len(html) < 100_000, "a browser takes it in one piece"
    assert seconds < 0.5, "usually 20 ms; a page reacts within 200"


def test_a_wall_of_one_site_says_that_something_goes_on_elsewhere() -> None:
    elsewhere = incident(2, site="mall", zone="mall/1F-east")
    live = _live(incident(1), elsewhere, zones=[zone(), zone(site="mall", building="mall", floor="1F")])
    html = wall_html(live, "en", frozenset({SITE}))
    assert "INC-000001" in html
    assert "INC-000002" not in html
    assert "1 open at other sites" in html


def test_the_zone_of_the_first_report_is_marked_in_the_section() -> None:
    first = incident(level="I")
    drawn, tiles = sections([zone("11F"), zone(open_incidents=[first["id"]])], {first["id"]: first}, "en")
    assert tiles == []
    (figure,) = drawn
    assert "★ I" in figure.cells[f"zone-{SITE}/12F-east"]
    floors = [html for id, html in figure.cells.items() if id.startswith("floor-")]
    assert ["12F</text>" in html for html in floors] == [True, False], "the upper floor stands above"


def test_of_many_buildings_only_those_are_drawn_where_something_goes_on() -> None:
    there = incident(building="t003", zone=f"{SITE}/t003-1F")
    zones = [
        zone(building=f"t{number:03d}", open_incidents=[there["id"]] if number == 3 else [], silent=number == 5)
        for number in range(1, 13)
    ]
    drawn, tiles = sections(zones, {there["id"]: there}, "en")
    assert len(drawn) == 1
    assert drawn[0].key == f"{SITE}-t003"
    assert len(tiles) == 11
    assert [tile.name for tile in tiles if tile.silent] == [f"{SITE} · t005"]


def test_a_silent_zone_is_hatched_and_not_only_coloured() -> None:
    drawn, _ = sections([zone(silent=2)], {}, "zh")
    assert f"url(#hatch-{drawn[0].key})" in drawn[0].cells[f"zone-{SITE}/12F-east"]


def test_no_instant_is_a_dash_and_an_instant_is_milliseconds() -> None:
    assert clock(None) == "–"
    assert ms("2026-11-24T05:00:00.120Z") == 1_795_496_400_120


def test_what_a_plan_sets_off_at_once_is_one_line() -> None:
    some = [
        entry(1, "opened"),
        *(entry(number, "command_issued") for number in range(2, 87)),
        entry(90, "command_failed"),
    ]
    found = gathered(some, "en")
    assert [each["kind"] for each in found] == ["opened", "commands", "command_failed"]
    assert found[1]["text"] == "Commands: 85 issued"


def test_a_message_is_shown_with_its_last_fate() -> None:
    facts = {"id": "NTF-000001", "what": "notify", "to": "guard", "channel": "app"}
    some = [
        entry(1, "notice_issued", facts=facts),
        entry(2, "notice_failed", facts=facts | {"detail": "no answer"}),
        entry(3, "notice_done", facts=facts | {"id": "AUT-000002", "what": "authority", "to": "fire_brigade"}),
    ]
    assert [(each.to, each.stage) for each in sent(some)] == [("guard", "failed"), ("fire_brigade", "done")]
    assert [group.what for group in groups(sent(some))] == ["notify", "authority"]


def _evidence(rule: str = "smoke-high", **other: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "device": f"{SITE}/sd-1201",
        "title": {"en": "Smoke"},
        "fired_at": "2026-11-24T05:00:00.120Z",
        "values": {"smoke": 0.17},
        "holds": True,
    } | other


def test_a_chart_has_the_threshold_of_the_rule_and_the_moment_in_which_it_fired() -> None:
    known = incident(evidence=[_evidence(), _evidence("smoke-alarm", values={"alarm": True})])
    limits = {"smoke-high": compared({"any": [{"metric": "smoke", "above": 0.15}]})}
    (chart,) = wanted(known, limits)
    assert (chart.metric, chart.limits) == ("smoke", (0.15,))
    marks = options(chart, [["2026-11-24T05:00:00Z", 0.17]], "en")["series"][0]["markLine"]["data"]
    assert [mark.get("yAxis", mark.get("xAxis")) for mark in marks] == [0.15, "2026-11-24T05:00:00.120Z"]


def test_a_rate_is_no_threshold_of_a_reading() -> None:
    assert compared({"metric": "temperature", "above": 8.3, "rate_per": "1min"}) == {}


def test_what_keeps_an_incident_from_being_closed_is_listed_by_its_titles() -> None:
    task = {"id": "evacuate", "action": "task", "stage": "issued", "mandatory": True, "title": {"zh": "疏散人员"}}
    known = incident(evidence=[_evidence()], steps=[task])
    assert missing(known, "zh") == [f"仍然持续：Smoke，{SITE}/sd-1201", "未完成：疏散人员"]
    assert missing(incident(steps=[task | {"stage": "done"}]), "en") == []
    order = {"id": "WO-000001", "summary": "Mend it", "open": True, "handed_over": None}
    assert missing(incident(), "en", [order]) == ["neither verified nor handed over: WO-000001, Mend it"]
    assert missing(incident(), "en", [order | {"handed_over": "the makers"}]) == []


def test_the_frame_offers_no_place_that_one_may_not_enter() -> None:
    html = draw("frame.html", "zh", places=[], here="", name="", signed_in=False)
    assert not re.findall(r'data-key="\d"', html)
    assert "未登录" in html
