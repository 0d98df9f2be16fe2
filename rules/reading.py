"""What a codec makes of a device's message: values, events and statuses, before any rule has seen them."""

from __future__ import annotations

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode

Value = float | bool | str


class Reading(Struct, frozen=True):
    """Values of one device at one moment."""

    mode: Mode
    device: str  # "site/name"
    at: Instant  # the device's own time; `received_at` where it has none
    received_at: Instant
    values: dict[str, Value]
    seq: int | None = None  # the device's rising counter
    retained: bool = False
    dup: bool = False  # MQTT says this may be a repetition


class DeviceEvent(Struct, frozen=True):
    """Something that happened at a device: `access_denied`, `duress`…"""

    mode: Mode
    device: str
    at: Instant
    received_at: Instant
    event: str
    attributes: dict[str, Value] = {}
    seq: int | None = None
    retained: bool = False
    dup: bool = False


class DeviceStatus(Struct, frozen=True):
    """Online or offline, as the broker's last will or the device says."""

    mode: Mode
    device: str
    received_at: Instant
    online: bool
    retained: bool = False


class CommandResult(Struct, frozen=True):
    mode: Mode
    device: str
    received_at: Instant
    id: str
    ok: bool
    detail: str = ""


class Rejected(Struct, frozen=True):
    """A message that says nothing Tocsin understands: becomes a dead letter."""

    reason: str  # one of a fixed few, so that they can be counted: "bad json", "unknown device"…
    detail: str = ""
