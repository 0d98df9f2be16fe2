"""Theory: questions about a plan, as part of a plan file, and what answers to them are worth.

theory:
  - plan: fire
    questions:
      - id: first
        question: {en: A detector alarms. What comes first?, zh: 探测器报警后首先做什么？}
        choices:
          - {en: Acknowledge and send somebody to look, zh: 接警并派人现场核实}
          - {en: Reset the detector, zh: 复位探测器}
        answer: 1          # counted from 1
        points: 2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from rules.file_types import FileModel, Id, Titles

QUESTIONS_MAX = 200  # of a plan; a paper has a tenth of it


class Question(FileModel):
    id: Id
    question: Titles
    choices: list[Titles] = Field(min_length=2, max_length=10)
    answer: int = Field(ge=1, description="which of the choices is right, counted from 1")
    points: int = Field(1, ge=1, le=100)

    @model_validator(mode="after")
    def _is_a_choice(self) -> Self:
        if self.answer > len(self.choices):
            raise ValueError(f"answer {self.answer} is none of the {len(self.choices)} choices")
        return self


class Paper(FileModel):
    """The questions of one plan."""

    plan: Id
    questions: list[Question] = Field(min_length=1, max_length=QUESTIONS_MAX)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [each.id for each in self.questions]
        twice = sorted({id for id in ids if ids.count(id) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: the id of more than one question")
        return self


class Marked(NamedTuple):
    points: int
    of: int
    wrong: list[str]  # ids of the questions


def mark(paper: Paper, answers: Mapping[str, int]) -> Marked:
    """A question that was not answered is wrong; an answer to none of them counts for nothing."""
    wrong = [each.id for each in paper.questions if answers.get(each.id) != each.answer]
    points = sum(each.points for each in paper.questions if each.id not in wrong)
    return Marked(points, sum(each.points for each in paper.questions), wrong)
