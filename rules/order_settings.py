"""What plan files may set about work orders, reviews and corrective actions. Every number has its source."""

from __future__ import annotations

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from rules.file_types import FileModel, Name
from rules.instant import DAY_MS, DurationMs
from rules.level import Level
from rules.order import Node, OrderKind

WORKING_DAYS_MAX = 366  # a year and a half; more was meant to be a duration


class OrderLimits(FileModel):
    """How long after an order was opened each of its nodes has to be reached. Each is longer than the one before."""

    accepted_within: DurationMs
    surveyed_within: DurationMs
    repaired_within: DurationMs
    verified_within: DurationMs

    @model_validator(mode="after")
    def _one_after_the_other(self) -> Self:
        names = list(type(self).model_fields)
        for before, after in pairwise(names):
            if getattr(self, before) >= getattr(self, after):
                raise ValueError(f"{after} is not longer than {before}; all four count from when the order was opened")
        return self

    def within(self, node: Node) -> int:
        """Until when the node must be left, counted from the opening; in milliseconds."""
        return {
            Node.OPEN: self.accepted_within,
            Node.ACCEPTED: self.surveyed_within,
            Node.SURVEYED: self.repaired_within,
            Node.REPAIRED: self.verified_within,
        }[node]

    def share(self, node: Node) -> int:
        """What the node has to itself when the one before was left at its limit; in milliseconds."""
        nodes = [Node.OPEN, Node.ACCEPTED, Node.SURVEYED, Node.REPAIRED]
        before = nodes.index(node) - 1
        return self.within(node) - (self.within(nodes[before]) if before >= 0 else 0)


def _limits(**texts: str) -> OrderLimits:
    """As a file would write them."""
    return OrderLimits.model_validate(texts)


EMERGENCY = _limits(  # accepted in 15 min: property-management norm (high); 30 min on site: lifts (high); rest ours
    accepted_within="15min",
    surveyed_within="30min",
    repaired_within="24h",
    verified_within="48h",
)
ORDINARY = _limits(  # answered in 24 h, done and fed back in 72 h: property-management norm (high); rest ours
    accepted_within="24h",
    surveyed_within="36h",
    repaired_within="60h",
    verified_within="72h",
)
PREVENTIVE = _limits(  # ours, within the 15 working days that the norm gives to corrective actions (high)
    accepted_within="24h",
    surveyed_within="7d",
    repaired_within="17d",
    verified_within="21d",
)


class Recurrence(FileModel):
    """A fault that comes `times` times `within` so long raises a preventive order. The first that fits counts."""

    hazards: list[Name] = Field([], max_length=50, description="of the fault's incidents; empty: every fault")
    times: int = Field(ge=2, le=100)
    within: DurationMs


RECURRENCES = [
    Recurrence.model_validate({"hazards": ["lift_fault", "lift_entrapment"], "times": 3, "within": "30d"}),
    Recurrence.model_validate({"times": 5, "within": "30d"}),
]


class OrderSettings(FileModel):
    emergency: OrderLimits = Field(
        EMERGENCY,
        description="accepted in 15 min: property-management norm (confidence high); surveyed in 30 min: "
        "lift entrapment, rescuer on site, local acts (confidence high); repaired, verified: ours",
    )
    ordinary: OrderLimits = Field(
        ORDINARY,
        description="answered in 24 h, done and fed back in 72 h: property-management norm (confidence high)",
    )
    preventive: OrderLimits = Field(PREVENTIVE, description="ours")
    recurrences: list[Recurrence] = Field(
        RECURRENCES,
        max_length=50,
        description="several lift faults → more frequent maintenance: property-management norm (confidence high); "
        "the figures 3 and 5 in 30 d are ours (confidence low)",
    )
    two_persons: Level | None = Field(
        Level.II,
        description="at this level or worse somebody else verifies than who repaired (ours); null: at none",
    )
    push: bool = Field(False, description="tell the outside maintenance system of every change")

    def limits(self, kind: OrderKind) -> OrderLimits:
        return {
            OrderKind.EMERGENCY: self.emergency,
            OrderKind.ORDINARY: self.ordinary,
            OrderKind.PREVENTIVE: self.preventive,
        }[kind]


class ReviewSettings(FileModel):
    action_working_days: int = Field(
        15,
        ge=1,
        le=WORKING_DAYS_MAX,
        description="of a corrective action, and then it is rechecked: property-management norm (confidence high)",
    )
    review_within: DurationMs = Field(
        90 * DAY_MS,
        ge=DAY_MS,
        description="so long an incident of level I or II waits for its review (ours)",
    )
