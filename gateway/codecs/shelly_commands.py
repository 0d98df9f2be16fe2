"""Requests to Shelly devices, and what became of them. Pure.

RPC protocol: https://shelly-api-docs.shelly.cloud/gen2/General/RPCProtocol
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import msgspec

from gateway.codecs.known import Recent
from gateway.codecs.native import TEXT_CHARACTERS_MAX
from gateway.codecs.pending import Pending
from gateway.codecs.port import Ask, Output, Publish
from gateway.codecs.shelly_points import Setting, setting
from rules.reading import Rejected, Value
from rules.site import MetricKind

QUESTIONS_MAX = 10_000  # one a device

_KINDS: dict[MetricKind, tuple[type, ...]] = {
    MetricKind.BOOLEAN: (bool,),
    MetricKind.STRING: (str,),
    MetricKind.NUMBER: (int, float),
}


class Requests:
    """Numbers on the wire ↔ commands. A number is made of the command's id: the same when it is sent once more."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._pending: Pending[int] = Pending()
        self._asked: Recent[int, str] = Recent(QUESTIONS_MAX)

    def __len__(self) -> int:
        return len(self._pending) + len(self._asked)

    def question(self, prefix: str) -> Ask:
        """For all that a device knows. The number leads back to the prefix under which it was asked."""
        number = self.expect(prefix)
        publish = self._request(prefix, number, "Shelly.GetStatus", None)
        return Ask(publish, "status is not retained: asked for when a device comes online")

    def expect(self, prefix: str) -> int:
        """The number under which a device is asked: also by us before a restart, whose answer is still to come."""
        number = _number(f"status of {prefix}")
        self._asked.put(number, prefix)
        return number

    def asked(self, number: int) -> str | None:
        """The prefix whose status was asked for under this number."""
        return self._asked.get(number)

    def commands(self, prefix: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        published: list[Publish] = []
        numbers: list[int] = []
        for index, (name, value) in enumerate(points.items()):
            known = setting(name)
            if known is None:
                expected = "switch:0.output, light:0.brightness, smoke:0.mute and their like can"
                return Rejected("wrong shape", f"{name!r:.80} cannot be set; {expected}")
            params = _arguments(name, value, *known)
            if isinstance(params, Rejected):
                return params
            numbers.append(_number(f"{command_id}/{index}"))
            published.append(self._request(prefix, numbers[-1], known[0].method, params))
        self._pending.add(command_id, numbers)
        return published

    def answered(self, number: int, frame: dict[str, Any]) -> list[Output]:
        error = frame.get("error")
        failed = error is not None or "result" not in frame
        return self._pending.answered(number, not failed, _failure(error) if failed else "")

    def _request(self, prefix: str, number: int, method: str, params: dict[str, Any] | None) -> Publish:
        frame: dict[str, Any] = {"id": number, "src": self._source, "method": method}
        if params is not None:
            frame["params"] = params
        return Publish(f"{prefix}/rpc", msgspec.json.encode(frame))


def _number(text: str) -> int:
    return crc32(text.encode()) & 0x7FFF_FFFF  # the firmware keeps them in 32 bits, with a sign


def _arguments(name: str, value: Value, method: Setting, number: int) -> dict[str, Any] | Rejected:
    """The method's parameters, if the value is of its kind."""
    fits = isinstance(value, _KINDS[method.kind]) and isinstance(value, bool) == (method.kind is MetricKind.BOOLEAN)
    if not fits or (not method.argument and value is not True):
        expected = f"a {method.kind.value}" if method.argument else "true"
        return Rejected("wrong shape", f"{value!r:.60} is no value of {name}; expected {expected}")
    if not method.argument:
        return {"id": number}
    whole = isinstance(value, float) and value.is_integer()
    return {"id": number, method.argument: int(value) if whole else value}


def _failure(error: Any) -> str:
    if not isinstance(error, dict):
        return "the device answered with neither result nor error"
    message, code = error.get("message"), error.get("code")
    return f"{message if isinstance(message, str) else 'refused'} ({code!r:.20})"[:TEXT_CHARACTERS_MAX]
