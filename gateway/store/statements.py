"""The writer's statements, compiled once: SQLAlchemy writes the SQL, the driver executes it.

Going through SQLAlchemy for each costs more than SQLite itself does (bench: 35 µs against 4 µs a statement).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, Integer, Table, bindparam, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store import schema

SNAPSHOTS_KEPT = 3  # the newest, and two more in case it does not read back

KEYS_AT_ONCE = (1, 16, 256)  # few different statements, so that the driver keeps them prepared


class Statements:
    """Each is SQL with positional parameters: the columns of its table in order, where nothing else is said."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect.name
        upsert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect.name]
        # psycopg's own parameters are named; a tuple a row costs less than a dict a row
        kind: Any = type(dialect)
        positional = kind(paramstyle="format") if dialect.name == "postgresql" else dialect

        def sql(statement: Any) -> str:
            return str(statement.compile(dialect=positional))

        def put(table: Table) -> str:
            return sql(table.insert())

        def keep_first(table: Table) -> str:
            return sql(upsert(table).on_conflict_do_nothing())

        def keep_last(table: Table, *changing: str) -> str:
            statement = upsert(table)
            changed = {name: statement.excluded[name] for name in changing}
            return sql(statement.on_conflict_do_update(index_elements=[*table.primary_key], set_=changed))

        def keep_last_but(table: Table, *staying: str) -> str:
            return keep_last(table, *(column.name for column in table.c if column.name not in staying))

        def drop(table: Table, *names: str) -> str:
            return sql(table.delete().where(*(table.c[name] == bindparam(f"old_{name}") for name in names)))

        head, box = schema.journal_head, schema.outbox
        self.journal = put(schema.journal)
        self.head = sql(head.update().values(index=bindparam("new_index"), hash=bindparam("new_hash")))
        self.entries = put(schema.entries)
        # an id and its opening stay: the index by opening is not touched with every change
        self.incidents = keep_last_but(schema.incidents, "id", "opened_at")
        self.orders = keep_last_but(schema.orders, "id", "mode", "asset", "fault", "opened_at")
        self.actions = keep_last_but(schema.actions, "id", "incident", "asked_at")
        self.handovers = keep_last_but(schema.handovers, "id", "filled_at")
        self.shelves = keep_last_but(schema.shelves, "id", "since")
        self.drills = keep_last_but(schema.drills, "id", "started_at")
        self.detections_open = put(schema.detections)
        self.detections_closed = drop(schema.detections, "mode", "rule", "device")
        self.outbox_put = put(box)
        self.outbox_drop = drop(box, "id")
        self.outbox_retry = sql(
            box.update()
            .values(attempts=bindparam("new_attempts"), next_try_at=bindparam("new_next_try_at"))
            .where(box.c.id == bindparam("old_id"))
        )
        self.answers = keep_first(schema.answers)
        self.documents = keep_first(schema.documents)
        self.texts = keep_first(schema.file_texts)
        self.snapshot = keep_last(schema.snapshots, "body", "hash")
        self.milestone = keep_first(schema.milestones)
        self.anchor = put(schema.anchors)
        self.carried = put(schema.carried)
        self.carried_forget = drop(schema.carried, "anchor")
        self.inbox_put = keep_last(schema.inbox, "last_at", "body")
        self.inbox_drop = drop(schema.inbox, "codec", "native_id")
        self._of_dead_letters(upsert, sql, drop)
        key = schema.journal.c.key
        self.known_keys = {
            size: sql(select(key).where(key.in_([bindparam(f"key_{number}") for number in range(size)])))
            for size in KEYS_AT_ONCE
        }
        self.read_head = sql(select(head.c.index, head.c.hash))

        index = schema.snapshots.c.index
        older = literal_column(str(SNAPSHOTS_KEPT - 1), Integer)
        oldest_kept = select(index).order_by(index.desc()).offset(older).limit(literal_column("1")).scalar_subquery()
        self.snapshots_expire = sql(schema.snapshots.delete().where(index < oldest_kept))
        self.answers_expire = sql(schema.answers.delete().where(schema.answers.c.at < bindparam("before")))

    def _of_dead_letters(self, upsert: Any, sql: Any, drop: Any) -> None:
        letters = schema.dead_letters
        self.dead_letters = _count_dead_letter(upsert, sql)
        self.dead_letters_count = sql(select(func.count()).where(letters.c.topic != bindparam("other")))
        self.dead_letters_known = sql(
            select(literal_column("1")).where(
                letters.c.topic == bindparam("topic"), letters.c.reason == bindparam("reason")
            )
        )
        by = ((), ("topic",), ("reason",), ("topic", "reason"))
        self.dead_letters_clear: dict[tuple[str, ...], str] = {names: drop(letters, *names) for names in by}


def _count_dead_letter(upsert: Any, sql: Any) -> str:
    letters = schema.dead_letters
    statement = upsert(letters)
    new = statement.excluded
    return str(
        sql(
            statement.on_conflict_do_update(
                index_elements=["topic", "reason"],
                set_={
                    "count": letters.c.count + new["count"],
                    "detail": new.detail,
                    "first_bytes": new.first_bytes,
                    "last_at": new.last_at,
                },
            )
        )
    )
