"""Readings of the devices concerned: a chart a device and metric, with the thresholds of the rules that fired for it
and the moments in which they did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from console.client import Api, Json
from console.drawing import instant_of
from console.settings import Language
from console.words import say

CHARTS_MAX = 6  # of a large fire: the devices that were first
BEFORE, AFTER = timedelta(minutes=10), timedelta(minutes=2)
LINE_COLOUR, LIMIT_COLOUR, MOMENT_COLOUR, DIM, GRID = "#7cc4ff", "#ff7b7b", "#ffa726", "#a9b8c6", "#2b3947"


class Chart(NamedTuple):
    """`limits`: values that a rule compares with. `moments`: (instant, rule)."""

    device: str
    metric: str
    limits: tuple[float, ...]
    moments: tuple[tuple[str, str], ...]


def wanted(incident: Json, limits: dict[str, dict[str, set[float]]]) -> list[Chart]:
    """`limits`: rule → metric → values. Numbers first; a switch only where the device has said nothing else."""
    found: dict[tuple[str, str], tuple[set[float], list[tuple[str, str]]]] = {}
    for each in incident["evidence"]:
        if not each["device"]:
            continue
        numbers = [name for name, value in each["values"].items() if _is_number(value)]
        judged = [name for name in numbers if name in limits.get(each["rule"], {})]
        for metric in judged or numbers or list(each["values"])[:1]:
            values, moments = found.setdefault((each["device"], metric), (set(), []))
            values |= limits.get(each["rule"], {}).get(metric, set())
            moments.append((each["fired_at"], each["rule"]))
    charts = [
        Chart(device, metric, tuple(sorted(values)), tuple(moments))
        for (device, metric), (values, moments) in found.items()
    ]
    drawn = [each for each in charts if each.limits] or charts
    return drawn[:CHARTS_MAX]


async def limits_of(api: Api, incident: Json) -> dict[str, dict[str, set[float]]]:
    """Of the rules in force; raises what the API raises."""
    rules = dict.fromkeys(each["rule"] for each in incident["evidence"] if each["device"])
    found: dict[str, dict[str, set[float]]] = {}
    for rule in list(rules)[:CHARTS_MAX]:
        written = (await api.get(f"/rules/{rule}"))["written"]
        found[rule] = compared(written.get("when"))
    return found


def compared(condition: Any) -> dict[str, set[float]]:
    """Metric → what a condition compares its value with. A rate or an average is not compared with a reading."""
    found: dict[str, set[float]] = {}
    for part in _parts(condition):
        metric = part.get("metric")
        if isinstance(metric, str) and not {"rate_per", "aggregate", "share_of"} & set(part):
            values = {float(part[name]) for name in ("above", "below") if _is_number(part.get(name))}
            if values:
                found.setdefault(metric, set()).update(values)
    return found


async def points(api: Api, incident: Json, chart: Chart) -> list[list[Any]]:
    """[instant, value] by the device's own time."""
    since = instant_of(incident["opened_at"]) - BEFORE
    query: dict[str, Any] = {"from": since.isoformat().replace("+00:00", "Z"), "metric": chart.metric, "agg": "last"}
    if incident["closed_at"]:
        query["to"] = (instant_of(incident["closed_at"]) + AFTER).isoformat().replace("+00:00", "Z")
    if incident["mode"] != "actual":
        query["mode"] = incident["mode"]
    found = await api.get(f"/devices/{chart.device}/readings", **query)
    return [[at, float(value)] for series in found["series"] for at, value in series["points"] if _drawn(value)]


def options(chart: Chart, drawn: list[list[Any]], language: Language) -> dict[str, Any]:
    """For ECharts: a line that is read from some metres, and a text beside each mark."""
    limits = [
        {
            "yAxis": value,
            "label": {"formatter": f"{say('threshold', language)} {value:g}"},
            "lineStyle": _dash(LIMIT_COLOUR),
        }
        for value in chart.limits
    ]
    first = min(chart.moments)[0] if chart.moments else None
    moment = {"xAxis": first, "label": {"formatter": say("detected_at", language)}, "lineStyle": _dash(MOMENT_COLOUR)}
    label = {"color": "#eef3f7", "position": "insideEndTop", "fontSize": 12}
    top = max([*(point[1] for point in drawn), *chart.limits], default=1.0)
    return {
        "animation": False,
        "aria": {"enabled": True},
        "grid": {"left": 48, "right": 16, "top": 18, "bottom": 24},
        "textStyle": {"color": DIM},
        "xAxis": {
            "type": "time",
            **_range(chart, drawn),
            "axisLabel": {"color": DIM, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": GRID}},
        },
        "yAxis": {
            "type": "value",
            "max": float(f"{top * 1.15:.3g}") if top > 0 else None,
            "axisLabel": {"color": DIM},
            "splitLine": {"lineStyle": {"color": GRID}},
        },
        "tooltip": {"trigger": "axis"},
        "series": [
            {
                "type": "line",
                "showSymbol": len(drawn) < 2,
                "step": "end",
                "data": drawn,
                "lineStyle": {"width": 3, "color": LINE_COLOUR},
                "itemStyle": {"color": LINE_COLOUR},
                "markLine": {
                    "symbol": "none",
                    "silent": True,
                    "label": label,
                    "data": [*limits, *([moment] if first else [])],
                },
            }
        ],
    }


def _range(chart: Chart, drawn: list[list[Any]]) -> dict[str, str]:
    """From the first reading to the last, and to the moment of detection where that came after it; never days."""
    times = [instant_of(str(each[0])) for each in (*drawn, *chart.moments[:1])]
    if not times:
        return {}
    first, last = min(times), max(times)
    edge = AFTER if len(drawn) < 2 else (last - first) / 20
    return {"min": (first - edge).isoformat(), "max": (last + edge).isoformat()}


def _dash(colour: str) -> dict[str, Any]:
    return {"color": colour, "width": 2, "type": "dashed"}


def _parts(condition: Any) -> Iterator[dict[str, Any]]:
    if isinstance(condition, dict):
        yield condition
        for value in condition.values():
            yield from _parts(value)
    elif isinstance(condition, list):
        for each in condition:
            yield from _parts(each)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _drawn(value: Any) -> bool:
    return isinstance(value, int | float)
