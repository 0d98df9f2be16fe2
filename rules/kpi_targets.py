"""What alarm systems aim at, with where each figure comes from and how sure that is (`high`: text seen, `medium`: one
indirect source, `low`: from memory)."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from rules.level import Level

Confidence = Literal["high", "medium", "low"]


class Target(Struct, frozen=True):
    """`most`: no more than that is aimed at; `must_not_exceed`: what cannot be managed over a longer time."""

    id: str
    unit: str
    most: float
    source: str
    confidence: Confidence
    must_not_exceed: float | None = None


class Measured(Struct, frozen=True):
    """A figure beside its target. `met` None: there is nothing to judge."""

    target: Target
    value: float
    met: bool | None


PER_DAY = Target("per_day", "1/d", 150, "ISA-18.2, EEMUA 191: per operator", "high", 300)
PER_HOUR = Target("per_hour", "1/h", 6, "ISA-18.2: per operator, average", "medium", 12)
PER_TEN_MINUTES = Target("per_ten_minutes", "1/10 min", 1, "ISA-18.2: per operator, average", "medium", 2)
PEAK = Target("peak_ten_minutes", "1/10 min", 10, "ISA-18.2, EEMUA 191: most in ten minutes", "high")
HOURS_ABOVE = Target("hours_above_30", "share", 0.01, "ISA-18.2: hours with more than 30 alarms", "medium")
TEN_MINUTES_ABOVE = Target("ten_minutes_above_10", "share", 0.01, "ISA-18.2: ten minutes with more than 10", "medium")
IN_FLOOD = Target("in_flood", "share", 0.01, "ISA-18.2: time in flood", "medium")
TOP_TEN = Target("top_ten", "share", 0.05, "ISA-18.2: of the ten most frequent, 1 % to 5 %", "medium")
CHATTERING = Target("chattering", "alarms", 0, "ISA-18.2: none; a plan for each", "medium")
STALE = Target("stale", "alarms", 5, "ISA-18.2: fewer than 5 on any day; a plan for each", "medium")

# ISA-18.2, EEMUA 191 (confidence high): of three priorities. Level III is low, II medium, I high: that is ours.
PRIORITY_SHARES = {Level.III: 0.80, Level.II: 0.15, Level.I: 0.05}

HOUR_ALARMS_MAX = 30  # ISA-18.2 (confidence medium)
TEN_MINUTES_ALARMS_MAX = 10  # ISA-18.2, IEC 62682 (confidence high)
FLOOD_OVER_BELOW = 5  # ISA-18.2 (confidence medium)


def measured(target: Target, value: float, judged: bool = True) -> Measured:
    return Measured(target, value, value <= target.most if judged else None)
