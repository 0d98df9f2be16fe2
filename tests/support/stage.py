"""Ingest, desk, screen and real stores in one process, on virtual time, with a broker that can be reasoned about.

    stage = Stage(tmp_path)
    stage.publish("sd-1", smoke=0.4)
    stage.deliver()
    stage.time_is_up()
    assert stage.acknowledged == [[1]]

`crash_at` makes the gateway die at one of POINTS in its next commit; `start` brings up another one from the stores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway.codecs.port import Codec, Publish
from gateway.core import calendars
from gateway.desk import Desk
from gateway.foreign.intake import Intake
from gateway.history import StoredHistory
from gateway.ingest import Ingest
from gateway.store import Group, Store, StoreFailed
from gateway.telemetry import Telemetry
from gateway.wire import DUP, RETAIN
from rules.events import GatewayStarted
from rules.instant import Instant
from rules.screen import Screen
from rules.site import Directory
from rules.timeline import Entry, Kind
from rules.verdict import Verdict
from tests.support import building

START: Instant = 1_795_500_000_000  # a November morning in 2026
BEFORE_JOURNAL, BETWEEN, BEFORE_PUBACK = POINTS = ("before the journal", "between the commits", "before the PUBACK")


class Crashed(BaseException):
    """The process is gone: nothing in the gateway may catch this."""


class FragileStore:
    """The store, at whose commit the process may die, or which refuses."""

    def __init__(self, store: Store, stage: Stage) -> None:
        self._store, self._stage = store, stage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, group: Group) -> None:
        if self._stage.full:
            raise StoreFailed("the disk is full")
        self._stage.die_at(BEFORE_JOURNAL)
        self._store.commit(group)
        self._stage.die_at(BETWEEN)


class FragileTelemetry(Telemetry):
    """Telemetry that may refuse, and at whose commit the process may die even when nothing is journaled."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        super().__init__(folder)
        self._stage = stage

    def commit(self) -> int:
        if self._stage.telemetry_full:
            raise StoreFailed("the disk is full")
        self._stage.die_at(BETWEEN)
        return super().commit()


class Timer:
    """What `call_later` was asked for."""

    def __init__(self) -> None:
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        self.waiting.append((delay, callback))
        return self

    def cancel(self) -> None:
        self.waiting.clear()


class Stage:
    """Devices are those of `building.ZONES`. `queue` is the broker's: (packet id, topic, payload, flags)."""

    def __init__(
        self,
        folder: Path,
        *rules: str,
        plans: tuple[str, ...] = (),
        batch_ms: float = 5.0,
        url: str | None = None,
        site: Directory | None = None,
        codecs: Mapping[str, Callable[[], Codec]] | None = None,
    ) -> None:
        """`url`: of another store than the SQLite file in the folder. `codecs`: made anew with every process."""
        self.site, self.codecs = site or building.directory(), codecs or {}
        self.asks: list[Publish] = []
        self.folder = folder
        self.url = url or f"sqlite:///{folder / 'journal.sqlite'}"
        folder.mkdir(parents=True, exist_ok=True)
        self.plans = plans
        self.rules, self._batch_ms = rules or (building.FIRE,), batch_ms
        self.now = START
        self.queue: list[tuple[int, bytes, bytes, int]] = []
        self.acknowledged: list[list[int]] = []
        self.failures: list[StoreFailed] = []
        self.crash_at: str | None = None
        self.full = self.telemetry_full = False
        self.generation = 0
        self._packet_id = 0
        self._given: set[int] = set()
        self.start()

    # ---- the gateway

    def start(self) -> None:
        """As `gateway.core` wires it."""
        directory, ruleset = self.site, building.rules(*self.rules)
        self.generation += 1
        self._sent_to = 0  # of the queue, on this connection
        self.timer = Timer()
        self.store = Store.open(self.url)
        self.telemetry = FragileTelemetry(self.folder / "telemetry", self)
        store: Any = FragileStore(self.store, self)
        self.desk = Desk(store, lambda: self.now, lambda entries, effects: None)
        self.desk.submit(GatewayStarted("test"))
        self.desk.load(directory, ruleset, building.plans(*self.plans))
        history = StoredHistory(self.telemetry, self.desk)
        self.screen = Screen(directory, ruleset, history, calendars(directory))
        self.ingest = Ingest(
            self.screen,
            self.desk,
            store,
            self.telemetry,
            lambda: self.now,
            self.timer,
            self._acknowledge,
            self.failures.append,
            self._batch_ms,
            history.ahead,
        )
        self.foreign = Intake(
            {name: make() for name, make in self.codecs.items()},
            self.ingest,
            self.screen,
            self.desk,
            store,
            self.telemetry.source,
            self.asks.extend,
        )
        self.ingest.foreign = self.foreign
        detections = self.desk.engine.state.detections.values()
        known = [(each.mode, each.rule, each.device, each.verdict) for each in detections]
        for change in self.screen.start([each for each in known if each[3] is not Verdict.DOES_NOT], self.now):
            self.ingest.submit(change)
        for change in self.foreign.follow(directory, self.now):
            self.ingest.submit(change)
        crash_at, self.crash_at = self.crash_at, None
        self.ingest.flush()
        self.crash_at = crash_at

    def close(self) -> None:
        self.telemetry.close()
        self.store.close()

    def restart(self) -> None:
        """What was not committed is gone, as after SIGKILL."""
        self.close()
        self.now += 7
        self.start()

    def assign(self, site: Directory) -> None:
        """Another site is put in force, as `gateway.core.Core.load` does."""
        self.ingest.flush()
        self.site = site
        self.desk.load(site)
        self.desk.commit()
        changes = self.screen.reload(site, building.rules(*self.rules), calendars(site), self.now)
        for change in [*changes, *self.foreign.follow(site, self.now)]:
            self.ingest.submit(change)
        self.ingest.forget_routes()
        self.ingest.flush()

    def die_at(self, point: str) -> None:
        if self.crash_at == point:
            self.crash_at = None
            raise Crashed

    # ---- the broker

    def publish(
        self,
        device: str,
        *,
        kind: str = "telemetry",
        at: Instant | None = None,
        seq: int | None = None,
        flags: int = 0,
        tree: str = "tocsin",
        payload: bytes | None = None,
        **values: Any,
    ) -> int:
        """The broker has accepted it. → its packet id"""
        if payload is None:
            extra = {"ts": at, "seq": seq}
            content = {"event": values.pop("event"), "attributes": values} if kind == "event" else {"values": values}
            payload = json.dumps(content | {name: value for name, value in extra.items() if value is not None}).encode()
        self._packet_id += 1
        topic = f"{tree}/v1/{building.SITE}/{device}/{kind}".encode()
        self.queue.append((self._packet_id, topic, payload, flags))
        return self._packet_id

    def publish_to(self, topic: str, payload: Any = b"", flags: int = 0) -> int:
        """A message of any tree. What is no text is written as JSON."""
        if not isinstance(payload, str | bytes):
            payload = json.dumps(payload)
        self._packet_id += 1
        self.queue.append(
            (self._packet_id, topic.encode(), payload.encode() if isinstance(payload, str) else payload, flags)
        )
        return self._packet_id

    def tell(self, topic: str, payload: Any = b"", flags: int = 0) -> None:
        """One message, delivered and committed."""
        self.publish_to(topic, payload, flags)
        self.deliver()
        self.time_is_up()

    def deliver(self, most: int = 1_000_000) -> None:
        """Everything not acknowledged yet, in one read of the socket; what was given before with DUP."""
        self.now += 3
        batch = self.queue[:most]
        messages = [
            (topic, payload, id_, flags | (DUP if id_ in self._given else 0)) for id_, topic, payload, flags in batch
        ]
        self._given.update(id_ for id_, *_ in batch)
        self.ingest.on_messages(messages, self.generation)

    def read(self, most: int) -> None:
        """What comes next on this connection, in one read of the socket: nothing twice, as from a real broker."""
        self.now += 3
        batch = [each for each in self.queue if each[0] > self._sent_to][:most]
        if batch:
            self._sent_to = batch[-1][0]
            dup = [DUP if id_ in self._given else 0 for id_, *_ in batch]
            self._given.update(id_ for id_, *_ in batch)
            messages = [(each[1], each[2], each[0], each[3] | again) for each, again in zip(batch, dup, strict=True)]
            self.ingest.on_messages(messages, self.generation)

    def time_is_up(self) -> None:
        waiting, self.timer.waiting = self.timer.waiting, []
        for _, callback in waiting:
            callback()

    def _acknowledge(self, generation: int, packet_ids: list[int]) -> None:
        self.die_at(BEFORE_PUBACK)
        if generation == self.generation:
            self.acknowledged.append(packet_ids)
            self.queue = [each for each in self.queue if each[0] not in packet_ids]

    # ---- what can be seen

    def entries(self) -> list[Entry]:
        """What is committed."""
        found: list[Entry] = []
        while page := self.store.entries_after(len(found), 500):
            found += page
        return found

    def kinds(self) -> list[Kind]:
        return [entry.kind for entry in self.entries() if entry.kind not in (Kind.STARTED, Kind.CONFIGURATION)]

    def stored(self, device: str, mode: str = "actual") -> list[tuple[int, dict[str, Any]]]:
        """(seq, values) of each row of a device, as received."""
        source = self.telemetry.source(mode, f"{building.SITE}/{device}")
        return [(seq, values) for _, seq, _, _, values in self.telemetry.window(source, 0)]

    def letters(self) -> dict[str, int]:
        """Reason → how many are stored."""
        found: dict[str, int] = {}
        for letter in self.store.dead_letters(limit=200).items:
            found[letter.reason] = found.get(letter.reason, 0) + letter.count
        return found


RETAINED = RETAIN
