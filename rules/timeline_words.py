"""The words that values on a timeline have in a language. What is not in the table is shown as it stands."""

from __future__ import annotations

import math
from typing import Literal

from rules import timeline_drills, timeline_messages, timeline_quiet, timeline_response
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from rules.mode import Mode
from rules.reading import Value
from rules.timeline_orders import NODES_ZH, WORDS_ZH

# A drill must not be taken for the real thing, nor the other way round: it stands before everything else.
MODE_MARK: dict[Literal["en", "zh"], dict[Mode, str]] = {
    "en": {Mode.EXERCISE: "EXERCISE: ", Mode.TEST: "TEST: "},
    "zh": {Mode.EXERCISE: "【演练】", Mode.TEST: "【测试】"},
}
_WORDS_ZH = {
    # signals
    "alarm": "报警",
    "supervisory": "监管",
    "trouble": "故障",
    # phases
    "activated": "启动",
    "responding": "处置",
    "closing": "收尾",
    "closed": "关闭",
    # hazards of the library's rules
    "fire": "火灾",
    "smoke": "烟雾",
    "gas": "燃气泄漏",
    "flood": "水浸",
    "water": "水浸",
    "water_leak": "漏水",
    "power": "供电",
    "power_outage": "停电",
    "electrical": "电气",
    "energy": "能耗",
    "lift": "电梯",
    "lift_entrapment": "电梯困人",
    "entrapment": "电梯困人",
    "lift_fault": "电梯故障",
    "security": "安防",
    "intrusion": "入侵",
    "access": "门禁",
    "air_quality": "空气质量",
    "environment": "环境",
    "equipment": "设备",
    "communication": "通信",
    "device": "设备",
    "duress": "胁迫",
    # places
    "zone": "区域",
    "floor": "楼层",
    "building": "楼栋",
    "site": "项目",
    # findings
    "real": "属实",
    "false_alarm": "误报",
    # what a person asks for, and what is put in force
    "acknowledge": "接警",
    "note": "备注",
    "add_note": "备注",
    "resolve": "关闭事件",
    "rules": "规则",
    "directory": "楼宇配置",
    **WORDS_ZH,
    **timeline_drills.WORDS_ZH,
    **timeline_messages.WORDS_ZH,
    **timeline_quiet.WORDS_ZH,
    **timeline_response.WORDS_ZH,
}
_WORDS_EN = {"add_note": "note", "directory": "building configuration", **timeline_messages.WORDS_EN}
_BOOLEANS = {"en": ("no", "yes"), "zh": ("否", "是")}
_UNITS = {
    "en": ((DAY_MS, " d"), (HOUR_MS, " h"), (MINUTE_MS, " min"), (SECOND_MS, " s"), (1, " ms")),
    "zh": ((DAY_MS, " 天"), (HOUR_MS, " 小时"), (MINUTE_MS, " 分钟"), (SECOND_MS, " 秒"), (1, " 毫秒")),
}
_DIGITS = 4  # no sensor in a building is more exact


def word(name: str, language: Literal["en", "zh"]) -> str:
    """`false_alarm` → `false alarm`, `误报`. An unknown word stays, with spaces for underscores."""
    known = (_WORDS_EN if language == "en" else _WORDS_ZH).get(name)
    return known or (name if " " in name else name.replace("_", " "))


def node_text(node: str, language: Literal["en", "zh"]) -> str:
    """A node of a work order; apart from the other words, for a door can be open as well."""
    return NODES_ZH.get(node, node) if language == "zh" else node


def value_text(value: Value, language: Literal["en", "zh"]) -> str:
    """A measured value: `61.2`, `yes`, `是`; a text stays as it is."""
    if isinstance(value, bool):
        return _BOOLEANS[language][value]
    return value if isinstance(value, str) else _number(value)


def _number(value: float) -> str:
    """At most `_DIGITS` significant digits behind the point, and none of the exponents that people misread."""
    if not math.isfinite(value) or abs(value) >= 1e15:
        return f"{value:g}"
    decimals = max(0, _DIGITS - 1 - math.floor(math.log10(abs(value)))) if 0 < abs(value) < 1 else 2
    rounded = f"{value:.{min(decimals, 12)}f}"
    return rounded.rstrip("0").rstrip(".") if "." in rounded else rounded


def duration(duration_ms: float, language: Literal["en", "zh"]) -> str:
    """The two largest units, so that it is read at a glance: `1 min 30 s`, `2 小时`. Less than a second as ms."""
    if not math.isfinite(duration_ms):
        return str(duration_ms)
    parts: list[str] = []
    left = round(duration_ms)
    for size, unit in _UNITS[language]:
        if left >= size and not (unit == _UNITS[language][-1][1] and parts):
            parts.append(f"{left // size}{unit}")
            left %= size
    return " ".join(parts[:2]) or f"0{_UNITS[language][3][1]}"
