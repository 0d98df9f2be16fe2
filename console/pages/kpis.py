"""Figures: alarm management by ISA-18.2, and how fast people respond, each beside its target."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console import charts
from console.client import Json
from console.clock import now_ms
from console.drawing import draw, number, percent, rfc3339
from console.frame import frame, on_act, told
from console.gate import Gate
from console.live import Live
from console.panels import dress, heading
from console.session import Session
from console.settings import Language
from console.words import Words, say
from console.words import add as add_words

DAY_MS = 86_400_000
DAYS = {"day": 1, "week": 7, "days_30": 30, "quarter": 90}
KEYS = {"day": "d", "week": "w", "days_30": "m", "quarter": "q"}
VIEWS = {"alarms": "a", "response": "r"}
ALL_SITES = ""
ANSWER_SECONDS = 60.0

WORDS: Words = {
    "range_days_30": ("30 d", "30 天"),
    "range_quarter": ("90 d", "90 天"),
    "view_alarms": ("Alarms (ISA-18.2)", "报警管理（ISA-18.2）"),
    "view_response": ("Response", "处置响应"),
    "site": ("Site", "站点"),
    "loading": ("Counting …", "正在统计……"),
    "alarms_note": (
        "What was annunciated for real; drills and tests are left out. Operator desks: {operators}, one a site.",
        "仅统计真实发出的报警，不含演练和测试。由 {operators} 个值班台分担。",
    ),
    "response_note": (
        "Incidents opened in this time; drills and tests are left out. Limits are those of the plan that was followed.",
        "统计该时段内发生的事件，不含演练和测试。时限取自当时执行的预案。",
    ),
    "met": ("met", "达标"),
    "missed": ("missed", "未达标"),
    "not_judged": ("nothing to judge", "暂无可评"),
    "target_is": ("target: at most {most}", "目标：不超过 {most}"),
    "never_above": ("never above {most}", "上限 {most}"),
    "confidence_high": ("source seen", "已核对原文"),
    "confidence_medium": ("indirect source", "间接来源"),
    "confidence_low": ("from memory", "凭记忆"),
    "target_per_day": ("Alarms a day", "每日报警数"),
    "target_per_hour": ("Alarms an hour", "每小时报警数"),
    "target_per_ten_minutes": ("Alarms in ten minutes", "每十分钟报警数"),
    "target_peak_ten_minutes": ("Most in ten minutes", "十分钟内峰值"),
    "target_hours_above_30": ("Hours with more than 30", "超过 30 次的小时占比"),
    "target_ten_minutes_above_10": ("Ten minutes with more than 10", "十分钟超过 10 次的占比"),
    "target_in_flood": ("Time in flood", "报警泛滥时间占比"),
    "target_top_ten": ("Share of the ten most frequent", "最频繁十项占比"),
    "target_chattering": ("Chattering alarms", "抖动报警"),
    "target_stale": ("Stale alarms", "陈旧报警"),
    "unit_share": ("{value}", "{value}"),
    "unit_alarms": ("{value}", "{value}"),
    "alarms_by_day": ("Alarms by day", "每日报警数"),
    "target_line": ("target {value}", "目标 {value}"),
    "limit_line": ("never above {value}", "上限 {value}"),
    "by_priority": ("Mix of levels, % beside the target", "等级构成，% 与目标对照"),
    "measured": ("measured", "实际"),
    "target_word": ("target", "目标"),
    "top_ten_alarms": ("Most frequent", "最频繁的报警"),
    "rule": ("Rule", "规则"),
    "device_is": ("Device", "设备"),
    "times": ("Times", "次数"),
    "floods": ("Floods", "报警泛滥"),
    "flood_says": (
        "{annunciated} alarms, at most {peak} in ten minutes",
        "{annunciated} 次报警，十分钟内最多 {peak} 次",
    ),
    "chattering": ("Chattering", "抖动"),
    "stale_alarms": ("Stale", "陈旧"),
    "of_them_open": ("{open} still open", "其中 {open} 起未关闭"),
    "false_alarms": ("False alarms", "误报"),
    "limits_kept": ("limits kept", "按时率"),
    "how_long": ("How long it took, minutes (median and 95 %)", "用时，分钟（中位数与 95 分位）"),
    "median": ("Median", "中位数"),
    "longest": ("Longest", "最长"),
    "happened": ("Done", "已完成"),
    "not_yet": ("Not yet", "未完成"),
    "group": ("Group", "分组"),
    "stage_is": ("Stage", "环节"),
    "stages_overall": ("All and by level", "总体与各等级"),
    "stages_by_hazard": ("By hazard", "按事件类型"),
    "stages_orders": ("Work orders", "工单"),
    "stage_of_acknowledge": ("acknowledged", "确认接警"),
    "stage_of_first_response": ("on site", "到场"),
    "stage_of_rescue": ("rescued", "解救"),
    "stage_of_close": ("closed", "关闭"),
    "stage_of_review_span": ("reviewed", "复盘"),
    "stage_of_accept": ("accepted", "受理"),
    "stage_of_survey": ("surveyed", "勘查"),
    "stage_of_repair": ("repaired", "维修"),
    "stage_of_verify": ("verified", "验收"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/kpis")
    async def page(session: Session, live: Live, view: str = "alarms") -> None:
        dress()
        with frame(session, live, "kpis"):
            Figures(session, live, view if view in VIEWS else "alarms").show()


# The API says where its targets come from in English.
SOURCES_ZH = {
    "per_day": "ISA-18.2、EEMUA 191：每名值班员",
    "per_hour": "ISA-18.2：每名值班员平均",
    "per_ten_minutes": "ISA-18.2：每名值班员平均",
    "peak_ten_minutes": "ISA-18.2、EEMUA 191：十分钟内最多",
    "hours_above_30": "ISA-18.2：报警超过 30 次的小时",
    "ten_minutes_above_10": "ISA-18.2：报警超过 10 次的十分钟",
    "in_flood": "ISA-18.2：处于报警泛滥的时间",
    "top_ten": "ISA-18.2：最频繁十项占 1 % 至 5 %",
    "chattering": "ISA-18.2：应为零，逐项制定措施",
    "stale": "ISA-18.2：任一天少于 5 项，逐项制定措施",
}


class Figures:
    def __init__(self, session: Session, live: Live, view: str) -> None:
        self.session, self.live, self.view = session, live, view
        self.period, self.site = "days_30", ALL_SITES
        self._asked = 0

    def show(self) -> None:
        language = self.session.language
        with ui.element("div").classes("content page figures"):
            heading(say("kpis", language))
            with ui.row().classes("tools"):
                self._views = ui.html(sanitize=False)
                self._ranges = ui.html(sanitize=False)
                sites = sorted({zone["site"] for zone in self.live.zones})
                if len(sites) > 1:
                    options = {ALL_SITES: say("all_sites", language)} | {site: site for site in sites}
                    choice = ui.select(options, value=self.site, label=say("site", language))
                    choice.props("dark dense options-dark").on_value_change(self._of_site)
            self._busy = ui.label(say("loading", language)).classes("busy").props("role=status")
            self._box = ui.element("div").classes("figures-box")
        on_act(self._act)
        self._draw_tools()
        ui.timer(0.1, self._ask, once=True)

    def _draw_tools(self) -> None:
        language = self.session.language
        self._views.set_content(draw("views.html", language, views=VIEWS, chosen=self.view))
        self._ranges.set_content(draw("ranges.html", language, ranges=KEYS, chosen=self.period))

    async def _of_site(self, event: Any) -> None:
        self.site = str(event.value or ALL_SITES)
        await self._ask()

    async def _act(self, what: dict[str, Any]) -> None:
        if what["act"] == "range" and what["range"] in DAYS:
            self.period = what["range"]
        elif what["act"] == "view" and what["view"] in VIEWS:
            self.view = what["view"]
        await self._ask()

    async def _ask(self) -> None:
        self._asked += 1
        asked, language = self._asked, self.session.language
        self._draw_tools()
        self._busy.set_visibility(True)
        until = now_ms()
        span = {"since": rfc3339(until - DAYS[self.period] * DAY_MS), "until": rfc3339(until)}
        span |= {"site": self.site} if self.site else {}
        with told(self.session):
            view = self.view
            figures = await self.session.api.send("GET", f"/kpis/{view}", params=span, timeout=ANSWER_SECONDS)
            if asked == self._asked:
                self._box.clear()
                with self._box:
                    _alarms(figures, language) if view == "alarms" else _response(figures, language)
        if asked == self._asked:
            self._busy.set_visibility(False)


def _alarms(figures: Json, language: Language) -> None:
    known = {"figures": figures, "figure": figure, "source": lambda target: source(target, language)}
    ui.html(draw("kpi_alarms.html", language, **known), sanitize=False)
    with ui.element("div").classes("charts wide"):
        _box(say("alarms_by_day", language), days_chart(figures, language))
        _box(say("by_priority", language), priorities_chart(figures, language))
    ui.html(draw("kpi_lists.html", language, figures=figures), sanitize=False)


def _response(figures: Json, language: Language) -> None:
    ui.html(draw("kpi_response.html", language, figures=figures), sanitize=False)
    if any(stage["median_ms"] is not None for stage in figures["overall"]["stages"]):
        with ui.element("div").classes("charts wide"):
            _box(say("how_long", language), stages_chart(figures["overall"], language))
    names = {"": say("all", language)} | {each["name"]: each["name"] for each in figures["by_level"]}
    tables = [("stages_overall", [figures["overall"], *figures["by_level"]], names)]
    for word, groups in (("stages_by_hazard", figures["by_hazard"]), ("stages_orders", figures["orders"])):
        tables.append((word, groups, {each["name"]: say(each["name"] or "all", language) for each in groups}))
    for word, groups, names in tables:
        known = {"heading": say(word, language), "groups": groups, "names": names, "lasts": lasts}
        ui.html(draw("kpi_stages.html", language, **known), sanitize=False)


def _box(named: str, options: dict[str, Any]) -> None:
    with ui.element("section").classes("box"):
        ui.html(f"<h2>{named}</h2>", sanitize=False)
        charts.show(options, named, "18em")


def days_chart(figures: Json, language: Language) -> dict[str, Any]:
    per_day = next((each["target"] for each in figures["measures"] if each["target"]["id"] == "per_day"), None)
    limits = []
    if per_day is not None:
        desks = figures["operators"] or 1
        for word, value in (("target_line", per_day["most"]), ("limit_line", per_day["must_not_exceed"])):
            if value is not None:
                limits.append((say(word, language, value=number(value * desks)), value * desks))
    counts = [day["annunciated"] for day in figures["days"]]
    return charts.bars([day["day"][5:] for day in figures["days"]], [(say("times", language), counts)], limits)


def priorities_chart(figures: Json, language: Language) -> dict[str, Any]:
    levels = sorted(figures["priorities"], key=lambda each: len(each["level"]))
    measured = [round(each["share"] * 100, 1) for each in levels]
    targets = [round(each["target"] * 100, 1) for each in levels]
    of = [(say("measured", language), measured), (say("target_word", language), targets)]
    return charts.bars([f"{say('level', language)} {each['level']}" for each in levels], of, unit="%")


def stages_chart(group: Json, language: Language) -> dict[str, Any]:
    stages = [each for each in group["stages"] if each["median_ms"] is not None]
    minutes = [[round(each[name] / 60_000, 1) for each in stages] for name in ("median_ms", "p95_ms")]
    names = [say(f"stage_of_{each['id']}", language) for each in stages]
    return charts.bars(names, [(say("median", language), minutes[0]), ("95 %", minutes[1])], lying=True)


def figure(value: float, unit: str) -> str:
    """With its unit: a share in per cent, a rate by what it is."""
    if unit == "share":
        return percent(value)
    return number(value) if unit == "alarms" else f"{number(value)}/{unit.partition('/')[2]}"


def source(target: Json, language: Language) -> str:
    said = str(target["source"])
    return SOURCES_ZH.get(target["id"], said) if language == "zh" else said


def lasts(duration_ms: int | None) -> str:
    """45 s, 3:20 min, 2:05 h, 3.1 d"""
    if duration_ms is None:
        return "–"
    seconds = round(duration_ms / 1000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60}:{seconds % 60:02} min"
    if seconds < 172_800:
        return f"{seconds // 3_600}:{seconds // 60 % 60:02} h"
    return f"{seconds / 86_400:.1f} d"
