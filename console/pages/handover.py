"""Shift handovers: filled by itself with what is open, overdue, kept quiet, silent; notes; two signatures; on paper."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.ask import Field, ask
from console.client import Json
from console.drawing import draw, worst_first
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.kept import Kept, wear
from console.live import Live
from console.session import Session
from console.settings import Language
from console.words import Words, say, title
from console.words import add as add_words

PAST_SHOWN = 30
ASKED_MAX = 60  # incidents of a handover that are asked for one by one; more are named by number alone

WORDS: Words = {
    "ho_title": ("Shift handover", "交接班"),
    "ho_none": ("No handover waits for a signature.", "没有待签字的交接班记录。"),
    "ho_begin": ("Begin a handover", "开始交接班"),
    "ho_begin_note": (
        "It fills itself. One that is not signed by both is superseded by it.",
        "内容自动生成；未完成双签的上一份将被取代。",
    ),
    "ho_note": ("Add a note", "添加备注"),
    "ho_sign": ("Sign", "签字"),
    "ho_sign_note": (
        "You have read it and agree that it is complete.",
        "确认已阅读，内容完整无误。",
    ),
    "ho_print": ("Print", "打印"),
    "ho_site": ("Site", "项目"),
    "ho_outgoing": ("Outgoing", "交班人"),
    "ho_incoming": ("Incoming", "接班人"),
    "ho_filled": ("filled", "生成于"),
    "ho_waiting": ("not signed yet", "待签字"),
    "ho_signed": ("signed", "已签字"),
    "ho_who_signs": ("Who signs", "签字人"),
    "ho_done": ("Signed by both", "双方已签字"),
    "ho_half": ("Waits for a signature", "待签字"),
    "ho_superseded": ("Superseded by {id}", "已被 {id} 取代"),
    "ho_people": ("People", "人员"),
    "ho_on_duty": ("On duty now", "当前值班"),
    "ho_events": ("Incidents", "事件"),
    "ho_equipment": ("Equipment", "设备"),
    "ho_papers": ("Papers", "资料"),
    "ho_open_incidents": ("Open incidents", "未关闭事件"),
    "ho_overdue_orders": ("Overdue work orders", "超时工单"),
    "ho_open_orders": ("Open work orders", "未完成工单"),
    "ho_shelves": ("Kept quiet", "已屏蔽"),
    "ho_silent": ("Silent devices", "失联设备"),
    "ho_actions": ("Overdue corrective actions", "逾期整改项"),
    "ho_notes": ("Notes", "备注"),
    "ho_no_owner": ("NOBODY HAS IT", "无负责人"),
    "ho_until": ("until", "至"),
    "ho_past": ("Past handovers", "历次交接班"),
    "ho_all": ("All handovers", "全部交接班"),
    "ho_id": ("Number", "编号"),
    "ho_when": ("Filled", "生成时间"),
    "ho_state": ("State", "状态"),
    "ho_nothing": ("nothing", "无"),
    "ho_more": ("and {count} more", "另有 {count} 项"),
    "ho_closed_since": ("closed since", "已关闭"),
}
KEYS = {"ho_begin": "n", "ho_note": "t", "ho_sign": "s"}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/handover")
    async def waiting(session: Session, live: Live) -> None:
        wear("records")
        with frame(session, live, "handover"), told(session):
            view = Handovers(session, live)
            await view.load()
            view.show()

    @gate.page("/handover/{handover}")
    async def one(session: Session, live: Live, handover: str) -> None:
        wear("records")
        with frame(session, live, "handover"), told(session):
            view = Handovers(session, live, handover)
            await view.load()
            view.show()


class Handovers(Kept):
    """`id`: of one; else the newest that waits for a signature, and the past ones."""

    def __init__(self, session: Session, live: Live, id: str = "") -> None:
        super().__init__(session, live)
        self.id = id
        self.shown: Json | None = None
        self.past: list[Json] = []
        self.known: dict[str, Json] = {}  # incidents, orders, shelves, actions that it names, by their id
        self.on_duty: list[Json] = []

    async def load(self) -> None:
        api = self.session.api
        if self.id:
            self.shown = await api.get(f"/handovers/{self.id}")
        else:
            self.past = (await api.get("/handovers", limit=PAST_SHOWN))["items"]
            open_ones = [each for each in self.past if not each["done"] and each["superseded_by"] is None]
            if open_ones:
                self.shown = open_ones[0]
            elif self.shown is not None:  # both have signed while it was looked at: it stays until the page is left
                self.shown = await api.get(f"/handovers/{self.shown['id']}")
        if self.session.may("roster:read"):
            self.on_duty = (await api.get("/roster"))["items"]
        if self.shown is not None:
            await self._look_up(self.shown)

    async def _look_up(self, handover: Json) -> None:
        """What it names, as that is now."""
        api, site = self.session.api, handover["site"]
        orders = await api.all("/orders", open=True, site=site, limit=200)
        shelves = await api.all("/shelves", open=True, limit=200)
        actions = await api.all("/actions", open=True, site=site, limit=200)
        self.known = {each["id"]: each for each in [*orders, *shelves, *actions]}
        for id in handover["open_incidents"][:ASKED_MAX]:
            live = self.live.incidents.get(id)
            self.known[id] = live if live is not None else await api.get(f"/incidents/{id}")

    def concerns(self, entry: Json) -> bool:
        named = self.shown is not None and entry["incident"] in self.shown["open_incidents"]
        return entry["kind"] == "handover" or named

    def show(self) -> None:
        keep_drawn(self, lambda: handover_html(self, self.session.language), ui.html(sanitize=False))
        ui.context.client.on_disconnect(self.live.listen(self.changed))
        on_act(self._act)
        self.follow()

    def acts(self) -> list[str]:
        """Those of use now, the likeliest first."""
        if not self.session.may("handovers:write"):
            return []
        waits = self.shown is not None and not self.shown["done"] and self.shown["superseded_by"] is None
        begin = [] if self.id else ["ho_begin"]
        return [*(("ho_sign", "ho_note") if waits else ()), *begin]

    def _act(self, what: dict[str, Any]) -> None:
        {"ho_begin": self._begin, "ho_note": self._note, "ho_sign": self._sign}[str(what["act"])]()

    def _begin(self) -> None:
        language = self.session.language
        sites = {zone["site"]: zone["site"] for zone in self.live.zones}
        people = {each["id"]: each["name"] for duty in self.on_duty for each in duty["people"]}
        me = self.session.name
        outgoing = [] if self.session.signed_in else [_who("by", "ho_outgoing", people, me)]
        others = {id: name for id, name in people.items() if id != me}
        fields = [Field("site", "ho_site", sites), *outgoing, _who("incoming", "ho_incoming", others, "")]

        async def carry_out(values: dict[str, str]) -> None:
            answer = await self.session.api.post("/handovers", self.session.acting() | values)
            await self._show_again(answer)

        ask(self.session, say("ho_begin", language), fields, carry_out, say("ho_begin_note", language))

    def _note(self) -> None:
        assert self.shown is not None
        path = f"/handovers/{self.shown['id']}/notes"

        async def carry_out(values: dict[str, str]) -> None:
            await self._show_again(await self.session.api.post(path, self.session.acting() | values))

        ask(self.session, say("ho_note", self.session.language), [Field("text", "text", lines=3)], carry_out)

    def _sign(self) -> None:
        """Somebody who has signed in signs as themselves. Elsewhere they say who they are."""
        assert self.shown is not None
        path, language = f"/handovers/{self.shown['id']}/sign", self.session.language
        sides = {self.shown[side]: self.shown[side] for side in ("outgoing", "incoming") if not self._has_signed(side)}
        fields = [] if self.session.signed_in else [Field("by", "ho_who_signs", sides)]

        async def carry_out(values: dict[str, str]) -> None:
            await self._show_again(await self.session.api.post(path, self.session.acting() | values))

        ask(self.session, say("ho_sign", language), fields, carry_out, say("ho_sign_note", language))

    def _has_signed(self, side: str) -> bool:
        return self.shown is not None and self.shown[f"signed_by_{side}_at"] is not None

    async def _show_again(self, answer: Json) -> None:
        self.shown = answer["handover"]
        await self.load()
        self.changed()


def _who(name: str, label: str, people: dict[str, str], chosen: str) -> Field:
    """From the roster where there is one."""
    if not people:
        return Field(name, label, value=chosen)
    return Field(name, label, people, value=chosen if chosen in people else "")


def handover_html(view: Handovers, language: Language) -> str:
    titles = {zone["id"]: zone["title"] for zone in view.live.zones}
    handover = view.shown
    named = [view.known[id] for id in handover["open_incidents"] if id in view.known] if handover else []
    return draw(
        "handover.html",
        language,
        handover=handover,
        incidents=worst_first(named),
        unnamed=len(handover["open_incidents"]) - len(named) if handover else 0,
        known=view.known,
        on_duty=[each for each in view.on_duty if each["people"]],
        past=[each for each in view.past if handover is None or each["id"] != handover["id"]],
        alone=bool(view.id),
        acts=view.acts(),
        keys=KEYS,
        place=lambda each: title(titles.get(each["zone"]), language, each["zone"]),
    )
