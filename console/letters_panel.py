"""Messages that were not understood: a device that is misconfigured shows here first."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.ask import Field, ask
from console.client import Json
from console.drawing import draw
from console.session import Session
from console.words import Words, add, say

LETTERS_MAX = 200  # shown; the latest first

WORDS: Words = {
    "letters_note": (
        "What came over MQTT and could not be read, by topic and reason. A device set up wrongly shows here first.",
        "通过 MQTT 收到但无法解析的消息，按主题和原因统计。配置有误的设备最先在这里出现。",
    ),
    "no_letters": ("Everything was understood", "所有消息均已解析"),
    "clear_all": ("Clear all", "全部清除"),
    "clear_letter": ("Clear", "清除"),
    "clear_why": ("Why they are cleared", "清除原因"),
    "first_and_last": ("first {first}, last {last}", "首次 {first}，最近 {last}"),
}
add(WORDS)


class Letters:
    ACTS = ("clear_all", "clear_letter")

    def __init__(self, session: Session) -> None:
        self.session = session
        self.letters: list[Json] = []

    def build(self) -> None:
        self._element = ui.html(sanitize=False)
        self._element.set_visibility(False)

    def hide(self) -> None:
        self._element.set_visibility(False)

    async def open(self) -> None:
        """Raises Problem, Unreachable."""
        page = await self.session.api.get("/dead-letters", limit=LETTERS_MAX)
        self.letters = page["items"]
        may_clear = self.session.may("dead-letters:clear")
        self._element.set_content(
            draw("letters.html", self.session.language, letters=self.letters, may_clear=may_clear)
        )
        self._element.set_visibility(True)

    async def act(self, what: dict[str, Any]) -> None:
        letter = next((each for each in self.letters if each["id"] == what.get("letter")), None)
        of_letter = {"topic": letter["topic"], "fault": letter["reason"]} if letter else {}
        language = self.session.language

        async def carry_out(values: dict[str, str]) -> None:
            body = self.session.acting() | of_letter | {"reason": values["reason"]}
            await self.session.api.post("/dead-letters/clear", body)
            await self.open()

        note = letter["topic"] if letter else ""
        ask(self.session, say(str(what["act"]), language), [Field("reason", "clear_why", lines=2)], carry_out, note)
