"""What requests about drills may carry."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from api.ports import DrillQuery
from api.requests import Body, Cursor, Limit, NeededText, QueriedName, Query, Text
from rules.drill import Stage
from rules.drilling import LASTS_MS_MAX, LASTS_MS_MIN

ANSWERS_MAX = 200
SCENARIO_CHARACTERS_MAX = 64
TITLE_CHARACTERS_MAX = 200

Name = Annotated[str, Field(min_length=1, max_length=SCENARIO_CHARACTERS_MAX)]
Choice = Annotated[int, Field(ge=1, le=10)]


class StartDrillIn(Body):
    """An exercise begins at a site. What is told on its exercise tree is part of it from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "safety-officer",
                    "site": "tower-a",
                    "scenario": "fire-on-12f",
                    "title": {"en": "A fire on the 12th floor", "zh": "12层火灾"},
                    "lasts_ms": 1_800_000,
                    "onset_ms": 5_000,
                }
            ]
        }
    )

    site: QueriedName
    scenario: Name = Field(description="what is played, by its name")
    title: Annotated[dict[str, Annotated[str, Field(max_length=TITLE_CHARACTERS_MAX)]], Field(max_length=5)] = {}
    lasts_ms: int = Field(3_600_000, ge=LASTS_MS_MIN, le=LASTS_MS_MAX, description="over at the latest")
    onset_ms: int = Field(0, ge=0, le=LASTS_MS_MAX, description="from now until the first thing happens")


class EndDrillIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "safety-officer", "reason": "all is done"}]})

    reason: Text = ""


class DrillReasonIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "safety-officer", "reason": "the lobby is crowded"}]}
    )

    reason: NeededText


class TheoryIn(Body):
    """One person's answers (`by`) to the questions of a plan."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "guard", "plan": "fire", "answers": {"one-detector": 2, "lifts": 1}}]}
    )

    plan: QueriedName
    answers: Annotated[dict[Name, Choice], Field(max_length=ANSWERS_MAX)] = Field(
        description="question → choice, counted from 1"
    )


class DrillsQuery(Query):
    site: QueriedName | None = None
    stage: Stage | None = None
    open: bool | None = Field(default=None, description="running or suspended")
    passed: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 50

    def question(self) -> DrillQuery:
        return DrillQuery(**dict(self))


class CalendarQuery(Query):
    year: int | None = Field(default=None, ge=2000, le=2200, description="the site's; without: this one")
    site: QueriedName | None = None
