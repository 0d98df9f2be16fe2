"""The desk: the one writer. Event → journal → engine → projections → outbox, group-committed.

`submit` takes an event at once; `commit` makes durable everything submitted since. Nothing awaits in between, so
that what people see, what is acknowledged and what is done always rests on something committed. When a commit
fails the desk is of no more use: its memory is ahead of the store. Whoever runs it makes a new one from the store.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from gateway.clock import Clock, monotonic_s
from gateway.documents import KINDS, Document, StoredDocuments
from gateway.histogram import COMMIT_S, LATENESS_S, Histogram
from gateway.replay import add_outcome
from gateway.store import Group, JournalRow, Store, StoreFailed, chain_hash
from gateway.store.anchor import Anchor, Milestone, packed
from rules.codec import decode_event, encode
from rules.effects import Effect
from rules.engine import Engine
from rules.events import (
    DirectoryLoaded,
    Event,
    JournalPruned,
    PlansLoaded,
    RosterLoaded,
    RulesLoaded,
    TimePassed,
    VerdictChanged,
)
from rules.instant import DAY_MS, Instant
from rules.outcome import Outcome
from rules.state import State, decode_state, encode_state
from rules.timeline import Entry

SNAPSHOT_EVERY = 5_000  # journal rows replayed at a start: about a second
SNAPSHOT_ROWS_MAX = 2 * SNAPSHOT_EVERY  # without a quiet moment in between: then an alarm waits for it
MILESTONE_EVERY_MS = 30 * DAY_MS  # what is past its keeping goes by months
KEYS_REMEMBERED_MAX = 50_000  # of this run; older keys are asked of the store

_LOADED: dict[str, Callable[[str], Event]] = {
    "directory": DirectoryLoaded,
    "rules": RulesLoaded,
    "plans": PlansLoaded,
    "roster": RosterLoaded,
}

log = logging.getLogger("tocsin.desk")


class Desk:
    """`on_commit(entries, effects)` is called after each commit, with what it made durable."""

    def __init__(self, store: Store, clock: Clock, on_commit: Callable[[list[Entry], list[Effect]], None]) -> None:
        self._store, self._clock, self._on_commit = store, clock, on_commit
        self.documents = StoredDocuments(store)
        self.engine, self.replayed = recover(store, self.documents)
        self._index, self._hash = store.head()
        self._snapshot_index = self._index - self.replayed
        self._group = Group()
        self._keys: dict[str, None] = {}
        self._milestone_at = store.last_milestone_at()
        self._texts_kept: set[str] = set()  # of this run; a version more with every change of files
        self._failed: StoreFailed | None = None
        self.commit_s, self.lateness_s = Histogram(COMMIT_S), Histogram(LATENESS_S)
        self.on_cleared: Callable[[str], None] = lambda site: None  # a site whose exercise tree is to be forgotten

    @property
    def pending(self) -> bool:
        """Something is submitted and not committed yet."""
        return bool(self._group)

    @property
    def journal_index(self) -> int:
        return self._index

    def knows(self, key: str) -> bool:
        """Whether an event with this unique key is journaled, or about to be."""
        return key in self._keys or bool(self._store.knows([key]))

    def submit(self, event: Event, key: str | None = None) -> Outcome:
        """Journals the event and lets the engine decide. Durable after the next `commit`.

        `key` is what it is known by when it comes again: then nothing happens. Raises StoreFailed after a commit has
        failed: memory is ahead of the store then, and what is decided on it may never have happened.
        """
        self._raise_if_failed()
        if isinstance(event, VerdictChanged):
            key = event.key()
        if key is not None and self.knows(key):
            log.debug("already journaled: %s", key)
            return Outcome()
        now = max(self._clock(), self.engine.state.now)
        self._journal(event, key, now)
        outcome = self.engine.step(event, now)
        add_outcome(self._group, outcome)
        for site in outcome.cleared_sites:
            self.on_cleared(site)
        return outcome

    def answer(self, idempotency_key: str, body: bytes) -> None:
        """Keeps the answer to a person's command, in the commit that holds the command."""
        self._group.answers.append((idempotency_key, body, self._clock()))

    def load(self, *documents: Document) -> bool:
        """Puts sites, rules, plans and people in force where they differ from those that are. → whether any did."""
        changed = False
        for document in documents:
            kind = KINDS[type(document)]
            version, body = self.documents.add(document)
            if version != getattr(self.engine.state, kind):
                self._group.documents.append((version, kind, body))
                self.submit(_LOADED[kind](version))
                changed = True
        return changed

    def keep_texts(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        """How the documents in force are written: kind → file → text. Durable after the next `commit`."""
        for kind, files in texts.items():
            version = getattr(self.engine.state, kind)
            if version and version not in self._texts_kept:
                self._texts_kept.add(version)
                self._group.texts.append((version, kind, encode(dict(files))))

    def advance(self) -> None:
        """Lets the engine see that time has passed, if a deadline has."""
        due = self.engine.next_deadline()
        now = self._clock()
        if due is not None and due <= now:
            self.lateness_s.observe((now - due) / 1000)
            self.submit(TimePassed())

    def next_deadline(self) -> Instant | None:
        return self.engine.next_deadline()

    def commit(self) -> None:
        """Raises StoreFailed: then nothing of what was submitted is durable, and this desk is of no more use."""
        self._raise_if_failed()
        if not self._group:
            return
        if self._index - self._snapshot_index >= SNAPSHOT_ROWS_MAX:
            self._put_snapshot()
        began_s = monotonic_s()
        try:
            self._store.commit(self._group)
        except StoreFailed as error:
            self._failed = error
            raise
        self.commit_s.observe(monotonic_s() - began_s)
        if self._group.snapshot is not None:
            self._snapshot_index = self._index
        entries, effects = list(self._group.entries), list(self._group.outbox_put)
        self._group.clear()
        self._on_commit(entries, effects)

    def snapshot_if_due(self) -> None:
        """In a quiet moment: it takes milliseconds, in which nothing else is taken in."""
        if not self._group and self._index - self._snapshot_index >= SNAPSHOT_EVERY:
            self.snapshot()

    def snapshot(self) -> None:
        """Commits a snapshot now, so that the next start replays nothing."""
        if self._index > self._snapshot_index:
            self._put_snapshot()
            self.commit()

    def _put_snapshot(self) -> None:
        state, now = encode_state(self.engine.state), self.engine.state.now
        self._group.snapshot = (self._index, state)
        if self._milestone_at is None or now - self._milestone_at >= MILESTONE_EVERY_MS:
            self._milestone_at = now
            self._group.milestone = Milestone(self._index, now, self._hash, packed(state))

    def prune(self, anchor: Anchor, removed: dict[str, int]) -> None:
        """From the next `commit` on the journal begins at the anchor. What it carries over is in the store already."""
        self._group.anchor = anchor
        self.submit(JournalPruned(anchor.index, anchor.at, anchor.digest, removed))

    def _raise_if_failed(self) -> None:
        if self._failed is not None:
            raise StoreFailed(f"a commit failed before: {self._failed}")

    def _journal(self, event: Event, key: str | None, now: Instant) -> None:
        body = encode(event)
        self._index += 1
        self._hash = chain_hash(self._hash, self._index, now, body, key)
        self._group.journal.append(JournalRow(self._index, now, key, body, self._hash))
        if key is not None:
            self._keys[key] = None
            if len(self._keys) > KEYS_REMEMBERED_MAX:
                del self._keys[next(iter(self._keys))]


def recover(store: Store, documents: StoredDocuments) -> tuple[Engine, int]:
    """The engine as it was: the newest snapshot and the journal since. → (engine, events replayed).

    Raises StoreFailed when the journal does not read back.
    """
    index, state = 0, State()
    found = store.snapshot()
    if found is not None:
        index, state = found[0], decode_state(found[1])
    engine = Engine(state, documents)
    replayed = 0
    for row in store.journal(after=index):
        try:
            engine.step(decode_event(row.event), row.at)
        except (ValueError, LookupError) as error:
            raise StoreFailed(f"journal entry {row.index} cannot be replayed: {error}") from error
        replayed += 1
    return engine, replayed
