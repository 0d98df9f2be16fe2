"""A detection's life: inactive → pending (hold) → firing → clearing (hold) → inactive. A table, no ifs.

No data is not "normal": it neither starts nor ends anything. A pending detection without data fires when its hold
is over (the last thing known was that it holds); a clearing one goes back to firing (it cannot be shown clear).
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value
from rules.verdict import Verdict


class Stage(Enum):
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    CLEARING = "clearing"


TRANSITIONS: dict[tuple[Stage, Verdict], Stage] = {
    (Stage.INACTIVE, Verdict.HOLDS): Stage.PENDING,
    (Stage.INACTIVE, Verdict.DEADBAND): Stage.INACTIVE,
    (Stage.INACTIVE, Verdict.DOES_NOT): Stage.INACTIVE,
    (Stage.INACTIVE, Verdict.NO_DATA): Stage.INACTIVE,
    (Stage.PENDING, Verdict.HOLDS): Stage.PENDING,
    (Stage.PENDING, Verdict.DEADBAND): Stage.INACTIVE,
    (Stage.PENDING, Verdict.DOES_NOT): Stage.INACTIVE,
    (Stage.PENDING, Verdict.NO_DATA): Stage.PENDING,
    (Stage.FIRING, Verdict.HOLDS): Stage.FIRING,
    (Stage.FIRING, Verdict.DEADBAND): Stage.FIRING,
    (Stage.FIRING, Verdict.DOES_NOT): Stage.CLEARING,
    (Stage.FIRING, Verdict.NO_DATA): Stage.FIRING,
    (Stage.CLEARING, Verdict.HOLDS): Stage.FIRING,
    (Stage.CLEARING, Verdict.DEADBAND): Stage.FIRING,
    (Stage.CLEARING, Verdict.DOES_NOT): Stage.CLEARING,
    (Stage.CLEARING, Verdict.NO_DATA): Stage.FIRING,
}
# Where a hold that has run out leads: at once when the rule has no hold.
HELD: dict[Stage, Stage] = {Stage.PENDING: Stage.FIRING, Stage.CLEARING: Stage.INACTIVE}


class Detection(Struct):
    """One rule for one device in one mode, while there is anything to remember of it."""

    mode: Mode
    rule: str
    device: str
    stage: Stage = Stage.INACTIVE
    verdict: Verdict = Verdict.DOES_NOT
    since: Instant = 0  # when it came into this stage
    deadline: Instant | None = None  # when the hold of PENDING or CLEARING is over
    incident: str | None = None
    values: dict[str, Value] = {}
    device_at: Instant = 0
    seq: int | None = None
    kept_from: Instant | None = None  # its last message was retained, and of this time; 0: from who knows when

    @property
    def key(self) -> str:
        return detection_key(self.mode, self.rule, self.device)

    @property
    def fires(self) -> bool:
        return self.stage in (Stage.FIRING, Stage.CLEARING)

    @property
    def blind(self) -> bool:
        """Its device has fallen silent, or burnt out: what was last known may never be taken back."""
        return self.verdict is Verdict.NO_DATA

    @property
    def forgettable(self) -> bool:
        return self.stage is Stage.INACTIVE and self.verdict is Verdict.DOES_NOT


def detection_key(mode: Mode, rule: str, device: str) -> str:
    return f"{mode.value}|{rule}|{device}"
