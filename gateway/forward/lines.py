"""Rows of telemetry as InfluxDB's line protocol. Pure.

A reading is a point of `readings` with a field for each metric; an event is a point of `events` with its `name`, and a
field for each attribute. Tags say whose it is and where that stands now (`-`: nowhere any more); ids are the API's own.

**Time.** `at` in milliseconds, exactly; below the millisecond, in nanoseconds, is what keeps apart what would
otherwise overwrite each other: 1 000 times the hours (mod 1 000) by which the row was received later than it was
measured, plus how many rows of the same device and instant stand before it in its file. Both are facts of the stored
row, so the same row always has the same time, and writing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from gateway.forward.names import TAGS, Fields, kind_of, safe
from gateway.telemetry.hours import Hour, hour_of
from rules.instant import Instant
from rules.reading import Value

RANKS = 1_000  # rows of one device in one millisecond
HOURS = 1_000  # 41 days: no device sends later what it has kept
UNDECLARED = "undeclared"
NONE = "-"  # every point has all tags: InfluxDB 3 takes no further ones once a table has begun
_ESCAPED = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_QUOTED = str.maketrans({"\\": r"\\", '"': r"\""})
_decode = msgspec.json.Decoder(dict[str, Value]).decode


class Row(Struct, frozen=True, array_like=True):
    """A stored row, as the forwarder reads it. `rank`: how many of its device and instant stand before it."""

    row: int
    source: int
    at: Instant
    seq: int
    mark: int
    received: Instant
    event: str | None
    body: bytes
    rank: int


class Places(Struct, frozen=True):
    """Where devices stand, and which events their classes declare."""

    devices: dict[str, tuple[str, str, str, str]] = {}  # "site/name" → building, floor, zone, class
    events: dict[str, tuple[str, ...]] = {}  # class → names


class Lines:
    """Makes lines; `places` may be replaced between batches. `sources`: number → (mode, device)."""

    def __init__(self, prefix: str, fields: Fields, sources: Mapping[int, tuple[str, str]]) -> None:
        self.readings, self.events = f"{prefix}readings", f"{prefix}events"
        self.fields = fields
        self._sources = sources
        self._places = Places()
        self._heads: dict[int, str] = {}
        self._names: dict[tuple[str, str, type], str] = {}

    def stand(self, places: Places) -> None:
        self._places = places
        self._heads.clear()

    def forget_names(self) -> None:
        """A field was found to hold another type."""
        self._names.clear()

    def line(self, hour: Hour, row: Row) -> bytes | None:
        """None: a message without any value. Raises LookupError for a source nobody knows."""
        values = _decode(row.body)
        if row.event is None:
            head, measurement, parts = self._head(row.source), self.readings, []
        else:
            head, measurement = self._event_head(row), self.events
            parts = [f"name={_value(row.event)}"]
        names = self._names
        for metric, value in values.items():
            key = measurement, metric, type(value)
            name = names.get(key)
            if name is None:
                name = names[key] = self.fields.field(measurement, metric, kind_of(value)).translate(_ESCAPED)
            parts.append(f"{name}={_value(value)}")
        return f"{measurement}{head} {','.join(parts)} {nanoseconds(hour, row)}".encode() if parts else None

    def _head(self, source: int) -> str:
        head = self._heads.get(source)
        if head is None:
            head = self._heads[source] = "".join(f",{key}={text}" for key, text in self._tags(source))
        return head

    def _event_head(self, row: Row) -> str:
        _, device = self._sources[row.source]
        _, _, _, device_class = self._places.devices.get(device, ("", "", "", ""))
        declared = row.event in self._places.events.get(device_class, ())  # else a device could make series without end
        return f"{self._head(row.source)},event={tag(row.event or '') if declared else UNDECLARED}"

    def _tags(self, source: int) -> Sequence[tuple[str, str]]:
        mode, device = self._sources[source]
        building, floor, zone, device_class = self._places.devices.get(device, ("", "", "", ""))
        site = device.partition("/")[0]
        given = (site, building, floor, zone, device, device_class, mode)
        return [(key, tag(text) if text else NONE) for key, text in zip(TAGS, given, strict=False)]


def nanoseconds(hour: Hour, row: Row) -> int:
    late = (hour - hour_of(row.at)) % HOURS
    return row.at * 1_000_000 + late * RANKS + row.rank % RANKS


def tag(text: str) -> str:
    return safe(text).translate(_ESCAPED)


def _value(value: Value) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    return f'"{value.translate(_QUOTED)}"' if isinstance(value, str) else repr(value)
