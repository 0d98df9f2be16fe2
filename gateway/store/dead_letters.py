"""Messages that say nothing Tocsin understands: counted by topic and reason, in a bounded number of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.engine.interfaces import DBAPICursor

from api.ports import DeadLetter
from gateway.store.queries import clamp, read_cursor
from gateway.store.schema import dead_letters
from gateway.store.statements import Statements
from gateway.store.texts import storable

DEAD_LETTER_ROWS_MAX = 10_000  # distinct topics and reasons; whoever looks through more looks at the broker instead
OTHER = "(other)"  # the topic under which all beyond them are counted, by reason
TOPIC_CHARACTERS_MAX = 512  # MQTT allows 65 535 bytes; none of ours has 100
TEXT_CHARACTERS_MAX = 2_048  # detail and first bytes, each: enough to recognise a payload


def add(cursor: DBAPICursor, sql: Statements, letters: Sequence[DeadLetter], rows_max: int) -> None:
    cursor.execute(sql.dead_letters_count, (OTHER,))
    rows = (cursor.fetchone() or (0,))[0]
    room = rows_max - rows
    if room < len(letters):
        letters = list(_within(cursor, sql, letters, room))
    cursor.executemany(sql.dead_letters, [_row(letter) for letter in letters])


def _within(cursor: DBAPICursor, sql: Statements, letters: Sequence[DeadLetter], room: int) -> Iterator[DeadLetter]:
    """Those that have a row keep it, new ones get one while there is room, the rest is counted together."""
    known: set[tuple[str, str]] = set()
    for letter in letters:
        key = _key(letter)
        if key not in known:
            cursor.execute(sql.dead_letters_known, key)
            if cursor.fetchone() is None:
                if room <= 0:
                    yield DeadLetter(OTHER, *[getattr(letter, name) for name in DeadLetter.__struct_fields__[1:]])
                    continue
                room -= 1
            known.add(key)
        yield letter


def _key(letter: DeadLetter) -> tuple[str, str]:
    return storable(letter.topic, TOPIC_CHARACTERS_MAX), storable(letter.reason, TEXT_CHARACTERS_MAX)


def _row(letter: DeadLetter) -> tuple[Any, ...]:
    return (
        *_key(letter),
        letter.count,
        storable(letter.detail, TEXT_CHARACTERS_MAX),
        storable(letter.first_bytes, TEXT_CHARACTERS_MAX),
        letter.first_at,
        letter.last_at,
    )


def those(topic: str | None, reason: str | None) -> list[ColumnElement[bool]]:
    """Conditions: of a topic, of a reason; None: of any."""
    c = dead_letters.c
    asked = [column for column, text in ((c.topic, topic), (c.reason, reason)) if text is not None]
    return [column == text for column, text in zip(asked, named(topic, reason), strict=True)]


def named(topic: str | None, reason: str | None) -> list[str]:
    """Those that are named, as they are stored."""
    texts = ((topic, TOPIC_CHARACTERS_MAX), (reason, TEXT_CHARACTERS_MAX))
    return [storable(text, most) for text, most in texts if text is not None]


def one(topic: str, reason: str) -> Select[Any]:
    """A row as DeadLetter has its fields."""
    c = dead_letters.c
    statement = select(c.topic, c.reason, c.detail, c.first_bytes, c["count"], c.first_at, c.last_at)
    return statement.where(*those(topic, reason))


def page(cursor: str | None, limit: int) -> Select[Any]:
    """Rows as DeadLetter has its fields, the latest first, one more than the limit."""
    c = dead_letters.c
    statement = select(c.topic, c.reason, c.detail, c.first_bytes, c["count"], c.first_at, c.last_at)
    if cursor is not None:
        last_at, (topic, reason) = read_cursor(cursor, names=2)
        after = or_(c.topic > topic, and_(c.topic == topic, c.reason > reason))
        statement = statement.where(or_(c.last_at < last_at, and_(c.last_at == last_at, after)))
    return statement.order_by(c.last_at.desc(), c.topic, c.reason).limit(clamp(limit) + 1)
