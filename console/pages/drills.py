"""Drills: what is on, what has to be held this year and was, what is past; and starting one."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.ask import Field, ask
from console.client import Json
from console.drawing import draw, local
from console.drill_words import DRILL_WORDS
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.kept import Kept, wear
from console.live import Live
from console.session import Session
from console.settings import Language
from console.words import Words, say, title
from console.words import add as add_words

SHOWN = 50  # past drills at once; more on demand
MINUTE_MS = 60_000
LASTS_MS_MIN, LASTS_MS_MAX = MINUTE_MS, 240 * MINUTE_MS
LIKELY = "fire-on-12f"  # what most drills are about
LASTS = (10, 20, 30, 60, 90, 120, 240)  # minutes

WORDS: Words = {
    "drills_running": ("Now", "正在进行"),
    "no_drill_running": ("No drill is on.", "当前没有演练。"),
    "drill_start": ("Start a drill", "开始演练"),
    "drill_watch": ("Watch", "查看"),
    "drill_coverage": ("What the year has to cover", "年度演练计划"),
    "drill_required": ("Drill", "演练科目"),
    "drill_due": ("Due", "应演练日期"),
    "drill_last": ("Last held", "上次演练"),
    "drill_overdue": ("OVERDUE", "已逾期"),
    "drill_never": ("never", "从未"),
    "drill_due_mark": ("due", "应演练"),
    "drill_no_required": ("No drill has to be held at these sites.", "这些项目没有规定的演练。"),
    "drill_past": ("Past drills", "历次演练"),
    "drill_no_past": ("No drill was held yet.", "尚无演练记录。"),
    "drill_year_before": ("Year before", "上一年"),
    "drill_year_after": ("Year after", "下一年"),
    "drill_more": ("More", "更多"),
    "drill_id": ("Number", "编号"),
    "drill_what": ("What was drilled", "演练内容"),
    "drill_when": ("Started", "开始时间"),
    "drill_stage": ("State", "状态"),
    "drill_score": ("Score", "得分"),
    "drill_title": ("Title (as people will read it)", "名称（供人员阅读）"),
    "drill_lasts": ("Over at the latest after", "最长时长"),
    "drill_minutes": ("{count} min", "{count} 分钟"),
    "drill_played_note": (
        "Its devices are played on the exercise tree; people do the rest. "
        "What is told there is part of it from now on.",
        "设备由演练程序在演练主题上模拟，其余由人员完成。自此该主题下的消息均属本次演练。",
    ),
    "drill_start_note": (
        "Nobody plays devices at this gateway now: what is told on the exercise tree of the site is part of the drill "
        "from now on. `tocsin play-drills` offers scenarios here; `tocsin drill SCENARIO --live` plays one and starts "
        "the drill by itself.",
        "当前没有演练程序模拟设备：自此该项目演练主题下的消息均属本次演练。运行 `tocsin play-drills` 后可在此选择脚本；"
        "`tocsin drill 脚本 --live` 会自行开始并播放演练。",
    ),
}


def add(gate: Gate) -> None:
    add_words(DRILL_WORDS)
    add_words(WORDS)

    @gate.page("/drills")
    async def drills(session: Session, live: Live) -> None:
        wear("records")
        with frame(session, live, "drills"), told(session):
            view = Drills(session, live)
            await view.load()
            view.show()


class Drills(Kept):
    def __init__(self, session: Session, live: Live) -> None:
        super().__init__(session, live)
        self.drills: list[Json] = []
        self.cursor: str | None = None
        self.calendar: Json = {"year": 0, "items": []}
        self.year: int | None = None  # this one
        self.scenarios: list[Json] = []  # whose devices somebody plays

    async def load(self) -> None:
        self.scenarios = (await self.session.api.get("/drills/scenarios"))["items"]
        page = await self.session.api.get("/drills", limit=max(SHOWN, min(200, len(self.drills))))
        self.drills, self.cursor = page["items"], page["next_cursor"]
        self.calendar = await self.session.api.get("/drills/calendar", year=self.year)

    def concerns(self, entry: Json) -> bool:
        return bool(entry["kind"] == "drill")

    def show(self) -> None:
        keep_drawn(self, lambda: drills_html(self, self.session.language), ui.html(sanitize=False))
        on_act(self._act)
        self.follow()

    async def _act(self, what: dict[str, Any]) -> None:
        act = str(what["act"])
        with told(self.session):
            if act == "drill_start":
                self.scenarios = (await self.session.api.get("/drills/scenarios"))["items"]
                self._start()
            elif act == "drill_more":
                page = await self.session.api.get("/drills", limit=SHOWN, cursor=self.cursor)
                self.drills, self.cursor = self.drills + page["items"], page["next_cursor"]
            else:
                self.year = int(self.calendar["year"]) + (1 if act == "drill_year_after" else -1)
                self.calendar = await self.session.api.get("/drills/calendar", year=self.year)
        self.changed()

    def _start(self) -> None:
        """From those that are played by somebody, else any by its name."""
        language = self.session.language
        if not self.scenarios:
            self._start_unplayed()
            return
        known = {f"{each['site']}/{each['name']}": each for each in self.scenarios}
        sites = len({each["site"] for each in self.scenarios})
        shown = {key: scenario_line(each, sites, language) for key, each in known.items()}
        likely = next((key for key, each in known.items() if each["name"] == LIKELY), next(iter(known)))

        async def carry_out(values: dict[str, str]) -> None:
            chosen = known[values["scenario"]]
            body = {
                "site": chosen["site"],
                "scenario": chosen["name"],
                "title": chosen["title"],
                "lasts_ms": min(LASTS_MS_MAX, max(LASTS_MS_MIN, int(values["minutes"]) * MINUTE_MS)),
            }
            answer = await self.session.api.post("/drills", self.session.acting() | body)
            id = answer["drill"]["id"]
            await self.session.api.post(f"/drills/{id}/play", {})
            ui.navigate.to(f"/drills/{id}")

        fields = [Field("scenario", "drill_scenario", shown, value=likely), self._lasts()]
        ask(self.session, say("drill_start", language), fields, carry_out, say("drill_played_note", language))

    def _start_unplayed(self) -> None:
        language = self.session.language
        sites = {zone["site"]: zone["site"] for zone in self.live.zones}
        known = sorted({each["scenario"] for each in self.drills})
        latest: Json = self.drills[0] if self.drills else {"scenario": "", "title": {}}
        fields = [
            Field("site", "drill_site", sites),
            Field("scenario", "drill_scenario", value=str(latest["scenario"]), suggested=known),
            Field("title", "drill_title", needed=False),
            self._lasts(),
        ]

        async def carry_out(values: dict[str, str]) -> None:
            named = values.get("title")
            body = self.session.acting() | {
                "site": values["site"],
                "scenario": values["scenario"],
                "title": {language: named} if named else {},
                "lasts_ms": int(values["minutes"]) * MINUTE_MS,
            }
            answer = await self.session.api.post("/drills", body)
            ui.navigate.to(f"/drills/{answer['drill']['id']}")

        ask(self.session, say("drill_start", language), fields, carry_out, say("drill_start_note", language))

    def _lasts(self) -> Field:
        lasts = {str(count): say("drill_minutes", self.session.language, count=count) for count in LASTS}
        return Field("minutes", "drill_lasts", lasts, value="60")


def scenario_line(scenario: Json, sites: int, language: Language) -> str:
    """Its title, what it leads to, how long it is played; and where, if there are several sites."""
    minutes = max(1, round(scenario["lasts_ms"] / MINUTE_MS))
    parts = [
        title(scenario["title"], language, scenario["name"]),
        "、".join(say(each, language) for each in scenario["hazards"])
        if language == "zh"
        else ", ".join(say(each, language) for each in scenario["hazards"]),
        say("drill_minutes", language, count=minutes),
        scenario["site"] if sites > 1 else "",
    ]
    return " · ".join(filter(None, parts))


def drills_html(view: Drills, language: Language) -> str:
    year = int(view.calendar["year"])
    return draw(
        "drills.html",
        language,
        running=[each for each in view.drills if each["open"]],
        past=[each for each in view.drills if not each["open"]],
        more=view.cursor is not None,
        year=year,
        rows=[months(row, year) for row in view.calendar["items"]],
        may_run=view.session.may("drills:run"),
    )


def months(row: Json, year: int) -> Json:
    """A field of the matrix with its twelve months: what was held in each, and whether the next is due there."""
    held: list[list[Json]] = [[] for _ in range(12)]
    for each in row["held"]:
        held[local(each["at"]).month - 1].append(each)
    due_at = local(row["due_at"])
    due = due_at.month - 1 if due_at.year == year else -1
    return row | {"months": [{"held": found, "due": index == due} for index, found in enumerate(held)]}
