"""Charts: the options of ECharts as pure functions, and the dark look that all of them have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nicegui import ui

INK, DIM, LINE, GROUND = "#eef3f7", "#a9b8c6", "#2b3947", "#141b23"
LIMIT, LIMIT_LOW, MARK = "#ff8080", "#ffa726", "#ffffff"
COLOURS = ["#7cc4ff", "#5dd39e", "#ffe14d", "#d8a6ff", "#ffa726", "#8be9fd", "#ff9dc4", "#c5e86c"]
DASHES = ("solid", "dashed", "dotted")  # colour is never the only sign
THEME = {
    "color": COLOURS,
    "backgroundColor": "transparent",
    "textStyle": {"color": INK},
    "legend": {"textStyle": {"color": INK}, "inactiveColor": "#6f7f8e", "pageTextStyle": {"color": INK}},
    "tooltip": {"backgroundColor": GROUND, "borderColor": LINE, "textStyle": {"color": INK}},
}
POINTS_SIGNED_MAX = 60  # more points than that are a line without dots

Point = tuple[int | str, float | None]


class Threshold(NamedTuple):
    """Where a rule's condition begins to hold. `below`: under it, else over it."""

    metric: str
    value: float
    rule: str
    below: bool = False


class Line(NamedTuple):
    """`points`: (Unix milliseconds or a name, value). `step`: it keeps its value until the next."""

    name: str
    points: Sequence[Point]
    dash: int = 0
    area: bool = False
    step: bool = False
    colour: str = ""
    faint: bool = False


def lines(
    of: Sequence[Line],
    thresholds: Sequence[Threshold] = (),
    *,
    names: Sequence[str] = (),
    unit: str = "",
    span: tuple[int, int] | None = None,
    moments: Sequence[tuple[int, str]] = (),
    zero: bool = False,
) -> dict[str, Any]:
    """Over time; over `names`, where these are given. `moments`: (Unix milliseconds, what happened then)."""
    series = [_line(each) for each in of]
    if series:
        series[0]["markLine"] = _marks(thresholds, moments)
    x: dict[str, Any] = {"type": "time"} if not names else {"type": "category", "data": list(names)}
    if span:
        x |= {"min": span[0], "max": span[1]}
    y: dict[str, Any] = {"type": "value", "scale": not zero, "name": unit}
    reached = [each.value for each in thresholds]
    if reached:  # a limit that nothing has come near is to be seen, too
        y |= _wide_enough([value for each in of for _, value in each.points if value is not None], reached, zero)
    return _chart(x, y, series, legend=len(of) > 1)


def bars(
    names: Sequence[str],
    of: Sequence[tuple[str, Sequence[float | None]]],
    limits: Sequence[tuple[str, float]] = (),
    *,
    unit: str = "",
    lying: bool = False,
) -> dict[str, Any]:
    """`of`: (name, values by `names`). `lying`: one below the other, as names want that are long."""
    series: list[dict[str, Any]] = [
        {"type": "bar", "name": name, "data": list(values), "barMaxWidth": 28} for name, values in of
    ]
    axis = "xAxis" if lying else "yAxis"
    if series and limits:
        data = [
            {axis: value, "name": name, "lineStyle": {"color": LIMIT, "type": DASHES[1 + number % 2]}}
            for number, (name, value) in enumerate(limits)
        ]
        series[0]["markLine"] = _mark_line(data)
    by_name: dict[str, Any] = {"type": "category", "data": list(names), "inverse": lying}
    by_value: dict[str, Any] = {"type": "value", "name": unit}
    if limits:
        known = [value for _, values in of for value in values if value is not None]
        by_value["max"] = _round_up(max([*known, *(value for _, value in limits)]) * 1.05)
    return _chart(*((by_value, by_name) if lying else (by_name, by_value)), series, legend=len(of) > 1)


def show(options: dict[str, Any], label: str, height: str = "16em") -> ui.echart:
    """`label`: what a screen reader says of it."""
    made = ui.echart(options, theme=THEME).classes("plot").style(f"height: {height}")
    made.props["role"], made.props["aria-label"] = "img", label
    return made


def _chart(x: dict[str, Any], y: dict[str, Any], series: list[dict[str, Any]], legend: bool) -> dict[str, Any]:
    for axis in (x, y):
        axis["axisLabel"] = {"color": DIM, "hideOverlap": True}
        axis["axisLine"] = {"lineStyle": {"color": LINE}}
        axis["splitLine"] = {"show": axis["type"] == "value", "lineStyle": {"color": LINE}}
        axis["nameTextStyle"] = {"color": DIM, "align": "left"}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 44 if legend else 30, "bottom": 6, "containLabel": True},
        "legend": {
            "show": legend,
            "type": "scroll",
            "top": 0,
            "right": 0,
            "left": 64 if y.get("name") or x.get("name") else 0,
        },
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": x,
        "yAxis": y,
        "series": series,
        # patterns beside colours where bars stand side by side; what the chart is of stands in its `aria-label`
        "aria": {
            "enabled": True,
            "label": {"enabled": False},
            "decal": {"show": legend and series[0]["type"] == "bar"},
        },
    }


def _line(of: Line) -> dict[str, Any]:
    width = 1 if of.faint else 2
    made: dict[str, Any] = {
        "type": "line",
        "name": of.name,
        "data": [list(point) for point in of.points],
        "showSymbol": len(of.points) <= POINTS_SIGNED_MAX and not of.faint,
        "symbolSize": 5,
        "connectNulls": False,
        "lineStyle": {"type": DASHES[of.dash % len(DASHES)], "width": width, "opacity": 0.55 if of.faint else 1},
    }
    if of.area:
        made["areaStyle"] = {"opacity": 0.18}
    if of.step:
        made["step"] = "end"
    if of.colour:
        made["color"] = of.colour
    return made


def _marks(thresholds: Sequence[Threshold], moments: Sequence[tuple[int, str]]) -> dict[str, Any]:
    data: list[dict[str, Any]] = [
        {
            "yAxis": each.value,
            "name": f"{'≤' if each.below else '≥'} {each.value:g} {each.rule}",
            "lineStyle": {"color": LIMIT_LOW if each.below else LIMIT, "type": "dashed"},
            "label": {"position": "insideStartBottom" if each.below else "insideEndTop"},
        }
        for each in _together(thresholds)
    ]
    data += [{"xAxis": at, "name": what, "lineStyle": {"color": MARK, "type": "solid"}} for at, what in moments]
    return _mark_line(data)


def _together(thresholds: Sequence[Threshold]) -> list[Threshold]:
    """One line where several rules have the same limit."""
    rules: dict[tuple[float, bool], list[str]] = {}
    for each in thresholds:
        rules.setdefault((each.value, each.below), []).append(each.rule)
    return [Threshold("", value, " / ".join(dict.fromkeys(names)), below) for (value, below), names in rules.items()]


def _mark_line(data: list[dict[str, Any]]) -> dict[str, Any]:
    label = {"formatter": "{b}", "color": INK, "position": "insideEndTop", "textBorderWidth": 0}
    return {"silent": True, "symbol": "none", "label": label, "data": data}


def _wide_enough(values: Sequence[float], limits: Sequence[float], zero: bool) -> dict[str, Any]:
    reached = [*values, *limits, *([0.0] if zero else [])]
    low, high = min(reached), max(reached)
    margin = (high - low or abs(high) or 1.0) * 0.08
    lowest = 0.0 if 0 <= low < high / 3 else low - margin
    return {"min": _short(lowest), "max": _short(high + margin)}


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def _round_up(value: float) -> float:
    """So that an axis ends at a number that is read easily."""
    if value <= 0:
        return 1.0
    size: float = 10 ** (len(f"{value:.0f}") - 1) / (2 if value >= 1 else 10)
    return float(-(-value // size) * size)
