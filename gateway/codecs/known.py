"""The devices that a codec has heard of, in bounded memory. Pure.

Whoever may publish can invent devices without end, so the tables here have a limit, and the one that was not heard of
for longest goes. A device that went and speaks again is found again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct, field

from gateway.codecs.native import VALUES_MAX
from gateway.codecs.port import Found, Point
from rules.reading import Value
from rules.site import MetricKind

DEVICES_MAX = 10_000  # a large building has some thousands
POINTS_MAX = VALUES_MAX  # of one device: what one message may carry
POINTS_TOTAL_MAX = 200_000  # of all: twenty for each of the most devices there may be; some 100 MB at the very worst

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """A dictionary of at most `limit` entries; the one not used for longest goes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def get(self, key: K) -> V | None:
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def drop(self, key: K) -> V | None:
        return self._entries.pop(key, None)


class Device(Struct):
    """What is known of one device. Codecs add what their format declares."""

    native_id: str
    title: str = ""
    model: str = ""
    points: dict[str, Point] = field(default_factory=dict)
    silent_after_ms: int | None = None

    def unknown(self, values: dict[str, Value | None]) -> list[str]:
        """Names among these that are no point of the device yet, or one whose kind nobody could tell: it was null."""
        return [
            name
            for name, value in values.items()
            if (point := self.points.get(name)) is None or (point.kind is None and value is not None)
        ]

    def below(self, prefix: str) -> list[str]:
        """Names of points within a part of the device."""
        return [name for name in self.points if name.startswith(f"{prefix}.")]


D = TypeVar("D", bound=Device)


class Devices(Generic[D]):
    """Devices by their native id, limited in number and in points."""

    def __init__(self, devices_max: int = DEVICES_MAX, points_max: int = POINTS_TOTAL_MAX) -> None:
        self._devices_max, self._points_max = devices_max, points_max
        self._devices: OrderedDict[str, D] = OrderedDict()
        self._points = 0

    def __len__(self) -> int:
        return len(self._devices)

    def __iter__(self) -> Iterator[str]:
        return iter(self._devices)

    @property
    def points(self) -> int:
        return self._points

    def get(self, native_id: str) -> D | None:
        found = self._devices.get(native_id)
        if found is not None:
            self._devices.move_to_end(native_id)
        return found

    def add(self, device: D) -> D:
        """Takes the place of one with the same id."""
        self.drop(device.native_id)
        self._devices[device.native_id] = device
        self._points += len(device.points)
        self._make_room()
        return device

    def drop(self, native_id: str) -> D | None:
        gone = self._devices.pop(native_id, None)
        if gone is not None:
            self._points -= len(gone.points)
        return gone

    def learn(self, device: D, points: Iterable[Point]) -> bool:
        """Takes up what is not known yet of a device just got or added, as far as there is room. True: something was
        new."""
        learned = False
        for point in points:
            known = device.points.get(point.name)
            if known is None and len(device.points) >= POINTS_MAX:
                continue
            if known is None or (known.kind is None and point.kind is not None):
                self._points += known is None
                settable = point.settable or (known is not None and known.settable)
                device.points[point.name] = msgspec.structs.replace(point, settable=settable)
                learned = True
        self._make_room()
        return learned

    def forget(self, device: D, names: Iterable[str]) -> None:
        """These points of one of these devices are to be learned anew."""
        for name in names:
            self._points -= device.points.pop(name, None) is not None

    def _make_room(self) -> None:
        while len(self._devices) > self._devices_max or (self._points > self._points_max and len(self._devices) > 1):
            self._points -= len(self._devices.popitem(last=False)[1].points)


def points_of(found: Found) -> dict[str, Point]:
    """What was stored of a device, for `restore`."""
    return {point.name: point for point in found.points[:POINTS_MAX]}


def kind_of_value(value: Value | None) -> MetricKind | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return MetricKind.BOOLEAN
    return MetricKind.STRING if isinstance(value, str) else MetricKind.NUMBER
