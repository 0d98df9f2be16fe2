"""What the screen knows of one device in one mode. Small (`make bench` prints bytes a device): there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value
from rules.schedule import Calendar
from rules.site import Device
from rules.verdict import Verdict

if TYPE_CHECKING:
    from rules.memory import Recall
    from rules.plan import Plan

FORCE = (float("inf"), float("-inf"))  # no value lies between: the next reading is looked at in full


class Ear:
    """Whether the gateway hears the broker at all; one for all devices."""

    __slots__ = ("listening_since",)

    def __init__(self) -> None:
        self.listening_since: Instant | None = None


class Watched:
    """`values[i]` is None while nothing is known or believed. A number strictly between `lows[i]` and `highs[i]`
    changes no condition's answer: the whole cost of most readings."""

    __slots__ = (
        "at",
        "calendar",
        "device",
        "dues",
        "ear",
        "highs",
        "last",
        "lows",
        "memories",
        "mode",
        "online",
        "plan",
        "received_at",
        "seq",
        "settling",
        "silent",
        "source",
        "unseen",
        "values",
        "verdicts",
        "wake",
    )

    def __init__(self, device: Device, mode: Mode, plan: Plan, calendar: Calendar, ear: Ear, now: Instant) -> None:
        self.device, self.mode, self.calendar, self.ear = device, mode, calendar, ear
        self.at: Instant = 0  # the newest reading's own time
        self.seq = -1  # and its counter
        self.received_at = now  # when anything was last heard; at first, when watching began
        self.online: bool | None = None  # what its last will says
        self.silent = False
        self.unseen = True  # nothing heard since the gateway started: its cursor and memories are still in the stores
        self.source = -1  # its number in the telemetry store
        self.verdicts: dict[str, Verdict] | None = None  # rule → verdict, where it is not DOES_NOT
        self.memories: dict[str, Any] | None = None
        self.settling: dict[str, Instant] | None = None  # rule → until when its `clear` has to be kept up
        self.dues: dict[int, Instant] | None = None  # rule index → when it is looked at next
        self.wake: tuple[int, ...] = ()  # rules that the next message, whatever it says, can change
        self.last: dict[str, Value] | None = None  # what was last believed, while silent
        self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """From now on by this plan; every value is unknown until it is told again."""
        self.plan = plan
        self.values: list[Value | None] = [None] * len(plan.names)
        self.lows: list[float] = [FORCE[0]] * len(plan.names)
        self.highs: list[float] = [FORCE[1]] * len(plan.names)

    def heard_at(self, now: Instant) -> Instant:
        """Since when the device is silent. The gateway's own deafness is no silence of a device."""
        since = self.ear.listening_since
        return now if since is None else max(since, self.received_at)

    def memory(self, recall: Recall) -> Any:
        if self.memories is None:
            self.memories = {}
        memory = self.memories.get(recall.key)
        if memory is None:
            memory = self.memories[recall.key] = recall.new()
        return memory

    def verdict(self, rule: str) -> Verdict:
        return Verdict.DOES_NOT if self.verdicts is None else self.verdicts.get(rule, Verdict.DOES_NOT)

    def settles(self, rule: str, now: Instant) -> bool:
        return self.settling is not None and now <= self.settling.get(rule, -1)

    def believed(self) -> dict[str, Value]:
        """The latest values by metric, also of a device that has fallen silent."""
        known = {name: value for name, value in zip(self.plan.names, self.values, strict=True) if value is not None}
        return known or dict(self.last or {})
