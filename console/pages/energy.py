"""Energy: load curves of a building, a zone, a meter; night and peaks; beside the period before, and day by day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nicegui import ui

from console import charts
from console.charts import Line
from console.client import Json, Problem
from console.clock import now_ms
from console.drawing import draw, ms, rfc3339
from console.energy_figures import (
    COMPARED_DAYS_MAX,
    HOUR_MS,
    STEPS_MS,
    by_day,
    change,
    later,
    load,
    mean_day,
    of_building,
    total,
)
from console.frame import frame, on_act, told
from console.gate import Gate
from console.live import Live
from console.panels import dress, heading
from console.session import Session
from console.words import Words, say, title
from console.words import add as add_words

DAY_MS, QUARTER_MS = 24 * HOUR_MS, HOUR_MS // 4
DAYS = {"day": (1, "15min"), "week": (7, "1h"), "fortnight": (14, "1h"), "month": (31, "1d")}
KEYS = {"day": "d", "week": "w", "fortnight": "f", "month": "m"}
ALL = "all"
ROWS_MAX = 60
ANSWER_SECONDS = 90.0  # the first time that a day is asked about, the gateway reads all that its meters said
KNOWN_SHARE = 0.8  # a period of which less is known is not compared

WORDS: Words = {
    "range_fortnight": ("14 d", "14 天"),
    "range_month": ("31 d", "31 天"),
    "computing": ("Computing from what the meters said …", "正在根据电表读数计算……"),
    "scope": ("Building, zone or meter", "楼宇、区域或电表"),
    "everything": ("All meters", "全部电表"),
    "zone_is": ("Zone {name}", "区域 {name}"),
    "meter_is": ("Meter {name}", "电表 {name}"),
    "building_is": ("Building {name}", "楼宇 {name}"),
    "consumed": ("Energy", "用电量"),
    "mean_load": ("Mean load", "平均负荷"),
    "peak_load": ("Peak", "峰值"),
    "night_share": ("Night share", "夜间占比"),
    "night_is": ("of the energy, 22:00 to 06:00", "22:00 至 06:00"),
    "load_factor": ("Load factor", "负荷率"),
    "covered": ("Readings cover", "数据覆盖"),
    "against_before": ("than the period before", "较上一周期"),
    "at_time": ("{at}", "{at}"),
    "estimated": ("{kwh} kWh spread over gaps", "其中 {kwh} kWh 按缺口估算"),
    "counter_faults": ("{count} counter resets or jumps", "计数器复位或跳变 {count} 次"),
    "load_curve": ("Load, kW", "负荷，kW"),
    "this_period": ("this period", "本周期"),
    "period_before": ("the period before", "上一周期"),
    "days_compared": ("Days beside one another, kW by hour", "逐日对比，每小时 kW"),
    "today": ("today", "今天"),
    "mean_of_days": ("mean of the days before", "之前各日平均"),
    "by_zone": ("Zones", "区域"),
    "by_meter": ("Meters", "电表"),
    "counted_twice": ("sums of their meters: one behind another is counted twice", "为各表之和；级联电表会重复计入"),
    "place_or_meter": ("Name", "名称"),
    "share": ("Share", "占比"),
    "when": ("When", "时间"),
    "no_meters": ("No meters here", "没有电表"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/energy")
    async def page(session: Session, live: Live, scope: str = ALL) -> None:
        dress()
        with frame(session, live, "energy"), told(session):
            Energy(session, live, scope).show()


class Energy:
    """`scope`: `all`, `building:site/building`, `zone:site/zone` or `meter:site/name`."""

    def __init__(self, session: Session, live: Live, scope: str) -> None:
        self.session, self.live, self.scope = session, live, scope
        self.period = "week"
        self.buildings: dict[str, str] = {}  # meter → site/building
        self.titles: dict[str, str] = {}  # scope → what it is called
        self._asked = 0
        self._asking = False  # not before it is known what the meters are called

    def show(self) -> None:
        """What is to be computed comes when the page stands: a week of many meters takes seconds, once."""
        language = self.session.language
        with ui.element("div").classes("content page energy"):
            heading(say("energy", language))
            with ui.row().classes("tools"):
                self._ranges = ui.html(sanitize=False)
                scope = ui.select({self.scope: "…"}, value=self.scope, label=say("scope", language), with_input=True)
                self._scope = scope.props("dark dense options-dark").classes("scope")
                self._scope.on_value_change(lambda event: self._choose(scope=str(event.value or ALL)))
            self._problem = ui.label("").classes("problem").props("role=alert")
            self._busy = ui.label(say("computing", language)).classes("busy").props("role=status")
            self._sum = ui.html(sanitize=False)
            with ui.element("div").classes("charts wide"):
                self._load = self._chart("load_curve")
                self._days = self._chart("days_compared")
            self._table = ui.html(sanitize=False)
        on_act(self._act)
        self._draw_tools()
        ui.timer(0.1, self._begin, once=True)

    async def _begin(self) -> None:
        with told(self.session):
            await self._know_meters()
            self._scope.set_options(self.titles, value=self.scope)
            self._asking = True
            await self._ask()

    def _draw_tools(self) -> None:
        self._ranges.set_content(draw("ranges.html", self.session.language, ranges=KEYS, chosen=self.period))

    def _chart(self, named: str) -> ui.echart:
        with ui.element("section").classes("box"):
            ui.html(f"<h2>{say(named, self.session.language)}</h2>", sanitize=False)
            return charts.show({}, say(named, self.session.language), "19em")

    async def _know_meters(self) -> None:
        """What there is to choose from."""
        language = self.session.language
        figures = await self._query(_span_of_a_quarter(now_ms()))
        meters = {each["name"] for each in figures["meters"]}
        devices = [each for each in await self.session.api.all("/devices", limit=200) if each["id"] in meters]
        self.buildings = {each["id"]: f"{each['site']}/{each['building']}" for each in devices}
        zones = {zone["id"]: title(zone["title"], language, zone["id"]) for zone in self.live.zones}
        self.titles = {ALL: say("everything", language)}
        if len(set(self.buildings.values())) > 1:
            for each in sorted(set(self.buildings.values())):
                self.titles[f"building:{each}"] = say("building_is", language, name=each)
        for zone in figures["zones"]:
            name = zones.get(zone["name"], zone["name"])
            self.titles[f"zone:{zone['name']}"] = say("zone_is", language, name=name)
        for device in devices:
            self.titles[f"meter:{device['id']}"] = title(device["title"], language, device["id"])
        if self.scope not in self.titles:
            self.scope = ALL

    async def _act(self, what: dict[str, Any]) -> None:
        if what["act"] == "range" and what["range"] in DAYS:
            await self._choose(period=what["range"])
        elif what["act"] == "scope" and what["scope"] in self.titles:
            self._scope.set_value(what["scope"])

    async def _choose(self, scope: str = "", period: str = "") -> None:
        self.scope, self.period = scope or self.scope, period or self.period
        self._draw_tools()
        if not self._asking:
            return
        with told(self.session):
            await self._ask()

    # ---- asking and drawing

    async def _ask(self) -> None:
        self._asked += 1
        asked = self._asked
        self._draw_tools()
        self._busy.set_visibility(True)
        self._problem.set_text("")
        days, step = DAYS[self.period]
        until = now_ms()
        try:
            now = await self._figures(_range(0, until, days), step)
            if asked == self._asked:  # nothing else was chosen meanwhile
                self._draw_now(now, STEPS_MS[step])
            before = await self._figures(_range(days, until, days), step)
            if asked == self._asked:
                self._draw_before(now, before, days, STEPS_MS[step])
            hourly = now if step == "1h" else await self._figures(_range(0, until, COMPARED_DAYS_MAX), "1h")
            of_days = await self._by_day(hourly, until)
        except Problem as error:
            if error.code != "invalid_request":
                raise
            if asked == self._asked:
                self._problem.set_text(say("refused", self.session.language, why=error.detail))
        else:
            if asked == self._asked:
                hours = [f"{hour}:00" for hour in range(24)]
                lines = _day_lines(of_days, self.session.language)
                _put(self._days, charts.lines(lines, names=hours, zero=True, unit="kW"))
        finally:
            if asked == self._asked:
                self._busy.set_visibility(False)

    async def _by_day(self, hourly: Json, until: int) -> dict[int, list[float | None]]:
        """One meter says where the site's days begin."""
        meters = self._meters(hourly)
        if not meters:
            return {}
        span = _range(0, until, COMPARED_DAYS_MAX)
        one = await self._query(span | {"device": meters[0]["name"], "step": "1d"})
        return by_day(meters, one["meters"], _span(hourly))

    async def _figures(self, span: dict[str, str], step: str) -> Json:
        kind, _, name = self.scope.partition(":")
        where = {"zone": name} if kind == "zone" else {"device": name} if kind == "meter" else {}
        return await self._query(span | where | {"step": step})

    async def _query(self, asked: dict[str, str]) -> Json:
        return dict(await self.session.api.send("GET", "/kpis/energy", params=asked, timeout=ANSWER_SECONDS))

    def _meters(self, figures: Json) -> list[Json]:
        kind, _, name = self.scope.partition(":")
        return of_building(figures["meters"], self.buildings, name) if kind == "building" else list(figures["meters"])

    def _draw_now(self, now: Json, step_ms: int) -> None:
        language, meters = self.session.language, self._meters(now)
        self._sum.set_content(draw("energy_sum.html", language, sum=total(meters, step_ms, _span(now)), more=None))
        curve = Line(say("this_period", language), load(meters, step_ms, _span(now)), area=True)
        _put(self._load, charts.lines([curve], zero=True, unit="kW"))
        self._table.set_content(self._tables(now, meters))

    def _draw_before(self, now: Json, before: Json, back: int, step_ms: int) -> None:
        """This period beside the one before, if enough is known of that."""
        language, meters, earlier = self.session.language, self._meters(now), self._meters(before)
        summed, then = total(meters, step_ms, _span(now)), total(earlier, step_ms, _span(before))
        if then.covered > KNOWN_SHARE * summed.covered:
            more = change(summed.energy_kwh, then.energy_kwh)
            self._sum.set_content(draw("energy_sum.html", language, sum=summed, more=more))
            curve = Line(say("this_period", language), load(meters, step_ms, _span(now)), area=True)
            shifted = Line(
                say("period_before", language), later(load(earlier, step_ms, _span(before)), back * DAY_MS), dash=1
            )
            _put(self._load, charts.lines([curve, shifted], zero=True, unit="kW"))

    def _tables(self, figures: Json, meters: list[Json]) -> str:
        language = self.session.language
        made = []
        if self.scope == ALL and len(figures["zones"]) > 1:
            made.append(
                draw("energy_table.html", language, heading="by_zone", rows=self._rows(figures["zones"], "zone"))
            )
        made.append(draw("energy_table.html", language, heading="by_meter", rows=self._rows(meters, "meter")))
        return "".join(made)

    def _rows(self, of: list[Json], kind: str) -> list[Json]:
        ordered = sorted(of, key=lambda each: -(each["energy_kwh"] or 0.0))[:ROWS_MAX]
        most = max((each["energy_kwh"] or 0.0 for each in ordered), default=0.0) or 1.0
        return [
            each
            | {"scope": f"{kind}:{each['name']}", "title": self.titles.get(f"{kind}:{each['name']}", each["name"])}
            | {"share": (each["energy_kwh"] or 0.0) / most}
            for each in ordered
        ]


def _day_lines(days: dict[int, list[float | None]], language: Any) -> list[Line]:
    """Today strong, the days before faint, and their mean."""
    ordered = sorted(days)
    lines = [
        Line(
            f"{datetime.fromtimestamp((day + DAY_MS // 2) / 1000, UTC):%m-%d}", _by_hour(days[day]), dash=2, faint=True
        )
        for day in ordered[:-1]
    ]
    if len(ordered) > 1:
        mean = mean_day([days[day] for day in ordered[:-1]])
        lines.append(Line(say("mean_of_days", language), _by_hour(mean), dash=1, colour=charts.MARK))
    if ordered:
        lines.append(Line(say("today", language), _by_hour(days[ordered[-1]]), colour=charts.COLOURS[0]))
    return lines


def _by_hour(day: list[float | None]) -> list[tuple[int | str, float | None]]:
    return [(f"{hour}:00", value) for hour, value in enumerate(day)]


def _span(figures: Json) -> tuple[int, int]:
    return ms(figures["since"]), ms(figures["until"])


def _span_of_a_quarter(until: int) -> dict[str, str]:
    """The least that can be asked about: it names the meters."""
    end = until - until % QUARTER_MS
    return {"since": rfc3339(end - QUARTER_MS), "until": rfc3339(end), "step": "15min"}


def _range(back_days: int, until: int, days: int) -> dict[str, str]:
    """`days` that end `back_days` before now, on quarters of an hour."""
    end = until - until % QUARTER_MS - back_days * DAY_MS
    return {"since": rfc3339(end - days * DAY_MS), "until": rfc3339(end)}


def _put(chart: ui.echart, options: dict[str, Any]) -> None:
    chart.options.clear()
    chart.options.update(options)
    chart.update()
