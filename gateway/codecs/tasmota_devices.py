"""The Tasmota devices that are known: by topic, and by MAC once they have announced themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct, field

from gateway.codecs import tasmota_discovery as discovery
from gateway.codecs.json_paths import Flat
from gateway.codecs.known import DEVICES_MAX, Device, Devices, Recent, points_of
from gateway.codecs.port import Found, Output, Point
from gateway.codecs.tasmota_points import classified, point
from gateway.codecs.tasmota_topics import name_of
from rules.instant import Instant
from rules.reading import Value


class Memory(Struct, omit_defaults=True):
    """What is stored with a device."""

    address: str
    command: str  # its prefix for commands
    mac: str = ""  # empty: it has not announced itself
    off_on: tuple[str, str] = discovery.OFF_ON
    offline_online: tuple[str, str] = discovery.OFFLINE_ONLINE
    sleeps: bool = False
    fahrenheit: bool = False


class TasmotaDevice(Device):
    memory: Memory = field(default_factory=lambda: Memory("", ""))
    told: bool = False  # whether it has been Found, with all that is known of it
    # Of a device that has not announced itself yet: what to say again under its MAC.
    said: dict[str, Value | None] = field(default_factory=dict)
    said_at: Instant = 0
    online: bool | None = None


class TasmotaDevices:
    def __init__(self, command_prefix: str, silent_after_ms: int) -> None:
        self._command_prefix, self._silent_after_ms = command_prefix, silent_after_ms
        self._devices: Devices[TasmotaDevice] = Devices()
        self._by_address: Recent[str, str] = Recent(DEVICES_MAX)  # → native id
        self._by_mac: Recent[str, str] = Recent(DEVICES_MAX)

    def __len__(self) -> int:
        return len(self._devices)

    def restore(self, found: Iterable[Found]) -> None:
        for each in found:
            try:
                memory = msgspec.json.decode(each.memory, type=Memory)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue  # not ours, or of a version that is no more: it will announce itself again
            known = (each.native_id, each.title, each.model, points_of(each), each.silent_after_ms)
            self.remember(TasmotaDevice(*known, memory, told=True))

    def get(self, native_id: str) -> TasmotaDevice | None:
        return self._devices.get(native_id)

    def at(self, address: str) -> TasmotaDevice | None:
        native_id = self._by_address.get(address)
        return None if native_id is None else self._devices.get(native_id)

    def of_mac(self, mac: str) -> TasmotaDevice | None:
        native_id = self._by_mac.get(mac)
        return None if native_id is None else self._devices.get(native_id)

    def at_or_new(self, address: str) -> TasmotaDevice:
        """One that has not announced itself is known by its topic."""
        name = name_of(address)
        return self.at(address) or self.remember(self.new(name, Memory(address, self._command_prefix), name))

    def new(self, native_id: str, memory: Memory, title: str = "") -> TasmotaDevice:
        return TasmotaDevice(native_id, title, silent_after_ms=self._silent_after_ms, memory=memory)

    def remember(self, device: TasmotaDevice) -> TasmotaDevice:
        self._by_address.put(device.memory.address, device.native_id)
        if device.memory.mac:
            self._by_mac.put(device.memory.mac, device.native_id)
        return self._devices.add(device)

    def move(self, device: TasmotaDevice, address: str) -> None:
        """It will publish elsewhere from now on."""
        if device.memory.address != address:
            self._by_address.drop(device.memory.address)

    def drop(self, device: TasmotaDevice) -> None:
        self._devices.drop(device.native_id)

    def learn_points(self, device: TasmotaDevice, points: Iterable[Point]) -> None:
        if self._devices.learn(device, points):
            device.told = False

    def learn(self, device: TasmotaDevice, flat: Flat) -> None:
        """Points of which these are values."""
        off_on, fahrenheit = device.memory.off_on, device.memory.fahrenheit
        unknown = device.unknown(flat.values)
        self.learn_points(device, [point(name, flat.values[name], off_on, fahrenheit) for name in unknown])

    def learn_scale(self, device: TasmotaDevice, fahrenheit: bool) -> None:
        """Temperatures mean another scale from now on (SetOption8): their points are learned anew."""
        if device.memory.fahrenheit != fahrenheit:
            device.memory.fahrenheit = fahrenheit
            self._devices.forget(device, [name for name, known in device.points.items() if known.unit[:1] == "°"])

    def learn_words(self, device: TasmotaDevice, off_on: tuple[str, str]) -> None:
        """Off and on are called otherwise from now on (StateText)."""
        if device.memory.off_on != off_on:
            old = device.memory.off_on
            self._devices.forget(device, [name for name, known in device.points.items() if known.values == old])

    def introduced(self, device: TasmotaDevice) -> list[Output]:
        """Found, unless it was with all that is known of it."""
        if device.told:
            return []
        device.told = True
        device_class, points = classified(device.points)
        memory = msgspec.json.encode(device.memory)
        known = (device.native_id, device.title, device.model, points, device_class, device.silent_after_ms, memory)
        return [Found(*known)]
