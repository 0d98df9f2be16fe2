"""Devices: the building's tree with what each says now, and beside it one device, or what was not understood."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nicegui import ui

from console.building_tree import ONLY, Sought, counts, shelf_of, tree
from console.client import Json
from console.device_panel import Panel
from console.drawing import draw
from console.frame import frame, keep_drawn, on_act, told
from console.gate import Gate
from console.letters_panel import Letters
from console.live import Live
from console.metrics import brief
from console.panels import dress, heading
from console.session import Session
from console.words import Words, say
from console.words import add as add_words

REFRESHED_SECONDS = 10.0  # all devices: 400 are two pages of 200, some 150 KB
LOOKED_SECONDS = 1.0  # whether something has happened that shows in the tree

SHOW_CHOSEN = """
history.replaceState(null, "", "/devices?device=" + encodeURIComponent(DEVICE).replace("%2F", "/"));
setTimeout(() => {
  const tree = document.querySelector(".devices-tree"), row = document.querySelector(".device-row.here");
  if (tree && row && tree.scrollHeight > tree.clientHeight) tree.scrollTop = row.offsetTop - tree.clientHeight / 2;
}, 600);
"""

WORDS: Words = {
    "firing": ("fires", "报警"),
    "silent": ("silent", "失联"),
    "offline": ("offline", "离线"),
    "online": ("online", "在线"),
    "shelved": ("shelved", "已搁置"),
    "only_all": ("all", "全部"),
    "only_firing": ("fire now", "正在报警"),
    "only_silent": ("silent", "失联"),
    "only_shelved": ("shelved", "已搁置"),
    "find_device": ("Find a device", "查找设备"),
    "nothing_found": ("Nothing found", "没有找到"),
    "more_found": ("and {more} more: say more of what you look for", "另有 {more} 个，请缩小查找范围"),
    "choose_device": ("Choose a device to see what it says.", "请选择一台设备。"),
    "dead_letters": ("Messages not understood", "无法解析的消息"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/devices")
    async def page(session: Session, live: Live, device: str = "", view: str = "") -> None:
        dress()
        with frame(session, live, "devices"), told(session):
            shown = Devices(session, live)
            await shown.load()
            await shown.show(device, letters=view == "letters")


class Devices:
    """The page in one browser."""

    def __init__(self, session: Session, live: Live) -> None:
        self.session, self.live = session, live
        self.devices: list[Json] = []
        self.shelves: list[Json] = []
        self.sought = Sought()
        self.version = 0
        self._stale = False
        self._panel = Panel(session, live, self._shelves_changed)
        self._letters = Letters(session)
        self._chosen = ""

    async def load(self) -> None:
        """Raises Problem, Unreachable."""
        self.devices = await self.session.api.all("/devices", limit=200)
        self.shelves = await self.session.api.all("/shelves", open=True, limit=200)
        self.version += 1

    async def show(self, device: str, letters: bool) -> None:
        ui.context.client.on_disconnect(self.live.read(self._entered))
        with ui.element("div").classes("content devices") as main:
            self._main = main
            heading(say("devices", self.session.language))
            with ui.element("section").classes("devices-tree"):
                self._tools()
                keep_drawn(self, self._tree, ui.html(sanitize=False))
            with ui.element("section").classes("devices-beside"):
                self._nothing = ui.html(f'<p class="dim pad">{say("choose_device", self.session.language)}</p>')
                self._panel.build()
                self._letters.build()
        on_act(self._act)
        await (self._open_letters() if letters else self._open(device))
        ui.timer(LOOKED_SECONDS, self._look)
        ui.timer(REFRESHED_SECONDS, self._go_stale)

    # ---- the tree

    def _tools(self) -> None:
        language = self.session.language
        with ui.row().classes("tools"):
            find = ui.input(
                say("find_device", language), on_change=lambda event: self._seek(text=str(event.value or ""))
            )
            find.props("dark dense clearable debounce=250 for=find type=search").classes("find")
            ui.html('<label for="find" class="key" data-key="/"><kbd>/</kbd></label>', sanitize=False)
        keep_drawn(self, self._only, ui.html(sanitize=False))

    def _only(self) -> str:
        amounts = counts(self.devices, self._shelved())
        letters = self.session.may("dead-letters:read")
        return draw("devices_tools.html", self.session.language, only=ONLY, chosen=self.sought.only, counts=amounts,
                    letters=letters)  # fmt: skip

    def _tree(self) -> str:
        language, shelved = self.session.language, self._shelved()
        made = tree(self.devices, self._zones(), shelved, self.sought, language)
        return draw("devices_tree.html", language, tree=made, shelved=shelved, chosen=self._chosen,
                    brief=lambda values: brief(values, language))  # fmt: skip

    def _zones(self) -> dict[str, Json]:
        return {zone["id"]: zone for zone in self.live.zones}

    def _shelved(self) -> set[str]:
        return {device["id"] for device in self.devices if shelf_of(device, self.shelves)}

    def _seek(self, **sought: Any) -> None:
        self.sought = self.sought._replace(**sought)
        self.version += 1

    # ---- what changes

    def _entered(self, entry: Json) -> None:
        self._stale = self._stale or bool(entry["device"]) or "shel" in entry["kind"]

    def _go_stale(self) -> None:
        self._stale = True

    async def _look(self) -> None:
        if self._stale:
            self._stale = False
            with told(self.session):
                await self.load()

    async def _shelves_changed(self) -> None:
        await self.load()
        await self._panel.draw_again(self.shelves)

    # ---- what a person does

    async def _act(self, what: dict[str, Any]) -> None:
        acts: dict[str, Callable[[], Any]] = {
            "floor": lambda: self._fold(what["floor"]),
            "only": lambda: self._seek(only=what["only"]),
            "device": lambda: self._open(what["device"]),
            "dead_letters": self._open_letters,
        }
        with told(self.session):
            if what["act"] in acts:
                done = acts[what["act"]]()
                if done is not None:
                    await done
            elif what["act"] in self._letters.ACTS:
                await self._letters.act(what)
            else:
                await self._panel.act(what)

    def _fold(self, floor: str) -> None:
        self._seek(open=self.sought.open ^ {floor})

    async def _open(self, device: str) -> None:
        known = next((each for each in self.devices if each["id"] == device), None)
        self._chosen = device if known else ""
        self._letters.hide()
        self._nothing.set_visibility(not known)
        self._main.classes(add="chosen" if known else "", remove="" if known else "chosen")
        if known is None:
            self._panel.hide()
            self.version += 1
            return
        floor = f"{known['site']}/{known['building']}/{known['floor']}"
        self._seek(open=self.sought.open | {floor})
        ui.run_javascript(SHOW_CHOSEN.replace("DEVICE", json.dumps(device)))
        await self._panel.open(device, self.shelves)

    async def _open_letters(self) -> None:
        self._chosen = ""
        self._panel.hide()
        self._nothing.set_visibility(False)
        self._main.classes(add="chosen")
        self.version += 1
        await self._letters.open()
