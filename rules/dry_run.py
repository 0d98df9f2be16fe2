"""A dry run: some messages of devices, and everything that would come of them.

    rehearse(force, [Heard("tower-a/sd-1", at=1_795_500_000_000, values={"smoke": 0.3})], lasts_ms=60_000)

Every command is obeyed and every message to people arrives, at once, so that what is seen comes of the rules and plans
alone; nobody acknowledges anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from rules.effects import Effect, PublishCommand
from rules.events import CommandAnswered, CommandPublished, EffectTried, VerdictChanged
from rules.firings import Firing, Firings
from rules.incident import Incident
from rules.instant import DAY_MS, Instant
from rules.mode import Mode
from rules.outcome import Outcome
from rules.reading import Value
from rules.rehearsal import InForce, Rehearsal
from rules.timeline import Entry

HEARD_MAX = 5_000  # messages of one dry run: an hour of a floor
LASTS_MS_MAX = 7 * DAY_MS  # from the first message to the end
SHOWN_MAX = 2_000  # verdicts, firings, entries: each; what is more is counted


class Heard(Struct, frozen=True):
    """One message of a device: `values` of a reading, or an `event` with `values` as its attributes, or a status."""

    device: str  # "site/name"
    at: Instant  # when it arrives
    values: dict[str, Value] = {}
    event: str | None = None
    online: bool | None = None


class Fault(Struct, frozen=True):
    """What a device would be told of as a dead letter. `number`: of the message, from 0."""

    number: int
    reason: str
    detail: str


class Rehearsed(Struct):
    begins: Instant
    ends: Instant
    verdicts: list[VerdictChanged] = []
    firings: list[Firing] = []
    incidents: list[Incident] = []  # as they stand at the end
    entries: list[Entry] = []
    effects: dict[str, int] = {}  # kind → how many
    faults: list[Fault] = []
    left_out: int = 0  # verdicts, firings and entries that are not shown


def rehearse(force: InForce, heard: Sequence[Heard], lasts_ms: int, mode: Mode = Mode.ACTUAL) -> Rehearsed:
    """`heard` in order of `at`, at least one."""
    run = _DryRun(force, heard[0].at, mode)
    for number, each in enumerate(heard):
        run.pass_until(each.at)
        run.hear(number, each)
    run.pass_until(min(heard[-1].at + lasts_ms, heard[0].at + LASTS_MS_MAX))
    run.found.ends = run.now
    run.found.incidents = list(run.engine.state.incidents.values())
    return run.found


class _DryRun(Rehearsal):
    def __init__(self, force: InForce, begins: Instant, mode: Mode) -> None:
        self.found = Rehearsed(begins, begins)
        self._mode = mode
        self._firings = Firings(lambda firing: self._show(self.found.firings, firing))
        self._performing = False
        self._effects: list[Effect] = []
        super().__init__(force, begins)

    def hear(self, number: int, heard: Heard) -> None:
        if heard.online is not None:
            faults = self.status(self._mode, heard.device, heard.online)
        elif heard.event is not None:
            faults = self.event(self._mode, heard.device, heard.event, heard.values, heard.at)
        else:
            faults = self.reading(self._mode, heard.device, heard.values, heard.at)
        if faults is None:
            faults = [("unknown device", f"{heard.device} is in no site file")]
        self.found.faults += [Fault(number, reason, detail) for reason, detail in faults]

    def judged(self, change: VerdictChanged) -> None:
        self._show(self.found.verdicts, change)

    def seen(self, outcome: Outcome) -> None:
        for entry in outcome.entries:
            self._show(self.found.entries, entry)
        self._firings.follow(outcome, self.engine.state.detections, self.now)
        for effect in outcome.effects:
            kind = type(effect).__name__
            self.found.effects[kind] = self.found.effects.get(kind, 0) + 1
        self._effects += outcome.effects
        self._perform()

    def _perform(self) -> None:
        """Everything that is to be done, at once; what comes of it may be more."""
        if self._performing:
            return
        self._performing = True
        while self._effects:
            effect = self._effects.pop(0)
            if isinstance(effect, PublishCommand):
                self.tell(CommandPublished(effect.id))
                self.tell(CommandAnswered(effect.mode, effect.id, effect.device, True, self.now))
            else:
                self.tell(EffectTried(effect.id, ok=True, attempt=1, last=True))
        self._performing = False

    def _show(self, shown: list[Any], one: Any) -> None:
        if len(shown) < SHOWN_MAX:
            shown.append(one)
        else:
            self.found.left_out += 1
