"""Work orders: the board of the four nodes, overdue first; one order, its steps, and the photos that go with them."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from console.ask import Field, ask
from console.client import Json
from console.drawing import draw
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.kept import wear
from console.live import Live
from console.session import Session
from console.words import Words, say
from console.words import add as add_words

FILE_BYTES_MAX = 20 * 2**20  # the gateway's own limit is what counts; this keeps a browser from trying in vain
COLUMNS = ("acceptance", "survey", "repair", "verification")
REFRESHED_SECONDS = 10.0  # beside what the stream tells: an order can fall due without an entry of its own

WORDS: Words = {
    "acceptance": ("To accept", "报修受理"),
    "survey": ("To survey", "现场勘查"),
    "repair": ("To repair", "维修实施"),
    "verification": ("To verify", "验收反馈"),
    "no_records": ("no step was done yet", "尚无处理记录"),
    "order_way": ("Where it stands", "办理进度"),
    "no_orders": ("nothing waits here", "暂无工单"),
    "overdue_count": ("{count} overdue", "{count} 单超时"),
    "emergency": ("emergency", "紧急"),
    "ordinary": ("ordinary", "一般"),
    "preventive": ("preventive", "预防性"),
    "unassigned": ("nobody", "未指派"),
    "new_order": ("New order", "新建工单"),
    "asset": ("Device or zone (site/name)", "设备或区域（站点/名称）"),
    "fault": ("What is wrong", "故障"),
    "summary": ("What is to be done", "工作内容"),
    "kind": ("Kind", "类别"),
    "step_accept": ("Accept", "受理"),
    "step_survey": ("Survey", "勘查"),
    "step_repair": ("Repair", "维修完成"),
    "step_verify": ("Verify", "验收通过"),
    "step_reject": ("Reject", "验收不通过"),
    "step_cancel": ("Cancel the order", "取消工单"),
    "order_assign": ("Assign", "指派"),
    "order_hand_over": ("Hand over outside", "移交外部"),
    "photos": ("Photos and files", "照片与附件"),
    "kept": ("kept: {name}", "已上传：{name}"),
    "records": ("Steps done", "处理记录"),
    "asset_is": ("Asset", "设备"),
    "fault_is": ("Fault", "故障"),
    "assignee": ("Assigned to", "处理人"),
    "due": ("Due", "期限"),
    "opened_by": ("Opened by", "创建人"),
    "repeats": ("came again {count} times", "重复 {count} 次"),
    "node_open": ("open", "待受理"),
    "node_accepted": ("accepted", "已受理"),
    "node_surveyed": ("surveyed", "已勘查"),
    "node_repaired": ("repaired", "已维修"),
    "node_verified": ("verified", "已验收"),
    "node_cancelled": ("cancelled", "已取消"),
    "back_to_board": ("Board", "看板"),
    "reject_why": ("Why it is not accepted", "不通过原因"),
    "cancel_why": ("Why it is not needed", "取消原因"),
    "verify_why": ("Without a normal reading: why", "无正常读数时的说明"),
}
KEYS = {"accept": "a", "survey": "s", "repair": "r", "verify": "v", "reject": "j", "cancel": "c"}
STEPS = {
    "open": ("accept", "cancel"),
    "accepted": ("survey", "cancel"),
    "surveyed": ("repair", "cancel"),
    "repaired": ("verify", "reject"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/orders")
    async def board(session: Session, live: Live, order: str = "") -> None:
        if order:
            ui.navigate.to(f"/orders/{order}")
            return
        with frame(session, live, "orders"), told(session):
            view = Board(session, live)
            await view.load()
            view.show()

    @gate.page("/orders/{order}")
    async def one(session: Session, live: Live, order: str) -> None:
        wear("records")
        with frame(session, live, "orders"), told(session):
            view = Order(session, live, order)
            await view.load()
            view.show()


class Board:
    def __init__(self, session: Session, live: Live) -> None:
        self.session, self.live = session, live
        self.board: Json = {}
        self.version = 0
        self._stale = False

    async def load(self) -> None:
        self.board = await self.session.api.get("/orders/board")
        self.version += 1

    def show(self) -> None:
        stop = self.live.read(self._entered)
        ui.context.client.on_disconnect(stop)
        element = ui.html(sanitize=False)
        language = self.session.language
        may_open = self.session.may("orders:open")
        keep_drawn(
            self, lambda: draw("board.html", language, board=self.board, columns=COLUMNS, may_open=may_open), element
        )
        on_act(self._act)
        ui.timer(0.5, self._again)
        ui.timer(REFRESHED_SECONDS, self._fall_due)

    def _entered(self, entry: Json) -> None:
        self._stale = self._stale or entry["kind"].startswith("order")

    def _fall_due(self) -> None:
        self._stale = True

    async def _again(self) -> None:
        if self._stale:
            self._stale = False
            with told(self.session):
                await self.load()

    async def _act(self, what: dict[str, Any]) -> None:
        language = self.session.language
        kinds = {kind: say(kind, language) for kind in ("ordinary", "emergency")}
        fields = [
            Field("asset", "asset", suggested=[zone["id"] for zone in self.live.zones]),
            Field("fault", "fault"),
            Field("summary", "summary", lines=2),
            Field("kind", "kind", kinds),
        ]

        async def carry_out(values: dict[str, str]) -> None:
            answer = await self.session.api.post("/orders", self.session.acting() | values)
            ui.navigate.to(f"/orders/{answer['order']['id']}")

        ask(self.session, say("new_order", language), fields, carry_out)


class Order:
    def __init__(self, session: Session, live: Live, id: str) -> None:
        self.session, self.live, self.id = session, live, id
        self.order: Json = {}
        self.version = 0
        self._stale = False

    async def load(self) -> None:
        self.order = await self.session.api.get(f"/orders/{self.id}")
        self.version += 1

    def show(self) -> None:
        stop = self.live.read(self._entered)
        ui.context.client.on_disconnect(stop)
        element = ui.html(sanitize=False)
        keep_drawn(self, self._drawn, element)
        on_act(self._act)
        ui.timer(0.5, self._again)

    def _drawn(self) -> str:
        steps = STEPS.get(self.order["node"], ()) if self.session.may("orders:work") else ()
        direct = self.session.may("orders:direct") and self.order["open"]
        return draw("order.html", self.session.language, order=self.order, steps=steps, keys=KEYS, direct=direct)

    def _entered(self, entry: Json) -> None:
        self._stale = self._stale or entry["facts"].get("id") == self.id

    async def _again(self) -> None:
        if self._stale:
            self._stale = False
            with told(self.session):
                await self.load()

    async def _act(self, what: dict[str, Any]) -> None:
        act, language, path = str(what["act"]), self.session.language, f"/orders/{self.id}"
        files: list[Json] = []
        if act in ("order_assign", "order_hand_over"):
            fields = [Field("to", "to_whom")] + ([Field("reason", "reason")] if act == "order_hand_over" else [])
            path += "/assign" if act == "order_assign" else "/hand-over"
            body: Json = {}
        else:
            step = act.removeprefix("step_")
            why = {"reject": "reject_why", "cancel": "cancel_why", "verify": "verify_why"}.get(step)
            fields = [Field("reason", why, needed=step != "verify")] if why else []
            fields.append(Field("note", "note_optional", lines=2, needed=False))
            path, body = path + "/steps", {"step": step, "attachments": files}

        async def carry_out(values: dict[str, str]) -> None:
            answer = await self.session.api.post(path, self.session.acting() | body | values)
            self.order = answer["order"]
            self.version += 1

        beside = (lambda: _photos(self.session, files)) if path.endswith("/steps") else None
        ask(self.session, f"{say(act, language)} · {self.id}", fields, carry_out, self.order["summary"], beside)


def _photos(session: Session, files: list[Json]) -> None:
    """Each file is sent when it is chosen; what was sent goes with the step."""
    kept = ui.column()

    async def chosen(event: UploadEventArguments) -> None:
        with told(session):
            files.append(await session.api.attach(event.file.name, event.file.content_type, await event.file.read()))
            with kept:
                ui.label(say("kept", session.language, name=event.file.name))

    upload = ui.upload(
        label=say("photos", session.language),
        multiple=True,
        auto_upload=True,
        max_file_size=FILE_BYTES_MAX,
        on_upload=chosen,
    )
    upload.props('dark accept="image/*,application/pdf" capture=environment').classes("w-full")
