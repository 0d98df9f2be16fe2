"""The engine's reasons in Chinese. They are written in English; one that is not in the table stays in English."""

from __future__ import annotations

import re
from functools import partial

from rules import timeline_drills, timeline_messages, timeline_quiet, timeline_response
from rules.instant import parse_duration_ms
from rules.timeline_orders import REASONS_ZH
from rules.timeline_words import duration, word

_SEPARATOR = "; "  # between a reason and a remark (`rules.turn`)
_TIME = r"(\d+(?:\.\d+)?(?:ms|s|min|h|d))"

_ZH: tuple[tuple[str, str], ...] = (
    (r"(\S+) is the first of its zone and hazard", r"\1 为该区域此类险情首报"),
    (r"evidence only: no rule opens an incident on it alone", "仅作佐证，不单独立案"),
    (r"one automatic device alone", "仅一台自动探测器报警"),
    (r"(\S+) at (\S+) needs no second device", r"\2 触发 \1，无需第二台设备"),
    (r"(\d+) independent devices in one (\S+): (.+)", r"同一{\2}内 \1 台独立设备：\3"),
    (rf"not acknowledged within {_TIME}", r"未在 {\1}内接警"),
    (r"not acknowledged within the time allowed", "未在规定时间内接警"),
    (rf"investigation not ended within {_TIME}", r"未在 {\1}内完成核实"),
    (r"all its sources are normal(?: again)?", "所有报警源均已恢复正常"),
    (r"its rules let it close when its sources are normal", "规则允许恢复正常后自动关闭"),
    (r"done for the whole (\S+) in (\S+)", r"已在 \2 中为整个{\1}执行"),
    (r"(\d+) devices were told so just now in (.+)", r"\2 刚刚已向 \1 台设备下达"),
    (r"(\S+) at (\S+)", r"\2 触发 \1"),
    (r"(\S+) at (\S+) holds", r"\2 再次触发 \1"),
    (r"acknowledged by (.+)", r"\1 已接警"),
    (r"resolved by (.+)", r"\1 已处理完毕"),
    (r"clear was not kept up long enough", "恢复时间不足"),
    (r"without data when (.+) resolved the incident", r"\1 处理完毕时设备仍无数据"),
    (r"kept quiet by (\S+ \S+) when (.+) resolved the incident", r"\2 处理完毕时报警仍被搁置（\1）"),
    (r"data is back", "数据已恢复"),
    (r"what was last known stays", "维持最后已知状态"),
    (rf"held for {_TIME} of {_TIME}", r"仅持续 {\1}，需 {\2}"),
    (r"rule (\S+) is no longer in force", r"规则 \1 已不再生效"),
    (r"device (\S+) is no longer in the site file", r"设备 \1 已从楼宇配置中移除"),
    (r"rule (\S+) no longer looks at (\S+)", r"规则 \1 不再适用于设备 \2"),
    (r"held before the incident was opened", "立案前已触发"),
    (r"after it was given up: (.+)", r"已放弃等待后才应答：\1"),
    (r"no rule (\S+) is in force", r"没有生效的规则 \1"),
    (r"no device (\S+) is in force", r"没有登记的设备 \1"),
    (r"(\S+): (\S+) of level (I|II|III)", r"\1：\3 级{\2}"),
    (r"command (\S+) awaits no answer from this device", r"指令 \1 不等待该设备的应答"),
    (rf"no answer within {_TIME}", r"{\1}内无应答"),
    (r"the device refused: (.+)", r"设备拒绝：\1"),
    (r"(\S+) was closed more than a day ago", r"\1 已关闭超过一天"),
    (r"there is no incident (\S+)", r"没有事件 \1"),
    (r"(\S+) was closed by (.+)", r"\1 已由 \2 关闭"),
    (r"(\S+) was acknowledged by (.+)", r"\1 已由 \2 接警"),
    (r"still holds: (.+)", r"仍未恢复：\1"),
    (r"arrived late and retained", "迟到的保留消息"),
    (r"arrived late", "消息迟到"),
    (r"retained", "保留消息"),
)
_ALL = (
    *_ZH,
    *REASONS_ZH,
    *timeline_drills.REASONS_ZH,
    *timeline_messages.REASONS_ZH,
    *timeline_quiet.REASONS_ZH,
    *timeline_response.REASONS_ZH,
)
_PATTERNS = tuple((re.compile(english), chinese) for english, chinese in _ALL)
_GROUP = re.compile(r"\{\\(\d)\}|\\(\d)")


def reason_zh(reason: str) -> str:
    """`not acknowledged within 15s` → `未在 15 秒内接警`."""
    return "；".join(_one(part) for part in reason.split(_SEPARATOR)) if reason else ""


def _one(reason: str) -> str:
    for pattern, chinese in _PATTERNS:
        if match := pattern.fullmatch(reason):
            return _GROUP.sub(partial(_filled, match), chinese)
    return word(reason, "zh")


def _filled(reason: re.Match[str], group: re.Match[str]) -> str:
    """`\\1` is the reason's first group as it stands, `{\\1}` in Chinese: a duration, or words with commas."""
    translated, plain = group.groups()
    if plain is not None:
        return str(reason[int(plain)])
    text = str(reason[int(translated)])
    try:
        return duration(parse_duration_ms(text), "zh")
    except ValueError:
        return "、".join(word(each, "zh") for each in text.split(", "))
