"""What people of a scenario do, and what each of it asks of the engine.

  - {when: opened, wait: 6s, does: acknowledge, by: duty-officer, role: duty_officer}
  - {when: opened, wait: 2min, does: complete, task: see-what-it-is, by: guard-1}
  - {when: ordered, wait: 4min, does: order, step: accept, by: engineer-1}

A person acts once, `wait` after the first incident that fits (`hazard`, `zone`, `level`, where given) comes to be what
`when` says: begun (the scenario, no incident needed), opened, acknowledged, confirmed (or one that needs no
confirmation), ordered (it has a work order), normal (its sources are again), closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Protocol

from pydantic import Discriminator, Field

from rules.file_types import FileModel, Id, Name
from rules.incident import Confirmation, Phase, StepStage
from rules.instant import DurationMs
from rules.level import Level
from rules.mode import Mode
from rules.order import TRANSITIONS, Node, OrderKind, OrderStep
from rules.requests import (
    TEXT_CHARACTERS_MAX,
    Acknowledge,
    AddNote,
    AdvanceOrder,
    Assign,
    AssignOrder,
    ChangeLevel,
    CompleteTask,
    Confirm,
    Corrective,
    Finding,
    HandOverOrder,
    OpenOrder,
    OverrideCommand,
    PersonCommand,
    PutOnShelf,
    Resolve,
    Respond,
    Review,
    SkipTask,
)

When = Literal["begun", "opened", "acknowledged", "confirmed", "ordered", "normal", "closed"]
BEGUN: When = "begun"
Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]
MayBeText = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)]


class SeenStep(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def stage(self) -> StepStage: ...


class SeenIncident(Protocol):
    """What people look at: the API's incident or the engine's."""

    @property
    def id(self) -> str: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def hazard(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def level(self) -> Level: ...
    @property
    def phase(self) -> Phase: ...
    @property
    def confirmation(self) -> Confirmation: ...
    @property
    def steps(self) -> Sequence[SeenStep]: ...
    @property
    def orders(self) -> Sequence[str]: ...


class SeenOrder(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def node(self) -> Node: ...


class Doing(FileModel):
    """Who does something, and what they wait for."""

    when: When
    wait: DurationMs = 0
    by: Text = Field(description="a person of the roster, by id")
    role: Name | Literal[""] = ""
    hazard: Name | None = None
    zone: Id | None = None
    level: Level | None = Field(None, description="only once the incident is as grave as this")
    mode: Mode | None = Field(None, description="of the incident; without: the one in which the scenario is played")
    each: bool = Field(False, description="done for every incident that fits, not only for the first")

    def fits(self, incident: SeenIncident, site: str) -> bool:
        """Whether the incident is what the act waits for."""
        where = self.zone is None or incident.zone == f"{site}/{self.zone}"
        grave = self.level is None or incident.level >= self.level
        return where and grave and self.hazard in (None, incident.hazard) and _is(incident, self.when)

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        """What is asked of the engine; `orders` are those of the incident as they are now."""
        raise NotImplementedError


def _is(incident: SeenIncident, when: When) -> bool:
    if when == "closed":
        return incident.phase is Phase.CLOSED
    if when == "acknowledged":
        return incident.phase is not Phase.ACTIVATED
    if when == "confirmed":
        return incident.confirmation is not Confirmation.PRE_ALARM
    if when == "ordered":
        return bool(incident.orders)
    return incident.phase is Phase.CLOSING if when == "normal" else when == "opened"


# ---- incidents


class Acknowledges(Doing):
    does: Literal["acknowledge"]
    note: MayBeText = ""

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [Acknowledge(by=self.by, role=self.role, incident=incident, note=self.note)]


class Notes(Doing):
    does: Literal["note"]
    text: Text

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [AddNote(by=self.by, role=self.role, incident=incident, text=self.text)]


class Confirms(Doing):
    does: Literal["confirm"]
    reason: MayBeText = ""

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [Confirm(by=self.by, role=self.role, incident=incident, reason=self.reason)]


class ChangesLevel(Doing):
    does: Literal["change_level"]
    to: Level
    reason: Text

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [ChangeLevel(by=self.by, role=self.role, incident=incident, level=self.to, reason=self.reason)]


class Assigns(Doing):
    does: Literal["assign"]
    to: Text

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [Assign(by=self.by, role=self.role, incident=incident, to=self.to)]


class Responds(Doing):
    does: Literal["respond"]
    note: MayBeText = ""

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [Respond(by=self.by, role=self.role, incident=incident, note=self.note)]


class OfTask(Doing):
    """Waits, besides, until the task is to be done."""

    task: Id = Field(description="by its id in the plan")

    def fits(self, incident: SeenIncident, site: str) -> bool:
        issued = any(step.id == self.task and step.stage is StepStage.ISSUED for step in incident.steps)
        return issued and super().fits(incident, site)


class Completes(OfTask):
    does: Literal["complete"]
    note: MayBeText = ""

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [CompleteTask(by=self.by, role=self.role, incident=incident, step=self.task, note=self.note)]


class Skips(OfTask):
    does: Literal["skip"]
    reason: Text

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [SkipTask(by=self.by, role=self.role, incident=incident, step=self.task, reason=self.reason)]


class Commands(Doing):
    """A command by hand."""

    does: Literal["command"]
    device: Id
    command: Name
    reason: Text

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        device = f"{site}/{self.device}"
        return [
            OverrideCommand(
                by=self.by, role=self.role, incident=incident, device=device, command=self.command, reason=self.reason
            )
        ]


class Resolves(Doing):
    does: Literal["resolve"]
    finding: Finding = Finding.REAL
    cause: Text
    note: MayBeText = ""

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [
            Resolve(
                by=self.by, role=self.role, incident=incident, finding=self.finding, cause=self.cause, note=self.note
            )
        ]


class AskedFor(FileModel):
    """A corrective action."""

    text: Text
    owner: Text


class Reviews(Doing):
    does: Literal["review"]
    cause: Text
    measures: Text
    result: Text
    actions: tuple[AskedFor, ...] = ()

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [
            Review(
                by=self.by,
                role=self.role,
                incident=incident,
                cause=self.cause,
                measures=self.measures,
                result=self.result,
                actions=[Corrective(each.text, each.owner) for each in self.actions],
            )
        ]


# ---- work orders


class OpensOrder(Doing):
    does: Literal["open_order"]
    device: Id
    fault: Text
    summary: Text
    kind: OrderKind = OrderKind.ORDINARY

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [
            OpenOrder(
                by=self.by,
                role=self.role,
                asset=f"{site}/{self.device}",
                fault=self.fault,
                summary=self.summary,
                kind=self.kind,
                incident=incident or None,
            )
        ]


class AdvancesOrders(Doing):
    """Takes all orders of the incident that the step can be done with one node further."""

    does: Literal["order"]
    step: OrderStep
    note: MayBeText = ""
    reason: MayBeText = ""

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [
            AdvanceOrder(by=self.by, role=self.role, order=each.id, step=self.step, note=self.note, reason=self.reason)
            for each in orders
            if (each.node, self.step) in TRANSITIONS
        ]


class AssignsOrders(Doing):
    does: Literal["assign_orders"]
    to: Text

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [AssignOrder(by=self.by, role=self.role, order=each.id, to=self.to) for each in _open(orders)]


class HandsOver(Doing):
    does: Literal["hand_over"]
    to: Text
    reason: Text

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [
            HandOverOrder(by=self.by, role=self.role, order=each.id, to=self.to, reason=self.reason)
            for each in _open(orders)
        ]


def _open(orders: Sequence[SeenOrder]) -> list[SeenOrder]:
    return [each for each in orders if each.node not in (Node.VERIFIED, Node.CANCELLED)]


# ---- keeping quiet


class Shelves(Doing):
    does: Literal["shelve"]
    device: Id
    for_: DurationMs = Field(alias="for")
    reason: Text
    maintenance: bool = False
    second: Text | None = None

    def ask(self, incident: str, site: str, orders: Sequence[SeenOrder]) -> list[PersonCommand]:
        return [
            PutOnShelf(
                by=self.by,
                role=self.role,
                reason=self.reason,
                duration_ms=self.for_,
                device=f"{site}/{self.device}",
                second=self.second,
                maintenance=self.maintenance,
            )
        ]


Act = Annotated[
    Acknowledges
    | Notes
    | Confirms
    | ChangesLevel
    | Assigns
    | Responds
    | Completes
    | Skips
    | Commands
    | Resolves
    | Reviews
    | OpensOrder
    | AdvancesOrders
    | AssignsOrders
    | HandsOver
    | Shelves,
    Discriminator("does"),
]
WITHOUT_INCIDENT = (OpensOrder, Shelves)  # what can be done when nothing has happened yet
