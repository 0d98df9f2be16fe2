"""What the gateway and the forwarder's process say to each other: a line of JSON each, over the child's own pipes."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from gateway.forward.counts import Counts, Lost
from gateway.forward.lines import Places
from rules.site import Directory


class Begin(Struct, frozen=True, tag=True):
    """The first thing the gateway says: its settings as JSON, and what is logged."""

    settings: str
    log_level: int


class Stand(Struct, frozen=True, tag=True):
    places: Places


class Told(Struct, frozen=True, tag=True):
    counts: Counts


class Unforwarded(Struct, frozen=True, tag=True):
    lost: Lost


ToChild = Begin | Stand
ToGateway = Told | Unforwarded

_encode = msgspec.json.Encoder().encode
decode_for_child = msgspec.json.Decoder(ToChild).decode
decode_for_gateway = msgspec.json.Decoder(ToGateway).decode


def line_of(message: ToChild | ToGateway) -> bytes:
    return _encode(message) + b"\n"


def places_of(directory: Directory) -> Places:
    devices = {id: (each.building, each.floor, each.zone, each.device_class) for id, each in directory.devices.items()}
    return Places(devices, {id: tuple(each.events) for id, each in directory.device_classes.items() if each.events})
