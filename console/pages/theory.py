"""Questions about the plans, for training: one person answers, and sees at once what came of it."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from console.client import Json
from console.frame import frame, told
from console.gate import Gate
from console.kept import wear
from console.live import Live
from console.session import Session
from console.words import Words, say, title
from console.words import add as add_words

WORDS: Words = {
    "theory_plan": ("Plan", "预案"),
    "theory_person": ("Who answers", "答题人"),
    "theory_submit": ("Hand in", "交卷"),
    "theory_unanswered": ("Not answered: {count}", "尚有 {count} 题未作答"),
    "theory_points": ("{points} points", "{points} 分"),
    "theory_none": ("There are no questions.", "没有考题。"),
    "theory_result": ("{points} of {of} points: {result}", "{points} / {of} 分：{result}"),
    "theory_wrong": ("wrong", "答错"),
    "theory_right": ("right", "答对"),
    "theory_back": ("Back to the drill", "返回演练"),
}


def add(gate: Gate) -> None:
    add_words(WORDS)

    @gate.page("/drills/{drill}/theory")
    async def theory(session: Session, live: Live, drill: str, plan: str = "") -> None:
        wear("records")
        with frame(session, live, "drills"), told(session):
            of_drill = await session.api.get(f"/drills/{drill}")
            papers = (await session.api.get("/drills/theory"))["items"]
            Theory(session, of_drill, {paper["plan"]: paper for paper in papers}, plan).show()


class Theory:
    """The paper of one plan, in one browser."""

    def __init__(self, session: Session, drill: Json, papers: dict[str, Json], plan: str) -> None:
        self.session, self.drill, self.papers = session, drill, papers
        drilled = [hazard.replace("_", "-") for hazard in drill["hazards"]]
        likely = [name for name in papers if name in drilled or name in drill["hazards"]]
        self.plan = plan if plan in papers else next(iter([*likely, *papers]), "")
        self.choices: dict[str, Any] = {}
        self.marks: dict[str, ui.label] = {}

    def say(self, key: str, **filled: Any) -> str:
        return say(key, self.session.language, **filled)

    def show(self) -> None:
        with ui.element("div").classes("content page theory"):
            ui.html(f"<h1>{self.say('drill_theory')} · {self.drill['id']}</h1>", sanitize=False)
            if not self.papers:
                ui.label(self.say("theory_none")).classes("dim")
                return
            with ui.row().classes("items-end q-gutter-md"):
                plans = {name: self.say(name.replace("-", "_")) for name in self.papers}
                chosen = ui.select(plans, value=self.plan, label=self.say("theory_plan")).props("dark options-dark")
                chosen.on_value_change(lambda event: self._turn_to(str(event.value)))
                self.person = ui.input(self.say("theory_person"), value=self.session.name).props("dark")
                self.person.set_visibility(not self.session.signed_in)
            for number, question in enumerate(self.papers[self.plan]["questions"], start=1):
                self._ask(number, question)
            self.result = ui.label("").props("role=status").classes("theory-result")
            with ui.row().classes("q-gutter-sm acts"):
                ui.button(self.say("theory_submit"), on_click=self._hand_in, color=None).classes("do first")
                link = f'<a class="do" href="/drills/{self.drill["id"]}" data-key="b">'
                ui.html(f"{link}<kbd>b</kbd> {self.say('theory_back')}</a>", sanitize=False)

    def _ask(self, number: int, question: Json) -> None:
        language = self.session.language
        asked = title(question["question"], language, question["id"])
        choices = {index: title(each, language) for index, each in enumerate(question["choices"], start=1)}
        with ui.element("section").classes("box question").props("role=group") as group:
            with ui.row().classes("items-baseline q-gutter-sm"):
                ui.label(f"{number}. {asked}").classes("asked")
                self.marks[question["id"]] = ui.label(self.say("theory_points", points=question["points"])).classes(
                    "dim"
                )
            group.props["aria-label"] = asked
            self.choices[question["id"]] = ui.radio(choices).props("dark")

    def _turn_to(self, plan: str) -> None:
        ui.navigate.to(f"/drills/{self.drill['id']}/theory?plan={plan}")

    async def _hand_in(self) -> None:
        answers = {id: int(each.value) for id, each in self.choices.items() if each.value is not None}
        if len(answers) < len(self.choices):
            self.result.set_text(self.say("theory_unanswered", count=len(self.choices) - len(answers)))
            return
        who = {} if self.session.signed_in else {"by": str(self.person.value).strip() or self.session.acting()["by"]}
        with told(self.session):
            body = who | {"plan": self.plan, "answers": answers}
            done = await self.session.api.post(f"/drills/{self.drill['id']}/theory", body)
            self._show_result([each for each in done["drill"]["theory"] if each["plan"] == self.plan][-1])

    def _show_result(self, theory: Json) -> None:
        result = self.say("drill_passed" if theory["passed"] else "drill_retrain")
        self.result.set_text(self.say("theory_result", points=theory["points"], of=theory["of"], result=result))
        for id, mark in self.marks.items():
            wrong = id in theory["wrong"]
            mark.set_text(("✕ " if wrong else "✓ ") + self.say("theory_wrong" if wrong else "theory_right"))
            mark.classes(replace="bad" if wrong else "good")
