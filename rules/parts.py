"""A part of Tocsin itself is not well, or well again: a trouble signal in between."""

from __future__ import annotations

from rules.events import PartFailed, PartWell
from rules.site import Title
from rules.trouble import GATEWAY, clear_trouble, raise_trouble
from rules.turn import Turn

TITLES: dict[str, Title] = {
    "influxdb": {"en": "Readings are not forwarded to InfluxDB", "zh": "读数未能转发至 InfluxDB"},
}
OTHER: Title = {"en": "A part of the gateway is not well", "zh": "网关部件异常"}


def source(part: str) -> str:
    """Of the trouble (`rules.trouble`)."""
    return f"part/{part}"


def failed(turn: Turn, event: PartFailed) -> None:
    raise_trouble(turn, source(event.part), GATEWAY, TITLES.get(event.part, OTHER), event.reason)


def well(turn: Turn, event: PartWell) -> None:
    clear_trouble(turn, source(event.part), event.reason)
