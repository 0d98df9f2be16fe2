"""A work order: repair with four nodes (报修受理—现场勘查—维修实施—验收反馈), each with who, when and attachments."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode

INCIDENTS_MAX = 100  # named on one order; what else it repairs after stands on the timelines
FAULT_CHARACTERS_MAX = 200  # it is part of a key, also in databases whose index rows are short
RECORDS_MAX = 200  # steps of one order: sixty repairs that were rejected


class OrderKind(Enum):
    EMERGENCY = "emergency"
    ORDINARY = "ordinary"
    PREVENTIVE = "preventive"


class Node(Enum):
    OPEN = "open"  # made, nobody has it
    ACCEPTED = "accepted"
    SURVEYED = "surveyed"
    REPAIRED = "repaired"
    VERIFIED = "verified"
    CANCELLED = "cancelled"


class OrderStep(Enum):
    ACCEPT = "accept"
    SURVEY = "survey"
    REPAIR = "repair"
    VERIFY = "verify"
    REJECT = "reject"  # verification failed: back to repair
    CANCEL = "cancel"


TRANSITIONS: dict[tuple[Node, OrderStep], Node] = {
    (Node.OPEN, OrderStep.ACCEPT): Node.ACCEPTED,
    (Node.ACCEPTED, OrderStep.SURVEY): Node.SURVEYED,
    (Node.SURVEYED, OrderStep.REPAIR): Node.REPAIRED,
    (Node.REPAIRED, OrderStep.VERIFY): Node.VERIFIED,
    (Node.REPAIRED, OrderStep.REJECT): Node.SURVEYED,
    (Node.OPEN, OrderStep.CANCEL): Node.CANCELLED,
    (Node.ACCEPTED, OrderStep.CANCEL): Node.CANCELLED,
    (Node.SURVEYED, OrderStep.CANCEL): Node.CANCELLED,
}


class Attachment(Struct, frozen=True):
    name: str
    sha256: str
    bytes: int
    media_type: str


class NodeRecord(Struct, frozen=True):
    """One step as it was done."""

    step: OrderStep
    by: str
    at: Instant
    note: str = ""
    attachments: tuple[Attachment, ...] = ()
    reason: str = ""  # of a cancellation, a rejection, a verification without a normal reading


class WorkOrder(Struct):
    id: str  # "WO-000017"
    kind: OrderKind
    mode: Mode
    site: str
    zone: str
    asset: str  # the device, or the zone where no device is concerned
    fault: str  # the rule, or what a person called it
    summary: str
    role: str  # who has to do it
    opened_at: Instant
    opened_by: str  # a person, or "tocsin"
    node: Node = Node.OPEN
    assignee: str | None = None
    incidents: list[str] = []  # that it repairs after, newest last; at most INCIDENTS_MAX
    records: list[NodeRecord] = []
    repeats: int = 0  # how often the same fault came again while it was open
    due_at: Instant | None = None  # the present node's limit
    overdue: bool = False
    handed_over: str | None = None  # to whom, where an incident closes before it is verified
    revision: int = 0
    level: Level | None = None  # the worst of its incidents; None: it belongs to none
    hazard: str = ""  # of its first incident
    lead: str = ""  # the role that is told when a limit passes; empty: `role`

    @property
    def open(self) -> bool:
        return self.node not in (Node.VERIFIED, Node.CANCELLED)

    @property
    def ended_at(self) -> Instant:
        """Of an order that is verified or cancelled."""
        return self.records[-1].at

    @property
    def repair(self) -> NodeRecord | None:
        """The latest repair."""
        return next((each for each in reversed(self.records) if each.step is OrderStep.REPAIR), None)

    @property
    def key(self) -> str:
        """At most one open order has it."""
        return order_key(self.mode, self.asset, self.fault)


def order_key(mode: Mode, asset: str, fault: str) -> str:
    return f"{mode.value}|{asset}|{fault}"


def fault_name(text: str) -> str:
    """What can be part of a key: one line, no longer than `FAULT_CHARACTERS_MAX`."""
    return "".join(each if each.isprintable() else "?" for each in text.strip())[:FAULT_CHARACTERS_MAX]
