"""One incident: what happened, what is to be done, and the keys to do it."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console import incident_charts
from console.bursts import gathered
from console.client import Json, Problem, SignedOut
from console.drawing import draw, floor_beside
from console.frame import REDRAWN_SECONDS, frame, keep_drawn, on_act, told
from console.gate import Gate
from console.incident_acts import ACTS, begin
from console.incident_charts import Chart
from console.incident_sent import NODES, groups, sent
from console.live import Live
from console.session import Session
from console.settings import Language
from console.words import say, title

ENTRIES_MAX = 5_000  # of a timeline on one page; the report and the CSV file hold all
FAILED_SHOWN = 5  # commands of one kind that failed; how many there are is said
CHARTS_SECONDS = 5.0  # between two looks at the readings while it is open
KINDS_OF = {
    "people": {"acknowledged", "note", "confirmed", "level_lowered", "assigned", "responded", "task_done", "closed"},
    "evidence": {"detected", "cleared", "pending", "clearing", "still_holds", "given_up"},
}
_ONLY = {
    "all": "all_kinds",
    "full": "every_entry",
    "people": "only_people",
    "decisions": "only_decisions",
    "evidence": "only_evidence",
}


def add(gate: Gate) -> None:
    @gate.page("/incidents/{incident}")
    async def page(session: Session, live: Live, incident: str) -> None:
        with frame(session, live, ""), told(session):
            view = View(session, live, incident)
            try:
                await view.load()
            except SignedOut:
                raise
            except Problem as error:
                _not_there(session, incident, error)
                return
            view.show()


def _not_there(session: Session, incident: str, error: Problem) -> None:
    missing = error.status == 404
    text = say("no_such_incident", session.language, id=incident) if missing else error.detail
    with ui.element("div").classes("content page"):
        ui.label(text).classes("all-quiet").props("role=alert")


def _due_title(incident: Json, due: Json, language: Language) -> str:
    step = next((each for each in incident["steps"] if due["id"] and each["id"] == due["id"]), None)
    return say(f"due_{due['what']}", language) if step is None else title(step["title"], language, step["id"])


class View:
    """The page of one incident in one browser."""

    def __init__(self, session: Session, live: Live, id: str) -> None:
        self.session, self.live, self.id = session, live, id
        self.incident: Json = {}
        self.entries: list[Json] = []
        self.orders: list[Json] = []
        self.limits: dict[str, dict[str, set[float]]] = {}
        self.charts: dict[Chart, ui.echart] = {}
        self.only, self.sought = "all", ""
        self.orders_are_old = False
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
        await self._load_orders()

    async def _load_orders(self) -> None:
        self.orders = [await self.session.api.get(f"/orders/{id}") for id in self.incident["orders"]]

    def show(self) -> None:
        stop = self.live.read(self._entered)
        ui.context.client.on_delete(stop)
        language = self.session.language
        with ui.element("div").classes("content incident"):
            head = ui.html(sanitize=False).classes("incident-head")
            self.chart_box = ui.element("section").classes("incident-charts")
            self.chart_box.props(f'aria-label="{say("readings_here", language)}"')
            with ui.element("section").classes("incident-timeline").props(f'aria-label="{say("timeline", language)}"'):
                self._show_tools()
                timeline = ui.html(sanitize=False)
            with ui.element("aside").classes("incident-side").props(f'aria-label="{say("plan", language)}"'):
                side, messages = ui.html(sanitize=False), ui.html(sanitize=False)
        on_act(self._act)
        keep_drawn(self, self._head, head)
        keep_drawn(self, self._timeline, timeline)
        keep_drawn(self, self._side, side)
        keep_drawn(self, self._messages, messages)
        ui.timer(REDRAWN_SECONDS, self._look_at_live)
        ui.timer(CHARTS_SECONDS, self._look_at_readings)

    def _show_tools(self) -> None:
        language = self.session.language
        with ui.row().classes("timeline-tools"):
            ui.html(f"<h2>{say('timeline', language)}</h2>", sanitize=False)
            sought = ui.input(say("search", language)).props("dark dense clearable")
            sought.on_value_change(lambda event: self._look_for(str(event.value or "")))
            kinds = {name: say(word, language) for name, word in _ONLY.items()}
            only = ui.select(kinds, value="all", label=say("filter", language)).props("dark dense options-dark")
            only.on_value_change(lambda event: self._look_only(str(event.value)))

    # ---- what changes

    def _entered(self, entry: Json) -> None:
        if entry["incident"] == self.id and (not self.entries or entry["number"] > self.entries[-1]["number"]):
            self.entries.append(entry)
            self.orders_are_old = self.orders_are_old or entry["kind"].startswith("order")
            self.version += 1

    async def _look_at_live(self) -> None:
        known = self.live.incidents.get(self.id)
        gone = known is None and self.incident["open"] and self.live.loaded
        newer = known is not None and known["revision"] > self.incident["revision"]
        if not (gone or newer or self.orders_are_old):
            return
        self.orders_are_old = False
        with told(self.session):
            if gone or newer:
                self.incident = await self.session.api.get(f"/incidents/{self.id}")
            await self._load_orders()
        self.version += 1

    async def _look_at_readings(self) -> None:
        """New charts for devices that have joined, and what all of them have said since."""
        if self.charts and not self.incident["open"]:
            return
        try:
            if self.session.may("rules:read"):
                self.limits = await incident_charts.limits_of(self.session.api, self.incident)
            for chart in incident_charts.wanted(self.incident, self.limits):
                drawn = await incident_charts.points(self.session.api, self.incident, chart)
                if drawn:
                    self._draw(chart, drawn)
        except SignedOut:
            ui.navigate.to("/sign-in")
        except Problem as error:
            ui.notify(say("refused", self.session.language, why=error.detail), type="warning")

    def _draw(self, chart: Chart, drawn: list[list[Any]]) -> None:
        options = incident_charts.options(chart, drawn, self.session.language)
        known = next((each for each in self.charts if each[:2] == chart[:2]), None)
        if known is not None:
            element = self.charts.pop(known)
            element.options.clear()
            element.options.update(options)
            element.update()
        else:
            name = f"{chart.device.partition('/')[2]} · {say(chart.metric, self.session.language)}"
            with self.chart_box, ui.element("figure").classes("chart"):
                ui.html(f"<figcaption>{name}</figcaption>", sanitize=False)
                element = ui.echart(options).props(f'role=img aria-label="{name}"')
        self.charts[chart] = element

    def _look_for(self, text: str) -> None:
        self.sought = text.casefold()
        self.version += 1

    def _look_only(self, what: str) -> None:
        self.only = what
        self.version += 1

    # ---- drawing

    def _head(self) -> str:
        language, incident = self.session.language, self.incident
        zones = {zone["id"]: zone["title"] for zone in self.live.zones}
        zone = title(zones.get(incident["zone"]), language, incident["zone"].partition("/")[2])
        floor = floor_beside(zone, incident["floor"])
        place = " · ".join(dict.fromkeys(filter(None, [zone, floor, incident["building"], incident["site"]])))
        due = incident["due"][0] if incident["due"] else None
        return draw(
            "incident_head.html",
            language,
            incident=incident,
            acts=self._acts(),
            place=place,
            due_what="" if due is None else _due_title(incident, due, language),
        )

    def _side(self) -> str:
        tasks = [
            step["id"] for step in self.incident["steps"] if step["action"] == "task" and step["stage"] == "issued"
        ]
        return draw(
            "incident_side.html",
            self.session.language,
            incident=self.incident,
            steps=self.incident["steps"],
            next_task=tasks[0] if tasks else "",
            may_tick=self.session.may("incidents:respond"),
            failed_max=FAILED_SHOWN,
        )

    def _messages(self) -> str:
        messages = sent(self.entries)
        return draw(
            "messages.html",
            self.session.language,
            groups=groups(messages),
            arrived=sum(each.stage == "done" for each in messages),
            total=len(messages),
            orders=self.orders,
            nodes=NODES,
        )

    def _timeline(self) -> str:
        found = [each for each in self.entries if self._is_wanted(each)]
        if self.only == "all" and not self.sought:
            found = gathered(found, self.session.language)
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
        act = str(what.get("act"))
        with told(self.session):
            if act == "close":  # what is still missing is said as it is now
                await self._ask_again()
            await begin(self.session, self.incident, act, what, self._done, self.orders)

    async def _ask_again(self) -> None:
        self.incident = await self.session.api.get(f"/incidents/{self.id}")
        await self._load_orders()
        self.version += 1

    async def _done(self, answer: Any) -> None:
        incident = answer.get("incident") if isinstance(answer, dict) else None
        if incident is not None and incident["id"] == self.id:
            self.incident = incident
        for entry in (answer or {}).get("entries", []):
            self._entered(entry)
        self.version += 1
