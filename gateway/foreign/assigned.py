"""A device of another format that has a place: which of its points is which metric, and how it is told something."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from gateway.codecs.native import TEXT_CHARACTERS_MAX, VALUES_MAX
from gateway.codecs.port import Found
from gateway.codecs.transform import Transform
from rules.instant import MINUTE_MS, Instant
from rules.reading import Rejected, Value
from rules.site import Device, DeviceClass, MetricKind, Source, SourcePoint

LATE_MS_MAX = 10 * MINUTE_MS  # after its limit an echo still says that it was done; later it is somebody else's doing
WANTS_MAX = 16  # commands of one device that an echo may still answer

Key = tuple[str, str]
"""(codec, native id)."""


class Meant(NamedTuple):
    metric: str
    transform: Transform
    is_number: bool


class Told(NamedTuple):
    """What a message says of metrics. None: what was known counts no longer."""

    values: dict[str, Value | None]
    faults: list[tuple[str, str]]  # (reason, detail)


class Want(Struct):
    """A command that is answered when the device says that each of these points is as it was told."""

    id: str
    remaining: dict[str, Value]
    expires_at: Instant


class Assigned:
    def __init__(self, device: Device, source: Source, device_class: DeviceClass, found: Found | None) -> None:
        self.device, self.source, self._class = device.id, source, device_class
        self.native_id = source.id
        self._silent_after_ms = device.silent_after_ms
        self.wants: list[Want] = []
        self.describe(found)

    def describe(self, found: Found | None) -> None:
        """What the format says of the device, as of now."""
        points = self.source.points or _suggested(found, self._class)
        metrics = self._class.metrics
        self.meant = {
            name: Meant(each.metric, _transform(each), metrics[each.metric].kind is MetricKind.NUMBER)
            for name, each in points.items()
        }
        suggested = found.commands if found is not None and found.device_class == self._class.id else {}
        self.commands: Mapping[str, Mapping[str, Value]] = self.source.commands or suggested
        announced = found.silent_after_ms if found is not None and self.source.silence_announced else None
        self.silent_after_ms = announced or self._silent_after_ms

    def told(self, values: Mapping[str, Value | None]) -> Told:
        """Points → metrics. A value that means nothing is no value: what was known of the metric counts no longer."""
        metrics: dict[str, Value | None] = {}
        faults: list[tuple[str, str]] = []
        for point, value in values.items():
            meant = self.meant.get(point)
            if meant is None or len(metrics) >= VALUES_MAX:
                continue
            measured = meant.transform.apply(value) if value is not None else None
            if meant.is_number and isinstance(measured, int) and not isinstance(measured, bool):
                measured = float(measured)
            if value is not None and not _is_sound(measured):
                faults.append(("unknown value", f"{point}: {str(value)[:60]!r} says nothing of {meant.metric}"))
                measured = None
            metrics[meant.metric] = measured
        return Told(metrics, faults)

    def points_of(self, command: str) -> Mapping[str, Value] | Rejected:
        points = self.commands.get(command)
        if points:
            return points
        known = ", ".join(self.commands) or "none"
        return Rejected("no such command", f"nothing says how {self.native_id} is told to {command!r} (known: {known})")

    def awaits(self, id: str, points: Mapping[str, Value], expires_at: Instant) -> None:
        self.wants = [each for each in self.wants if each.id != id][-WANTS_MAX + 1 :]
        self.wants.append(Want(id, dict(points), expires_at))

    def echoed(self, values: Mapping[str, Value | None], now: Instant) -> list[str]:
        """Ids of the commands of which every point has by now been said to be as it was told."""
        done = []
        self.wants = [each for each in self.wants if now < each.expires_at + LATE_MS_MAX]
        for want in self.wants:
            for point in [name for name, value in want.remaining.items() if _equal(values.get(name), value)]:
                del want.remaining[point]
            if not want.remaining:
                done.append(want.id)
        self.wants = [each for each in self.wants if each.remaining]
        return done


def _suggested(found: Found | None, device_class: DeviceClass) -> dict[str, SourcePoint]:
    """Each metric by the first point that is it."""
    points: dict[str, SourcePoint] = {}
    taken: set[str] = set()
    for point in found.points if found is not None else ():
        if point.metric in device_class.metrics and point.metric not in taken:
            taken.add(point.metric)
            how = point.transform
            points[point.name] = SourcePoint(point.metric, how.bit, how.words, how.scale, how.offset)
    return points


def suggests(found: Found, device_class: DeviceClass) -> bool:
    """Whether the format's own description says something of a class."""
    return bool(_suggested(found, device_class))


def _transform(point: SourcePoint) -> Transform:
    return Transform(point.bit, point.words, point.scale, point.offset)


def _is_sound(value: Value | None) -> bool:
    if isinstance(value, str):
        return len(value) <= TEXT_CHARACTERS_MAX
    return value is not None and (isinstance(value, bool) or math.isfinite(value))


def _equal(said: Value | None, wanted: Value) -> bool:
    if isinstance(said, bool) or isinstance(wanted, bool) or isinstance(said, str) or isinstance(wanted, str):
        return type(said) is type(wanted) and said == wanted
    return said is not None and math.isclose(said, wanted, rel_tol=1e-6)
