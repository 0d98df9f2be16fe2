"""Rows of the store's tables as lines of text, and back: the same for SQLite and PostgreSQL, readable in ten years."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, LargeBinary, MetaData, Select, Table, collate, func, insert, select
from sqlalchemy.types import Text

ROWS_AT_ONCE = 1_000  # inserted by one statement
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[Any])


class BadLine(ValueError):
    """What is wrong with a line."""


def in_order(table: Table, dialect: str) -> Select[Any]:
    """All rows, by primary key, text in the order of its bytes: the same on every database."""
    collation = "C" if dialect == "postgresql" else "BINARY"
    keys = [collate(column, collation) if isinstance(column.type, Text) else column for column in table.primary_key]
    return select(table).order_by(*keys)


def heading(table: Table) -> bytes:
    """The first line: the columns' names."""
    return _encoder.encode([str(column.name) for column in table.c]) + b"\n"


def line(row: Sequence[Any]) -> bytes:
    """One row. Bytes that are UTF-8 stand as text, others as {"base64": …}; the column's type tells them from text."""
    return _encoder.encode([_written(value) if isinstance(value, bytes) else value for value in row]) + b"\n"


def _written(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}


def load(connection: Connection, name: str, lines: Iterable[bytes]) -> int:
    """Inserts what `heading` and `line` wrote into the table of that name, as the database has it. → rows.

    Raises BadLine, and LookupError when the database has no such table or column.
    """
    table = Table(name, MetaData(), autoload_with=connection)
    found = iter(lines)
    columns = [table.c[column] for column in _read(next(found, b"[]"))]
    binary = [isinstance(column.type, LargeBinary) for column in columns]
    names = [column.name for column in columns]
    count = 0
    for some in _chunks(found):
        rows = [dict(zip(names, _values(_read(each), binary), strict=True)) for each in some]
        connection.execute(insert(table), rows)
        count += len(rows)
    if connection.dialect.name == "postgresql":
        _count_on(connection, table)
    return count


def _count_on(connection: Connection, table: Table) -> None:
    """A column that PostgreSQL numbers goes on after the highest that was loaded."""
    for column in table.primary_key:
        sequence = connection.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar()
        if sequence is not None:
            highest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            connection.execute(select(func.setval(sequence, highest, False)))


def _read(text: bytes) -> list[Any]:
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise BadLine(f"{text[:80]!r} is no row: {error}") from None


def _values(values: list[Any], binary: list[bool]) -> list[Any]:
    if len(values) != len(binary):
        raise BadLine(f"{len(values)} values in a row of {len(binary)} columns")
    return [_bytes(value) if is_binary else value for value, is_binary in zip(values, binary, strict=True)]


def _bytes(value: Any) -> Any:
    if isinstance(value, dict):
        return b64decode(value["base64"])
    return value.encode() if isinstance(value, str) else value


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    for each in lines:
        chunk.append(each)
        if len(chunk) == ROWS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
