"""One incident: what happened, what is to be done, and the keys to do it."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.client import Json
from console.drawing import draw
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.incident_acts import ACTS, begin
from console.live import Live
from console.session import Session
from console.words import Words, say
from console.words import add as add_words

ENTRIES_MAX = 5_000  # of a timeline on one page; the report and the CSV file hold all

WORDS: Words = {
    "timeline": ("Timeline", "时间线"),
    "plan": ("Plan", "预案"),
    "commands": ("Commands", "联动指令"),
    "people": ("People", "人员"),
    "evidence": ("Evidence", "依据"),
    "holds": ("holds", "持续"),
    "normal_again": ("normal again", "已恢复"),
    "since": ("since", "起始于"),
    "due_next": ("Due next", "下一期限"),
    "mandatory": ("mandatory", "必做"),
    "tick": ("Done", "完成"),
    "skip": ("Skip", "跳过"),
    "no_plan": ("No plan for this hazard", "该类事件没有预案"),
    "acknowledged_by": ("Acknowledged", "已接警"),
    "not_acknowledged": ("Nobody has acknowledged", "尚无人接警"),
    "has_it": ("Has it", "负责人"),
    "filter": ("Filter the timeline", "筛选时间线"),
    "all_kinds": ("everything", "全部"),
    "only_people": ("people", "人员操作"),
    "only_decisions": ("decisions", "系统决策"),
    "only_evidence": ("evidence", "报警依据"),
    "cause": ("Cause", "原因"),
    "finding": ("Finding", "结论"),
    "stage_issued": ("under way", "进行中"),
    "stage_done": ("done", "已完成"),
    "stage_failed": ("failed", "失败"),
    "stage_skipped": ("skipped", "已跳过"),
    "stage_published": ("sent", "已发送"),
    "stage_expired": ("no answer", "无反馈"),
    "stage_refused": ("refused", "被拒绝"),
    "overdue": ("overdue", "超时"),
}
KINDS_OF = {
    "people": {"acknowledged", "note", "confirmed", "level_lowered", "assigned", "responded", "task_done", "closed"},
    "evidence": {"detected", "cleared", "pending", "clearing", "still_holds", "given_up"},
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/incidents/{incident}")
    async def page(session: Session, live: Live, incident: str) -> None:
        with frame(session, live, ""), told(session):
            view = View(session, live, incident)
            await view.load()
            view.show()


class View:
    """The page of one incident in one browser."""

    def __init__(self, session: Session, live: Live, id: str) -> None:
        self.session, self.live, self.id = session, live, id
        self.incident: Json = {}
        self.entries: list[Json] = []
        self.only, self.sought = "all", ""
        self.version = 0

    async def load(self) -> None:
        """Raises Problem where there is no such incident."""
        self.incident = await self.session.api.get(f"/incidents/{self.id}")
        after = 0
        while len(self.entries) < ENTRIES_MAX:
            page = await self.session.api.get(f"/incidents/{self.id}/timeline", after=after, limit=1_000)
            self.entries += page["items"]
            if page["next_after"] is None:
                break
            after = page["next_after"]

    def show(self) -> None:
        stop = self.live.read(self._entered)
        ui.context.client.on_disconnect(stop)
        language = self.session.language
        with ui.element("main").classes("incident"):
            head = ui.html(sanitize=False).classes("incident-head")
            with ui.element("section").classes("incident-timeline").props(f'aria-label="{say("timeline", language)}"'):
                with ui.row().classes("timeline-tools"):
                    sought = ui.input(say("search", language)).props("dark dense clearable")
                    sought.on_value_change(lambda event: self._look_for(str(event.value or "")))
                    kinds = {name: say(word, language) for name, word in _ONLY.items()}
                    only = ui.select(kinds, value="all", label=say("filter", language)).props("dark dense")
                    only.on_value_change(lambda event: self._look_only(str(event.value)))
                timeline = ui.html(sanitize=False)
            side = ui.html(sanitize=False).classes("incident-side")
        on_act(self._act)
        keep_drawn(self, lambda: draw("incident_head.html", language, incident=self._now(), acts=self._acts()), head)
        keep_drawn(self, self._timeline, timeline)
        keep_drawn(self, lambda: draw("incident_side.html", language, incident=self._now()), side)
        ui.timer(0.4, self._look_at_live)

    # ---- what changes

    def _entered(self, entry: Json) -> None:
        if entry["incident"] == self.id and (not self.entries or entry["number"] > self.entries[-1]["number"]):
            self.entries.append(entry)
            self.version += 1

    async def _look_at_live(self) -> None:
        known = self.live.incidents.get(self.id)
        if known is None and self.incident["open"] and self.live.loaded:
            with told(self.session):
                self.incident = await self.session.api.get(f"/incidents/{self.id}")
                self.version += 1
        elif known is not None and known["revision"] > self.incident["revision"]:
            self.incident = known
            self.version += 1

    def _now(self) -> Json:
        return self.incident

    def _look_for(self, text: str) -> None:
        self.sought = text.casefold()
        self.version += 1

    def _look_only(self, what: str) -> None:
        self.only = what
        self.version += 1

    def _timeline(self) -> str:
        found = [each for each in self.entries if self._is_wanted(each)]
        return draw("timeline.html", self.session.language, entries=list(reversed(found)), total=len(self.entries))

    def _is_wanted(self, entry: Json) -> bool:
        if self.only == "decisions" and (entry["by"] or not entry["reason"]):
            return False
        if self.only in KINDS_OF and entry["kind"] not in KINDS_OF[self.only]:
            return False
        return not self.sought or self.sought in f"{entry['text']} {entry['device']} {entry['by']}".casefold()

    # ---- what a person does

    def _acts(self) -> list[dict[str, Any]]:
        """The buttons, in order: those that are of use now."""
        return [
            {"name": act.name, "key": act.key, "first": act.first(self.incident)}
            for act in ACTS
            if self.session.may(act.permission) and act.of_use(self.incident)
        ]

    async def _act(self, what: dict[str, Any]) -> None:
        with told(self.session):
            await begin(self.session, self.incident, str(what.get("act")), what, self._done)

    async def _done(self, answer: Any) -> None:
        incident = answer.get("incident") if isinstance(answer, dict) else None
        if incident is not None and incident["id"] == self.id:
            self.incident = incident
        for entry in (answer or {}).get("entries", []):
            self._entered(entry)
        self.version += 1


_ONLY = {"all": "all_kinds", "people": "only_people", "decisions": "only_decisions", "evidence": "only_evidence"}
