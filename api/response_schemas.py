"""The wire's shapes of what a response is made of: orders, corrective actions, shelves, handovers, plans, roster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from api.schemas import At, EntryOut, ListOf, NewEntries, Repeated, Title, Values, Wire
from rules.explain import Line
from rules.incident import Phase
from rules.level import Level
from rules.mode import Mode
from rules.order import Node, OrderKind, OrderStep
from rules.response_plan import PlanStep, ResponsePlan
from rules.timeline_text import Language

# ---- work orders


class AttachmentOut(Wire):
    name: str
    sha256: str = Field(description="of its content; what it is asked for by")
    bytes: int
    media_type: str


class RecordOut(Wire):
    """One step of an order as it was done."""

    step: OrderStep
    by: str
    at: At
    note: str
    attachments: list[AttachmentOut]
    reason: str = Field(description="of a cancellation, a rejection, a verification without a normal reading")


class OrderOut(Wire):
    id: str
    kind: OrderKind
    mode: Mode
    site: str
    zone: str
    asset: str = Field(description="the device, or the zone where no device is concerned")
    fault: str = Field(description="the rule, or what a person called it")
    summary: str
    role: str = Field(description="who has to do it")
    lead: str = Field(description="the role that is told when a limit passes; empty: `role`")
    opened_at: At
    opened_by: str = Field(description="a person, or `tocsin`")
    node: Node = Field(description="where it stands: open → accepted → surveyed → repaired → verified")
    open: bool
    assignee: str | None
    level: Level | None = Field(description="the worst of its incidents")
    hazard: str
    incidents: list[str] = Field(description="that it repairs after, the newest last")
    records: list[RecordOut]
    repeats: int = Field(description="how often the same fault came again while it was open")
    due_at: At | None = Field(description="the present node's limit")
    overdue: bool
    handed_over: str | None = Field(description="to whom, where it goes on outside")
    revision: int = Field(description="rises with every change; the ETag")


class OrdersOut(ListOf[OrderOut]):
    """Newest first."""


class OrderDoneOut(Wire):
    """What a command about a work order has led to."""

    order: OrderOut
    entries: NewEntries
    repeated: Repeated


# ---- corrective actions


class ActionOut(Wire):
    """A corrective action of a review."""

    id: str
    incident: str
    site: str
    mode: Mode
    text: str
    owner: str
    asked_at: At
    asked_by: str
    due_at: At
    overdue: bool
    open: bool = Field(description="not yet found to have helped")
    done_at: At | None
    done_by: str
    done_note: str
    rechecked_at: At | None = Field(description="and found to have helped: it is over")
    rechecked_by: str = Field(description="last, whether it had helped or not")
    recheck_note: str
    reopened: int = Field(description="how often a recheck found that it had not helped")
    revision: int = Field(description="rises with every change; the ETag")


class ActionsOut(ListOf[ActionOut]):
    """Newest first."""


class ActionDoneOut(Wire):
    """What a command about a corrective action has led to."""

    action: ActionOut
    entries: NewEntries
    repeated: Repeated


# ---- shelves


class ShelfOut(Wire):
    """What is kept quiet on purpose. Of device, zone and rule those that are named must all fit."""

    id: str
    by: str
    second: str | None = Field(description="the second person, where two are needed")
    reason: str
    since: At
    until: At
    device: str | None
    zone: str | None
    rule: str | None
    one_shot: bool = Field(description="ends as soon as what it keeps quiet is over")
    maintenance: bool = Field(description="a maintenance window")
    ended_at: At | None
    ended_by: str | None = Field(description="a person, or `tocsin`")
    ended_because: str


class ShelvesOut(ListOf[ShelfOut]):
    """Newest first."""


class ShelfDoneOut(Wire):
    """What a command about a shelf has led to."""

    shelf: ShelfOut
    entries: NewEntries
    repeated: Repeated


# ---- shift handovers


class HandoverOut(Wire):
    id: str
    site: str
    outgoing: str
    incoming: str
    filled_at: At
    open_incidents: list[str]
    open_orders: list[str]
    overdue_orders: list[str]
    shelves: list[str]
    silent_devices: list[str]
    overdue_actions: list[str] = Field(description="corrective ones")
    notes: list[str]
    signed_by_outgoing_at: At | None
    signed_by_incoming_at: At | None
    superseded_by: str | None = Field(description="the one that was filled before this one was signed by both")
    done: bool = Field(description="signed by both")
    revision: int = Field(description="rises with every change; the ETag")


class HandoversOut(ListOf[HandoverOut]):
    """Newest first."""


class HandoverDoneOut(Wire):
    """What a command about a handover has led to."""

    handover: HandoverOut
    entries: NewEntries
    repeated: Repeated


# ---- plans


class PlanStepOut(Wire):
    """A step as the plan has it. What its action does not have is null."""

    id: str
    title: Title
    action: str = Field(description="command, notify, occupant_notice, authority, task or work_order")
    phase: Phase
    level: Level = Field(description="at this level or worse")
    waits_for_confirmation: bool
    role: str | None = Field(description="of a notify, task or work_order")
    device_class: str | None = Field(description="of a command")
    same: str | None = Field(description="how far around the incident: of a command or occupant_notice")
    command: str | None
    args: Values
    expires_after_ms: int | None
    retries: int | None
    template: str | None = Field(description="of a notify or occupant_notice")
    to: str | None = Field(description="of an authority")
    event: str | None = Field(description="of an authority: CAP <event>")
    kind: OrderKind | None = Field(description="of a work_order")
    mandatory: bool | None = Field(description="of a task")
    within_ms: int | None = Field(description="of a task: overdue after this")


class PlanSummaryOut(Wire):
    id: str
    title: Title
    hazard: str
    version: str = Field(description="hash of its content; an incident names it")
    lead: str = Field(description="the role that commands on site")
    team: list[str]
    steps: int


class PlansOut(Wire):
    items: list[PlanSummaryOut]


class PlanOut(Wire):
    id: str
    title: Title
    hazard: str
    version: str = Field(description="hash of its content; an incident names it")
    lead: str = Field(description="the role that commands on site")
    team: list[str]
    level: Level | None = Field(description="that was asked for; null: steps of all levels")
    acknowledge_within_ms: int
    ladder: list[str] = Field(description="roles that are told in turn while nobody acknowledges")
    quorum: list[str] = Field(description="roles that must all acknowledge at that level; empty: anybody")
    re_alarm_after_ms: int | None
    first_response_within_ms: int
    may_override: list[str] = Field(description="roles that may send commands by hand, besides lead and team")
    steps: list[PlanStepOut] = Field(description="in the order in which they are issued")


_ACTION_FIELDS = ("role", "device_class", "same", "command", "retries", "template", "to", "event", "kind", "mandatory")


def plan_summary_out(plan: ResponsePlan) -> PlanSummaryOut:
    return PlanSummaryOut(
        id=plan.id,
        title=plan.title,
        hazard=plan.hazard,
        version=plan.version,
        lead=plan.lead,
        team=plan.team,
        steps=len(plan.steps),
    )


def plan_out(plan: ResponsePlan, level: Level | None) -> PlanOut:
    """`level`: only the steps that an incident of that level gets."""
    acknowledge = plan.acknowledge
    steps = [step for step in plan.ordered_steps if level is None or level >= step.level]
    return PlanOut(
        id=plan.id,
        title=plan.title,
        hazard=plan.hazard,
        version=plan.version,
        lead=plan.lead,
        team=plan.team,
        level=level,
        acknowledge_within_ms=acknowledge.within,
        ladder=acknowledge.ladder,
        quorum=acknowledge.quorum.get(level, []) if level else [],
        re_alarm_after_ms=acknowledge.re_alarm_after,
        first_response_within_ms=plan.first_response_within,
        may_override=plan.may_override,
        steps=[_step_out(step) for step in steps],
    )


def _step_out(step: PlanStep) -> PlanStepOut:
    action = getattr(step, step.action)
    fields: dict[str, Any] = {name: getattr(action, name, None) for name in _ACTION_FIELDS}
    return PlanStepOut(
        id=step.id,
        title=step.title,
        action=step.action,
        phase=step.phase,
        level=step.level,
        waits_for_confirmation=step.waits_for_confirmation,
        args=getattr(action, "args", {}),
        expires_after_ms=getattr(action, "expires_after", None),
        within_ms=getattr(action, "within", None),
        **fields,
    )


# ---- roster, messages, explanations


class PersonOut(Wire):
    """Without addresses: those stand in the gateway's settings alone."""

    id: str
    name: str
    roles: list[str]
    language: str
    site: str | None = Field(description="null: all sites")
    channels: list[str] = Field(description="names of the ways to reach them, first choice first")


class OnDutyOut(Wire):
    role: str
    people: list[PersonOut] = Field(description="empty: nobody has it now")


class RosterOut(Wire):
    items: list[OnDutyOut]


class NotificationsOut(ListOf[EntryOut]):
    """Newest first."""


class LineOut(Wire):
    text: str = Field(description="in the language asked for")
    depth: int = Field(description="0: what it is about; 1: what is said of it; 2: why")


class ExplanationOut(Wire):
    lines: list[LineOut]


def explanation_out(lines: Sequence[Line], language: Language) -> ExplanationOut:
    return ExplanationOut(
        lines=[LineOut(text=line.zh if language == "zh" else line.en, depth=line.depth) for line in lines]
    )
