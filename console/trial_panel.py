"""Trying a pasted file: is it written well, how does it differ, what would come of some readings, or of last week."""

from __future__ import annotations

import secrets
from typing import Any

from nicegui import ui

from console.bursts import gathered
from console.client import Json
from console.clock import now_ms
from console.drawing import draw, rfc3339
from console.frame import told
from console.heard import ReadingsUnclear, heard
from console.session import Session
from console.trial_words import WORDS
from console.words import add, say
from console.written import difference, draft, ids, in_force_for

add(WORDS)

FILE_NAME = "rules/trial.yaml"
DAY_MS = 86_400_000
RANGES = {"1": "range_day", "7": "range_week", "31": "range_month", "92": "range_92"}
ASKED_SECONDS = 1.0  # how far a backtest is
RUNNING = ("waiting", "running")
LISTED_MAX = 50  # firings, incidents
EXAMPLE = "+0s tower-a/sd-1203 smoke=0.05\n+10s tower-a/sd-1203 smoke=0.3"


class Trial:
    def __init__(self, session: Session, sites: list[str]) -> None:
        self.session, self._sites = session, sites
        self._shipped = ""  # what was in force of the rules that the text began with
        self._backtest: Json | None = None

    def build(self) -> None:
        language = self.session.language
        with ui.element("div").classes("trial"):
            with ui.element("section").classes("box"):
                ui.html(f"<h2>{say('file_to_try', language)}</h2>", sanitize=False)
                ui.label(say("file_note", language)).classes("note")
                self._name = ui.input(say("file_name", language), value=FILE_NAME).props("dark dense").classes("w-full")
                self._text = ui.textarea(say("file_text", language)).props("dark outlined rows=18 spellcheck=false")
                self._text.classes("w-full code")
                ui.html(draw("trial_acts.html", language, acts=(("check", "c"), ("compare", "f"))), sanitize=False)
            with ui.element("section").classes("box"):
                self._build_backtest()
                self._build_dry_run()
        self._busy = ui.label("").classes("busy").props("role=status")
        self._busy.set_visibility(False)
        self._answer = ui.html(sanitize=False).props("aria-live=polite").classes("trial-answer")
        ui.timer(ASKED_SECONDS, self._ask_how_far)

    def _build_backtest(self) -> None:
        language = self.session.language
        ui.html(f"<h2>{say('backtest', language)}</h2>", sanitize=False)
        ui.label(say("backtest_note", language)).classes("note")
        with ui.row().classes("tools"):
            ranges = {days: say(word, language) for days, word in RANGES.items()}
            self._days = ui.select(ranges, value="7", label=say("look_back", language)).props("dark dense options-dark")
            sites = {"": say("all_sites", language)} | {site: site for site in self._sites}
            self._site = ui.select(sites, value="", label=say("site", language)).props("dark dense options-dark")
            ui.html(draw("trial_acts.html", language, acts=(("backtest", "b"),)), sanitize=False)
        with ui.row().classes("tools progress") as self._progress:
            bar = ui.linear_progress(0, show_value=False, size="16px", color="light-blue-3")
            self._bar = bar.props(f'aria-label="{say("progress", language)}"')
            self._far = ui.label("")
            ui.html(draw("trial_acts.html", language, acts=(("cancel_backtest", "z"),)), sanitize=False)
        self._progress.set_visibility(False)

    def _build_dry_run(self) -> None:
        language = self.session.language
        ui.html(f"<h2>{say('dry_run', language)}</h2>", sanitize=False)
        ui.label(say("dry_run_note", language)).classes("note")
        self._readings = ui.textarea(say("readings_to_play", language), value=EXAMPLE)
        self._readings.props("dark outlined rows=5 spellcheck=false").classes("w-full code")
        with ui.row().classes("tools"):
            self._lasts = ui.input(say("lasts_after", language), value="5min").props("dark dense")
            ui.html(draw("trial_acts.html", language, acts=(("dry_run", "d"),)), sanitize=False)

    async def open(self) -> None:
        """Nothing is asked for before a person does."""

    async def begin_with(self, rule: Json) -> None:
        """The text of one rule that is in force, to be changed. Raises Problem, Unreachable."""
        in_site = next(((name, text) for name, text in (await self._files()).items() if rule["id"] in ids(text)), None)
        name, text = in_site or (FILE_NAME, draft([rule["written"]]))
        self._name.set_value(name)
        self._text.set_value(text)
        self._answer.set_content("")

    async def act(self, what: dict[str, Any]) -> None:
        acts = {
            "check": self._check,
            "compare": self._compare,
            "dry_run": self._dry_run,
            "backtest": self._begin_backtest,
            "cancel_backtest": self._cancel,
        }
        if what["act"] in acts:
            await acts[what["act"]]()

    # ---- the file

    def _posted(self) -> list[Json]:
        return [{"name": str(self._name.value or "").strip(), "text": str(self._text.value or "")}]

    def _lacks_text(self) -> bool:
        if str(self._text.value or "").strip():
            return False
        ui.notify(say("paste_first", self.session.language), type="warning")
        return True

    async def _check(self) -> None:
        if not self._lacks_text():
            checked = await self._asking("POST", "/files/check", {"files": self._posted()})
            self._answer.set_content(draw("trial_checked.html", self.session.language, checked=checked))

    async def _compare(self) -> None:
        """With the file that it would stand in for; with the rules of the same ids where there is none."""
        if self._lacks_text():
            return
        language, file = self.session.language, self._posted()[0]
        before = in_force_for(file["name"], await self._files())
        if before is None:
            known = [await self.session.api.get(f"/rules/{id}") for id in await self._in_force(ids(file["text"]))]
            before = draft([rule["written"] for rule in known], "disable:" in file["text"]) if known else ""
        lines = difference(before, file["text"])
        heading = say("differs_from_force" if before else "is_new", language)
        files = {file["name"]: lines} if lines else {}
        self._answer.set_content(draw("diff.html", language, heading=heading, files=files))

    async def _in_force(self, wanted: list[str]) -> list[str]:
        known = {each["id"] for each in await self.session.api.all("/rules", limit=200)}
        return [id for id in wanted if id in known]

    async def _files(self) -> dict[str, str]:
        """The site's own rule and plan files, as far as they are kept."""
        found: dict[str, str] = {}
        for kind in ("rules", "plans"):
            latest = (await self.session.api.get("/versions", kind=kind, limit=1))["items"]
            if latest:
                found |= (await self.session.api.get(f"/versions/{latest[0]['version']}"))["files"]
        return found

    # ---- a dry run

    async def _dry_run(self) -> None:
        language = self.session.language
        try:
            readings = heard(str(self._readings.value or ""), now_ms())
        except ReadingsUnclear as error:
            ui.notify(say("line_unclear", language, line=error.line, text=error.text), type="negative", timeout=8_000)
            return
        body: Json = {"readings": readings, "lasts": str(self._lasts.value or "0s").strip()}
        if str(self._text.value or "").strip():
            body["files"] = self._posted()
        answer = await self._asking("POST", "/rules/dry-run", body)
        entries = gathered(answer["entries"], language)
        self._answer.set_content(draw("trial_dry_run.html", language, run=answer, entries=entries, most=LISTED_MAX))

    # ---- a backtest

    async def _begin_backtest(self) -> None:
        if self._lacks_text():
            return
        until = now_ms()
        body: Json = {
            "files": self._posted(),
            "from": rfc3339(until - int(self._days.value) * DAY_MS),
            "to": rfc3339(until),
        }
        if self._site.value:
            body["site"] = self._site.value
        self._answer.set_content("")
        self._take(await self.session.api.post("/backtests", body, key=secrets.token_hex(16)))

    async def _cancel(self) -> None:
        if self._backtest is not None and self._backtest["state"] in RUNNING:
            self._take(await self.session.api.send("DELETE", f"/backtests/{self._backtest['id']}"))

    async def _ask_how_far(self) -> None:
        if self._backtest is not None and self._backtest["state"] in RUNNING:
            with told(self.session):
                self._take(await self.session.api.get(f"/backtests/{self._backtest['id']}"))

    def _take(self, backtest: Json) -> None:
        language = self.session.language
        self._backtest = backtest
        running = backtest["state"] in RUNNING
        self._progress.set_visibility(running)
        self._bar.set_value(backtest["progress"])
        self._far.set_text(f"{backtest['id']} · {backtest['progress'] * 100:.0f} %")
        if not running:
            self._answer.set_content(
                draw("trial_backtest.html", language, backtest=backtest, most=LISTED_MAX, pick=_picked)
            )

    async def _asking(self, method: str, path: str, body: Json) -> Json:
        """While it is asked, it says so. Raises Problem, Unreachable."""
        self._busy.set_text(say("trying", self.session.language))
        self._busy.set_visibility(True)
        try:
            return dict(await self.session.api.send(method, path, json=body, timeout=60.0))
        finally:
            self._busy.set_visibility(False)


def _picked(firings: list[Json], numbers: list[int]) -> list[Json]:
    """Those of these indexes; the API leaves out firings beyond a maximum."""
    return [firings[number] for number in numbers if number < len(firings)]
