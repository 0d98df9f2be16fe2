"""A codec whose messages say outright what is to be made of them: for tests of what becomes of outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.codecs.port import Found, Output, Publish
from rules.instant import Instant
from rules.reading import Rejected, Value
from tests.support import samples


class PlainCodec:
    """Listens to `plain/#`. A payload is a list of outputs as samples write them; what is none is rejected."""

    name = "plain"

    def __init__(self) -> None:
        self.restored: list[Found] = []

    def topics(self) -> tuple[str, ...]:
        return ("plain/#",)

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        if payload == b"raise":
            raise RuntimeError("a fault of the codec's")
        try:
            return samples.expected({"out": msgspec.json.decode(payload)})
        except msgspec.MsgspecError as error:
            return [Rejected("bad json", str(error))]

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        if "forbidden" in points:
            return Rejected("no such command", "forbidden cannot be set")
        return [Publish(f"plain/{native_id}/set", msgspec.json.encode({"id": command_id, **points}))]

    def restore(self, found: Iterable[Found]) -> None:
        self.restored = list(found)


def said(native_id: str, values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "Said", "native_id": native_id, "values": dict(values), **more}


def output(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}
