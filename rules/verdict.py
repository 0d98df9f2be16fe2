"""What a rule's condition says about a device. No data is an answer of its own, never "normal"."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    HOLDS = "holds"  # the rule's `when` is true
    DEADBAND = "deadband"  # neither `when` nor `clear` is true: what was, stays
    DOES_NOT = "does_not"  # the rule's `clear` is true (without a `clear`: `when` is false)
    NO_DATA = "no_data"  # a value it needs is not known, or no longer believed
