"""Retention: what is past its keeping goes, a little at a time, beside everything else.

Records go by months: the journal then begins at a milestone that is past every keeping, and says so itself. Nothing
goes that is not in a backup, unless the settings say that backups are made otherwise. What is not a record (answers
to repeated requests, messages that were not understood, files that belong to nothing) goes by its own age.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Select, delete, select

from gateway.attachments import Attachments
from gateway.clock import Clock
from gateway.config import KeepingPart
from gateway.desk import Desk
from gateway.keeping.backup import noted
from gateway.keeping.past import Past, made, past
from gateway.store import Store, StoreFailed
from gateway.store.anchor import Anchor, state_of
from gateway.store.schema import answers, dead_letters, documents, file_texts, journal, orders
from rules.codec import decode_event, decode_order
from rules.events import DirectoryLoaded, PlansLoaded, RosterLoaded, RulesLoaded
from rules.instant import DAY_MS, Instant, rfc3339

LOOK_SECONDS = 3_600.0  # keeping is counted in days
PAUSE_SECONDS = 0.02  # between two steps: a commit that waits is let in
CARRIED_AT_ONCE = 200
JOURNAL_ROWS_LOOKED_AT = 20_000  # by the database, at a time
LOADED = b'Loaded"'  # what events that put a document in force have in common

T = TypeVar("T")
log = logging.getLogger("tocsin.keeping")


class Retention:
    """`run` it as a task of the core. `commit` makes durable what was submitted to the desk."""

    def __init__(
        self, keeping: KeepingPart, data: Path, store: Store, desk: Desk, clock: Clock, commit: Callable[[], None]
    ) -> None:
        self._keeping, self._data, self._store, self._desk, self._clock = keeping, data, store, desk, clock
        self._commit = commit
        self._said = ""

    async def run(self) -> None:
        """Until cancelled. Raises StoreFailed when the commit fails; whatever else fails is tried again later."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Everything that is past its keeping by now."""
        now = self._clock()
        found = await self._tried(self._found(now))
        if found is not None:
            self._desk.prune(found.anchor, found.removed)
            self._commit()
            log.info("the journal begins after entry %d (%s) now", found.anchor.index, rfc3339(found.anchor.at))
        await self._tried(self._delete())
        await self._tried(self._expire(now))
        await self._tried(asyncio.to_thread(self._remove_unused, now))

    async def _tried(self, work: Awaitable[T]) -> T | None:
        """Nothing of it is needed for an alarm: it is logged, and tried again with the next look."""
        try:
            return await work
        except (StoreFailed, OSError, LookupError, ValueError) as error:
            log.error("nothing more is removed for now: %s", error)
            return None

    # ---- records

    def cutoffs(self, now: Instant) -> dict[str, Instant] | None:
        """Kind of record → what was over before that instant may go; None: records are kept for ever."""
        days = self._keeping.record_days()
        if all(each is None for each in days.values()):
            return None
        return {kind: 0 if each is None else now - round(each * DAY_MS) for kind, each in days.items()}

    async def _found(self, now: Instant) -> Past | None:
        """What may go, with all that is carried over put down already."""
        cutoffs = self.cutoffs(now)
        found = None if cutoffs is None else await asyncio.to_thread(self._next, cutoffs)
        if found is not None:
            await self._carry(found)
        return found

    def _next(self, cutoffs: dict[str, Instant]) -> Past | None:
        """In another thread."""
        after = self._store.anchor_index()
        found = self._store.milestones(max(cutoffs.values()), after, self._backed_up(after))
        return past(self._store, found[0], cutoffs) if found else None

    def _backed_up(self, after: int) -> int:
        head = self._store.head()[0]
        if not self._keeping.backup_first:
            return head
        note = noted(self._data)
        entries = 0 if note is None else min(head, note.entries)
        why = "" if entries > after else "nothing past its keeping is removed before a backup holds it"
        if why != self._said:
            self._said = why
            log.log(logging.WARNING if why else logging.INFO, "%s", why or "a backup holds what may be removed")
        return entries

    async def _carry(self, found: Past) -> None:
        rows = iter(found.carried)
        for first in count(1, CARRIED_AT_ONCE):
            some = list(islice(rows, CARRIED_AT_ONCE))
            await asyncio.to_thread(self._store.carry, found.anchor.index, first, some)
            if len(some) < CARRIED_AT_ONCE:
                return

    async def _delete(self) -> None:
        anchor = await asyncio.to_thread(self._store.anchor)
        if anchor is None:
            return
        for step in self._store.pruning(anchor, made(state_of(anchor))):
            await self._until_done(step)
        for statement in await asyncio.to_thread(lambda: list(self._documents_not_needed(anchor))):
            await asyncio.to_thread(self._store.delete, statement)

    async def _until_done(self, step: Callable[[], int]) -> None:
        while await asyncio.to_thread(step):  # noqa: ASYNC110 - nothing is waited for: others are let in
            await asyncio.sleep(PAUSE_SECONDS)

    def _documents_not_needed(self, anchor: Anchor) -> Iterator[Any]:
        """Those that were in force before the anchor alone, with how they were written."""
        state = state_of(anchor)
        needed = {state.directory, state.rules, state.plans, state.roster}
        c, last = journal.c, anchor.index
        head = self._store.head()[0]
        while last < head:
            rows = select(c.event).where(c["index"] > last, c["index"] <= last + JOURNAL_ROWS_LOOKED_AT)
            for event in self._store.events_with(LOADED, rows):
                loaded = decode_event(event)
                if isinstance(loaded, DirectoryLoaded | RulesLoaded | PlansLoaded | RosterLoaded):
                    needed.add(loaded.version)
            last += JOURNAL_ROWS_LOOKED_AT
        for (hash_,) in self._asked(select(documents.c.hash)):
            if hash_ not in needed:
                yield delete(documents).where(documents.c.hash == hash_).returning(documents.c.hash)
                yield delete(file_texts).where(file_texts.c.version == hash_).returning(file_texts.c.version)

    # ---- what is no record

    async def _expire(self, now: Instant) -> None:
        keeping = self._keeping
        await self._until_done(lambda: self._older(answers, answers.c.key, answers.c.at, now, keeping.answers_days))
        letters = dead_letters.c
        await self._until_done(
            lambda: self._older(dead_letters, letters.topic, letters.last_at, now, keeping.dead_letters_days)
        )

    def _older(self, table: Any, key: Any, at: Any, now: Instant, days: float) -> int:
        before = at < now - round(days * DAY_MS)
        some = select(key).where(before).order_by(at).limit(CARRIED_AT_ONCE)
        return self._store.delete(delete(table).where(key.in_(some), before).returning(key))

    def _remove_unused(self, now: Instant) -> None:
        """Files that no order names, once they are old enough to be left over. In another thread."""
        attachments = Attachments(self._data / "attachments")
        old = set(attachments.older_than(now - round(self._keeping.unused_files_days * DAY_MS)))
        c, last = orders.c, ""
        statement = select(c.id, c.body).order_by(c.id).limit(CARRIED_AT_ONCE)
        while old and (rows := self._asked(statement.where(c.id > last))):
            for _, body in rows:
                named = (each.sha256 for record in decode_order(body).records for each in record.attachments)
                old.difference_update(named)
            last = rows[-1][0]
        for hash_ in sorted(old):
            attachments.remove(hash_)
            log.info("file %s belongs to no order and was removed", hash_)

    def _asked(self, statement: Select[Any]) -> Sequence[Any]:
        return self._store.look(lambda ask: ask(statement))
