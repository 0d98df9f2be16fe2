"""How response plans are written: what is done for a hazard, by level and phase. Pydantic models of a plan file.

A step is issued once an incident: as soon as the incident is as bad as the step's `level`, has reached its `phase`
and, where `confirmed` says so, is confirmed. Within a phase control commands come before everything else
(先控制、后处置: first control, then dispose; NORMS, confidence high).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from rules.discipline_settings import DisciplineSettings
from rules.drill_settings import DrillSettings
from rules.file_types import FileModel, Id, Name, Titles
from rules.incident import Phase
from rules.instant import HOUR_MS, MINUTE_MS, DurationMs
from rules.level import Level
from rules.order_settings import OrderSettings, ReviewSettings
from rules.places import Scope
from rules.score import Part
from rules.theory import Paper

STEPS_MAX = 200  # a plan a person can still carry out
Role = Name
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
ACTIONS = ("command", "notify", "occupant_notice", "authority", "task", "work_order")


class CommandAction(FileModel):
    """A linkage command to every device of a class near the incident."""

    device_class: Name
    same: Scope = "zone"
    command: Name
    args: dict[Name, float | bool | str] = {}
    expires_after: DurationMs = Field(30_000, ge=1_000, le=HOUR_MS, description="no answer by then: failed")
    retries: int = Field(1, ge=0, le=5, description="issued again so often when it fails or is not answered")


class NotifyAction(FileModel):
    """A message to whoever has a role now, by the roster."""

    role: Role
    template: Id = Field("incident", description="of the notice templates")


class OccupantNoticeAction(FileModel):
    """What owners and people affected are told (信息通报): to the notice channel, per language."""

    same: Scope = "building"
    template: Id


class AuthorityAction(FileModel):
    """A CAP 1.2 message to an authority that the settings name."""

    to: Id
    event: Text = Field(description="CAP <event>, e.g. Structure Fire")


class TaskAction(FileModel):
    """Something a role has to do and tick."""

    role: Role
    mandatory: bool = True
    within: DurationMs | None = Field(None, description="overdue after this: escalates")


class WorkOrderAction(FileModel):
    kind: Literal["emergency", "ordinary"] = "emergency"
    role: Role = "engineer"


class PlanStep(FileModel):
    """Exactly one of the actions."""

    id: Id
    title: Titles
    phase: Phase = Phase.ACTIVATED
    level: Level = Field(Level.III, description="at this level or worse")
    part: Literal["handling", "liaison", "information"] | None = Field(
        None, description="what a drill covers with it; default: messages are information, authorities liaison"
    )
    confirmed: bool | None = Field(None, description="only once confirmed; default: commands, occupants, authority")
    once: Literal["floor", "building", "site"] | None = Field(
        None, description="several incidents of the hazard there: one has it for all; tasks, occupants, authorities"
    )
    command: CommandAction | None = None
    notify: NotifyAction | None = None
    occupant_notice: OccupantNoticeAction | None = None
    authority: AuthorityAction | None = None
    task: TaskAction | None = None
    work_order: WorkOrderAction | None = None

    # kept once looked up: both are asked for every step of a plan whenever something happens to an incident

    @cached_property
    def action(self) -> str:
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @property
    def covers(self) -> Part:
        """Which part of a drill it is (property-management norm: handling, liaison, information)."""
        if self.part is not None:
            return Part(self.part)
        by_action = {"notify": Part.INFORMATION, "occupant_notice": Part.INFORMATION, "authority": Part.LIAISON}
        return by_action.get(self.action, Part.HANDLING)

    @cached_property
    def waits_for_confirmation(self) -> bool:
        if self.confirmed is not None:
            return self.confirmed
        return self.action in ("command", "occupant_notice", "authority")

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        written = [name for name in ACTIONS if getattr(self, name) is not None]
        if len(written) != 1:
            raise ValueError(
                f"{' and '.join(written) or 'nothing'} in one step; expected exactly one of {', '.join(ACTIONS)}"
            )
        if self.phase is Phase.CLOSED:
            raise ValueError("'closed' has no steps; expected activated, responding or closing")
        return self


class Acknowledgement(FileModel):
    """Who must take the incident, and who is told next when nobody does."""

    within: DurationMs = Field(MINUTE_MS, description="(ours)")
    ladder: list[Role] = Field(min_length=1, max_length=10, description="told in this order, one each `within`")
    quorum: dict[Level, list[Role]] = Field({}, description="roles that must all acknowledge at a level")
    raises_to: Level = Field(Level.I, description="the worst level that silence alone may lead to")
    re_alarm_after: DurationMs | None = Field(
        None, description="an acknowledgement lapses when nothing follows it; OPC UA Part 9 (confidence high)"
    )


class ResponsePlan(FileModel):
    model_config = ConfigDict(populate_by_name=True)
    id: Id
    title: Titles
    hazard: Name
    lead: Role = Field(description="on-site command (应急处置小组)")
    team: list[Role] = Field(min_length=1, max_length=20)
    may_override: list[Role] = Field([], max_length=20, description="besides these: may send commands by hand")
    acknowledge: Acknowledgement
    first_response_within: DurationMs = Field(
        15 * MINUTE_MS, description="property-management norm: 15 min (confidence high); missed: escalates"
    )
    steps: list[PlanStep] = Field(min_length=1, max_length=STEPS_MAX)

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(self.model_dump_json(by_alias=True, exclude_defaults=True).encode()).hexdigest()[:12]

    @cached_property
    def ordered_steps(self) -> tuple[PlanStep, ...]:
        """By phase; within a phase commands first, else as written."""
        phases = list(Phase)
        return tuple(sorted(self.steps, key=lambda step: (phases.index(step.phase), step.action != "command")))


class Inhibition(FileModel):
    """While one of `by` fires, what it explains is not raised: a power outage makes its meters silent."""

    id: Id
    title: Titles
    by: list[Id] = Field(min_length=1, max_length=50)
    inhibits: list[Id] = Field(min_length=1, max_length=50)
    same: Scope | Literal["device"] = Field("building", description="device: only at the device of the cause itself")


class PlanFile(FileModel):
    plans: list[ResponsePlan] = Field([], max_length=200)
    inhibitions: list[Inhibition] = Field([], max_length=200)
    discipline: DisciplineSettings | None = Field(
        None, description="shelving, inhibition, chattering, stale, flood; in one file at most"
    )
    orders: OrderSettings | None = Field(None, description="how work orders go; in one file at most")
    reviews: ReviewSettings | None = Field(None, description="how reviews go; in one file at most")
    drills: DrillSettings | None = Field(
        None, description="what breaks through, scoring, the calendar; in one file at most"
    )
    theory: list[Paper] = Field([], max_length=200, description="questions about plans, for training")
    disable_plans: list[Id] = Field(
        [], max_length=400, description="ids of shipped plans and inhibitions to switch off"
    )


class PlanBook(FileModel):
    """All plan files that are in force, as one content-addressed value."""

    plans: dict[str, ResponsePlan] = {}
    inhibitions: dict[str, Inhibition] = {}
    discipline: DisciplineSettings = DisciplineSettings()
    orders: OrderSettings = OrderSettings()
    reviews: ReviewSettings = ReviewSettings()
    drills: DrillSettings = DrillSettings()
    theory: dict[str, Paper] = {}  # by plan

    @cached_property
    def by_hazard(self) -> dict[str, ResponsePlan]:
        return {plan.hazard: plan for plan in self.plans.values()}

    @cached_property
    def inhibitions_of(self) -> dict[str, tuple[Inhibition, ...]]:
        """Rule → the inhibitions that can keep it quiet, in the order of the files."""
        return _by_rule((rule, each) for each in self.inhibitions.values() for rule in each.inhibits)

    @cached_property
    def inhibitions_by(self) -> dict[str, tuple[Inhibition, ...]]:
        """Rule → the inhibitions that it brings about, in the order of the files."""
        return _by_rule((rule, each) for each in self.inhibitions.values() for rule in each.by)

    def to_bytes(self) -> bytes:
        return self.model_dump_json(by_alias=True, exclude_defaults=True).encode()


def _by_rule(pairs: Iterable[tuple[str, Inhibition]]) -> dict[str, tuple[Inhibition, ...]]:
    found: dict[str, tuple[Inhibition, ...]] = {}
    for rule, inhibition in pairs:
        found[rule] = (*found.get(rule, ()), inhibition)
    return found
