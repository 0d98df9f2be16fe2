"""Questions about one device's past, in InfluxQL, and their answers. Pure.

InfluxQL is understood by InfluxDB 1.x, 2.x (with a DBRP mapping) and 3.x; Flux is not by 3.x.
https://docs.influxdata.com/influxdb/v2/reference/api/influxdb-1x/query/

A step becomes count, sum, least and greatest, so that it can be put together with what local telemetry knows of the
same step. InfluxQL has no sums of booleans: of them it is counted how many are true.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from api.readings_port import Aggregate, ReadingsQuery
from gateway.forward.names import metric_of, safe
from rules.instant import Instant
from rules.reading import Value

_LAST = "last_"
FIELDS_MAX = 300  # of one device: a message has at most 256 metrics


class Takes(Protocol):
    """What is known of steps: `gateway.telemetry.series.Found`."""

    def take_sums(self, step: int, metric: str, count: int, *sums: float | None, numbers: int) -> None: ...

    def take_last(self, step: int, metric: str, value: Value, kind: str, at: Instant) -> None: ...


class Field(NamedTuple):
    name: str
    kind: str  # "number", "boolean", "string"


class BadAnswer(Exception):
    """Not what was asked for; or an error of the server's."""


def fields_question(measurement: str, query: ReadingsQuery, until: Instant) -> str:
    """Which fields the device has in that time."""
    return f"SELECT last(*) FROM {_identifier(measurement)} WHERE {_where(query, until)}"  # noqa: S608 # nosec B608 - quoted


def fields_in(answer: Any, query: ReadingsQuery) -> list[Field]:
    """Those whose metric is asked for."""
    found: list[Field] = []
    for columns, values in _series(answer, 0):
        for column, value in zip(columns, values[0], strict=True):
            if value is not None and column.startswith(_LAST):
                field = column.removeprefix(_LAST)
                if not query.metrics or metric_of(field) in query.metrics:
                    kind = "boolean" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
                    found.append(Field(field, kind))
    return found[:FIELDS_MAX]


def steps_question(measurement: str, query: ReadingsQuery, until: Instant, fields: list[Field]) -> str:
    """One statement for all, and one more for each boolean whose sum is wanted."""
    where = _where(query, until)
    grouped = f"GROUP BY time({query.step_ms}ms, {query.since % query.step_ms}ms) fill(none)"
    source = _identifier(measurement)
    if query.aggregate is Aggregate.LAST:
        chosen = ", ".join(f"last({_identifier(each.name)})" for each in fields)
        return f"SELECT {chosen} FROM {source} WHERE {where} {grouped}"  # noqa: S608 # nosec B608 - quoted
    chosen = ", ".join(part for each in fields for part in _parts(each))
    statements = [f"SELECT {chosen} FROM {source} WHERE {where} {grouped}"]  # noqa: S608 # nosec B608 - quoted
    for each in _booleans(fields):
        name = _identifier(each.name)
        of = f"FROM {source} WHERE {where} AND {name} = true {grouped}"
        statements.append(f"SELECT count({name}) {of}")  # nosec B608 - quoted
    return "; ".join(statements)


def take(answer: Any, query: ReadingsQuery, fields: list[Field], found: Takes) -> None:
    """What the answer to `steps_question` says of each step: all of it, or nothing. Raises BadAnswer."""
    if query.aggregate is Aggregate.LAST:
        for step, field, value, at in list(_lasts(answer, query, fields)):
            kind = {"boolean": "true" if value else "false", "string": "text", "number": "real"}[field.kind]
            found.take_last(step, metric_of(field.name), value, kind, at)
        return
    for step, field, count, sums in list(_sums(answer, query, fields)):
        numbers = 0 if field.kind == "string" else count
        found.take_sums(step, metric_of(field.name), count, *sums, numbers=numbers)


def _lasts(answer: Any, query: ReadingsQuery, fields: list[Field]) -> Iterator[tuple[int, Field, Value, Instant]]:
    for at, values in _rows(answer, 0, len(fields)):
        for field, value in zip(fields, values, strict=True):
            if value is not None:
                yield (at - query.since) // query.step_ms, field, value, at


def _sums(
    answer: Any, query: ReadingsQuery, fields: list[Field]
) -> Iterator[tuple[int, Field, int, list[float | None]]]:
    true = {
        (field.name, at): values[0]
        for number, field in enumerate(_booleans(fields), start=1)
        for at, values in _rows(answer, number, 1)
    }
    for at, values in _rows(answer, 0, sum(len(_parts(field)) for field in fields)):
        step, rest = (at - query.since) // query.step_ms, iter(values)
        for field in fields:
            count, *sums = (next(rest) for _ in _parts(field))
            if not count:
                continue
            if field.kind == "boolean":
                yes = true.get((field.name, at), 0)
                sums = [float(yes), float(yes == count), float(yes > 0)]
            yield step, field, count, sums or [None, None, None]


def _parts(field: Field) -> list[str]:
    name = _identifier(field.name)
    return [f"{function}({name})" for function in ("count", "sum", "min", "max")[: 4 if field.kind == "number" else 1]]


def _booleans(fields: list[Field]) -> list[Field]:
    return [field for field in fields if field.kind == "boolean"]


def _where(query: ReadingsQuery, until: Instant) -> str:
    device, mode = _text(safe(query.device)), _text(query.mode.value)
    return f'"device" = {device} AND "mode" = {mode} AND time >= {query.since}ms AND time < {until}ms'


def _identifier(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _series(answer: Any, number: int) -> Iterator[tuple[list[str], list[list[Any]]]]:
    try:
        if "error" in answer:
            raise BadAnswer(str(answer["error"]))
        result = answer["results"][number]
        if "error" in result:
            raise BadAnswer(str(result["error"]))
        for each in result.get("series", []):
            if each.get("partial") or result.get("partial"):
                raise BadAnswer("the server gives only a part of the answer")
            yield each["columns"], each["values"]
    except (LookupError, TypeError, AttributeError) as error:
        raise BadAnswer(f"no answer to InfluxQL: {error!r}") from error


def _rows(answer: Any, number: int, width: int) -> Iterator[tuple[Instant, list[Any]]]:
    for _, rows in _series(answer, number):
        for at, *values in rows:
            if len(values) != width:
                raise BadAnswer(f"{len(values)} columns; expected {width}")
            yield int(at), values
