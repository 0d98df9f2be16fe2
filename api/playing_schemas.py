"""The wire's shapes of scenarios: what can be played, by whom it is said, and what is to be played."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.drill_requests import SCENARIO_CHARACTERS_MAX, TITLE_CHARACTERS_MAX
from api.playing import SCENARIOS_MAX
from api.requests import PersonName, QueriedName
from api.schemas import Title, Wire

DAY_MS = 86_400_000
HAZARDS_MAX = 20
_SCENARIO: dict[str, Any] = {
    "name": "fire-on-12f",
    "site": "tower-a",
    "title": {"en": "A fire on the 12th floor", "zh": "12层火灾"},
    "lasts_ms": 300_000,
    "hazards": ["fire"],
}


class ScenarioOut(Wire):
    """What a drill can play."""

    name: str
    site: str
    title: Title
    lasts_ms: int
    hazards: list[str] = Field(description="of the incidents that it is to lead to")


class ScenariosOut(Wire):
    items: list[ScenarioOut] = Field(description="whose devices somebody has lately said they can play")


class ToPlayOut(Wire):
    drill: str
    site: str
    scenario: str


class ToPlayListOut(Wire):
    items: list[ToPlayOut] = Field(description="each is handed out once")


class PlayedOut(Wire):
    played: bool = Field(description="false: nobody has lately said that they can play its scenario")


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScenarioIn(_In):
    name: Annotated[QueriedName, Field(max_length=SCENARIO_CHARACTERS_MAX)]
    site: QueriedName
    title: Annotated[dict[str, Annotated[str, Field(max_length=TITLE_CHARACTERS_MAX)]], Field(max_length=5)]
    lasts_ms: int = Field(ge=1, le=7 * DAY_MS)
    hazards: Annotated[list[QueriedName], Field(max_length=HAZARDS_MAX)] = []


class CanPlayIn(_In):
    """All that a player can play from now on; none: it is leaving."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"player": "play-drills-1", "scenarios": [_SCENARIO]}]})

    player: PersonName = Field(description="which program says it: what it says replaces what it said")
    scenarios: Annotated[list[ScenarioIn], Field(max_length=SCENARIOS_MAX)]


class PlayIn(_In):
    model_config = ConfigDict(json_schema_extra={"examples": [{}]})
