"""What the metrics of one Sparkplug B message say, at which moment, and what is wrong with them. Pure."""

from __future__ import annotations

import math

from gateway.codecs.native import TEXT_CHARACTERS_MAX
from gateway.codecs.port import Said
from gateway.codecs.sparkplug_session import Device
from gateway.codecs.sparkplug_values import ARRAYS, INSTANT_MAX, NAMES, Misfit, elements, kind, value
from gateway.codecs.sparkplug_wire import Metric, Payload, Property
from rules.instant import Instant
from rules.reading import Rejected, Value

AHEAD_MS_MAX = 5_000  # as ingest has it: a time further ahead is no time, and nothing must wait for it
FAULTS_SHOWN = 5
BD_SEQ = "bdSeq"  # a session's number: no point
GOOD = range(192, 256)  # 6.4.9 has 192 alone; 193 to 255 are good in OPC's qualities, where these come from

_Values = dict[str, Value | None]


class Readings:
    """`sent_at` is the payload's time, `received_at` ours. First `read` or `add`, then `said`."""

    def __init__(self, sent_at: int | None, received_at: Instant) -> None:
        self.sent_at = plausible(sent_at)
        self._received_at = received_at
        self._floor: Instant | None = None
        self._entries: list[tuple[bool, Instant | None, _Values]] = []
        self._faults: list[str] = []
        self.unknown: list[str] = []  # what no birth declared

    def not_before(self, at: Instant | None) -> None:
        """No value is older than this: the device has said something else since."""
        self._floor = at

    def read(self, message: Payload, device: Device) -> None:
        """NDATA, DDATA: names and types as its birth declared them."""
        for metric in message.metrics:
            name, datatype = metric.name, metric.datatype
            if name:
                declared = device.types.get(name)
                datatype = datatype or declared or 0
                if declared is None and device.types and name != BD_SEQ:
                    self.unknown.append(f"{name[:TEXT_CHARACTERS_MAX]} was not in its birth")
            elif metric.alias is None:
                self.fault("a metric without name and alias")
                continue
            else:
                known = device.aliases.get(metric.alias)
                if known is None or datatype not in (0, device.types[known]):
                    self._unknown_alias(metric.alias, known, datatype)
                    continue
                name, datatype = known, device.types[known]
            if name != BD_SEQ:
                self.add(name, metric, datatype, device.lengths, plausible(metric.timestamp) or self.sent_at)
        if message.beyond:
            self.fault(f"{message.beyond} metrics more than are read of one message")

    def add(self, name: str, metric: Metric, datatype: int, lengths: dict[str, int], at: Instant | None) -> None:
        """One metric's value; `lengths` are those of the device's arrays."""
        if len(name) > TEXT_CHARACTERS_MAX:
            self.fault(f"{name[:40]!r}…: a name of {len(name)} characters; at most {TEXT_CHARACTERS_MAX}")
            return
        try:
            values = _values(name, metric, datatype, lengths)
        except Misfit as error:
            self.fault(f"{name}: {error}")
            return
        if isinstance(metric.value, float) and not math.isfinite(metric.value):
            self.fault(f"{name}: {metric.value} is no number")
        if not metric.historical and at is not None and self._floor is not None and self._is_past(self._floor):
            at = max(at, self._floor + 1)
        if values:
            self._entries.append((metric.historical, at, values))

    def said(self, native_id: str) -> list[Said]:
        """Buffered values first, each kind in the order of its times. A metric that is told twice of one moment has
        changed in it: the second value is a millisecond later."""
        groups: list[tuple[bool, Instant | None, _Values]] = []
        for historical, at, values in sorted(self._entries, key=_in_time):
            moment = at
            if groups and groups[-1][0] == historical:
                _, before, known = groups[-1]
                if at == before or (at is not None and before is not None and at < before):
                    if known.keys().isdisjoint(values):
                        known.update(values)
                        continue
                    moment = None if before is None else before + 1
            groups.append((historical, moment, dict(values)))
        self._entries = groups
        return [Said(native_id, values, at, None, historical) for historical, at, values in groups]

    def last_at(self, before: Instant | None) -> Instant | None:
        """The time of the last value of now, after `said`; `before` where there is none, or none that can be."""
        for historical, at, _ in reversed(self._entries):
            if not historical and at is not None and self._is_past(at):
                return at if before is None else max(at, before)
        return before

    def fault(self, detail: str) -> None:
        self._faults.append(detail)

    @property
    def rejected(self) -> Rejected | None:
        if not self._faults:
            return None
        shown, more = self._faults[:FAULTS_SHOWN], len(self._faults) - FAULTS_SHOWN
        return Rejected("wrong shape", "; ".join(shown) + (f"; and {more} more" if more > 0 else ""))

    def _unknown_alias(self, alias: int, known: str | None, datatype: int) -> None:
        if known is None:
            self.unknown.append(f"alias {alias} is of no birth")
        else:
            self.unknown.append(f"alias {alias} is {known} by its birth, but {NAMES.get(datatype, datatype)} now")
        self.fault(self.unknown[-1])

    def _is_past(self, at: Instant) -> bool:
        return at <= self._received_at + AHEAD_MS_MAX


def _values(name: str, metric: Metric, datatype: int, lengths: dict[str, int]) -> _Values:
    """Raises Misfit."""
    good = is_good(metric.properties)
    if datatype not in ARRAYS:
        if not metric.null and datatype and kind(datatype) is None:
            raise Misfit(f"{NAMES.get(datatype, f'data type {datatype}')} is not taken in")
        found = value(metric, datatype)
        return {name: found if good else None}
    listed = elements(metric, datatype)
    length = lengths[name] = max(len(listed), lengths.get(name, 0))
    if not good:
        listed = []
    return {f"{name}.{each}": listed[each] if each < len(listed) else None for each in range(length)}


def is_good(properties: dict[str, Property] | None) -> bool:
    """6.4.9 "Quality Codes": 0 bad, 192 good, 500 stale; without one, good."""
    if not properties:
        return True
    quality = properties.get("Quality") or properties.get("quality")
    if quality is None or quality.null:
        return True
    return isinstance(quality.value, int) and quality.value in GOOD


def plausible(timestamp: int | None) -> Instant | None:
    """A time that can be, else None. 0 is what an encoder writes that has none."""
    return timestamp if timestamp is not None and 0 < timestamp <= INSTANT_MAX else None


def _in_time(entry: tuple[bool, Instant | None, _Values]) -> tuple[bool, bool, Instant]:
    historical, at, _ = entry
    return (not historical, at is None, at or 0)
