"""What was in force when: every version of rules and of plans, its text, and what it changed."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.client import Json
from console.drawing import draw
from console.session import Session
from console.words import Words, add, say
from console.written import as_yaml, of_files

KINDS = ("rules", "plans")
VERSIONS_MAX = 100  # shown; the newest

WORDS: Words = {
    "version": ("Version", "版本"),
    "versions_of_rules": ("Versions of the rules", "规则版本"),
    "versions_of_plans": ("Versions of the plans", "预案版本"),
    "in_force": ("in force", "生效中"),
    "in_force_from": ("From", "生效时间"),
    "in_force_until": ("Until", "失效时间"),
    "its_text": ("Text", "原文"),
    "what_changed": ("What it changed", "变更内容"),
    "all_in_force": ("All that was in force, the shipped library with it", "当时生效的全部内容（含内置库）"),
    "changed_from": ("{old} → {new}", "{old} → {new}"),
    "nothing_differs": ("Nothing differs", "没有差异"),
}
add(WORDS)


class Versions:
    def __init__(self, session: Session) -> None:
        self.session = session
        self._versions: dict[str, list[Json]] = {}

    def build(self) -> None:
        self._tables = {kind: ui.html(sanitize=False) for kind in KINDS}
        self._beside = ui.html(sanitize=False)

    async def open(self) -> None:
        """Raises Problem, Unreachable."""
        for kind in KINDS:
            page = await self.session.api.get("/versions", kind=kind, limit=VERSIONS_MAX)
            self._versions[kind] = page["items"]
            self._draw(kind, None)
        self._beside.set_content("")

    async def act(self, what: dict[str, Any]) -> None:
        kind, number = what["kind"], int(what["number"])
        versions = self._versions[kind]
        text = await self._text(versions[number])
        for each in KINDS:
            self._draw(each, number if each == kind else None)
        language = self.session.language
        if what["act"] == "version_text":
            files = text["files"] or {"": as_yaml(text["content"])}
            self._beside.set_content(draw("version_text.html", language, files=files, version=versions[number]))
        else:
            before = await self._text(versions[number + 1])
            old, new = before["version"][:12], text["version"][:12]
            heading = say("changed_from", language, old=old, new=new)
            files_differ = of_files(before, text)
            self._beside.set_content(draw("diff.html", language, heading=heading, files=files_differ))

    async def _text(self, version: Json) -> Json:
        return dict(await self.session.api.get(f"/versions/{version['version']}"))

    def _draw(self, kind: str, chosen: int | None) -> None:
        known = {"kind": kind, "versions": self._versions[kind], "chosen": chosen}
        self._tables[kind].set_content(draw("versions.html", self.session.language, **known))
