"""What goes wrong inside the process of a run: the clock, the disk, the moment it dies; and the ports that feel it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.store import Due, Group, Store, StoreFailed
from gateway.telemetry import Telemetry
from rules.instant import Instant
from rules.timeline import Entry
from simulators.faults import Crashes, DiskFails

FAR: Instant = 2**62
EFFECTS_MAX = 10_000  # of a run in the outbox


class Crashed(BaseException):
    """The process is gone: nothing in the gateway may catch this."""


class TrialClock:
    """The gateway's wall clock. `seconds()` is the true time, which nothing touches."""

    def __init__(self, begins: Instant, seconds: Callable[[], float]) -> None:
        self._begins, self._seconds = begins, seconds
        self._ahead_ms = 0
        self._stands_at: Instant | None = None

    def __call__(self) -> Instant:
        return self._running() if self._stands_at is None else self._stands_at

    def true(self) -> Instant:
        """What a clock says that is never wrong."""
        return self._begins + int(self._seconds() * 1000 + 0.5)

    def jump(self, by_ms: int) -> None:
        self._ahead_ms += by_ms

    def stand_still(self) -> None:
        self._stands_at = self()

    def go_on(self) -> None:
        self._stands_at = None

    def _running(self) -> Instant:
        return self.true() + self._ahead_ms


class Process:
    """One life of the gateway. What it left behind (a timer, a task) does nothing any more once it is dead."""

    def __init__(self) -> None:
        self.dead = False

    def live(self) -> None:
        """Called before anything leaves the process, or is written by it."""
        if self.dead:
            raise Crashed


class Perils:
    """`position`: of the newest entry that is committed. `on_death`, `on_commit` tell the world."""

    def __init__(self, on_death: Callable[[Crashes], None], on_commit: Callable[[list[Entry]], None]) -> None:
        self.process = Process()
        self.position = 0
        self.life = 0
        self.disk: dict[str, DiskFails] = {}
        self.armed: Crashes | None = None
        self._on_death, self._on_commit = on_death, on_commit

    def rise(self) -> None:
        """Another life begins."""
        self.process = Process()
        self.life += 1

    @property
    def dead(self) -> bool:
        return self.process.dead

    def live(self) -> None:
        self.process.live()

    def die(self, crash: Crashes) -> None:
        self.process.dead, self.armed = True, None
        self._on_death(crash)
        raise Crashed

    def come_to(self, point: str) -> None:
        self.live()
        if self.armed is not None and self.armed.point == point:
            self.die(self.armed)

    def write(self, part: str, write: Callable[[], Any]) -> Any:
        """Raises StoreFailed where the disk fails now."""
        self.live()
        fault = self.disk.get(part)
        if fault is not None and not fault.lasts:
            del self.disk[part]
        if fault is not None and fault.how == "full":
            raise StoreFailed(f"{part}: the disk is full")
        written = write()
        if fault is not None:
            raise StoreFailed(f"{part}: the disk did not say whether it has it")
        return written

    def committed(self, entries: list[Entry]) -> None:
        if entries:
            self.position = entries[-1].position
            self._on_commit(entries)


class FragileStore:
    """The real store, on a disk that fails and in a process that dies."""

    def __init__(self, store: Store, perils: Perils) -> None:
        self._store, self._perils, self._process = store, perils, perils.process
        self._closed = False
        self._kinds = {due.effect.id: type(due.effect).__name__ for due in store.outbox_due(FAR, EFFECTS_MAX)}

    def __getattr__(self, name: str) -> Any:
        self._usable()
        return getattr(self._store, name)

    def commit(self, group: Group) -> None:
        self._usable()
        self._perils.come_to("before journal")
        entries = list(group.entries)

        def commit() -> None:
            self._store.commit(group)
            self._perils.committed(entries)

        self._perils.write("journal", commit)
        self._kinds |= {effect.id: type(effect).__name__ for effect in group.outbox_put}
        for id_ in group.outbox_drop:
            self._kinds.pop(id_, None)
        self._perils.come_to("after journal")

    # Most lanes of the outbox are empty most of the time, and are asked after every commit: half the time of a run.

    def outbox_due(self, now: Instant, limit: int, kind: str | None = None) -> list[Due]:
        self._usable()
        empty = kind is not None and kind not in self._kinds.values()
        return [] if empty else self._store.outbox_due(now, limit, kind)

    def outbox_next(self, now: Instant, kind: str | None = None) -> Instant | None:
        self._usable()
        empty = kind is not None and kind not in self._kinds.values()
        return None if empty else self._store.outbox_next(now, kind)

    def outbox_next_after(self, now: Instant, kind: str) -> Instant | None:
        self._usable()
        return self._store.outbox_next_after(now, kind) if kind in self._kinds.values() else None

    def outbox_retry(self, id_: str, attempts: int, next_try_at: Instant) -> None:
        self._usable()
        self._perils.write("outbox", lambda: self._store.outbox_retry(id_, attempts, next_try_at))

    def dead_letters_add(self, letters: Any) -> None:
        self._usable()
        self._perils.write("letters", lambda: self._store.dead_letters_add(letters))

    def close(self) -> None:
        self._closed = True

    def _usable(self) -> None:
        self._process.live()
        if self._closed:
            raise StoreFailed("the store is closed")


class FragileTelemetry(Telemetry):
    def __init__(self, folder: Path, perils: Perils) -> None:
        super().__init__(folder)
        self._perils, self._process = perils, perils.process

    def commit(self) -> int:
        self._process.live()
        if not self.rows:
            return 0
        stored: int = self._perils.write("telemetry", super().commit)
        self._perils.come_to("after telemetry")
        return stored
