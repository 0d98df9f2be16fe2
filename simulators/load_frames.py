"""What the load's devices send: PUBLISH packets of quiet readings, put together from bytes made beforehand.

The topic of every device and the values of every class are encoded once; a packet is three joined pieces and one `%`.
Packet ids count 1…65535 and round again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from rules.instant import HOUR_MS, MINUTE_MS, Instant
from rules.site import Device
from simulators.building import device_entries, portfolio
from simulators.devices import CLASSES, readings
from simulators.scene import Layout, Scene

VARIANTS = 16  # different readings of a class: enough that nothing can be cached by value

PACKET_IDS = 65_535
PACKET_ID_BYTES = [packet_id.to_bytes(2, "big") for packet_id in range(1, PACKET_IDS + 1)]

_QUIET = Scene(1, Layout({"load/load": ("1F", "2F", "3F", "4F")}, {}))
_MORNING = 1_795_392_000_000 + 8 * HOUR_MS  # of Monday 2026-11-23: lifts travel, meters differ
_APART_MS = 7 * MINUTE_MS


class LoadDevice(NamedTuple):
    """A device as its messages name it."""

    site: str
    name: str
    device_class: str


class Frames:
    """The endless series of PUBLISH packets: the devices in turn, each device's `seq` one higher every turn."""

    def __init__(self, devices: Sequence[LoadDevice], first_seq: int, prefix: str = "tocsin/v1") -> None:
        payloads = {name: quiet_payloads(name) for name in sorted({device.device_class for device in devices})}
        self._devices = [(_head(device, prefix, payloads), payloads[device.device_class]) for device in devices]
        self._first_seq = first_seq
        self._taken = 0

    def take(self, count: int, at: Instant) -> bytes:
        """The next `count` packets, stamped with the device time `at`."""
        devices, total, taken = self._devices, len(self._devices), self._taken
        parts: list[bytes] = []
        for number in range(taken, taken + count):
            turn, index = divmod(number, total)
            head, payloads = devices[index]
            payload = payloads[(turn + index) % len(payloads)]
            parts += (head, PACKET_ID_BYTES[number % PACKET_IDS], payload % (at, self._first_seq + turn))
        self._taken = taken + count
        return b"".join(parts)


def _head(device: LoadDevice, prefix: str, payloads: dict[str, list[bytes]]) -> bytes:
    """Everything of a PUBLISH before its packet id: all payloads of a class are equally long, so it never changes."""
    topic = f"{prefix}/{device.site}/{device.name}/telemetry".encode()
    length = 2 + len(topic) + 2 + len(payloads[device.device_class][0] % (0, 0))
    varying = bytearray()
    while length > 0x7F:
        varying.append(length & 0x7F | 0x80)
        length >>= 7
    varying.append(length)
    return b"\x32" + bytes(varying) + len(topic).to_bytes(2, "big") + topic


def quiet_payloads(device_class: str) -> list[bytes]:
    """Native telemetry of a class with nothing wrong, all equally long, with `%` places for ts and seq.

    Padded with blanks, which JSON allows before the closing brace. Raises KeyError for a class that has no model.
    """
    if device_class not in CLASSES:
        raise KeyError(f"no device model knows the class {device_class!r}")
    device = Device(device_class, device_class, device_class, "load", "load", "1F", "load/1F", {}, {}, 60_000)
    moments = (_MORNING + number * _APART_MS for number in range(VARIANTS))
    values = [msgspec.json.encode(readings(device, _QUIET, moment)) for moment in moments]
    longest = max(map(len, values))
    return [b'{"ts":%%13d,"seq":%%13d,"values":%b}' % value.ljust(longest) for value in values]


def fleet(devices: int, seed: int = 1) -> list[LoadDevice]:
    """The devices of a generated portfolio, whose site file is `building.site_yaml(building.portfolio(devices))`."""
    plan = portfolio(devices, seed)
    return [LoadDevice(plan.site, entry["id"], entry["class"]) for entry in device_entries(plan)]
