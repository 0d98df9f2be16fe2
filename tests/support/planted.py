"""Faulty parts: gateways with one bug each, as somebody might write it. Given to a run in place of the real part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.codecs.native import TREE_OF
from gateway.codecs.port import Publish
from gateway.desk import Desk
from gateway.ingest import Ingest
from gateway.lane import Lane
from gateway.store import Store
from gateway.wire import Message
from rules.codec import decode_event
from rules.engine import Engine
from rules.events import Event
from rules.instant import Instant
from rules.mode import Mode
from rules.outcome import Outcome
from rules.reading import Value
from rules.screen import Cause, Change, Screen
from rules.state import State, decode_state, encode_state
from rules.turn import Turn
from rules.watched import Watched
from simulators.faults import AnyAct, Asks, AtTheLimit, ClockJumps, Crashes, DeviceDisobeys, Says, Stops
from simulators.trial_life import Parts, TrialCommandLane

# ---- ingest


class AcknowledgesFirst(Ingest):
    def _take(self, messages: list[Message], now: Instant) -> None:
        super()._take(messages, now)
        ids, self._ids = self._ids, []
        if ids:
            self._acknowledge(self._generation, ids)


class StoresTelemetryFirst(Ingest):
    def _take(self, messages: list[Message], now: Instant) -> None:
        super()._take(messages, now)
        self._telemetry.commit()


# ---- screen


class TakesDrillsForReal(Screen):
    def watched(self, mode: Mode, device: str, now: Instant) -> Watched | None:
        return super().watched(Mode.ACTUAL, device, now)


class IgnoresWhatIsLate(Screen):
    def late_reading(self, w: Watched, values: Mapping[str, Value], cause: Cause, known: Any) -> Change | None:
        return None


# ---- desk


class KnowsNoKeys(Desk):
    """Whatever comes again counts again."""

    def knows(self, key: str) -> bool:
        return False

    def _journal(self, event: Event, key: str | None, now: Instant) -> None:
        super()._journal(event, None, now)


class FollowsTheClock(Desk):
    """Also back."""

    def submit(self, event: Event, key: str | None = None) -> Outcome:
        self.engine.state.now = min(self.engine.state.now, self._clock())
        return super().submit(event, key)


class RemembersNoAnswers(Desk):
    def answer(self, idempotency_key: str, body: bytes) -> None:
        """Two clicks are two requests."""


class SnapshotsWithoutShelves(Desk):
    def snapshot(self) -> None:
        state = decode_state(encode_state(self.engine.state))
        state.shelves, state.suppressed = {}, {}
        self._group.snapshot = (self._index, encode_state(state))
        self.commit()


class PutsTheOutboxBack(Desk):
    """A start puts all that was ever decided into the outbox again."""

    def __init__(self, store: Store, *others: Any) -> None:
        super().__init__(store, *others)
        engine = Engine(State(), self.documents)
        for row in store.journal():
            self._group.outbox_put += engine.step(decode_event(row.event), row.at).effects


class LosesDeadlines(Desk):
    """A start knows what is, not what is due."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.engine._deadlines.clear()


# ---- engine, in a desk of its own


class EndsBeforeTheEvent(Engine):
    """What falls due in the instant of an event is handled before it."""

    def _handle_deadlines(self, turn: Turn, before: Instant) -> None:
        super()._handle_deadlines(turn, max(before, turn.now + 1))


class AMillisecondLate(Engine):
    def next_deadline(self) -> Instant | None:
        due = super().next_deadline()
        return None if due is None else due + 1


class ForgetsWhatWasShelved(Engine):
    """A shelf ends, and what it kept quiet is not looked at."""

    def step(self, event: Event, now: Instant) -> Outcome:
        for key, quiet in list(self.state.suppressed.items()):
            if quiet.by.startswith("shelf") and quiet.until is not None and quiet.until <= now:
                del self.state.suppressed[key]
        return super().step(event, now)


def _with(engine: type[Engine]) -> type[Desk]:
    class WithAnotherEngine(Desk):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.engine = engine(self.engine.state, self.documents)

    return WithAnotherEngine


# ---- outbox


class NeverWakes(Lane):
    def wake(self) -> None:
        """It looks into the outbox when it starts, and when something falls due."""


class CommandsForReal(TrialCommandLane):
    """A drill's command goes where real ones go."""

    async def _publish_all(self, client: Any, messages: Sequence[Publish], what: str) -> bool:
        drill, earnest = TREE_OF[Mode.EXERCISE], TREE_OF[Mode.ACTUAL]
        real = [
            each._replace(
                topic=each.topic.replace(drill, earnest, 1),
                payload=each.payload.replace(b'"mode":"exercise"', b'"mode":"actual"'),
            )
            for each in messages
        ]
        return await super()._publish_all(client, real, what)


class Planted(NamedTuple):
    parts: Parts
    shows_as: tuple[str, ...]  # the checks by which it is found
    about: Callable[[AnyAct], bool] = lambda act: True  # only scripts with such an act are worth playing


def _a(*kinds: type) -> Callable[[AnyAct], bool]:
    return lambda act: isinstance(act, kinds)


def _of_a_drill(act: AnyAct) -> bool:
    return isinstance(act, Says) and act.mode is Mode.EXERCISE


def _shelves(act: AnyAct) -> bool:
    return isinstance(act, Asks) and act.does == "shelve"


PLANTED: dict[str, Planted] = {
    "acknowledged before the commit": Planted(Parts(ingest=AcknowledgesFirst), ("accepted alarms are told",)),
    "telemetry before the journal": Planted(
        Parts(ingest=StoresTelemetryFirst),
        ("accepted alarms are told",),
        lambda act: isinstance(act, Crashes) and act.point in ("after telemetry", "before journal"),
    ),
    "deadlines lost by a restart": Planted(Parts(desk=LosesDeadlines), ("promises are kept",), _a(Crashes, Stops)),
    "what comes again counts again": Planted(
        Parts(desk=KnowsNoKeys),
        ("no message counts twice",),
        lambda act: isinstance(act, DeviceDisobeys) and act.how == "twice",
    ),
    "a drill taken for real": Planted(Parts(screen=TakesDrillsForReal), ("nothing comes of nothing",), _of_a_drill),
    "a drill's command sent for real": Planted(
        Parts(command_lane=CommandsForReal), ("drills are isolated",), _of_a_drill
    ),
    "an end that comes before the event of its instant": Planted(
        Parts(desk=_with(EndsBeforeTheEvent)),
        ("acknowledged in time counts",),
        lambda act: isinstance(act, AtTheLimit) and act.before_ms == 0,
    ),
    "a millisecond late": Planted(Parts(desk=_with(AMillisecondLate)), ("promises are kept",)),
    "what was shelved is lost": Planted(
        Parts(desk=_with(ForgetsWhatWasShelved)), ("what is no longer quiet is raised",), _shelves
    ),
    "the outbox done again by a restart": Planted(Parts(desk=PutsTheOutboxBack), ("no effect twice",), _a(Crashes)),
    "the clock goes back": Planted(
        Parts(desk=FollowsTheClock),
        ("timelines are complete",),
        lambda act: isinstance(act, ClockJumps) and act.by_ms < -60_000,
    ),
    "two clicks are two requests": Planted(
        Parts(desk=RemembersNoAnswers), ("a request is carried out once",), _a(Asks)
    ),
    "a snapshot that is not whole": Planted(Parts(desk=SnapshotsWithoutShelves), ("replay equals memory",), _shelves),
    "late alarms ignored": Planted(
        Parts(screen=IgnoresWhatIsLate),
        ("accepted alarms are told",),
        lambda act: isinstance(act, Says) and act.delay_ms > 0,
    ),
    "an outbox that nobody looks into": Planted(Parts(lane=NeverWakes), ("effects are tried at once",)),
}
