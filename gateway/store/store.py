"""The surface of durable storage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Select, Table, func, select, text
from sqlalchemy.sql.dml import ReturningDelete

from api.ports import ActionQuery, DeadLetter, DrillQuery, HandoverQuery, IncidentQuery, OrderQuery, Page, ShelfQuery
from gateway.store import dead_letters, inbox, migrate, outbox, projections, queries
from gateway.store.anchor import Anchor, Milestone, state_of
from gateway.store.carried import (
    Carried,
    carried_rows,
    carry,
    hash_of_carried,
    milestones_before,
    newest_anchor,
    newest_milestone,
)
from gateway.store.chain import BrokenAt, Verified, verify
from gateway.store.engines import parse_url, sqlite_path
from gateway.store.errors import StoreFailed
from gateway.store.group import Group, JournalRow
from gateway.store.outbox import Due
from gateway.store.pruning import step_of, steps
from gateway.store.reader import CHUNK_ROWS, INDEX_MIN, Ask, Reader
from gateway.store.schema import (
    actions,
    anchors,
    answers,
    documents,
    drills,
    handovers,
    incidents,
    journal_head,
    orders,
    shelves,
    snapshots,
)
from gateway.store.schema import dead_letters as letters_table
from gateway.store.writer import NO_HEAD, Writer
from rules.codec import (
    decode_action,
    decode_drill,
    decode_effect,
    decode_entry,
    decode_handover,
    decode_incident,
    decode_order,
    decode_shelf,
)
from rules.drill import Drill
from rules.handover import Handover
from rules.incident import Incident
from rules.instant import Instant
from rules.order import WorkOrder
from rules.shelf import Shelf
from rules.state import ActionState, encode_state
from rules.timeline import Entry

T = TypeVar("T")

log = logging.getLogger(__name__)


class Store:
    """Journal, projections, outbox. Made by `open`.

    What writes (`commit`, `outbox_retry`, `dead_letters_add`, `answers_expire`, `replace_projections`) takes turns.
    What reads may be called from any thread, sees what is committed, and never waits for the writer.
    Everything raises StoreFailed when the database cannot do it.
    """

    def __init__(self, reader: Reader, writer: Writer | None, dead_letter_rows_max: int) -> None:
        self._reader = reader
        self._writer_or_none = writer
        self._dead_letter_rows_max = dead_letter_rows_max

    @classmethod
    def open(
        cls,
        url: str,
        create: bool = True,
        writer: bool = True,
        dead_letter_rows_max: int = dead_letters.DEAD_LETTER_ROWS_MAX,
    ) -> Self:
        """`sqlite:///FILE` or `postgresql+psycopg://…`.

        As the writer: brings the schema to this version, and raises StoreLocked while another process is the writer.
        `create=False`: a SQLite file that is not there is an error. `writer=False`: reads only, beside a running
        gateway or without one; the schema must be this version's already. Raises StoreFailed.
        """
        parsed = parse_url(url)
        path = sqlite_path(parsed)
        if path is not None and not path.exists() and not (create and writer):
            raise StoreFailed(f"{path} does not exist")
        if writer:
            return cls(Reader(parsed), Writer(parsed), dead_letter_rows_max)
        reader = Reader(parsed)
        try:
            migrate.refuse_other(migrate.version_of(reader.engine))
        except StoreFailed:
            reader.close()
            raise
        return cls(reader, None, dead_letter_rows_max)

    def close(self) -> None:
        self._reader.close()
        if self._writer_or_none is not None:
            self._writer_or_none.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The journal and what is committed with it

    def commit(self, group: Group) -> None:
        """All of `group` in one transaction, durable when this returns; StoreFailed: nothing of it.

        After StoreFailed the same group may be committed again, also when the database had taken it before the
        connection broke. The group is not cleared. Raises ValueError when its journal rows do not follow on `head()`.
        """
        self._writer.commit(group)

    def knows(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that are in the journal. For the writer."""
        return self._writer.known_keys(keys)

    def head(self) -> tuple[int, bytes]:
        """Index and hash of the last journal row; (0, GENESIS) of an empty journal."""
        rows = self._reader.rows(select(journal_head.c.index, journal_head.c.hash))
        if not rows:
            raise StoreFailed(NO_HEAD)
        return rows[0][0], rows[0][1]

    def journal(self, after: int = 0, until: int | None = None, chunk_rows: int = CHUNK_ROWS) -> Iterator[JournalRow]:
        """Rows with `after` < index ≤ `until`, in order, read in chunks as they are asked for."""
        for chunk in self._reader.journal(max(after, self.anchor_index()), chunk_rows):
            for index, at, key, event, hash_ in chunk:
                if until is not None and index > until:
                    return
                yield JournalRow(index, at, key, event, hash_)

    def verify(self) -> Verified | BrokenAt:
        """Recomputes the whole hash chain, from the anchor of a pruned journal. A second for half a million rows."""
        anchor = self.anchor()
        found = self._verify(anchor)
        while isinstance(found, BrokenAt) and anchor != (newer := self.anchor()):  # it was pruned meanwhile
            anchor, found = newer, self._verify(newer)
        return found

    def _verify(self, anchor: Anchor | None) -> Verified | BrokenAt:
        if anchor is not None and hash_of_carried(self.carried(anchor)) != anchor.carried:
            return BrokenAt(anchor.index, "what was carried over when the journal was pruned is not what it was")
        head = self._reader.rows(select(journal_head.c.index, journal_head.c.hash))
        rows = self._reader.journal(INDEX_MIN if anchor is None else anchor.index)
        return verify(rows, (head[0][0], head[0][1]) if head else None, anchor)

    def events_with(self, word: bytes, statement: Select[Any]) -> list[bytes]:
        """Of a selection of journalled events, those that hold a word: looked through by the database itself."""
        sqlite = self._reader.engine.dialect.name == "sqlite"
        found = "instr(event, :word) > 0" if sqlite else "position(CAST(:word AS bytea) IN event) > 0"
        return [row[0] for row in self._reader.rows(statement.where(text(found).bindparams(word=word)))]

    # Where a pruned journal begins

    def anchor(self) -> Anchor | None:
        """None: the journal is whole."""
        rows = self._reader.rows(newest_anchor().limit(1))
        return Anchor(*rows[0]) if rows else None

    def anchor_index(self) -> int:
        """0: the journal is whole."""
        return self._reader.one(newest_anchor().with_only_columns(anchors.c["index"])) or 0

    def carried(self, anchor: Anchor) -> Iterator[Carried]:
        """What is older than the anchor and was kept all the same."""
        return carried_rows(self._reader, anchor.index)

    def milestones(self, at: Instant, after: int, until: int) -> list[Milestone]:
        """Those not later than `at` and `after` < index ≤ `until`; the newest first."""
        return [Milestone(*row) for row in self._reader.rows(milestones_before(at, after, until))]

    def carry(self, anchor: int, first: int, rows: Sequence[Carried]) -> None:
        """Puts down what an anchor will carry over, numbered from `first`; counts once the anchor is committed."""
        sql = self._writer.statements
        if first == 1:  # of an attempt that came to nothing
            self._writer.run(lambda cursor: cursor.execute(sql.carried_forget, (anchor,)))
        self._writer.run(lambda cursor: carry(cursor, sql, anchor, first, rows))

    def pruning(self, anchor: Anchor, made: dict[str, int]) -> list[Callable[[], int]]:
        """Steps that delete what lies before the anchor, each a few rows in one transaction: → how many; 0: done.

        `made`: table → the highest number of an id that there was at the anchor.
        """
        return [partial(self._writer.asked, step) for step in steps(anchor, made, self._reader.engine.dialect)]

    def delete(self, statement: ReturningDelete[Any]) -> int:
        """What has `returning`, in one transaction. → how many rows"""
        return self._writer.asked(step_of(statement, self._reader.engine.dialect))

    def last_milestone_at(self) -> Instant | None:
        at: Instant | None = self._reader.one(newest_milestone())
        return at

    def snapshot(self) -> tuple[int, bytes] | None:
        """(index, body) of the newest snapshot that reads back as it was written, else of the anchor.

        None: replay from the start.
        """
        head = self.head()[0]
        statement = select(snapshots.c.index, snapshots.c.body, snapshots.c.hash).order_by(snapshots.c.index.desc())
        for index, body, hash_ in self._reader.rows(statement):
            if index > head:
                log.warning("snapshot %d is passed over: the journal ends at %d", index, head)
            elif not isinstance(body, bytes) or sha256(body).digest() != hash_:
                log.warning("snapshot %d is passed over: it does not read back as it was written", index)
            else:
                return index, body
        anchor = self.anchor()
        return None if anchor is None else (anchor.index, encode_state(state_of(anchor)))

    def document(self, hash_: str) -> bytes:
        """A site or rules by content hash. Raises LookupError."""
        body: bytes | None = self._reader.one(select(documents.c.body).where(documents.c.hash == hash_))
        if body is None:
            raise LookupError(f"no document has the hash {hash_}")
        return body

    def answer(self, key: str) -> bytes | None:
        """What was answered to an idempotency key."""
        return self._reader.one(select(answers.c.body).where(answers.c.key == key))

    def answers_expire(self, before: Instant) -> None:
        """Forgets the answers given before that instant."""
        sql = self._writer.statements.answers_expire
        self._writer.run(lambda cursor: cursor.execute(sql, (before,)))

    # The outbox

    def outbox_due(self, now: Instant, limit: int, kind: str | None = None) -> list[Due]:
        """Effects whose next try is not later than `now`, in the order they were put; expired ones among them.

        `kind` is the name of an effect's class; None: all.
        """
        rows = self._reader.rows(outbox.due(now, limit, kind))
        return [Due(decode_effect(body), attempts, next_try_at) for body, attempts, next_try_at in rows]

    def outbox_waiting(self) -> dict[str, int]:
        """Kind of effect → how many are not done yet."""
        return {str(kind): int(count) for kind, count in self._reader.rows(outbox.waiting())}

    def outbox_next(self, now: Instant, kind: str | None = None) -> Instant | None:
        """When the next try falls due: `now` when one is overdue; None: the outbox holds nothing of the kind."""
        next_try_at: Instant | None = self._reader.one(outbox.next_try(kind))
        return None if next_try_at is None else max(now, next_try_at)

    def outbox_next_after(self, now: Instant, kind: str) -> Instant | None:
        """When the next try later than `now` falls due; None: there is none."""
        next_try_at: Instant | None = self._reader.one(outbox.next_try_after(now, kind))
        return next_try_at

    def outbox_retry(self, id_: str, attempts: int, next_try_at: Instant) -> None:
        sql = self._writer.statements.outbox_retry
        self._writer.run(lambda cursor: cursor.execute(sql, (attempts, next_try_at, id_)))

    # Dead letters

    def dead_letters_add(self, letters: Sequence[DeadLetter]) -> None:
        """Adds each one's `count` to its topic and reason. Beyond the limit of rows, to topic "(other)"."""
        if letters:
            sql, most = self._writer.statements, self._dead_letter_rows_max
            self._writer.run(lambda cursor: dead_letters.add(cursor, sql, letters, most))

    def dead_letters(self, cursor: str | None = None, limit: int = 100) -> Page[DeadLetter]:
        """The latest first. Raises ValueError for a cursor that is none."""
        rows = self._reader.rows(dead_letters.page(cursor, limit))
        page = [DeadLetter(*row) for row in rows[: queries.clamp(limit)]]
        if len(rows) == len(page):
            return Page(page)
        return Page(page, queries.make_cursor(page[-1].last_at, page[-1].topic, page[-1].reason))

    def dead_letters_count(self, topic: str | None = None, reason: str | None = None) -> int:
        """How many topics and reasons; None: any."""
        statement = select(func.count()).select_from(letters_table)
        return int(self._reader.rows(statement.where(*dead_letters.those(topic, reason)))[0][0])

    def dead_letters_clear(self, topic: str | None = None, reason: str | None = None) -> None:
        """Forgets those of a topic and a reason; None: any."""
        named = {name: text for name, text in (("topic", topic), ("reason", reason)) if text is not None}
        sql = self._writer.statements.dead_letters_clear[tuple(named)]
        self._writer.run(lambda cursor: cursor.execute(sql, dead_letters.named(topic, reason)))

    # Devices of other formats

    def inbox_rows(self) -> list[tuple[str, str, bytes]]:
        """(codec, native id, body) of each."""
        return [(row[0], row[1], row[2]) for row in self._reader.rows(inbox.rows())]

    def inbox_write(self, put: Sequence[inbox.InboxRow], drop: Sequence[tuple[str, str]]) -> None:
        """Both or nothing: rows put in place of those with the same codec and native id, others removed."""
        sql = self._writer.statements
        self._writer.run(lambda cursor: inbox.write(cursor, sql, put, drop))

    # Incidents and timelines

    def incidents(self, query: IncidentQuery) -> Page[Incident]:
        """Newest first. Raises ValueError for a cursor that is none."""
        return self._page(queries.incidents_page(query), query.limit, decode_incident)

    def incident(self, id_: str) -> Incident | None:
        return self._one(incidents, id_, decode_incident)

    def entries_of(self, incident: str, after: int = 0, limit: int = 500) -> list[Entry]:
        """Entries of an incident with `number` above `after`, in order."""
        return [decode_entry(row[0]) for row in self._reader.rows(queries.entries_of(incident, after, limit))]

    def entries_of_device(self, device: str, after: int = 0, limit: int = 500) -> list[Entry]:
        """Entries about a device with `position` above `after`, in order."""
        return [decode_entry(row[0]) for row in self._reader.rows(queries.entries_of_device(device, after, limit))]

    def entries_after(self, position: int, limit: int = 500) -> list[Entry]:
        """Entries of all timelines with `position` above the given one, in order."""
        return [decode_entry(row[0]) for row in self._reader.rows(queries.entries_after(position, limit))]

    def look(self, look: Callable[[Ask], T]) -> T:
        """What `look` makes of the answers to its questions, which are all of one moment. Short: it holds the log."""
        with self._reader.at_once() as ask:
            return look(ask)

    # Orders, corrective actions, handovers, shelves: newest first; ValueError for a cursor that is none

    def orders(self, query: OrderQuery) -> Page[WorkOrder]:
        return self._page(queries.orders_page(query), query.limit, decode_order)

    def order(self, id_: str) -> WorkOrder | None:
        return self._one(orders, id_, decode_order)

    def actions(self, query: ActionQuery) -> Page[ActionState]:
        return self._page(queries.actions_page(query), query.limit, decode_action)

    def action(self, id_: str) -> ActionState | None:
        return self._one(actions, id_, decode_action)

    def handovers(self, query: HandoverQuery) -> Page[Handover]:
        return self._page(queries.handovers_page(query), query.limit, decode_handover)

    def handover(self, id_: str) -> Handover | None:
        return self._one(handovers, id_, decode_handover)

    def shelves(self, query: ShelfQuery) -> Page[Shelf]:
        return self._page(queries.shelves_page(query), query.limit, decode_shelf)

    def shelf(self, id_: str) -> Shelf | None:
        return self._one(shelves, id_, decode_shelf)

    def drills(self, query: DrillQuery) -> Page[Drill]:
        return self._page(queries.drills_page(query), query.limit, decode_drill)

    def drill(self, id_: str) -> Drill | None:
        return self._one(drills, id_, decode_drill)

    def _page(self, statement: Select[Any], limit: int, decode: Callable[[bytes], T]) -> Page[T]:
        """Of rows (instant, id, body), one more than the limit where there is a next page."""
        rows = self._reader.rows(statement)
        page = rows[: queries.clamp(limit)]
        cursor = queries.make_cursor(page[-1][0], page[-1][1]) if len(rows) > len(page) else None
        return Page([decode(row[2]) for row in page], cursor)

    def _one(self, table: Table, id_: str, decode: Callable[[bytes], T]) -> T | None:
        body = self._reader.one(select(table.c.body).where(table.c.id == id_))
        return None if body is None else decode(body)

    # Projections as a whole

    def projections(self) -> Iterator[projections.Projected]:
        """(table, key, body) in an order that is the same on every database, to compare with a rebuild's."""
        return projections.read(self._reader)

    def replace_projections(self, groups: Iterable[Group]) -> None:
        """Writes all that follows from the journal anew from a replay's groups, in one transaction."""
        sql = self._writer.statements
        self._writer.run(lambda cursor: projections.replace(cursor, sql, groups))

    @property
    def _writer(self) -> Writer:
        if self._writer_or_none is None:
            raise StoreFailed("this store was opened to read only")
        return self._writer_or_none
