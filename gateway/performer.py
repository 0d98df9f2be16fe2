"""Does what the outbox holds, each kind of effect in a lane of its own, and brings back what became of it as events.

An effect leaves the outbox only with the commit of its result. After a crash it may be done twice; its id is its
idempotency key. One that has expired is not done at all: the engine gives it up by its own deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from gateway.clock import Clock
from gateway.codecs.port import Publish
from gateway.command_lane import CommandLane, Encode
from gateway.desk import Desk
from gateway.ending import end
from gateway.histogram import Histogram
from gateway.lane import Lane
from gateway.link_settings import LinkSettings
from gateway.sender import Delivery
from gateway.store import Store
from rules.effects import Effect, PublishCommand

RIGHT_OF_WAY_SECONDS = 0.005  # commands are on their way to the broker before the other lanes look into the outbox


class Performer:
    """`run` it as a task; `wake` it with effects that were committed.

    `changed(connected, reason)`: of the broker that commands go to. `deliveries`: by kind of effect, all but commands;
    a kind without one stays in the outbox until it expires.
    """

    def __init__(
        self,
        desk: Desk,
        store: Store,
        settings: LinkSettings,
        sites: Callable[[], Sequence[str]],
        clock: Clock,
        changed: Callable[[bool, str], None] = lambda connected, reason: None,
        deliveries: Mapping[type[Effect], Delivery] | None = None,
    ) -> None:
        self._commands = CommandLane(desk, store, settings, sites, clock, changed)
        self._waking: set[str] = set()
        self._lanes = [
            Lane(kind.__name__, delivery, desk, store, clock) for kind, delivery in (deliveries or {}).items()
        ]

    def wake(self, effects: Sequence[Effect] | None = None) -> None:
        """`effects`: those just committed; None: whatever the outbox holds."""
        kinds = {lane.kind for lane in self._lanes} if effects is None else {type(each).__name__ for each in effects}
        commands = [effect for effect in effects or () if isinstance(effect, PublishCommand)]
        if commands or effects is None:
            self._commands.wake(commands)
        others = kinds - {PublishCommand.__name__}
        if others and not self._waking:
            asyncio.get_running_loop().call_later(RIGHT_OF_WAY_SECONDS, self._wake_lanes)
        self._waking |= others

    def _wake_lanes(self) -> None:
        for lane in self._lanes:
            if lane.kind in self._waking:
                lane.wake()
        self._waking.clear()

    async def run(self) -> None:
        """Until cancelled. Raises StoreFailed."""
        works = [self._commands.run(), *(lane.run() for lane in self._lanes)]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(tasks)

    def say(self, messages: Sequence[Publish]) -> None:
        """What a format asks of its devices: published when the broker is there; forgotten when it is not."""
        self._commands.say(messages)

    @property
    def encode(self) -> Encode:
        """How devices of other formats are told something."""
        return self._commands.encode

    @encode.setter
    def encode(self, encode: Encode) -> None:
        self._commands.encode = encode

    @property
    def published(self) -> int:
        """Commands."""
        return self._commands.published

    @property
    def failed(self) -> int:
        """Attempts to publish a command."""
        return self._commands.failed

    @property
    def round_trip_s(self) -> Histogram:
        """From a command's publication to what its device says of it."""
        return self._commands.round_trip_s

    def answered(self, command: str) -> None:
        self._commands.answered(command)

    @property
    def under_way(self) -> dict[str, int]:
        """Kind of effect → attempts that are being made now."""
        return {lane.kind: lane.under_way for lane in self._lanes}

    @property
    def failures(self) -> dict[str, int]:
        """Channel → attempts at messages that failed."""
        found: dict[str, int] = {}
        for lane in self._lanes:
            for channel, failed in lane.failed_by_channel.items():
                found[channel or lane.kind] = found.get(channel or lane.kind, 0) + failed
        return found

    @property
    def deliveries(self) -> dict[str, tuple[int, int]]:
        """Kind of effect → (delivered, attempts that failed)."""
        return {lane.kind: (lane.delivered, lane.failed) for lane in self._lanes}
