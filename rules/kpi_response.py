"""How fast people respond: to acknowledge, first response, rescue, close; work orders; and how often limits were kept.

Drills and tests are not in the facts to begin with. A limit is that of the plan's version which the incident followed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from rules import response_times
from rules.incident import ReviewState, StepState
from rules.instant import Instant
from rules.level import Level
from rules.order import Node, NodeRecord, OrderKind, OrderStep
from rules.order_settings import OrderSettings
from rules.requests import Finding
from rules.response_times import Limits, Span
from rules.signal import Signal


class Responded(Struct, frozen=True):
    """Of an incident, what is looked at; it is read from a stored incident by these names."""

    id: str
    site: str
    hazard: str
    signal: Signal
    level: Level
    opened_at: Instant
    acknowledged_at: Instant | None = None
    first_response_at: Instant | None = None
    closed_at: Instant | None = None
    finding: Finding | None = None
    plan: str | None = None
    plan_version: str = ""
    steps: list[StepState] = []
    review: ReviewState | None = None


class Ordered(Struct, frozen=True):
    """Of a work order, likewise."""

    kind: OrderKind
    opened_at: Instant
    node: Node = Node.OPEN
    records: list[NodeRecord] = []


class Stage(Struct, frozen=True):
    """How long one stage took. Milliseconds; None where it never happened. `limited`: how many had come to a limit."""

    id: str
    happened: int
    open: int  # not happened yet, or never
    median_ms: int | None
    p90_ms: int | None
    p95_ms: int | None
    longest_ms: int | None
    limited: int
    kept: int
    kept_share: float | None


class Group(Struct, frozen=True):
    """Incidents that have something in common."""

    name: str  # "" of all; else a level or a hazard
    incidents: int
    stages: list[Stage]


class ResponseFigures(Struct, frozen=True):
    since: Instant
    until: Instant
    incidents: int
    open: int
    false_alarms: int
    false_alarm_share: float | None  # of those that were found to be either
    overall: Group
    by_level: list[Group]
    by_hazard: list[Group]
    orders: list[Group]  # by kind


class ResponseFacts(Struct, frozen=True):
    """Incidents and orders that were opened in `since` ≤ … < `until`. `limits`: by plan and its version."""

    since: Instant
    until: Instant
    now: Instant
    incidents: Sequence[Responded]
    orders: Sequence[Ordered]
    limits: Mapping[tuple[str, str], Limits]
    order_settings: OrderSettings


STAGES = ("acknowledge", "first_response", "rescue", "close", "review_span")
_ORDER_STAGES = (
    (OrderStep.ACCEPT, Node.OPEN),
    (OrderStep.SURVEY, Node.ACCEPTED),
    (OrderStep.REPAIR, Node.SURVEYED),
    (OrderStep.VERIFY, Node.REPAIRED),
)
_Judged = tuple[Span, Instant]


def response_figures(facts: ResponseFacts) -> ResponseFigures:
    spans = [(incident, _spans(incident, facts)) for incident in facts.incidents]
    findings = [incident.finding for incident in facts.incidents if incident.finding is not None]
    false = findings.count(Finding.FALSE_ALARM)

    def grouped(name_of: Callable[[Responded], str]) -> list[Group]:
        found: dict[str, list[list[_Judged]]] = {}
        for incident, of_incident in spans:
            found.setdefault(name_of(incident), []).append(of_incident)
        return [_group(name, found[name]) for name in sorted(found)]

    return ResponseFigures(
        since=facts.since,
        until=facts.until,
        incidents=len(spans),
        open=sum(incident.closed_at is None for incident in facts.incidents),
        false_alarms=false,
        false_alarm_share=false / len(findings) if findings else None,
        overall=_group("", [of_incident for _, of_incident in spans]),
        by_level=grouped(lambda incident: incident.level.value),
        by_hazard=grouped(lambda incident: incident.hazard),
        orders=_order_groups(facts),
    )


def _spans(incident: Responded, facts: ResponseFacts) -> list[_Judged]:
    """Each with the moment at which its limit is judged: what had not passed at the closing is not missed."""
    limits = facts.limits.get((incident.plan or "", incident.plan_version), Limits())
    at = facts.now if incident.closed_at is None else incident.closed_at
    found = [
        (response_times.acknowledged(incident, limits), at),
        (response_times.first_response(incident, limits), at),
        (response_times.rescue(incident), at),
        (response_times.closed(incident), at),
        (response_times.reviewed(incident, limits) if incident.level >= Level.II else None, facts.now),
    ]
    return [(span, when) for span, when in found if span is not None]


def _group(name: str, incidents: Sequence[list[_Judged]]) -> Group:
    by_id: dict[str, list[_Judged]] = {}
    for spans in incidents:
        for span, at in spans:
            by_id.setdefault(span.id, []).append((span, at))
    return Group(name, len(incidents), [stage(id, by_id[id]) for id in STAGES if id in by_id])


def _order_groups(facts: ResponseFacts) -> list[Group]:
    groups: list[Group] = []
    for kind in OrderKind:
        orders = [order for order in facts.orders if order.kind is kind]
        limits = facts.order_settings.limits(kind)
        stages = [
            stage(step.value, [_order_span(order, step, limits.within(node), facts.now) for order in orders])
            for step, node in _ORDER_STAGES
        ]
        if orders:
            groups.append(Group(kind.value, len(orders), stages))
    return groups


def _order_span(order: Ordered, step: OrderStep, limit_ms: int, now: Instant) -> _Judged:
    """To the first time that it was done; a cancelled order is judged at its end."""
    done = next((record.at for record in order.records if record.step is step), None)
    ended = order.records[-1].at if order.node is Node.CANCELLED and order.records else now
    return Span(step.value, order.opened_at, done, limit_ms), ended


def stage(id: str, spans: Iterable[_Judged]) -> Stage:
    judged = list(spans)
    took = sorted(span.took_ms for span, _ in judged if span.took_ms is not None)
    held = [span.kept(at) for span, at in judged]
    kept, limited = held.count(True), held.count(True) + held.count(False)
    return Stage(
        id=id,
        happened=len(took),
        open=len(judged) - len(took),
        median_ms=percentile(took, 0.5),
        p90_ms=percentile(took, 0.9),
        p95_ms=percentile(took, 0.95),
        longest_ms=took[-1] if took else None,
        limited=limited,
        kept=kept,
        kept_share=kept / limited if limited else None,
    )


def percentile(ordered: Sequence[int], share: float) -> int | None:
    """By the nearest rank: a time that somebody really took. None of nothing."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
