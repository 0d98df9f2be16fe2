"""The auditor: proves from the committed journal that everything that was due happened in time, beside the engine.

It reads what the store holds, never the engine's state, and judges by a model of its own (`audit_model.py`). What it
finds it submits as `AuditFailed`, and as `AuditPassed` once it is mended: a trouble signal in between. It is a witness
of one thing only, that what was due happened when it was due; that the journal itself is unaltered is
`tocsin verify-log`, that the projections follow from it is `tocsin replay`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from gateway.audit_ledger import TOLERANCE_MS, Finding
from gateway.audit_model import Model
from gateway.clock import Clock
from gateway.store import JournalRow, Store
from rules.codec import decode_event
from rules.events import AuditFailed, AuditPassed, GatewayStarted, PlansLoaded
from rules.instant import DAY_MS, Instant
from rules.response_plan import PlanBook

PAGE_ENTRIES, PAGE_ROWS = 25, 250  # about a millisecond of the loop each, and an alarm waits no longer
REST_SECONDS = 0.004  # between two pages: catching up on a month takes a fifth of the loop
LOOK_BACK_MS = 30 * DAY_MS  # at a start: the longest limit of an order is 21 days
PAUSE_SECONDS = 1.0  # between two looks, however much is committed
TEXT_CHARACTERS_MAX = 200  # of an error: what is wrong is read at a glance
_TOLD_OF = (b"GatewayStarted", b"PlansLoaded")  # the events that matter beside the timeline

log = logging.getLogger("tocsin.audit")


class Reading:
    """Follows one store: what is committed, in its order, into the model."""

    def __init__(self, store: Store, tolerance_ms: int = TOLERANCE_MS) -> None:
        self.model = Model(tolerance_ms)
        self.at: Instant = 0  # of the last that was read
        self._store = store
        self._position = self._index = 0
        self._plans_at_first = ""
        self._loaded: list[tuple[Instant, str]] = []  # versions of plans, not given to the model yet

    def skip(self, until: Instant, plans: str) -> None:
        """Nothing before that instant is looked at. `plans`: the version in force now; then, if no other came since."""
        self._position = _first(until, lambda number: [each.at for each in self._store.entries_after(number, 1)])
        self._index = _first(until, lambda number: [row.at for row in self._rows_after(number, 1)])
        self._plans_at_first = plans

    def pages(self) -> Iterator[None]:
        """Reads everything that is committed by now; gives way after each page."""
        yield from self._read_rows()
        if self._plans_at_first and not self._loaded:
            self._loaded = [(0, self._plans_at_first)]
        self._plans_at_first = ""
        while entries := self._store.entries_after(self._position, PAGE_ENTRIES):
            yield from self._read_rows()
            for entry in entries:
                self._load_plans(entry.at)
                self.model.entry(entry)
            self._position, self.at = entries[-1].position, max(self.at, entries[-1].at)
            yield

    def _read_rows(self) -> Iterator[None]:
        while rows := self._rows_after(self._index, PAGE_ROWS):
            for row in rows:
                event = decode_event(row.event) if any(word in row.event for word in _TOLD_OF) else None
                if isinstance(event, GatewayStarted) and self.at:
                    self.model.ledger.down(self.at, row.at)
                elif isinstance(event, PlansLoaded):
                    self._loaded.append((row.at, event.version))
                self._index, self.at = row.index, row.at
            yield

    def _rows_after(self, index: int, limit: int) -> list[JournalRow]:
        return list(islice(self._store.journal(after=index, chunk_rows=limit), limit))

    def _load_plans(self, until: Instant) -> None:
        while self._loaded and self._loaded[0][0] <= until:
            at, version = self._loaded.pop(0)
            self.model.plans(PlanBook.model_validate_json(self._store.document(version)), at)


def _first(instant: Instant, at: Callable[[int], list[Instant]]) -> int:
    """How many come before the instant: a binary search, for numbers have no gaps and instants never go back."""
    low, high = 0, 1
    while (found := at(high)) and found[0] < instant:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        found = at(middle)
        low, high = (middle + 1, high) if found and found[0] < instant else (low, middle)
    return low


class Auditor:
    """`run` it as a task, `wake` it after commits. `submit(events)` journals them, on the event loop."""

    def __init__(
        self, store: Store, plans: str, submit: Callable[[Sequence[AuditFailed | AuditPassed]], None], clock: Clock
    ) -> None:
        """`plans`: the version that is in force now; empty: none."""
        self._reading = Reading(store)
        self._plans, self._submit, self._clock = plans, submit, clock
        self._awake = asyncio.Event()
        self._told: set[tuple[str, Instant, bool]] = set()
        self.found = 0  # since the start

    @property
    def missing(self) -> int:
        """What was due and has not happened, as far as it has looked."""
        return len(self._reading.model.ledger.missing)

    def wake(self) -> None:
        self._awake.set()

    async def run(self) -> None:
        """Until cancelled. Raises StoreFailed. What it cannot read is a finding, and its last."""
        try:
            await self._run()
        except (ValueError, LookupError) as error:
            log.exception("the journal cannot be audited")
            self._submit([AuditFailed(f"the audit itself: {error}"[:TEXT_CHARACTERS_MAX], self._clock())])
            await asyncio.Event().wait()

    async def _run(self) -> None:
        self._reading.skip(self._clock() - LOOK_BACK_MS, self._plans)
        while True:
            await self._look()
            events = list(self._events())
            if events:
                self.found += sum(isinstance(each, AuditFailed) for each in events)
                self._submit(events)
            await self._rest()

    async def _rest(self) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        due = self._reading.model.ledger.next_look()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0, due - self._clock()) / 1000):
                await self._awake.wait()
        self._awake.clear()

    async def _look(self) -> None:
        """In small pages on the loop: a thread would take the interpreter from an alarm at every turn."""
        now = self._clock()
        for _ in self._reading.pages():
            await asyncio.sleep(REST_SECONDS)
        self._reading.model.look(now)

    def _events(self) -> Iterator[AuditFailed | AuditPassed]:
        """What the timeline does not say yet, each once."""
        model = self._reading.model
        late = [each for each in model.ledger.late if not each.excused]
        for finding in [*model.ledger.missing.values(), *late]:
            key = finding.what, finding.due_at
            if key not in model.reported and self._is_news(finding, mended=False):
                yield AuditFailed(*key)
            if finding.done_at is not None and not model.reported.get(key) and self._is_news(finding, mended=True):
                yield AuditPassed(finding.what)
        model.ledger.late.clear()

    def _is_news(self, finding: Finding, mended: bool) -> bool:
        key = (finding.what, finding.due_at, mended)
        if key in self._told:
            return False
        self._told.add(key)
        return True


def audit(store: Store, tolerance_ms: int = TOLERANCE_MS) -> tuple[list[Finding], int, Instant]:
    """Over a whole stored journal. → (what was late or is missing, by due time; how much was in time; up to when)."""
    reading = Reading(store, tolerance_ms)
    for _ in reading.pages():
        pass
    reading.model.look(reading.at)
    ledger = reading.model.ledger
    return sorted([*ledger.late, *ledger.missing.values()], key=lambda each: each.due_at), ledger.kept, reading.at
