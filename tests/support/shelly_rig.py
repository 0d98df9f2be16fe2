"""Shelly's messages as its tests need them."""

from __future__ import annotations

import json
from typing import Any

from gateway.codecs.port import Ask, Found
from gateway.codecs.shelly import Options, Shelly, make
from tests.support.codec_rig import (
    decode,
    one,
)

RELAY = "shellypro4pm-f008d1d8b8b8"
SMOKE = "shellyplussmoke-80646fd09ed4"
METER = "shellypro3em-0cb815fcaff4"
ANSWERS = "tocsin-shelly/rpc"


def codec(**options: Any) -> Shelly:
    made = make(Options(**options))
    assert isinstance(made, Shelly)
    return made


def notify(known: Shelly, device: str, params: dict[str, Any], method: str = "NotifyStatus", prefix: str = "") -> Any:
    frame = {"src": device, "dst": f"{device}/events", "method": method, "params": params}
    return decode(known, f"{prefix or device}/events/rpc", frame)


def smoke(alarm: bool = False, **system: Any) -> dict[str, Any]:
    return {
        "ts": 1.33,
        "devicepower:0": {"id": 0, "battery": {"V": 2.99, "percent": 97}},
        "smoke:0": {"id": 0, "alarm": alarm, "mute": False},
        "sys": {"mac": "80646FD09ED4", "unixtime": None, "wakeup_period": 86_400, **system},
        "wifi": {"rssi": -20},
    }


def ask_status(known: Shelly, prefix: str) -> int:
    """The number under which the codec asks for a device's status when it comes online."""
    ask = one(Ask, decode(known, f"{prefix}/online", "true"))
    frame = json.loads(ask.publish.payload)
    assert (ask.publish.topic, frame["method"], frame["src"]) == (f"{prefix}/rpc", "Shelly.GetStatus", "tocsin-shelly")
    return int(frame["id"])


def metrics(found: Found) -> dict[str, str]:
    return {each.name: each.metric for each in found.points if each.metric}
