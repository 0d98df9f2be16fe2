"""What a device said over an hour, a day or a week, each metric a chart with the limits of its rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nicegui import ui

from console import charts
from console.charts import Line, Point, Threshold
from console.client import Json
from console.clock import now_ms
from console.drawing import draw, ms, rfc3339
from console.metrics import TELLING, metric
from console.session import Session
from console.settings import Language
from console.thresholds import Limits
from console.words import Words, add, say

HOUR_MS, MINUTE_MS = 3_600_000, 60_000
RANGES = {"hour": HOUR_MS, "day": 24 * HOUR_MS, "week": 7 * 24 * HOUR_MS}
KEYS = {"hour": "h", "day": "d", "week": "w"}
GAP_MS = 25 * MINUTE_MS  # a longer pause is no line: most devices say something every two minutes, meters every ten
CHARTS_MAX = 4  # shown unasked
DULL = ("clock_skew_s", "frequency_hz")  # shown where somebody asks for them
AGAIN_MS = {"hour": 6_000, "day": MINUTE_MS, "week": 10 * MINUTE_MS}

WORDS: Words = {
    "range_hour": ("1 h", "1 小时"),
    "range_day": ("24 h", "24 小时"),
    "range_week": ("7 d", "7 天"),
    "readings": ("Readings", "历史读数"),
    "which_metrics": ("Which", "指标"),
    "no_readings": ("No readings in this time", "该时段没有读数"),
    "older_missing": (
        "What is older is kept in InfluxDB, which cannot be asked now.",
        "更早的读数存于 InfluxDB，目前无法查询。",
    ),
    "conditions": ("States (1: yes)", "状态（1 为是）"),
    "highest": ("highest of each step", "每个时段取最大值"),
    "lowest": ("lowest of each step", "每个时段取最小值"),
    "mean": ("mean of each step", "每个时段取平均值"),
    "limits_note": (
        "Dashed: where a rule begins to hold. Limits by the nameplate are not drawn.",
        "虚线为规则阈值；按额定值换算的阈值不绘出。",
    ),
}
add(WORDS)


class ReadingsCharts:
    def __init__(self, session: Session) -> None:
        self.session = session
        self._limits = Limits(session)
        self._range = "hour"
        self._device: Json | None = None
        self._asked_at = 0
        self._shown: dict[str, ui.echart] = {}
        self._metrics: list[str] = []

    def build(self) -> None:
        language = self.session.language
        with ui.element("section").classes("box readings").props(f'aria-label="{say("readings", language)}"'):
            with ui.row().classes("tools"):
                self._ranges = ui.html(sanitize=False)
                self._which = ui.select({}, multiple=True, label=say("which_metrics", language))
                self._which.props("dark dense options-dark").classes("which").on_value_change(self._chosen)
            self._box = ui.element("div").classes("charts")
            self._none = ui.label(say("no_readings", language)).classes("dim")
            self._missing = ui.label(say("older_missing", language)).classes("note")
            self._missing.set_visibility(False)
            ui.label(say("limits_note", language)).classes("note")

    async def open(self, device: Json) -> None:
        """Raises Problem, Unreachable."""
        self._device = device
        names = {
            name: metric(name, self.session.language) for name, value in device["values"].items() if _drawable(value)
        }
        self._metrics = _first(
            device["values"], [each.metric for each in await self._limits.of(device["device_class"])]
        )
        self._which.set_options(names, value=list(self._metrics))
        await self._load(anew=True)

    async def go_on(self, device: Json) -> None:
        """New readings may have come."""
        if self._device is not None and now_ms() - self._asked_at >= AGAIN_MS[self._range]:
            self._device = device
            await self._load(anew=False)

    async def act(self, what: dict[str, Any]) -> None:
        if what["act"] == "range" and what["range"] in RANGES:
            self._range = what["range"]
            await self._load(anew=True)

    async def _chosen(self) -> None:
        wanted = list(self._which.value or [])
        if self._device is not None and wanted != self._metrics:
            self._metrics = wanted
            await self._load(anew=True)

    async def _load(self, anew: bool) -> None:
        device, language = self._device, self.session.language
        assert device is not None
        self._ranges.set_content(draw("ranges.html", language, ranges=KEYS, chosen=self._range))
        self._asked_at = until = now_ms()
        span = (until - RANGES[self._range], until)
        limits = await self._limits.of(device["device_class"])
        found = await self._series(device["id"], span, limits)
        if self._device is not device:
            return  # another was opened meanwhile
        made = made_charts(device["values"], found, limits, span, language)
        self._none.set_visibility(not made)
        if anew or list(made) != list(self._shown):
            self._box.clear()
            with self._box:
                self._shown = {name: charts.show(options, name) for name, options in made.items()}
        else:
            for name, options in made.items():
                self._shown[name].options.clear()
                self._shown[name].options.update(options)
                self._shown[name].update()

    async def _series(self, id: str, span: tuple[int, int], limits: list[Threshold]) -> dict[str, list[Point]]:
        """What crosses a limit is not to vanish in a mean: the highest where a limit is above, the lowest below."""
        states = [name for name, value in (self._device or {"values": {}})["values"].items() if isinstance(value, bool)]
        by_aggregate: dict[str, list[str]] = {}
        for name in self._metrics:
            by_aggregate.setdefault("max" if name in states else aggregate_of(name, limits), []).append(name)
        found: dict[str, list[Point]] = {}
        missing = False
        for aggregate, names in by_aggregate.items():
            asked = {"from": rfc3339(span[0]), "to": rfc3339(span[1]), "metric": ",".join(names), "agg": aggregate}
            answer = await self.session.api.get(f"/devices/{id}/readings", **asked)
            found |= {each["metric"]: with_gaps(each["points"]) for each in answer["series"]}
            missing |= bool(answer["missing"])
        self._missing.set_visibility(missing)
        return {name: found[name] for name in self._metrics if name in found}


def made_charts(
    values: Json, found: dict[str, list[Point]], limits: list[Threshold], span: tuple[int, int], language: Language
) -> dict[str, dict[str, Any]]:
    """What a chart is of → its options: one a number, and one of all that is yes or no."""
    made: dict[str, dict[str, Any]] = {}
    states: list[Line] = []
    for name, points in found.items():
        if isinstance(values.get(name), bool):
            states.append(Line(metric(name, language), points, step=True, dash=len(states)))
            continue
        how = {"max": "highest", "min": "lowest", "avg": "mean"}[aggregate_of(name, limits)]
        label = f"{metric(name, language)} · {say(how, language)}"
        own = [each for each in limits if each.metric == name]
        made[label] = charts.lines([Line(metric(name, language), points)], own, unit=label, span=span)
    if states:
        label = say("conditions", language)
        made[label] = charts.lines(states, unit=label if len(states) == 1 else "", span=span, zero=True)
    return made


def aggregate_of(name: str, limits: Iterable[Threshold]) -> str:
    own = [each.below for each in limits if each.metric == name]
    return "avg" if not own else "min" if all(own) else "max"


def with_gaps(points: list[tuple[str, Any]]) -> list[Point]:
    """A pause breaks the line: nobody knows what was in between."""
    made: list[Point] = []
    last = None
    for instant, value in points:
        at = ms(instant)
        if last is not None and at - last > GAP_MS:
            made.append((last + 1, None))
        made.append((at, float(value)))
        last = at
    return made


def _first(values: Json, limited: list[str]) -> list[str]:
    """What is shown unasked: what says most, then what rules look at; little of what is dull."""
    names = [name for name, value in values.items() if _drawable(value) and name not in DULL]
    numbers = [name for name in names if not isinstance(values[name], bool)]
    states = [name for name in names if isinstance(values[name], bool)]
    ordered = sorted(numbers, key=lambda name: (name not in TELLING, name not in limited))
    return ordered[: CHARTS_MAX - bool(states)] + states[:3]


def _drawable(value: Any) -> bool:
    return isinstance(value, bool | int | float)
