"""One drill: what goes on in it beside what is real, what its leader can do, and how it was scored."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.ask import Field, ask
from console.client import Json
from console.drawing import LEVELS, draw, sounding, unanswered, worst_first
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.kept import Kept, wear
from console.live import Live
from console.session import Session
from console.settings import Language
from console.words import Words, say, title
from console.words import add as add_words

INCIDENTS_MAX = 20  # of which the timelines are read; a flood's are on the pages of its incidents
ENTRIES_SHOWN = 200
REAL_SHOWN = 8  # beside the drill; the wall has all
LEFT_OUT = {"command_published", "notice_tried", "notice_issued", "configuration"}  # said by what follows
BURSTS = {"command_issued", "command_done", "notice_done"}

WORDS: Words = {
    "drill_suspend": ("Suspend", "暂停"),
    "drill_resume": ("Resume", "继续"),
    "drill_end": ("End and score", "结束并评分"),
    "drill_abort": ("Abort", "中止"),
    "drill_abort_note": ("It will count for nothing.", "中止后不计入成绩和演练计划。"),
    "drill_end_note": (
        "Everything of it that is still open is closed, and it is scored.",
        "未关闭的演练事件将被关闭并评分。",
    ),
    "drill_reason_optional": ("Reason (may be empty)", "原因（可空）"),
    "drill_print": ("Report to print", "可打印报告"),
    "drill_report_pdf": ("Report as PDF", "报告（PDF）"),
    "drill_in_it": ("In the exercise", "演练中"),
    "drill_real": ("REAL, NOW", "当前真实状态"),
    "drill_real_quiet": ("Nothing real is open", "无真实事件"),
    "drill_real_open": ("{count} real, {unanswered} not acknowledged", "真实事件 {count} 起，未接警 {unanswered} 起"),
    "drill_real_more": ("and {count} more on the wall", "总览中另有 {count} 起"),
    "drill_no_incident": ("Nothing has happened in it yet.", "尚未发生演练事件。"),
    "drill_story": ("What has happened", "过程"),
    "drill_suspended_for": ("Suspended for what is real:", "因真实事件暂停："),
    "drill_aborts_in": ("aborted by itself in", "自动中止倒计时"),
    "drill_ended_by": ("Ended by", "结束人"),
    "drill_needed": ("{percent} needed", "合格线 {percent} 分"),
    "drill_sheet": ("Score sheet", "评分表"),
    "drill_line": ("What had to be done", "要求"),
    "drill_role": ("Role", "岗位"),
    "drill_person": ("Person", "人员"),
    "drill_took": ("Took", "用时"),
    "drill_limit": ("Limit", "时限"),
    "drill_result": ("Result", "结果"),
    "drill_points": ("Points", "得分"),
    "drill_by_role": ("By role", "各岗位成绩"),
    "drill_by_person": ("By person", "个人成绩"),
    "drill_not_done": ("Not done", "未完成"),
    "drill_itself": ("Tocsin", "系统"),
    "drill_mandatory": ("mandatory", "必做"),
    "drill_not_scored": ("An aborted drill is not scored.", "已中止的演练不评分。"),
    "drill_theory_of": ("Theory", "理论"),
    "drill_wrong": ("wrong: {which}", "答错：{which}"),
    "met_yes": ("in time", "按时"),
    "met_late": ("late", "超时"),
    "met_no": ("missed", "未达成"),
    "met_not_asked": ("not asked", "不适用"),
    "part_start": ("Start of the plan", "预案启动"),
    "part_handling": ("On-site handling", "现场处置"),
    "part_liaison": ("Liaison", "外部联络"),
    "part_information": ("Information", "信息通报"),
    "part_close": ("Close", "收尾"),
}
KEYS = {"drill_suspend": "s", "drill_resume": "r", "drill_end": "e", "drill_abort": "x", "drill_theory": "q"}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/drills/{drill}")
    async def one(session: Session, live: Live, drill: str) -> None:
        wear("records")
        with frame(session, live, "drills"), told(session):
            view = Drill(session, live, drill)
            await view.load()
            view.show()


class Drill(Kept):
    def __init__(self, session: Session, live: Live, id: str) -> None:
        super().__init__(session, live)
        self.id = id
        self.drill: Json = {}
        self.entries: dict[int, Json] = {}  # by position: those of its incidents, as far as they are shown

    async def load(self) -> None:
        self.drill = await self.session.api.get(f"/drills/{self.id}")
        known = {entry["incident"] for entry in self.entries.values()}
        for incident in self.drill["incidents"][-INCIDENTS_MAX:]:
            if incident not in known:
                await self._read(incident)

    async def _read(self, incident: str) -> None:
        after: int | None = 0
        while after is not None:
            page = await self.session.api.get(f"/incidents/{incident}/timeline", after=after, limit=1_000)
            self.entries |= {entry["position"]: entry for entry in page["items"]}
            after = page["next_after"]

    def concerns(self, entry: Json) -> bool:
        """A new incident of an exercise may be one of this drill."""
        of_drill = entry["kind"] == "drill" and entry["facts"].get("id") == self.id
        return of_drill or (entry["mode"] == "exercise" and entry["incident"] not in self.drill["incidents"])

    def show(self) -> None:
        language = self.session.language
        ui.context.client.on_disconnect(self.live.listen(self.changed))
        ui.context.client.on_disconnect(self.live.read(self._keep))
        keep_drawn(self, lambda: drill_html(self, language), ui.html(sanitize=False))
        on_act(self._act)
        self.follow()

    def _keep(self, entry: Json) -> None:
        ours = entry["incident"] in self.drill["incidents"]
        if ours or (entry["kind"] == "drill" and entry["facts"].get("id") == self.id):
            self.entries[entry["position"]] = entry
            self.changed()

    def acts(self) -> list[str]:
        """Those that are of use now, the likeliest first."""
        stage, runs = self.drill["stage"], self.session.may("drills:run")
        of_stage = {"running": ("drill_end", "drill_suspend"), "suspended": ("drill_resume", "drill_end")}
        acts = [*of_stage[stage], "drill_abort"] if runs and stage in of_stage else []
        asks = self.session.may("incidents:respond") and stage != "aborted"
        return [*acts, "drill_theory"] if asks else acts

    async def _act(self, what: dict[str, Any]) -> None:
        act = str(what["act"])
        if act == "drill_theory":
            ui.navigate.to(f"/drills/{self.id}/theory")
            return
        language = self.session.language
        needed = act in ("drill_suspend", "drill_abort")
        fields = [Field("reason", "reason" if needed else "drill_reason_optional", needed=needed)]
        note = say(act + "_note", language) if act in ("drill_abort", "drill_end") else ""

        async def carry_out(values: dict[str, str]) -> None:
            path = f"/drills/{self.id}/{act.removeprefix('drill_')}"
            answer = await self.session.api.post(path, self.session.acting() | values)
            self.drill = answer["drill"]
            self.changed()

        ask(self.session, f"{say(act, language)} · {self.id}", fields, carry_out, note)


def drill_html(view: Drill, language: Language) -> str:
    drill, live = view.drill, view.live
    titles = {zone["id"]: zone["title"] for zone in live.zones}
    ours = [each for each in live.incidents.values() if each["id"] in drill["incidents"]]
    real = worst_first([each for each in live.incidents.values() if each["mode"] == "actual"])
    return draw(
        "drill.html",
        language,
        drill=drill,
        acts=view.acts(),
        keys=KEYS,
        ours=worst_first(ours),
        entries=story(view.entries)[:ENTRIES_SHOWN],
        real=real[:REAL_SHOWN],
        real_more=max(0, len(real) - REAL_SHOWN),
        real_count=len(real),
        counts={level: sum(each["level"] == level for each in real) for level in LEVELS},
        real_unanswered=sum(map(unanswered, real)),
        loud=bool(sounding(real)),
        unanswered=unanswered,
        place=lambda each: title(titles.get(each["zone"]), language, each["zone"]),
        spell=spell,
        may_report=view.session.may("reports:read"),
    )


def story(entries: dict[int, Json]) -> list[Json]:
    """The newest first; a burst of the same (forty doors released) is one line that says how many: `times`."""
    told: list[Json] = []
    for position in sorted(entries, reverse=True):
        entry = entries[position]
        if entry["kind"] in LEFT_OUT:
            continue
        if told and entry["kind"] in BURSTS and entry["kind"] == told[-1]["kind"]:
            told[-1]["times"] += 1
        else:
            told.append(entry | {"times": 1})
    return told


def spell(took_ms: int | None) -> str:
    """`1:12`, `0:03.4`; a dash for none."""
    if took_ms is None:
        return "–"
    minutes, ms = divmod(took_ms, 60_000)
    return f"{minutes}:{ms // 1000:02}" + (f".{ms % 1000 // 100}" if minutes == 0 and ms % 1000 >= 100 else "")
