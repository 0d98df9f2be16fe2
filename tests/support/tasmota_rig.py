"""Tasmota's messages as its tests need them."""

from __future__ import annotations

from typing import Any

from gateway.codecs.port import Found
from gateway.codecs.tasmota import Options, Tasmota, make
from tests.support.codec_rig import (
    decode,
)

MAC = "5CCF7F3E3A1C"
ENERGY = {"Total": 6.294, "Power": 2635, "Factor": 0.99, "Voltage": 227, "Current": 11.661}
THREE_PHASES = {"Total": 42.5, "Power": [100, 200.5, 300], "Voltage": [231, 230, 229], "Current": [0.5, 0.9, 1.3]}
CONFIG: dict[str, Any] = {
    "ip": "192.0.2.7",
    "dn": "Boiler room meter",
    "fn": ["Boiler", None],
    "hn": "tasmota-3A1C-6684",
    "mac": MAC,
    "md": "Sonoff POW",
    "ty": 0,
    "if": 0,
    "ofln": "Offline",
    "onln": "Online",
    "state": ["OFF", "ON", "TOGGLE", "HOLD"],
    "sw": "13.1.0",
    "t": "boiler",
    "ft": "%prefix%/%topic%/",
    "tp": ["cmnd", "stat", "tele"],
    "rl": [1, 0, 0, 0],
    "swc": [-1, -1],
    "swn": [None, None],
    "dslp": 0,
    "ver": 1,
}


def codec(**options: Any) -> Tasmota:
    made = make(Options(**options))
    assert isinstance(made, Tasmota)
    return made


def discovered(**config: Any) -> Tasmota:
    known = codec()
    decode(known, f"tasmota/discovery/{MAC}/config", CONFIG | config)
    return known


def point(found: Found, name: str) -> Any:
    return next(each for each in found.points if each.name == name)
