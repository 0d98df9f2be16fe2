"""How long each stage of a response took, and how long it may take: for reports of one incident and for the figures
over many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from rules.incident import CommandStage, CommandState, ReviewState, StepStage, StepState
from rules.instant import SECOND_MS, Instant
from rules.site import Title
from rules.timeline import Entry, Kind

RESCUE_STEPS = ("rescuer-on-site",)  # of the shipped plan for persons in a lift: 30 min (TSG T5002; confidence high)
LINKAGE_MS_MAX = 3 * SECOND_MS  # from the trigger condition to the output: GB 50166-2019 4.1.3 (confidence high)


class Limits(Struct, frozen=True):
    """What a plan and the settings of reviews allow; None: nothing is said about it."""

    acknowledge_ms: int | None = None
    first_response_ms: int | None = None
    review_ms: int | None = None


class Span(Struct, frozen=True):
    """One stage. `until` None: it has not happened (yet). `detail`: the task's title, of a task."""

    id: str  # a name of `report_words`
    since: Instant
    until: Instant | None
    limit_ms: int | None
    source: str = ""  # of the limit, a name of `report_words`
    detail: Title = {}

    @property
    def took_ms(self) -> int | None:
        return None if self.until is None else self.until - self.since

    def kept(self, now: Instant) -> bool | None:
        """None: it has no limit, or it runs and its limit has not passed."""
        if self.limit_ms is None:
            return None
        took = self.took_ms
        if took is None:
            return False if now - self.since > self.limit_ms else None
        return took <= self.limit_ms


class Handled(Protocol):
    """What is looked at of an incident."""

    @property
    def opened_at(self) -> Instant: ...
    @property
    def acknowledged_at(self) -> Instant | None: ...
    @property
    def first_response_at(self) -> Instant | None: ...
    @property
    def closed_at(self) -> Instant | None: ...
    @property
    def steps(self) -> list[StepState]: ...
    @property
    def review(self) -> ReviewState | None: ...


def acknowledged(incident: Handled, limits: Limits) -> Span:
    """By everybody whom the plan wants."""
    return Span("acknowledge", incident.opened_at, incident.acknowledged_at, limits.acknowledge_ms, "source_plan")


def first_response(incident: Handled, limits: Limits) -> Span:
    return Span(
        "first_response", incident.opened_at, incident.first_response_at, limits.first_response_ms, "source_plan"
    )


def closed(incident: Handled) -> Span:
    """Nothing limits how long an incident may last."""
    return Span("close", incident.opened_at, incident.closed_at, None)


def rescue(incident: Handled) -> Span | None:
    """From the opening to the tick of the task; as long as the task may take: whoever is shut in waits from the
    beginning, also where the task was given out later. None: its plan has no such task."""
    step = next((each for each in incident.steps if each.id in RESCUE_STEPS), None)
    if step is None:
        return None
    limit = None if step.due_at is None else step.due_at - step.issued_at
    done = step.done_at if step.stage is StepStage.DONE else None
    return Span("rescue", incident.opened_at, done, limit, "source_plan", dict(step.title))


def tasks(incident: Handled) -> list[Span]:
    """Those with a limit, the rescuer's aside. One that was left out before its limit has kept and missed nothing."""
    return [
        Span(
            "task_span",
            step.issued_at,
            step.done_at if step.stage is StepStage.DONE else None,
            step.due_at - step.issued_at,
            "source_plan",
            dict(step.title),
        )
        for step in incident.steps
        if step.action == "task" and step.due_at is not None and step.id not in RESCUE_STEPS
        if step.overdue or step.stage is not StepStage.SKIPPED
    ]


def reviewed(incident: Handled, limits: Limits) -> Span | None:
    """None: it is not closed."""
    if incident.closed_at is None:
        return None
    review = incident.review
    return Span("review_span", incident.closed_at, review.at if review else None, limits.review_ms, "source_reviews")


def pre_alarm(entries: Iterable[Entry]) -> Span | None:
    """From the pre-alarm to whatever ended its first countdown: an acknowledgement, a confirmation, normal sources."""
    began: Entry | None = None
    ends = (Kind.ACKNOWLEDGED, Kind.CONFIRMED, Kind.COUNTDOWN_STOPPED, Kind.CLOSED)
    for entry in entries:
        if began is None and entry.kind is Kind.PRE_ALARM:
            began = entry
        elif began is not None and entry.kind in ends:
            return _pre_alarm(began, entry.at)
    return None if began is None else _pre_alarm(began, None)


def _pre_alarm(began: Entry, until: Instant | None) -> Span | None:
    limit = began.facts.get("acknowledge_within_ms")
    if not isinstance(limit, float | int) or isinstance(limit, bool):
        return None
    return Span("pre_alarm", began.at, until, int(limit), "source_pre_alarm")


def linkage(commands: Iterable[CommandState], entries: Iterable[Entry]) -> Span | None:
    """From the first command of the plan to the first one that went out. None: the plan sent none."""
    ids = {command.id: command for command in commands if command.linkage}
    if not ids:
        return None
    since = min(command.issued_at for command in ids.values())
    sent = [entry.at for entry in entries if entry.kind is Kind.COMMAND_PUBLISHED and entry.facts.get("id") in ids]
    if not sent and all(command.stage is CommandStage.ISSUED for command in ids.values()):
        return Span("linkage", since, None, LINKAGE_MS_MAX, "source_linkage")
    return Span("linkage", since, min(sent, default=None), LINKAGE_MS_MAX, "source_linkage")
