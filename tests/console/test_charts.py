"""Charts as options: lines with limits that are seen, gaps that are no line, bars beside their target."""

from __future__ import annotations

from typing import Any

from console.charts import Line, Threshold, bars, lines
from console.pages import kpis
from console.pages.kpis import days_chart, figure, lasts, priorities_chart, source
from console.readings_charts import GAP_MS, aggregate_of, made_charts, with_gaps
from console.thresholds import thresholds
from console.words import add

add(kpis.WORDS)
HIGH = Threshold("smoke", 0.15, "Smoke high")
LOW = Threshold("smoke", 0.02, "Detector blind", below=True)


def _marks(options: dict[str, Any]) -> list[Any]:
    return list(options["series"][0]["markLine"]["data"])


def test_a_limit_nothing_has_come_near_is_on_the_chart() -> None:
    made = lines([Line("smoke", [(0, 0.01), (1, 0.02)])], [HIGH])
    assert made["yAxis"]["max"] > 0.15
    assert [(each["yAxis"], each["name"]) for each in _marks(made)] == [(0.15, "≥ 0.15 Smoke high")]


def test_limits_from_below_look_other_than_those_from_above() -> None:
    high, low = _marks(lines([Line("smoke", [(0, 0.01)])], [HIGH, LOW]))
    assert low["name"].startswith("≤ 0.02")
    assert high["lineStyle"]["color"] != low["lineStyle"]["color"]
    assert high["label"]["position"] != low["label"]["position"]


def test_rules_with_the_same_limit_share_a_line() -> None:
    made = lines([Line("smoke", [(0, 0.01)])], [HIGH, HIGH._replace(rule="Smoke in the shaft"), HIGH])
    assert [each["name"] for each in _marks(made)] == ["≥ 0.15 Smoke high / Smoke in the shaft"]


def test_a_moment_stands_across_the_chart() -> None:
    assert _marks(lines([Line("smoke", [(0, 0.01)])], moments=[(5, "detected")])) == [
        {"xAxis": 5, "name": "detected", "lineStyle": {"color": "#ffffff", "type": "solid"}}
    ]


def test_lines_are_told_apart_without_colour() -> None:
    made = lines([Line("now", [(0, 1.0)]), Line("before", [(0, 2.0)], dash=1)])
    assert [each["lineStyle"]["type"] for each in made["series"]] == ["solid", "dashed"]
    assert made["legend"]["show"]


def test_bars_beside_one_another_have_patterns_and_a_limit_is_within_the_axis() -> None:
    made = bars(["mon", "tue"], [("it is", [3, 5]), ("it was", [1, 2])], [("target", 150.0)])
    assert made["aria"]["decal"]["show"]
    assert made["yAxis"]["max"] >= 150


def test_a_long_pause_breaks_the_line_and_a_short_one_does_not() -> None:
    points = [("2026-11-24T05:00:00.000Z", 1.0), ("2026-11-24T05:02:00.000Z", 2.0), ("2026-11-24T06:00:00.000Z", 3.0)]
    values = [value for _, value in with_gaps(points)]
    assert values == [1.0, 2.0, None, 3.0]
    assert GAP_MS < 58 * 60_000


def test_what_crosses_a_limit_does_not_vanish_in_a_mean() -> None:
    assert aggregate_of("smoke", [HIGH]) == "max"
    assert aggregate_of("smoke", [LOW]) == "min"
    assert aggregate_of("battery", [HIGH]) == "avg"


def test_numbers_have_a_chart_each_and_all_states_one_together() -> None:
    values = {"smoke": 0.1, "alarm": False, "fault": False}
    found: Any = {"smoke": [(0, 0.1)], "alarm": [(0, 0.0)], "fault": [(0, 1.0)]}
    made = made_charts(values, found, [HIGH], (0, 10), "en")
    assert [len(each["series"]) for each in made.values()] == [1, 2]
    assert next(iter(made)) == "Smoke, dB/m · highest of each step"


def test_limits_are_read_off_a_rule_as_it_is_written() -> None:
    when = {
        "all": [
            {"metric": "temperature", "above": 8.3, "rate_per": "1min", "over": "3min"},
            {"any": [{"metric": "temperature", "above": 40.0}, {"metric": "speed", "between": [0.1, 0.9]}]},
            {"metric": "power_w", "above": 0.9, "of": "power_w"},
            {"metric": "alarm", "is": True},
        ]
    }
    rule = {"id": "heat", "title": {"en": "Heat", "zh": "高温"}, "written": {"when": when}}
    assert [(each.metric, each.value, each.below) for each in thresholds(rule, "en")] == [
        ("temperature", 40.0, False),
        ("speed", 0.1, False),
        ("speed", 0.9, True),
    ]
    assert thresholds(rule, "zh")[0].rule == "高温"


# ---- figures

FIGURES: Any = {
    "operators": 2,
    "measures": [{"target": {"id": "per_day", "most": 150.0, "must_not_exceed": 300.0, "unit": "1/d"}}],
    "days": [{"day": "2026-11-24", "annunciated": 7}],
    "priorities": [
        {"level": "III", "share": 0.5, "target": 0.8},
        {"level": "I", "share": 0.2, "target": 0.05},
        {"level": "II", "share": 0.3, "target": 0.15},
    ],
}


def test_the_target_of_a_day_is_for_all_desks_together() -> None:
    assert [each["yAxis"] for each in _marks(days_chart(FIGURES, "en"))] == [300.0, 600.0]


def test_the_mix_of_levels_stands_beside_its_target_in_order() -> None:
    made = priorities_chart(FIGURES, "en")
    assert made["xAxis"]["data"] == ["Level I", "Level II", "Level III"]
    assert [each["data"] for each in made["series"]] == [[20.0, 30.0, 50.0], [5.0, 15.0, 80.0]]


def test_figures_are_read_with_their_unit() -> None:
    assert [figure(0.01, "share"), figure(4, "alarms"), figure(0.2, "1/d"), figure(6, "1/10 min")] == [
        "1.0 %", "4", "0.2/d", "6/10 min",
    ]  # fmt: skip
    assert [lasts(each) for each in (None, 45_000, 200_000, 7_500_000, 259_200_000)] == [
        "–", "45 s", "3:20 min", "2:05 h", "3.0 d",
    ]  # fmt: skip


def test_no_source_of_a_target_is_left_in_english() -> None:
    target: Any = {"id": "per_day", "source": "ISA-18.2, EEMUA 191: per operator"}
    assert source(target, "en") == target["source"]
    assert "值班员" in source(target, "zh")
