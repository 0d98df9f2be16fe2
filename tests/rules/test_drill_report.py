"""What a drill's report says, whatever format it comes in."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.reports.html import html
from gateway.reports.markdown import markdown
from rules.drill import Drill, Stage, Theory
from rules.drill_report import drill_report
from rules.instant import MINUTE_MS, SECOND_MS
from rules.mode import Mode
from rules.report import Facts, Grid, Paragraph, Report, Signatures, Tone, decode_report, encode_report
from rules.score import Line, Met, Part, Score, Tally
from rules.timeline import Entry, Kind
from rules.timeline_text import LANGUAGES, Language
from tests.support import reported
from tests.support.reported import BEGAN

DETECTED = Line("detect", {"en": "Detected", "zh": "发现"}, Part.START, Met.YES, 1.0, 1.0, "INC-000001", took_ms=2_500)
MISSED = Line(
    "acknowledge",
    {"en": "Acknowledged", "zh": "接警"},
    Part.START,
    Met.NO,
    0.0,
    2.0,
    "INC-000001",
    role="duty_officer",
    person="duty-officer",
    limit_ms=MINUTE_MS,
    mandatory=True,
)


def score(percent: int = 100, passed: bool = True, **fields: Any) -> Score:
    return Score(percent / 10, 10.0, percent, 80, passed, **({"lines": [DETECTED]} | fields))


def drill(**fields: Any) -> Drill:
    values: dict[str, Any] = {
        "id": "DRL-000001",
        "site": "tower-a",
        "scenario": "fire-on-12f",
        "title": {"en": "A fire", "zh": "火灾"},
        "started_at": BEGAN,
        "started_by": "safety-officer",
        "ends_at": BEGAN + 60 * MINUTE_MS,
        "stage": Stage.ENDED,
        "ended_at": BEGAN + 20 * MINUTE_MS,
        "ended_by": "tocsin",
        "incidents": ["INC-000001"],
        "score": score(),
    }
    return Drill(**(values | fields))


def report(held: Drill, language: Language = "en", entries: tuple[Entry, ...] = ()) -> Report:
    return drill_report(reported.drill_facts(held, entries=entries), language)


def blocks(report: Report, section: str, kind: type[Any]) -> list[Any]:
    found = [each for each in report.sections if each.id == section]
    return [block for each in found for block in each.blocks if isinstance(block, kind)]


def rows(report: Report, section: str) -> list[list[str]]:
    return [[cell.text for cell in row] for grid in blocks(report, section, Grid) for row in grid.rows]


def facts(report: Report) -> dict[str, str]:
    return {fact.id: fact.cell.text for block in blocks(report, "summary", Facts) for fact in block.facts}


CUT_OFF = score(55, passed=False, complete=False)


@pytest.mark.parametrize(
    ("fields", "text", "tone"),
    [
        ({"score": score(92)}, "92 of 100 · PASSED", Tone.GOOD),
        ({"score": score(60, passed=False)}, "60 of 100 · RETRAIN", Tone.BAD),
        ({"score": CUT_OFF}, "55 of 100 · CUT OFF", Tone.FAIR),
        ({"score": None, "stage": Stage.ABORTED}, "ABORTED: it counts for nothing", Tone.FAIR),
        ({"score": None, "stage": Stage.RUNNING, "ended_at": None}, "running: it is scored when it ends", Tone.FAIR),
    ],
)
def test_how_it_went_is_read_from_across_the_room(fields: dict[str, Any], text: str, tone: Tone) -> None:
    first = report(drill(**fields)).sections[0].blocks[0]
    assert first == Paragraph(text, tone, large=True)


def test_what_stood_in_the_way_of_passing_is_named() -> None:
    failed = score(95, passed=False, lines=[DETECTED, MISSED])
    said = [each.text for each in blocks(report(drill(score=failed)), "result", Paragraph)]
    assert said[-1] == "Mandatory and not done: Acknowledged."
    said = [each.text for each in blocks(report(drill(score=failed), "zh"), "result", Paragraph)]
    assert said == ["95 分 · 须重新培训", "满分 100 分，合格线 80 分，且必做项须全部完成。", "未完成的必做项：接警。"]


def test_what_something_real_cut_off_proves_nothing() -> None:
    said = [each.text for each in blocks(report(drill(score=CUT_OFF)), "result", Paragraph)]
    assert "nothing is proven" in said[-1]


def test_the_score_sheet_tells_who_how_long_and_in_what_time() -> None:
    found = report(drill(score=score(lines=[DETECTED, MISSED])))
    assert rows(found, "sheet") == [
        ["Detected", "Tocsin", "", "2.5 s", "", "in time", "1 / 1"],
        ["Acknowledged", "duty officer", "Duty officer", "", "1 min", "missed", "0 / 2"],
    ]


def test_of_several_incidents_each_line_says_which() -> None:
    found = report(drill(incidents=["INC-000001", "INC-000002"], score=score(lines=[MISSED], passed=False)))
    assert rows(found, "sheet")[0][:2] == ["INC-000001", "Acknowledged"]
    assert "Acknowledged (INC-000001)" in blocks(found, "result", Paragraph)[-1].text


def test_no_line_of_a_score_sheet_is_left_out() -> None:
    assert len(rows(report(drill(score=score(lines=[MISSED] * 900))), "sheet")) == 900


def test_time_for_which_it_stood_still_is_told_apart() -> None:
    pauses = [(BEGAN + MINUTE_MS, BEGAN + 3 * MINUTE_MS), (BEGAN + 5 * MINUTE_MS, BEGAN + 6 * MINUTE_MS)]
    assert facts(report(drill(pauses=pauses)))["suspended"] == "2×, 3 min in all; that time does not count"
    assert "suspended" not in facts(report(drill()))


def test_times_are_those_of_the_site_and_people_have_their_names() -> None:
    found = facts(report(drill()))
    assert found["started"] == "2026-11-24 13:00:00 · Safety officer"
    assert found["ended"] == "2026-11-24 13:20:00 · by itself"
    assert found["lasted"] == "20 min"


def test_a_flood_of_incidents_is_counted_not_listed() -> None:
    found = report(drill(incidents=[f"INC-{number:06}" for number in range(1, 501)]))
    assert facts(found)["incidents"].endswith("INC-000020, and 480 more")


def test_roles_people_and_theory_have_their_own_result() -> None:
    tally = Tally("duty_officer", 3.0, 8.0, False, [{"en": "Acknowledged"}])
    theory = [Theory("duty-officer", "fire", BEGAN, 7, 8, True, ["lifts"])]
    found = report(drill(score=score(roles=[tally]), theory=theory))
    assert rows(found, "roles") == [["duty officer", "3 / 8", "RETRAIN", "Acknowledged"]]
    assert rows(found, "people") == []
    assert rows(found, "theory") == [["Duty officer", "fire", "7 / 8", "PASSED", "lifts"]]


def test_the_director_and_the_safety_officer_sign_it() -> None:
    (signed,) = blocks(report(drill()), "signatures", Signatures)
    assert [(each.role, each.name) for each in signed.signatures] == [
        ("Drill director", "Safety officer"),
        ("Safety officer", ""),
    ]


def test_the_timeline_keeps_bursts_of_different_incidents_apart() -> None:
    of = [None, "INC-000001", "INC-000001", "INC-000002"]
    entries = tuple(
        Entry(
            number,
            incident,
            number,
            BEGAN + SECOND_MS,
            Kind.COMMAND_ISSUED if incident else Kind.DRILL,
            Mode.EXERCISE,
            facts={"command": "open"} if incident else {"id": "DRL-000001", "what": "started"},
        )
        for number, incident in enumerate(of, start=1)
    )
    found = report(drill(incidents=["INC-000001", "INC-000002"]), entries=entries)
    assert [row[0] for row in rows(found, "timeline")] == ["", "INC-000001", "INC-000002"]
    assert rows(found, "timeline")[1][2:] == ["+0:01.0", "2 commands: open 2"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_stamped_and_comes_back_from_json_as_it_was(language: Language) -> None:
    found = report(drill(), language)
    assert found.stamp == {"en": "EXERCISE", "zh": "演练"}[language]
    assert decode_report(encode_report(found)) == found


def test_what_people_have_written_is_text_and_nothing_else() -> None:
    found = report(drill(title={"en": "<script>alert(1)</script> | *x*"}))
    assert b"<script>" not in html(found)
    assert b"\\<script\\>" in markdown(found)
