"""A part of Tocsin itself is not well, or well again: a trouble signal in between."""

from __future__ import annotations

from rules.events import PartFailed, PartWell
from rules.site import Title
from rules.trouble import GATEWAY, clear_trouble, raise_trouble
from rules.turn import Turn

TITLES: dict[str, Title] = {
    "broker": {"en": "The broker is not heard", "zh": "与消息服务器断开，收不到读数"},
    "commands": {"en": "Commands cannot be published", "zh": "指令无法下发"},
    "store": {"en": "The store failed", "zh": "存储故障"},
    "disk": {"en": "The disk is nearly full", "zh": "磁盘空间不足"},
    "clock": {"en": "The gateway's clock was set", "zh": "网关时钟被调整"},
    "rules": {"en": "Changed files are not in force", "zh": "修改后的配置文件未生效"},
    "api": {"en": "The API is down", "zh": "接口进程故障"},
    "heartbeat": {"en": "The outside watch is not reached", "zh": "外部看门服务无法联系"},
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
