"""The wire's shapes: instants as RFC 3339 in UTC, levels as Roman numerals, durations as milliseconds (`…_ms`).

Answers are read off the values of `rules` and `api.ports` by attribute, so a field here has the name it has there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rules.incident import CommandStage, Confirmation, Phase, StepStage
from rules.instant import rfc3339
from rules.level import Level
from rules.mode import Mode
from rules.reading import Value
from rules.requests import Finding
from rules.signal import Signal
from rules.timeline import Entry, Kind
from rules.timeline_text import Language, text

INSTANT_EXAMPLE = "2026-11-24T05:00:00.120Z"


SECONDS_KEPT = 8_192  # 200 incidents hold some 2 000 instants, and a console asks for the same ones every time


@lru_cache(SECONDS_KEPT)
def _second(seconds: int) -> str:
    return rfc3339(seconds * 1000).removesuffix(".000Z")


def _wire_instant(value: Any) -> Any:
    """As `rfc3339`, which takes half the time of a long list if the same seconds are not kept."""
    return f"{_second(value // 1000)}.{value % 1000:03d}Z" if isinstance(value, int) else value


At = Annotated[
    str,
    BeforeValidator(_wire_instant),
    Field(json_schema_extra={"format": "date-time", "examples": [INSTANT_EXAMPLE]}),
]
Title = Annotated[dict[str, str], Field(description="language (`en`, `zh`) → text")]
Values = Annotated[dict[str, Value], Field(description="metric → value")]


class Wire(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


ItemT = TypeVar("ItemT", bound=Wire)


class ListOf(Wire, Generic[ItemT]):
    items: list[ItemT]
    next_cursor: str | None = Field(default=None, description="`cursor` of the next page; null at the end")


class EvidenceOut(Wire):
    """One rule that fired for one device."""

    rule: str
    device: str = Field(description="`site/name`")
    title: Title
    signal: Signal
    level: Level
    fired_at: At
    values: Values
    rule_version: str = Field(description="hash of the rules that judged")
    holds: bool
    cleared_at: At | None
    times: int = Field(description="how often it has fired within this incident")


class CommandOut(Wire):
    """A linkage command and what became of it."""

    id: str
    device: str
    command: str
    linkage: str = Field(description="the plan's step that sent it; empty: a person")
    stage: CommandStage
    issued_at: At
    expires_at: At = Field(description="not carried out later than this")
    detail: str
    args: Values
    attempt: int = Field(description="1, 2, 3…")
    retries_left: int
    by: str | None = Field(description="who sent it by hand")


class CountdownOut(Wire):
    """A pre-alarm's clock: not acknowledged, or not investigated, in time makes it a confirmed alarm."""

    acknowledge_by: At
    investigate_ms: int
    investigate_by: At | None = Field(description="set once it is acknowledged")


class StepOut(Wire):
    """A step of the plan that was issued, as far as it has come."""

    id: str
    action: str = Field(description="command, notify, occupant_notice, authority, task or work_order")
    title: Title
    stage: StepStage
    issued_at: At
    role: str = Field(description="whose it is; empty: nobody's in particular")
    mandatory: bool = Field(description="the incident does not close without it")
    due_at: At | None
    overdue: bool
    done_at: At | None
    done_by: str | None
    note: str
    effects: list[str] = Field(description="ids of the commands, messages or orders that were issued for it")
    carried_by: str | None = Field(description="the incident that does it for this one as well")


class AcknowledgedOut(Wire):
    by: str
    role: str = Field(description="in which role; empty: none named")
    at: At


class LadderOut(Wire):
    """Who is told next while not everybody who has to has acknowledged."""

    rung: int = Field(description="of the roles that are told in turn, told last")
    due_at: At = Field(description="when the next one is told")
    level: Level
    times: int = Field(description="how often it has been gone through")


class ReviewOut(Wire):
    by: str
    at: At
    cause: str
    measures: str
    result: str
    actions: list[str] = Field(description="ids of corrective actions")


class DueOut(Wire):
    """Something that happens by itself at an instant, unless somebody does something before."""

    what: Literal["acknowledge", "investigate", "escalate", "first_response", "re_alarm", "task", "command", "stale"]
    at: At
    id: str = Field(description="of the task's step or the command; else empty")


def due(incident: Mapping[str, Any]) -> list[DueOut]:
    """What is due next, the soonest first: one list of what stands in many places (`DUE_READS`)."""
    found: list[tuple[str, Any, str]] = [
        ("first_response", incident["first_response_by"], ""),
        ("re_alarm", incident["re_alarm_at"], ""),
        ("stale", incident["stale_at"], ""),
    ]
    if (countdown := incident["countdown"]) is not None:
        found.append(("acknowledge", None if countdown.investigate_by else countdown.acknowledge_by, ""))
        found.append(("investigate", countdown.investigate_by, ""))
    if (ladder := incident["ladder"]) is not None:
        found.append(("escalate", ladder.due_at, ""))
    waiting = [step for step in incident["steps"] if step.stage is StepStage.ISSUED and not step.overdue]
    found += [("task", step.due_at, step.id) for step in waiting]
    under_way = (CommandStage.ISSUED, CommandStage.PUBLISHED)
    found += [("command", each.expires_at, each.id) for each in incident["commands"] if each.stage in under_way]
    made = [DueOut.model_validate({"what": what, "at": at, "id": id}) for what, at, id in found if at is not None]
    return sorted(made, key=lambda each: each.at)


DUE_READS = ("first_response_by", "re_alarm_at", "stale_at", "countdown", "ladder", "steps", "commands")


class IncidentOut(Wire):
    """`level`, `phase`, `signal` and `mode` are four fields that never stand for one another."""

    id: str
    mode: Mode = Field(description="whether it is real; decided by the topic it came in on")
    site: str
    building: str
    floor: str
    zone: str = Field(description="`site/zone`")
    hazard: str
    signal: Signal = Field(description="the gravest of its evidence")
    level: Level = Field(description="how much of the organisation is mobilised; I is the worst")
    phase: Phase
    confirmation: Confirmation
    title: Title
    first_out: str = Field(description="the device that was first")
    open: bool
    sources_normal: bool
    opened_at: At
    updated_at: At
    evidence: list[EvidenceOut]
    commands: list[CommandOut]
    countdown: CountdownOut | None
    plan: str | None = Field(description="the response plan it follows; empty: there is none; null: not looked yet")
    plan_version: str
    steps: list[StepOut] = Field(description="those of the plan that were issued")
    orders: list[str] = Field(description="ids of work orders")
    owner: str | None = Field(description="who has it")
    acknowledgements: list[AcknowledgedOut]
    ladder: LadderOut | None
    re_alarm_at: At | None = Field(description="when the acknowledgement lapses if nothing follows it")
    first_response_by: At | None = Field(description="the limit, while it runs")
    first_response_at: At | None
    stale_at: At | None = Field(description="when it counts as stale")
    review: ReviewOut | None
    awaits_review: bool
    acknowledged_at: At | None
    acknowledged_by: str | None
    normal_since: At | None
    closed_at: At | None
    closed_by: str | None = Field(description="a person, or `tocsin` where the rule lets it close by itself")
    finding: Finding | None
    cause: str | None
    drill: str | None = Field(description="the drill it is part of")
    suspended: bool = Field(description="its drill is: no limit runs, nothing can be done")
    entries: int = Field(description="how many timeline entries it has")
    revision: int = Field(description="rises with every change; the ETag")
    due: Annotated[
        list[DueOut], Field(default_factory=due, description="what happens next by itself, the soonest first")
    ]


class EntryOut(Wire):
    """One line of a timeline."""

    position: int = Field(description="over all timelines; streams resume by it")
    incident: str | None
    number: int = Field(description="1, 2, 3… within the incident; 0 without one")
    at: At = Field(description="the gateway's time")
    kind: Kind
    text: str = Field(description="the entry as one line in the language asked for")
    mode: Mode | None
    device: str | None
    rule: str | None
    by: str | None
    facts: Values
    reason: str = Field(description="why it was decided so")
    device_at: At | None = Field(description="the device's own time")
    seq: int | None
    late_ms: int | None = Field(description="a deadline that was handled so much after it fell due")


class IncidentsOut(ListOf[IncidentOut]):
    """Newest first."""


class TimelineOut(Wire):
    items: list[EntryOut]
    next_after: int | None = Field(default=None, description="`after` of the next page; null at the end")


NewEntries = Annotated[list[EntryOut], Field(description="what it added to timelines")]
Repeated = Annotated[bool, Field(description="this Idempotency-Key was answered before; nothing was done again")]


class DoneOut(Wire):
    """What a command has led to."""

    incident: IncidentOut
    entries: NewEntries
    repeated: Repeated


class DeviceOut(Wire):
    id: str
    name: str
    device_class: str
    site: str
    building: str
    floor: str
    zone: str
    title: Title
    values: Values
    last_seen_at: At | None
    online: bool | None = Field(description="what its last will says; null: it never said")
    silent: bool = Field(description="longer without a message than its limit")
    firing: list[str] = Field(description="rules that fire for it now")


class DevicesOut(ListOf[DeviceOut]):
    """By id."""


class ZoneOut(Wire):
    id: str
    name: str
    site: str
    building: str
    floor: str
    title: Title
    devices: int
    silent: int
    open_incidents: list[str]
    level: Level | None = Field(description="the worst of its open incidents")


class ZonesOut(Wire):
    items: list[ZoneOut]


class SiteOut(Wire):
    id: str
    title: Title
    timezone: str = Field(description="IANA name; days of the site begin and end in it")
    buildings: list[str]


class SitesOut(Wire):
    items: list[SiteOut]


class DeviceClassOut(Wire):
    """What devices of a kind measure, and what they can be told."""

    id: str
    title: Title
    metrics: dict[str, Title] = Field(description="metric → title")
    commands: dict[str, Title] = Field(description="command → title")


class DeviceClassesOut(Wire):
    items: list[DeviceClassOut]


class DeadLetterOut(Wire):
    """Messages that said nothing Tocsin understands, counted by topic and reason."""

    id: str = Field(description="what it is asked for by")
    topic: str
    reason: str
    detail: str
    first_bytes: str = Field(description="of the latest payload, escaped")
    count: int
    first_at: At
    last_at: At


class DeadLettersOut(ListOf[DeadLetterOut]):
    """The latest first."""


class AliveOut(Wire):
    alive: bool


class ReadyOut(Wire):
    """`ready`: readings are being taken, judged and stored."""

    ready: bool
    parts: dict[str, str] = Field(description="part → `ok`, or what is wrong (`not ok` for callers without a token)")
    version: str
    started_at: At


def entry_out(entry: Entry, language: Language, titles: Mapping[str, dict[str, str]]) -> EntryOut:
    """`titles` as `api.ports.Desk.titles` gives them."""
    return EntryOut.model_validate(msgspec.structs.asdict(entry) | {"text": text(entry, language, titles)})
