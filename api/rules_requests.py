"""What requests about rules, trials, readings, shifts and commands may carry."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from api.duty_port import CommandQuery
from api.readings_port import POINTS_MAX, Aggregate
from api.requests import (
    ArgValue,
    AssetId,
    Body,
    Cursor,
    GivenInstant,
    Limit,
    NeededText,
    PersonName,
    QueriedInstant,
    QueriedName,
    Query,
)
from api.response_requests import SHELF_MS_MAX, IncidentName
from api.rules_port import FILES_MAX, RANGE_MS_MAX, Posted, PostedFile, VersionKind
from rules.dry_run import HEARD_MAX, LASTS_MS_MAX, Heard
from rules.duty import RANGE_MS_MAX as DUTY_MS_MAX
from rules.file_types import Name
from rules.incident import CommandStage
from rules.instant import DAY_MS, HOUR_MS, Instant, parse_duration_ms
from rules.level import Level
from rules.mode import Mode
from rules.signal import Signal

FILE_CHARACTERS_MAX = 400_000  # of one posted file; the body may have half a megabyte
STEP_MS_MIN = 1_000
READINGS_MS_MAX = 400 * DAY_MS
STEPS_UNASKED = 500  # points of a range whose step is not said: what a screen is wide
VALUES_MAX = 50  # of one message
HASH = re.compile(r"[0-9a-f]{12,64}")

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,4}")


def _file_name(value: str) -> str:
    if not _FILE_NAME.fullmatch(value) or not value.endswith((".yaml", ".yml")):
        raise ValueError("a file's name ending in .yaml, perhaps with folders before it, e.g. rules/fire.yaml")
    return value


def _duration(value: Any) -> int:
    try:
        return parse_duration_ms(value)
    except ValueError as error:
        raise ValueError("a duration, e.g. 30s, 5min, 1h") from error


Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|min|h|d)$", "examples": ["5min"]}),
]

# ---- files and trials

_RULES = """\
rules:
  - id: smoke-high
    title: {en: Smoke above alarm threshold}
    device_class: smoke_detector
    hazard: fire
    signal: alarm
    when: {metric: smoke, above: 0.2}
    clear: {metric: smoke, below: 0.08}
"""
_FILES: Any = [{"name": "rules/fire.yaml", "text": _RULES}]


class FileIn(BaseModel):
    """A file as it would stand on the gateway's disk."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_file_name)] = Field(
        description="where it ends the path of a file in force, it stands in for that one", examples=["rules/fire.yaml"]
    )
    text: Annotated[str, Field(max_length=FILE_CHARACTERS_MAX)] = Field(description="YAML")


class FilesIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    files: list[FileIn] = Field(min_length=1, max_length=FILES_MAX)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.name for each in self.files}) < len(self.files):
            raise ValueError("each file once")
        return self


def posted(files: list[FileIn], beside: Literal["running", "library"] = "running") -> Posted:
    return Posted([PostedFile(each.name, each.text) for each in files], beside)


class CheckIn(FilesIn):
    """Files to check, as `tocsin check` does."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"files": _FILES, "beside": "running"}]})

    beside: Literal["running", "library"] = Field(
        default="running",
        description="what they are checked with: the files in force and the shipped library, or that alone",
    )


class HeardIn(BaseModel):
    """One message of a device: a reading, an event with its attributes, or a status."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: AssetId
    at: GivenInstant
    values: dict[Name, ArgValue] = Field(default={}, max_length=VALUES_MAX, description="of an event: its attributes")
    event: Name | None = None
    online: bool | None = Field(default=None, description="a status; then nothing else")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.online is not None and (self.values or self.event):
            raise ValueError("a status, or an event, or values")
        if self.online is None and self.event is None and not self.values:
            raise ValueError("values, an event or a status")
        return self

    def heard(self) -> Heard:
        return Heard(self.device, self.at, dict(self.values), self.event, self.online)


class DryRunIn(BaseModel):
    """Messages, and perhaps files that would be in force."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "readings": [
                        {"device": "tower-a/sd-1203", "at": "2026-11-24T05:00:00.000Z", "values": {"smoke": 0.21}}
                    ],
                    "lasts": "1min",
                }
            ]
        },
    )

    files: list[FileIn] = Field(default=[], max_length=FILES_MAX, description="none: what is in force")
    readings: list[HeardIn] = Field(min_length=1, max_length=HEARD_MAX, description="in order of `at`")
    lasts: Duration = Field(default=0, description="how long time goes on after the last of them, e.g. `5min`")
    mode: Mode = Mode.ACTUAL

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        instants = [each.at for each in self.readings]
        if instants != sorted(instants):
            raise ValueError("readings in order of `at`")
        if instants[-1] - instants[0] + self.lasts > LASTS_MS_MAX:
            raise ValueError("no more than 7 days from the first reading to the end")
        return self


class BacktestIn(FilesIn):
    """Rules to be judged by what is stored, beside those in force."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"files": _FILES, "from": "2026-11-17T00:00:00.000Z", "to": "2026-11-24T00:00:00.000Z"},
            ]
        },
        populate_by_name=True,
    )

    since: GivenInstant = Field(alias="from")
    until: GivenInstant = Field(alias="to", description="at most 92 days after `from`")
    site: QueriedName | None = Field(default=None, description="its devices alone")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if not 0 < self.until - self.since <= RANGE_MS_MAX:
            raise ValueError("from before to, at most 92 days apart")
        return self


# ---- rules and versions


class RulesQuery(Query):
    hazard: QueriedName | None = None
    device_class: QueriedName | None = Field(default=None, description="rules that look at devices of it")
    kind: Literal["detection", "confirmation"] | None = None
    cursor: Cursor | None = None
    limit: Limit = 100


class VersionsQuery(Query):
    kind: VersionKind = VersionKind.RULES
    cursor: Cursor | None = None
    limit: Limit = 50


# ---- readings


class ReadingsQueryIn(Query):
    """`from` and `to`: by default the last hour."""

    model_config = ConfigDict(populate_by_name=True)

    since: QueriedInstant | None = Field(default=None, alias="from", description="else an hour before `to`")
    until: QueriedInstant | None = Field(default=None, alias="to", description="else now")
    step: Duration | None = Field(
        default=None, description=f"e.g. `1min`; else such that there are at most {STEPS_UNASKED} points"
    )
    agg: Aggregate = Field(default=Aggregate.AVG, description="how the readings of a step become one point")
    metric: QueriedName | None = Field(
        default=None, description="one, or several with commas; else all", max_length=512
    )
    mode: Mode = Mode.ACTUAL

    def range(self, now: Instant) -> tuple[Instant, Instant]:
        until = now if self.until is None else self.until
        return (until - HOUR_MS if self.since is None else self.since), until

    def step_ms(self, since: Instant, until: Instant) -> int:
        if self.step is not None:
            return self.step
        return max(STEP_MS_MIN, -(-(until - since) // STEPS_UNASKED))

    def metrics(self) -> list[str]:
        return list(dict.fromkeys(each.strip() for each in (self.metric or "").split(",") if each.strip()))

    @staticmethod
    def fault(since: Instant, until: Instant, step_ms: int, metrics: int) -> str:
        """What is wrong with the question; empty: nothing."""
        if not 0 < until - since <= READINGS_MS_MAX:
            return "from before to, at most 400 days apart"
        if step_ms < STEP_MS_MIN:
            return "a step of at least 1s"
        points = -(-(until - since) // step_ms) * max(metrics, 1)
        return (
            f"at most {POINTS_MAX} points, not {points}: a longer step, or fewer metrics" if points > POINTS_MAX else ""
        )


# ---- shifts, commands, maintenance


class RangeQuery(Query):
    model_config = ConfigDict(populate_by_name=True)

    since: QueriedInstant | None = Field(default=None, alias="from", description="else now")
    until: QueriedInstant | None = Field(
        default=None, alias="to", description="at most 92 days after `from`; else a week after it"
    )

    def range(self, now: Instant) -> tuple[Instant, Instant]:
        """Raises ValueError for one that is none."""
        since = now if self.since is None else self.since
        until = since + 7 * DAY_MS if self.until is None else self.until
        if not 0 < until - since <= DUTY_MS_MAX:
            raise ValueError("from before to, at most 92 days apart")
        return since, until


class ShiftsQuery(RangeQuery):
    role: QueriedName | None = None
    site: QueriedName | None = None


class AbsencesQuery(RangeQuery):
    person: QueriedName | None = None


class CommandsQuery(Query):
    incident: IncidentName | None = None
    site: QueriedName | None = None
    device: AssetId | None = None
    stage: CommandStage | None = None
    by_hand: bool | None = Field(default=None, description="sent by a person, past the plan; or by a plan")
    mode: Mode | None = None
    cursor: Cursor | None = None
    limit: Limit = 50

    def question(self) -> CommandQuery:
        return CommandQuery(**dict(self))


class WithdrawIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "reason": "the door is jammed"}]})

    reason: NeededText


class ReportIn(Body):
    """What a person has seen and no device has."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "duty-officer",
                    "zone": "tower-a/12F-east",
                    "hazard": "fire",
                    "level": "II",
                    "note": "smoke under the door of 1203",
                }
            ]
        }
    )

    zone: AssetId = Field(description="`site/zone`")
    hazard: Name = Field(description="one that a rule or a plan in force is for")
    level: Level
    note: NeededText = Field(description="what was seen")
    signal: Signal = Signal.ALARM
    device: AssetId | None = Field(default=None, description="the one concerned, if any")
    mode: Mode = Field(default=Mode.ACTUAL, description="an exercise's incident reaches nobody outside")


class OverIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer", "note": "the bin is out"}]})

    note: Annotated[str, Field(max_length=4_000)] = ""


class ClearIn(Body):
    """Of a topic, of a reason, or all of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"by": "duty-officer", "fault": "unknown device", "reason": "the meters of 12F are set up now"}
            ]
        }
    )

    reason: NeededText = Field(description="why they are cleared")
    topic: Annotated[str, Field(max_length=512)] | None = None
    fault: Annotated[str, Field(max_length=200)] | None = Field(default=None, description="their `reason`")


class MaintenanceIn(Body):
    """A device or a zone is out of service, from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "duty-officer",
                    "zone": "tower-a/12F-east",
                    "duration_ms": 7_200_000,
                    "reason": "detectors are cleaned",
                    "second": "engineering-lead",
                }
            ]
        }
    )

    reason: NeededText
    duration_ms: Annotated[int, Field(ge=1, le=SHELF_MS_MAX)]
    device: AssetId | None = None
    zone: AssetId | None = None
    second: PersonName | None = Field(default=None, description="the second person; smoke detection needs one")

    @model_validator(mode="after")
    def _one_is_named(self) -> Self:
        if (self.device is None) is (self.zone is None):
            raise ValueError("a device or a zone")
        return self


class MaintenanceQuery(Query):
    site: QueriedName | None = None
    device: AssetId | None = None
    zone: AssetId | None = None
    open: bool | None = Field(default=None, description="in force")
    cursor: Cursor | None = None
    limit: Limit = 50


class VerifyIn(Body):
    """Who asks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "duty-officer"}]})
