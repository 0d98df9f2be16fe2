"""What readings are called in InfluxDB: measurements, tags, fields; and back. Pure.

Two measurements, `readings` and `events`, each with a prefix of the settings. A field is named after its metric and
holds one type for ever, that of the first value: InfluxDB drops a point whose field has another type. A value of
another type, or of a metric called as one of the tags (a lift's `floor`), goes to a field of its own:
`floor:string`. Characters that line protocol cannot carry in a name are percent-encoded.

Line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from rules.reading import Value

TAGS = ("site", "building", "floor", "zone", "device", "class", "mode", "event")
RESERVED = frozenset((*TAGS, "name", "time"))  # `name`: the event's own; `time` is InfluxDB's column
KINDS: Mapping[type, str] = {float: "number", bool: "boolean", str: "string"}
OF_TYPE = {"float": "number", "boolean": "boolean", "string": "string"}  # as InfluxDB calls them; others are not ours
SEPARATOR = ":"
_UNSAFE = re.compile(r"[%:\\\"\x00-\x1f\x7f]|^_")  # names that begin with _ are InfluxDB's own
_EMPTY = "%"


def safe(text: str) -> str:
    """As part of a name or a tag; injective."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", text) or _EMPTY


def metric_of(field: str) -> str:
    """The metric that a field holds values of."""
    name = field.partition(SEPARATOR)[0]
    return "" if name == _EMPTY else unquote(name)


def kind_of(value: Value) -> str:
    return KINDS[type(value)]


class Fields:
    """Which field a metric's value goes to. `new`: what was decided since it was last stored."""

    def __init__(self, known: Mapping[tuple[str, str], str] | None = None) -> None:
        """`known`: (measurement, field) → kind."""
        self._kinds = dict(known or {})
        self.new: dict[tuple[str, str], str] = {}

    def field(self, measurement: str, metric: str, kind: str) -> str:
        name = safe(metric)
        if name in RESERVED:
            return f"{name}{SEPARATOR}{kind}"
        known = self._kinds.get((measurement, name))
        if known is None:
            self.learn(measurement, name, kind)
        return name if known is None or known == kind else f"{name}{SEPARATOR}{kind}"

    def learn(self, measurement: str, field: str, kind: str) -> bool:
        """The server holds another type in it. → whether that is news."""
        if self._kinds.get((measurement, field)) == kind:
            return False
        self._kinds[measurement, field] = self.new[measurement, field] = kind
        return True
