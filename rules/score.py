"""What a drill's score is made of: one line a thing that had to be done, who did it, how long it took, what it gave."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.site import Title


class Part(Enum):
    """What each drill has to cover (property-management norm, confidence high), and what lies around it."""

    START = "start"  # 预案启动: detected, acknowledged, under control
    HANDLING = "handling"  # 现场处置
    LIAISON = "liaison"  # 外部联络
    INFORMATION = "information"  # 信息通报
    CLOSE = "close"


class Met(Enum):
    YES = "yes"
    LATE = "late"  # done after its limit: half the points
    NO = "no"
    NOT_ASKED = "not_asked"  # it did not come to it, or an exercise may not: no points either way


class Line(Struct, frozen=True):
    """One thing that was looked at."""

    what: str  # stable: "detect", "acknowledge", "quorum", "respond", "control", "order", "task", …
    title: Title
    part: Part
    met: Met
    points: float
    of: float
    incident: str = ""
    role: str = ""  # who had to; empty: Tocsin itself
    person: str = ""  # who did, or who was on duty and did not
    took_ms: int | None = None
    limit_ms: int | None = None
    mandatory: bool = False
    reason: str = ""


class Tally(Struct, frozen=True):
    """One role's, or one person's, share."""

    name: str
    points: float
    of: float
    passed: bool
    missed: list[Title] = []  # what was mandatory and not done


class Score(Struct, frozen=True):
    """`percent` of what could be had. Passed: enough of it, and nothing mandatory was left undone."""

    points: float
    of: float
    percent: int
    pass_percent: int
    passed: bool
    lines: list[Line] = []
    roles: list[Tally] = []
    people: list[Tally] = []
    complete: bool = True  # else it was cut off by something real: nothing is proven, and it is not passed
    parts: dict[str, bool] = {}  # part → whether the drill has covered it
