"""A car that speaks Homie 5, and its codec."""

from __future__ import annotations

from typing import Any

from gateway.codecs.homie import Homie
from tests.support.codec_messages import tell

CAR = "homie/5/super-car"
NODES: dict[str, Any] = {
    "engine": {
        "name": "Car engine",
        "properties": {
            "speed": {"datatype": "integer", "settable": True, "format": "0:180"},
            "temperature": {"datatype": "float", "unit": "°C", "format": "-20:120"},
            "mode": {"datatype": "enum", "format": "off,eco,sport", "settable": True},
        },
    },
    "door": {
        "properties": {
            "locked": {"datatype": "boolean", "settable": True, "format": "open,locked"},
            "bell": {"datatype": "enum", "format": "press,hold", "retained": False},
            "horn": {"datatype": "boolean", "retained": False, "settable": True},
        }
    },
}


def describe(codec: Homie, device: str = "super-car", nodes: Any = None, **more: Any) -> list[Any]:
    document = {"homie": "5.0", "name": "Supercar", "version": 7, "nodes": NODES if nodes is None else nodes, **more}
    return tell(codec, f"homie/5/{device}/$description", document, retained=True)
