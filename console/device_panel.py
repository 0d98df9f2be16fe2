"""One device: what it says, what it said, why it fires or does not, and keeping it quiet on purpose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from console.ask import Field, ask
from console.building_tree import shelf_of
from console.client import Json
from console.drawing import draw
from console.frame import told
from console.live import Live
from console.metrics import device_class, metric, shown
from console.readings_charts import ReadingsCharts
from console.session import Session
from console.words import Words, add, say, title

INCIDENTS_MAX = 20  # of its zone; more are no longer of one device
REFRESHED_SECONDS = 3.0
MINUTE_MS = 60_000
DURATIONS = {"30": "30 min", "60": "1 h", "120": "2 h", "240": "4 h", "480": "8 h", "720": "12 h"}

WORDS: Words = {
    "last_heard": ("last heard", "最近通信"),
    "never": ("never", "从未"),
    "nothing_fires": ("nothing fires", "无报警"),
    "latest_values": ("Latest values", "最新数值"),
    "why": ("Why", "原因解释"),
    "shelve": ("Shelve", "搁置"),
    "maintain": ("Maintenance window", "维护窗口"),
    "maintenance": ("maintenance", "维护中"),
    "end_shelf": ("End the shelf", "结束搁置"),
    "shelf_says": ("by {by}, until {until}", "{by}，至 {until}"),
    "shelf_what": ("What is kept quiet", "搁置对象"),
    "this_device": ("this device", "本设备"),
    "its_zone": ("its whole zone", "所在区域全部设备"),
    "rule_here": ("rule {rule} at this device", "本设备的规则 {rule}"),
    "rule_is": ("rule {rule} alone", "仅规则 {rule}"),
    "for_how_long": ("For how long", "时长"),
    "second_person": ("Second person (fire and gas need one)", "第二人（火灾、燃气设备必填）"),
    "shelf_note": (
        "It raises nothing until then. All of it stands in the journal; what still holds then is raised.",
        "在此期间不产生报警，全部记录在案；到期后仍存在的情况会立即报警。",
    ),
}
add(WORDS)


class Panel:
    def __init__(self, session: Session, live: Live, shelves_changed: Callable[[], Awaitable[None]]) -> None:
        self.session, self.live, self._shelves_changed = session, live, shelves_changed
        self.device: Json | None = None
        self._shelves: list[Json] = []
        self._explanation: list[Json] = []
        self._incidents: list[Json] = []  # open ones to which it has given evidence
        self._charts = ReadingsCharts(session)
        self._drawn = ""

    def build(self) -> None:
        with ui.element("div").classes("device-panel") as self._element:
            self._html = ui.html(sanitize=False)
            self._charts.build()
        self._element.set_visibility(False)
        ui.timer(REFRESHED_SECONDS, self._again)

    def hide(self) -> None:
        self.device = None
        self._element.set_visibility(False)

    async def open(self, id: str, shelves: list[Json]) -> None:
        """Raises Problem, Unreachable."""
        self._explanation = []
        self.device = await self._ask(id)
        self._element.set_visibility(True)
        await self.draw_again(shelves)
        await self._charts.open(self.device)

    async def draw_again(self, shelves: list[Json]) -> None:
        self._shelves = shelves
        self._draw()

    async def _again(self) -> None:
        if self.device is None or not self._element.visible:
            return
        with told(self.session):
            asked = self.device["id"]
            found = await self._ask(asked)
            if self.device is not None and self.device["id"] == asked:
                self.device = found
                self._draw()
                await self._charts.go_on(found)

    async def _ask(self, id: str) -> Json:
        found = dict(await self.session.api.get(f"/devices/{id}"))
        there = [each["id"] for each in self.live.incidents.values() if each["zone"] == found["zone"]][:INCIDENTS_MAX]
        whole = (await self.session.api.get("/incidents", ids=",".join(there)))["items"] if there else []
        self._incidents = [each for each in whole if any(one["device"] == id for one in each["evidence"])]
        return found

    def _draw(self) -> None:
        device, language = self.device, self.session.language
        if device is None:
            return
        zone = next((each for each in self.live.zones if each["id"] == device["zone"]), None)
        shelf = shelf_of(device, self._shelves)
        made = draw(
            "device.html",
            language,
            device=device,
            kind=device_class(device["device_class"], language),
            place=title(zone["title"] if zone else None, language, device["zone"]),
            shelf=shelf,
            incidents=self._incidents,
            acts=self._acts(shelf),
            explanation=self._explanation,
            values=[(metric(name, language), shown(value, language)) for name, value in device["values"].items()],
        )
        if made != self._drawn:
            self._drawn = made
            self._html.set_content(made)

    def _acts(self, shelf: Json | None) -> list[tuple[str, str]]:
        acts = [("why", "y")]
        if self.session.may("shelves:write"):
            acts += [("end_shelf", "e")] if shelf else [("shelve", "s"), ("maintain", "m")]
        return acts

    # ---- what a person does

    async def act(self, what: dict[str, Any]) -> None:
        if self.device is None:
            return
        match what["act"]:
            case "why":
                await self._why()
            case "shelve":
                self._shelve(maintenance=False)
            case "maintain":
                self._shelve(maintenance=True)
            case "end_shelf":
                self._end_shelf()
            case _:
                await self._charts.act(what)

    async def _why(self) -> None:
        assert self.device is not None
        if self._explanation:
            self._explanation = []
        else:
            answer = await self.session.api.get(f"/explain/devices/{self.device['id']}", lang=self.session.language)
            self._explanation = answer["lines"]
        self._draw()

    def _shelve(self, maintenance: bool) -> None:
        device, language = self.device, self.session.language
        assert device is not None
        whats = {"device": say("this_device", language), "zone": f"{say('its_zone', language)} ({device['zone']})"}
        if not maintenance:
            whats |= {f"rule:{rule}": say("rule_here", language, rule=rule) for rule in device["firing"]}
        fields = [
            Field("reason", "reason", lines=2),
            Field("what", "shelf_what", whats),
            Field("minutes", "for_how_long", DURATIONS, value="60"),
            Field("second", "second_person", needed=False),
        ]

        async def carry_out(values: dict[str, str]) -> None:
            named: dict[str, Any] = {"zone": device["zone"]} if values["what"] == "zone" else {"device": device["id"]}
            if values["what"].startswith("rule:"):
                named["rule"] = values["what"].removeprefix("rule:")
            body: dict[str, Any] = self.session.acting() | named | {"reason": values["reason"]}
            body["duration_ms"] = int(values["minutes"]) * MINUTE_MS
            if values.get("second"):
                body["second"] = values["second"]
            await self.session.api.post("/maintenance-windows" if maintenance else "/shelves", body)
            await self._shelves_changed()

        heading = f"{say('maintain' if maintenance else 'shelve', language)}: {device['name']}"
        ask(self.session, heading, fields, carry_out, say("shelf_note", language))

    def _end_shelf(self) -> None:
        assert self.device is not None
        shelf = shelf_of(self.device, self._shelves)
        if shelf is None:
            return

        async def carry_out(values: dict[str, str]) -> None:
            await self.session.api.post(f"/shelves/{shelf['id']}/end", self.session.acting() | values)
            await self._shelves_changed()

        fields = [Field("reason", "reason", lines=2, needed=False)]
        ask(self.session, f"{say('end_shelf', self.session.language)}: {shelf['id']}", fields, carry_out)
