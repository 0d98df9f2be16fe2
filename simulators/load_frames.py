"""What the load's devices send: PUBLISH packets of quiet readings, put together from bytes made beforehand.

The topic of every device and the values of every class are encoded once; a packet is three joined pieces and one `%`.
Packet ids count 1…65535 and round again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from rules.instant import Instant
from rules.reading import Value

VARIANTS = 16  # different readings of a class: enough that nothing can be cached by value
CLASSES = ("smoke_detector", "heat_detector", "lift", "energy_meter", "access_controller")

PACKET_IDS = 65_535
PACKET_ID_BYTES = [packet_id.to_bytes(2, "big") for packet_id in range(1, PACKET_IDS + 1)]

_Quiet = Callable[[random.Random], dict[str, Value]]


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

    Padded with blanks, which JSON allows before the closing brace. Raises KeyError for a class it has no reading of.
    """
    chance = random.Random(device_class)
    values = [msgspec.json.encode(_QUIET[device_class](chance)) for _ in range(VARIANTS)]
    longest = max(map(len, values))
    return [b'{"ts":%%13d,"seq":%%13d,"values":%b}' % value.ljust(longest) for value in values]


def _smoke(chance: random.Random) -> dict[str, Value]:
    return {
        "smoke": round(chance.uniform(0.0, 0.02), 4),
        "temperature": round(chance.uniform(20.0, 25.0), 2),
        "alarm": False,
        "fault": False,
        "battery": round(chance.uniform(80.0, 100.0), 1),
    }


def _heat(chance: random.Random) -> dict[str, Value]:
    return {"temperature": round(chance.uniform(20.0, 25.0), 2), "alarm": False, "fault": False}


def _lift(chance: random.Random) -> dict[str, Value]:
    return {
        "floor": chance.randint(1, 20),
        "door": "closed",
        "speed": round(chance.uniform(0.0, 2.5), 2),
        "occupied": chance.random() < 0.5,
        "fault": False,
        "entrapment": False,
        "alarm_button": False,
    }


def _meter(chance: random.Random) -> dict[str, Value]:
    values: dict[str, Value] = {"frequency_hz": round(chance.uniform(49.95, 50.05), 3)}
    total_w = 0.0
    for phase in ("l1", "l2", "l3"):
        volts, amperes, factor = chance.uniform(225, 235), chance.uniform(5, 15), chance.uniform(0.9, 0.99)
        values[f"voltage_{phase}"] = round(volts, 1)
        values[f"current_{phase}"] = round(amperes, 2)
        values[f"power_factor_{phase}"] = round(factor, 3)
        total_w += volts * amperes * factor
    return values | {"power_w": round(total_w, 1), "energy_kwh": round(chance.uniform(1_000, 9_000), 1)}


def _access(_: random.Random) -> dict[str, Value]:
    return {"door": "closed", "forced": False, "held_open": False}


_QUIET: dict[str, _Quiet] = {
    "smoke_detector": _smoke,
    "heat_detector": _heat,
    "lift": _lift,
    "energy_meter": _meter,
    "access_controller": _access,
}
