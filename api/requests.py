"""What requests may carry: bodies of commands and query parameters, all of them bounded, nothing unknown accepted."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from api.ports import DeviceQuery, IncidentQuery
from api.schemas import INSTANT_EXAMPLE
from rules.file_types import Name
from rules.incident import Phase
from rules.instant import Instant, parse_rfc3339
from rules.level import Level
from rules.mode import Mode
from rules.reading import Value
from rules.requests import TEXT_CHARACTERS_MAX, Finding
from rules.signal import Signal
from rules.timeline_text import Language

LIST_LIMIT_MAX = 200  # items of one page: some 400 KB, serialized in a few ms
TIMELINE_LIMIT_MAX = 1_000  # entries of one page; the timeline of a long fire is a few hundred
NAME_CHARACTERS_MAX = 128  # ids of sites, zones and devices have at most 64 a part
ASSET_CHARACTERS_MAX = 129  # "site/name"
CURSOR_CHARACTERS_MAX = 512
LINE_CHARACTERS_MAX = 200  # a fault, a title: what is read in a list
ACTION_CHARACTERS_MAX = 500  # one corrective action: what one person can be asked to do
ACTIONS_MAX = 50  # of one review: more is a project of its own
NUMBER_MAX = 2.0**53  # beyond it whole numbers are no longer exact
ARGS_MAX = 20  # of one command; the devices known take two
IDS_CHARACTERS_MAX = 32 * LIST_LIMIT_MAX
POSITION_MAX = 2**63 - 1  # a database's largest integer

# Control characters but tab and line feed, halves of surrogate pairs, and marks that reverse the reading order: in a
# record that may not be altered, nothing may read differently from what it says.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_A_NAME: TypeAdapter[str] = TypeAdapter(Name)
_WORD = re.compile(r"[^\W_]")
_UNFIT_NAME = re.compile(r"[\x00-\x1f\x7f]")


def _written_text(value: str) -> str:
    text = value.replace("\r\n", "\n").strip()
    if match := _UNFIT.search(text):
        raise ValueError(f"text without U+{ord(match[0]):04X}")
    return text


def _something(value: str) -> str:
    if not value:
        raise ValueError("at least one character that is not a space")
    return value


def _one_line(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise ValueError("a name in one line")
    return value


def _queried_name(value: str) -> str:
    if not value or _UNFIT_NAME.search(value):
        raise ValueError("a name without control characters")
    return value


def _with_a_word(value: str) -> str:
    if not _WORD.search(value):
        raise ValueError("at least one letter or digit")
    return value


def _role_or_none(value: str) -> str:
    return _A_NAME.validate_python(value) if value else value


def _argument(value: Any) -> Value:
    """One type at a time, so that a fault is named by its field and not by the types that it is none of."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) <= NUMBER_MAX:  # NaN is not
        return float(value)
    if isinstance(value, str) and len(value) <= LINE_CHARACTERS_MAX:
        return _written_text(value)
    raise ValueError(f"true, false, a number, or text of at most {LINE_CHARACTERS_MAX} characters")


def _not_too_many(value: str) -> str:
    if value.count(",") >= LIST_LIMIT_MAX:
        raise ValueError(f"at most {LIST_LIMIT_MAX} ids, with commas between")
    return value


def _queried_instant(value: Any) -> Instant:
    try:
        return parse_rfc3339(str(value))
    except ValueError as error:
        raise ValueError(f"RFC 3339 with Z or an offset (+ written as %2B), e.g. {INSTANT_EXAMPLE}") from error


def _given_instant(value: Any) -> Instant:
    try:
        return parse_rfc3339(str(value))
    except ValueError as error:
        raise ValueError(f"RFC 3339 with Z or an offset, e.g. {INSTANT_EXAMPLE}") from error


Text = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX), AfterValidator(_written_text)]
NeededText = Annotated[Text, AfterValidator(_something)]
PersonName = Annotated[
    str, Field(max_length=64), AfterValidator(_written_text), AfterValidator(_something), AfterValidator(_one_line)
]
QueriedName = Annotated[str, Field(max_length=NAME_CHARACTERS_MAX), AfterValidator(_queried_name)]
SearchText = Annotated[
    str,
    Field(max_length=LINE_CHARACTERS_MAX, examples=["烟感 12F"]),
    AfterValidator(_queried_name),
    AfterValidator(_with_a_word),
]
QueriedIds = Annotated[
    str,
    Field(max_length=IDS_CHARACTERS_MAX, examples=["INC-000042,INC-000043"]),
    AfterValidator(_queried_name),
    AfterValidator(_not_too_many),
]
Cursor = Annotated[str, Field(max_length=CURSOR_CHARACTERS_MAX), AfterValidator(_queried_name)]
_INSTANT_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "examples": [INSTANT_EXAMPLE]})
QueriedInstant = Annotated[int, BeforeValidator(_queried_instant), _INSTANT_SCHEMA]
GivenInstant = Annotated[int, BeforeValidator(_given_instant), _INSTANT_SCHEMA]
RoleName = Name
MaybeRole = Annotated[
    str,
    AfterValidator(_role_or_none),
    WithJsonSchema(
        {"type": "string", "pattern": "^([a-z][a-z0-9_]*)?$", "maxLength": 64, "examples": ["duty_officer"]}
    ),
]
AssetId = Annotated[
    str, Field(max_length=ASSET_CHARACTERS_MAX, examples=["tower-a/sd-1203"]), AfterValidator(_queried_name)
]
LineText = Annotated[
    str,
    Field(max_length=LINE_CHARACTERS_MAX),
    AfterValidator(_written_text),
    AfterValidator(_something),
    AfterValidator(_one_line),
]
ArgValue = Annotated[
    Any,
    AfterValidator(_argument),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "number"}, {"type": "string", "maxLength": 200}]}),
]
Limit = Annotated[int, Field(ge=1, le=LIST_LIMIT_MAX)]
Position = Annotated[int, Field(ge=0, le=POSITION_MAX)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: PersonName | None = Field(
        default=None, description="who acts; counts on loopback without tokens alone: with a token, its name prevails"
    )
    role: MaybeRole = Field(
        default="", description="the role in which they act, as plans and roster name it; empty: none in particular"
    )


class AcknowledgeIn(Body):
    """I have seen it and take it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "note": "on my way up"}]})

    note: Text = ""


class NoteIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "text": "a pan, no flames"}]})

    text: NeededText


class ResolveIn(Body):
    """It is over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"by": "duty-officer", "finding": "false_alarm", "cause": "a burnt pan in 1203"}]
        }
    )

    finding: Finding = Field(description="what it turned out to be")
    cause: NeededText
    note: Text = ""


class ConfirmIn(Body):
    """It is real."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "reason": "flames seen in 1203"}]})

    reason: Text = ""


class LevelIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"by": "duty-officer", "role": "duty_officer", "level": "II", "reason": "it is out"}]
        }
    )

    level: Level
    reason: NeededText


class AssignIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "to": "engineering-lead"}]})

    to: PersonName


class RespondIn(Body):
    """I am there."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "engineering-lead", "note": "at 12F, east"}]})

    note: Text = ""


class CompleteIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "engineering-lead", "note": "everybody is out"}]})

    note: Text = ""


class SkipIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "reason": "the floor is empty"}]})

    reason: NeededText


class CommandIn(Body):
    """A command by hand, past the plan."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "duty-officer",
                    "role": "duty_officer",
                    "device": "tower-a/door-12",
                    "command": "release",
                    "reason": "people behind it",
                }
            ]
        }
    )

    device: AssetId
    command: Name
    reason: NeededText
    args: dict[Name, ArgValue] = Field(default={}, max_length=ARGS_MAX)


class CorrectiveIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[NeededText, Field(max_length=ACTION_CHARACTERS_MAX)]
    owner: PersonName
    due_at: GivenInstant | None = Field(default=None, description="null: 15 working days from now")


class ReviewIn(Body):
    """What it was, what was done, what came of it, what has to change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "duty-officer",
                    "cause": "a pan left on the stove",
                    "measures": "put out with an extinguisher, floor aired",
                    "result": "nobody hurt, one kitchen to repair",
                    "actions": [{"text": "stove guards on 12F", "owner": "engineering-lead"}],
                }
            ]
        }
    )

    cause: NeededText
    measures: NeededText
    result: NeededText
    actions: list[CorrectiveIn] = Field(default=[], max_length=ACTIONS_MAX)


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoQuery(Query):
    """For routes that take no query parameter."""


class LanguageQuery(Query):
    lang: Language | None = Field(default=None, description="of the texts; else Accept-Language decides")


class Status(Enum):
    OPEN = "open"
    UNACKNOWLEDGED = "unacknowledged"
    CLOSED = "closed"


class View(Enum):
    FULL = "full"
    SUMMARY = "summary"


class IncidentsQuery(Query):
    site: QueriedName | None = None
    zone: QueriedName | None = Field(default=None, description="`site/zone`")
    level: Level | None = None
    phase: Phase | None = None
    signal: Signal | None = None
    mode: Mode | None = None
    hazard: QueriedName | None = None
    open: bool | None = None
    status: Status | None = None
    ids: QueriedIds | None = Field(default=None, description="those of these that there are, with commas between")
    text: SearchText | None = Field(
        default=None,
        description="words, or beginnings of words, all of which are in what is known of it or was said about it",
    )
    view: View = Field(default=View.FULL, description="summary: what a list shows, without evidence, commands, steps")
    since: QueriedInstant | None = Field(default=None, description="opened at or after")
    until: QueriedInstant | None = Field(default=None, description="opened before")
    cursor: Cursor | None = None
    limit: Limit = 50

    @model_validator(mode="after")
    def _time_runs_forward(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since before until")
        if self.status is not None and (self.open is not None or self.phase is not None):
            raise ValueError("one of status, open and phase")
        return self

    def question(self) -> IncidentQuery:
        asked = {name: value for name, value in self if name not in ("status", "view", "ids")}
        asked["ids"] = None if self.ids is None else [each.strip() for each in self.ids.split(",")]
        match self.status:
            case Status.OPEN | Status.CLOSED:
                asked["open"] = self.status is Status.OPEN
            case Status.UNACKNOWLEDGED:
                asked["phase"] = Phase.ACTIVATED
        return IncidentQuery(**asked)


class TimelineQuery(LanguageQuery):
    after: Position = Field(default=0, description="entries with a `number` above this")
    limit: Annotated[int, Field(ge=1, le=TIMELINE_LIMIT_MAX)] = 500


class StreamQuery(LanguageQuery):
    after: Position | None = Field(
        default=None, description="entries with a `position` above this; Last-Event-ID prevails; neither: from now on"
    )


class DevicesQuery(Query):
    site: QueriedName | None = None
    zone: QueriedName | None = Field(default=None, description="`site/zone`")
    device_class: QueriedName | None = None
    silent: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 100

    def question(self) -> DeviceQuery:
        return DeviceQuery(**dict(self))


class ZonesQuery(Query):
    site: QueriedName | None = None


class DeadLettersQuery(Query):
    cursor: Cursor | None = None
    limit: Limit = 100
