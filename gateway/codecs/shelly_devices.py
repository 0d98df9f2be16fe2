"""The Shelly devices that are known: by their id, and before they said it, by their topic prefix. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from msgspec import Struct, field

from gateway.codecs.json_paths import Flat
from gateway.codecs.known import DEVICES_MAX, Device, Devices, Recent, points_of
from gateway.codecs.port import Found, Output
from gateway.codecs.shelly_points import classified, point
from rules.instant import Instant
from rules.reading import Value

ID = re.compile(r"[a-z0-9]{1,40}-[0-9a-f]{6,12}", re.IGNORECASE)  # shellyplus1pm-a8032ab12345


class Memory(Struct, omit_defaults=True):
    """What is stored with a device."""

    prefix: str
    id: str = ""  # empty: it has not said who it is
    sleeps: bool = False
    whole: bool = False  # whether it has told all of its status once


class ShellyDevice(Device):
    memory: Memory = field(default_factory=lambda: Memory(""))
    told: bool = False  # whether it has been Found, with all that is known of it
    # Of a device that has not said who it is: what to say again once it has.
    said: dict[str, Value | None] = field(default_factory=dict)
    said_at: Instant = 0
    online: bool | None = None


class ShellyDevices:
    def __init__(self) -> None:
        self._devices: Devices[ShellyDevice] = Devices()
        self._by_prefix: Recent[str, str] = Recent(DEVICES_MAX)  # → native id

    def __len__(self) -> int:
        return len(self._devices)

    def restore(self, found: Iterable[Found]) -> list[ShellyDevice]:
        restored = []
        for each in found:
            try:
                memory = msgspec.json.decode(each.memory, type=Memory)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # not ours, or of a version that is no more: it will be found again when it speaks
            known = (each.native_id, each.title, each.model, points_of(each), each.silent_after_ms)
            restored.append(self.remember(ShellyDevice(*known, memory, told=True)))
        return restored

    def get(self, native_id: str) -> ShellyDevice | None:
        return self._devices.get(native_id)

    def at(self, prefix: str) -> ShellyDevice | None:
        native_id = self._by_prefix.get(prefix)
        return None if native_id is None else self._devices.get(native_id)

    def at_or_new(self, prefix: str) -> ShellyDevice:
        """A prefix is by default the device's id."""
        known = self.at(prefix)
        if known is not None:
            return known
        last = prefix.rpartition("/")[2]
        if not ID.fullmatch(last):
            return self.remember(ShellyDevice(prefix, last, memory=Memory(prefix)))
        return self.remember(self.get(last) or self.new(last, prefix))

    def new(self, device_id: str, prefix: str) -> ShellyDevice:
        title, model = prefix.rpartition("/")[2], device_id.rpartition("-")[0]  # shellyplussmoke-80646fd09ed4
        return ShellyDevice(device_id, title, model, memory=Memory(prefix, device_id))

    def remember(self, device: ShellyDevice) -> ShellyDevice:
        self._by_prefix.put(device.memory.prefix, device.native_id)
        return self._devices.add(device)

    def move(self, device: ShellyDevice, prefix: str) -> None:
        """It publishes there from now on."""
        self._by_prefix.drop(device.memory.prefix)
        device.memory.prefix, device.told = prefix, False
        self.remember(device)

    def merge(self, before: ShellyDevice, device: ShellyDevice) -> None:
        """They are one: what was known of the first counts for the second, and the first is no more."""
        self._devices.drop(before.native_id)
        self._devices.learn(device, before.points.values())
        device.memory.sleeps = device.memory.sleeps or before.memory.sleeps
        device.silent_after_ms = device.silent_after_ms or before.silent_after_ms
        device.told = False

    def learn(self, device: ShellyDevice, flat: Flat) -> None:
        """Points of which these are values."""
        points = [point(name, flat.values[name]) for name in device.unknown(flat.values)]
        if self._devices.learn(device, points):
            device.told = False

    @staticmethod
    def introduced(device: ShellyDevice) -> list[Output]:
        """Found, unless it was with all that is known of it."""
        if device.told:
            return []
        device.told = True
        device_class, points = classified(device.points, device.memory.whole)
        memory = msgspec.json.encode(device.memory)
        known = (device.native_id, device.title, device.model, points, device_class, device.silent_after_ms, memory)
        return [Found(*known)]
