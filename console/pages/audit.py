"""The audit: whether the journal is as it was written, what was said about incidents, who signed in and was refused,
who was told what."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.client import Json
from console.drawing import draw
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.kept import Kept, wear
from console.live import Live
from console.session import Session
from console.words import Words, say
from console.words import add as add_words

SHOWN = 50
VERIFYING_SECONDS = 0.5  # between two looks how far it has come

WORDS: Words = {
    "au_journal": ("Journal", "日志完整性"),
    "au_verify": ("Verify now", "立即校验"),
    "au_never": ("Not verified since the gateway started", "网关启动后尚未校验"),
    "au_running": ("Verifying…", "正在校验…"),
    "au_whole": ("Whole: every record is as it was written", "完整：所有记录均与写入时一致"),
    "au_broken": ("BROKEN at record {at}", "第 {at} 条记录处断裂"),
    "au_failed": ("The verification has failed", "校验失败"),
    "au_rows": ("Records", "记录数"),
    "au_head": ("Hash of the last record", "末条记录哈希"),
    "au_compare": ("Compare it with one that was noted elsewhere.", "请与另处留存的哈希值比对。"),
    "au_asked_by": ("Asked by", "校验人"),
    "au_ended": ("Ended", "完成时间"),
    "au_incidents": ("Incidents", "事件"),
    "au_access": ("Access log", "访问日志"),
    "au_messages": ("Messages", "通知记录"),
    "au_letters": ("Messages not understood", "无法识别的报文"),
    "au_find": ("Words of an incident or of its timeline", "事件或时间线中的词语"),
    "au_find_who": ("Who (exact)", "用户（精确）"),
    "au_only_failed": ("Only what did not arrive", "仅未送达"),
    "au_more": ("More", "更多"),
    "au_nothing": ("Nothing found.", "未找到记录。"),
    "au_when": ("When", "时间"),
    "au_who": ("Who", "用户"),
    "au_what": ("What", "操作"),
    "au_about": ("About", "对象"),
    "au_why": ("Why", "原因"),
    "au_from": ("From", "来源地址"),
    "au_times": ("{count} times", "{count} 次"),
    "au_number": ("Number", "编号"),
    "au_place": ("Place", "位置"),
    "au_state": ("State", "状态"),
    "au_cause": ("Closed by", "关闭人"),
    "did_signed_in": ("signed in", "登录"),
    "did_signed_in_at_provider": ("signed in at the provider", "经统一认证登录"),
    "did_sign_in_failed": ("sign-in failed", "登录失败"),
    "did_signed_out": ("signed out", "退出"),
    "did_locked_out": ("locked out", "锁定"),
    "did_refused": ("refused", "被拒绝"),
    "did_user_made": ("user made", "新建用户"),
    "did_user_changed": ("user changed", "修改用户"),
    "did_password_set": ("password set", "设置密码"),
    "did_password_refused": ("password refused", "密码被拒"),
    "did_sessions_ended": ("sessions ended", "会话结束"),
    "did_token_made": ("token made", "新建令牌"),
    "did_token_revoked": ("token revoked", "吊销令牌"),
    "did_refresh_token_reused": ("refresh token used twice", "刷新令牌重复使用"),
    "did_unmasked": ("card holders unmasked", "查看持卡人"),
    "did_set_up_refused": ("set-up refused", "初始化被拒"),
    "au_text": ("Text", "内容"),
}
TABS = {"incidents": ("i", "read"), "access": ("l", "access-log:read"), "messages": ("m", "messages:read")}

DID = tuple(key.removeprefix("did_") for key in WORDS if key.startswith("did_"))


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/audit")
    async def audit(session: Session, live: Live, tab: str = "incidents") -> None:
        wear("records")
        with frame(session, live, "audit"), told(session):
            tabs = [name for name, (_, permission) in TABS.items() if session.may(permission)]
            view = Audit(session, live, tab if tab in tabs else tabs[0], tabs)
            await view.load()
            view.show()


class Audit(Kept):
    """`tab`: which of the lists is looked at."""

    def __init__(self, session: Session, live: Live, tab: str, tabs: list[str]) -> None:
        super().__init__(session, live)
        self.tab, self.tabs = tab, tabs
        self.verification: Json | None = None
        self.items: list[Json] = []
        self.cursor: str | None = None
        self.asked: dict[str, Any] = {}

    async def load(self) -> None:
        if self.session.may("journal:verify"):
            self.verification = await self.session.api.get("/audit/verify")
        await self._find()

    def concerns(self, entry: Json) -> bool:
        """Lists of the past stay as they were asked for; whether the journal is whole is everybody's to see."""
        return bool(entry["kind"] == "audit")

    async def _find(self, more: bool = False) -> None:
        paths = {"incidents": "/incidents", "access": "/access-log", "messages": "/notifications"}
        fixed: dict[str, Any] = {"view": "summary"} if self.tab == "incidents" else {}
        query = fixed | {name: value for name, value in self.asked.items() if value}
        page = await self.session.api.get(paths[self.tab], limit=SHOWN, cursor=self.cursor if more else None, **query)
        self.items = (self.items if more else []) + page["items"]
        self.cursor = page["next_cursor"]
        self.changed()

    def show(self) -> None:
        language = self.session.language
        with ui.element("div").classes("content page audit"):
            keep_drawn(self, lambda: draw("audit_journal.html", language, **self._known()), ui.html(sanitize=False))
            with ui.row().classes("audit-tools items-end q-gutter-md"):
                self._tools()
            keep_drawn(self, lambda: draw("audit_list.html", language, **self._known()), ui.html(sanitize=False))
        on_act(self._act)
        self.follow()
        ui.timer(VERIFYING_SECONDS, self._look_at_verification)

    def _known(self) -> Json:
        tabs = [(name, TABS[name][0]) for name in self.tabs]
        letters = self.session.may("dead-letters:read")
        known = {"tab": self.tab, "tabs": tabs, "items": self.items, "more": self.cursor is not None}
        return known | {"verification": self.verification, "letters": letters}

    def _tools(self) -> None:
        language = self.session.language
        if self.tab == "messages":
            failed = ui.checkbox(say("au_only_failed", language)).props("dark")
            failed.on_value_change(lambda event: self._ask_for("failed", True if event.value else None))
            return
        name, label = ("text", "au_find") if self.tab == "incidents" else ("who", "au_find_who")
        focus = "document.querySelector('.sought input').focus()"  # at once: what is typed next is what is sought
        button = f'<button class="do" onclick="{focus}" data-key="/"><kbd>/</kbd> {say("search", language)}</button>'
        ui.html(button, sanitize=False)
        sought = ui.input(say(label, language)).props("dark dense clearable debounce=300").classes("sought")
        sought.on_value_change(lambda event: self._ask_for(name, str(event.value or "").strip()))
        if self.tab == "access":
            kinds = {"": say("all", language)} | {what: say("did_" + what, language) for what in DID}
            what = ui.select(kinds, value="", label=say("au_what", language)).props("dark dense options-dark")
            what.classes("sought").on_value_change(lambda event: self._ask_for("what", event.value))

    async def _ask_for(self, name: str, value: Any) -> None:
        self.asked[name] = value
        with told(self.session):
            await self._find()

    async def _look_at_verification(self) -> None:
        if self.verification is not None and self.verification["state"] == "running":
            with told(self.session):
                self.verification = await self.session.api.get("/audit/verify")
                self.changed()

    async def _act(self, what: dict[str, Any]) -> None:
        with told(self.session):
            if what["act"] == "au_verify":
                self.verification = await self.session.api.post("/audit/verify", self.session.acting())
                self.changed()
            else:
                await self._find(more=True)
