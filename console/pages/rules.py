"""Rules and plans: what runs, what ran before, what would be done, and trying what is not in force."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from nicegui import ui

from console.client import Json
from console.drawing import draw
from console.frame import frame, on_act, told
from console.gate import Gate
from console.live import Live
from console.metrics import device_class
from console.panels import dress, heading
from console.plans_panel import Plans
from console.session import Session
from console.settings import Language
from console.trial_panel import Trial
from console.versions_panel import Versions
from console.words import Words, say
from console.words import add as add_words
from console.written import as_yaml

VIEWS = {"rules": "r", "versions": "v", "plans": "p", "try": "t"}

WORDS: Words = {
    "view_rules": ("In force", "生效规则"),
    "view_versions": ("Versions", "版本"),
    "view_plans": ("Plans", "预案"),
    "view_try": ("Try", "试运行"),
    "version_is": ("version {version}", "版本 {version}"),
    "rules_found": ("{shown} of {all} rules", "{all} 条规则中的 {shown} 条"),
    "find_rule": ("Find a rule", "查找规则"),
    "evidence_only": ("evidence", "佐证"),
    "kind_detection": ("detection", "检测规则"),
    "kind_confirmation": ("confirmation", "确认规则"),
    "looks_at": ("Looks at", "适用设备"),
    "every_class": ("every class", "所有设备"),
    "counted_by": ("Counted by", "参与确认"),
    "as_written": ("As it is written", "规则原文"),
    "try_change": ("Try a change of it", "修改并试运行"),
    "choose_rule": ("Choose a rule to see how it is written.", "请选择一条规则。"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/rules")
    async def page(session: Session, live: Live, view: str = "rules", rule: str = "") -> None:
        dress()
        with frame(session, live, "rules"):
            Rules(session, live, view if view in VIEWS else "rules", rule).show()


class Rules:
    def __init__(self, session: Session, live: Live, view: str, rule: str) -> None:
        self.session, self.view = session, view
        self.rules: list[Json] = []
        self._version, self._chosen, self._sought = "", rule, ""
        self._plans, self._versions = Plans(session), Versions(session)
        self._trial = Trial(session, sorted({zone["site"] for zone in live.zones}))

    def show(self) -> None:
        with ui.element("div").classes("content page rules"):
            heading(say("rules", self.session.language))
            self._views = ui.html(sanitize=False).classes("tools")
            self._boxes = {view: ui.element("div").classes(f"view-{view}") for view in VIEWS}
            with self._boxes["rules"]:
                self._build_rules()
            for view, panel in (("versions", self._versions), ("plans", self._plans), ("try", self._trial)):
                with self._boxes[view]:
                    panel.build()
        on_act(self._act)
        self._draw_views()
        ui.timer(0.1, self._begin, once=True)

    async def _begin(self) -> None:
        with told(self.session):
            self.rules = await self.session.api.all("/rules", limit=200)
            self._version = (await self.session.api.get("/rules", limit=1))["version"]
            await self._open(self.view)

    def _draw_views(self) -> None:
        views = {name: key for name, key in VIEWS.items() if name != "try" or self.session.may("rules:try")}
        self.view = self.view if self.view in views else "rules"
        self._views.set_content(draw("views.html", self.session.language, views=views, chosen=self.view))
        for name, box in self._boxes.items():
            box.set_visibility(name == self.view)

    async def _open(self, view: str) -> None:
        self.view = view if view in VIEWS else "rules"
        self._draw_views()
        match self.view:
            case "versions":
                await self._versions.open()
            case "plans":
                await self._plans.open()
            case "try":
                await self._trial.open()
            case _:
                await self._choose(self._chosen)

    async def _act(self, what: dict[str, Any]) -> None:
        with told(self.session):
            match what["act"]:
                case "view":
                    await self._open(what["view"])
                case "rule":
                    await self._choose(what["rule"])
                case "try_rule":
                    await self._trial.begin_with(await self.session.api.get(f"/rules/{what['rule']}"))
                    await self._open("try")
                case "plan" | "plan_level":
                    await self._plans.act(what)
                case "version_text" | "version_diff":
                    await self._versions.act(what)
                case _:
                    await self._trial.act(what)

    # ---- what is in force

    def _build_rules(self) -> None:
        language = self.session.language
        with ui.element("div").classes("devices") as self._halves:
            with ui.element("section").classes("devices-tree"):
                with ui.row().classes("tools"):
                    find = ui.input(say("find_rule", language), on_change=lambda event: self._seek(event.value))
                    find.props("dark dense clearable debounce=250 for=find type=search").classes("find")
                    ui.html('<label for="find" class="key" data-key="/"><kbd>/</kbd></label>', sanitize=False)
                self._list = ui.html(sanitize=False)
            with ui.element("section").classes("devices-beside"):
                self._rule = ui.html(f'<p class="dim pad">{say("choose_rule", language)}</p>', sanitize=False)

    def _seek(self, text: str | None) -> None:
        self._sought = text or ""
        self._draw_list()

    def _draw_list(self) -> None:
        known = {"version": self._version, "chosen": self._chosen}
        self._list.set_content(rules_html(self.rules, self._sought, self.session.language, **known))

    async def _choose(self, id: str) -> None:
        language, known = self.session.language, {each["id"] for each in self.rules}
        self._chosen = id if id in known else ""
        self._draw_list()
        if not self._chosen:
            return
        rule = await self.session.api.get(f"/rules/{self._chosen}")
        self._halves.classes(add="chosen")
        ui.run_javascript(f"history.replaceState(null, '', '/rules?rule={self._chosen}')")
        self._rule.set_content(
            draw(
                "rule.html",
                language,
                rule=rule,
                text=as_yaml(rule["written"]),
                may_try=self.session.may("rules:try"),
                kind=lambda name: device_class(name, language),
            )
        )


def rules_html(rules: list[Json], sought: str, language: Language, *, version: str, chosen: str) -> str:
    words = sought.casefold().split()

    def wanted(rule: Json) -> bool:
        classes = " ".join(device_class(each, language) for each in rule["device_classes"])
        titles, hazard = " ".join(rule["title"].values()), say(rule["hazard"], language)
        text = f"{rule['id']} {titles} {rule['hazard']} {hazard} {classes}"
        return all(word in text.casefold() for word in words)

    found = sorted((each for each in rules if wanted(each)), key=lambda each: (each["hazard"], each["id"]))
    groups = {hazard: list(some) for hazard, some in groupby(found, key=lambda each: each["hazard"])}
    return draw("rules_list.html", language, groups=groups, rules=found, all=len(rules), version=version, chosen=chosen)
