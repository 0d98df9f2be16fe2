"""How an entry of a timeline reads: one line, in English or Chinese, for a person at three in the morning.

The mini-language of a template is `template.py`: no entry, however bare, fails to render. The words of values are in
`timeline_words.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, get_args

from rules.mode import Mode
from rules.place_names import METRIC
from rules.site import Title
from rules.template import fill
from rules.timeline import Entry, Kind
from rules.timeline_reasons import reason_zh
from rules.timeline_words import MODE_MARK, duration, node_text, value_text, word

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

LINE_CHARACTERS_MAX = 500  # a line is read at a glance; the whole of a note stands in the entry's facts
VALUES_SHOWN_MAX = 6  # measured values in one line; a device class has seldom more

# What the engine writes into `facts` of each kind. A "…" stands for measured values, by the name of their metric.
FACTS: dict[Kind, tuple[str, ...]] = {
    Kind.OPENED: ("level", "hazard", "signal", "zone", "floor", "building"),
    Kind.DETECTED: ("title_en", "title_zh", "…"),
    Kind.CLEARED: ("title_en", "title_zh", "…"),
    Kind.NO_DATA: ("title_en", "title_zh"),
    Kind.GIVEN_UP: ("title_en", "title_zh"),
    Kind.PENDING: ("title_en", "title_zh", "hold_ms", "…"),
    Kind.NOT_FIRED: ("title_en", "title_zh"),
    Kind.CLEARING: ("title_en", "title_zh", "hold_ms"),
    Kind.STILL_HOLDS: ("title_en", "title_zh"),
    Kind.PRE_ALARM: ("acknowledge_within_ms", "investigate_within_ms"),
    Kind.COUNTDOWN_STOPPED: (),
    Kind.CONFIRMED: (),
    Kind.LEVEL_RAISED: ("from", "to"),
    Kind.ACKNOWLEDGED: ("note", "role"),
    Kind.PHASE_CHANGED: ("from", "to"),
    Kind.NOTED: ("text",),
    Kind.REFUSED: ("what", "code", "incident"),
    Kind.COMMAND_ISSUED: ("command", "target", "id", "within_ms"),
    Kind.COMMAND_PUBLISHED: ("command", "target", "id", "attempts"),
    Kind.COMMAND_DONE: ("command", "target", "id", "detail"),
    Kind.COMMAND_FAILED: ("command", "target", "id", "detail"),
    Kind.COMMAND_WITHDRAWN: ("command", "target", "id"),
    Kind.REPORTED: ("note", "role"),
    Kind.REPORT_ENDED: ("note",),
    Kind.PRUNED: ("until", "day", "incidents", "orders"),
    Kind.LETTERS_CLEARED: ("count", "topic", "fault"),
    Kind.INBOX: ("what", "codec", "id", "name", "zone", "class"),
    Kind.LEVEL_LOWERED: ("from", "to"),
    Kind.ASSIGNED: ("to",),
    Kind.ESCALATED: ("role",),
    Kind.ACKNOWLEDGEMENT_LAPSED: (),
    Kind.RESPONDED: ("note",),
    Kind.OVERDUE: ("what", "id", "title_en", "title_zh", "role"),
    Kind.PLAN: ("plan", "version", "title_en", "title_zh"),
    Kind.TASK_ISSUED: ("title_en", "title_zh", "role", "within_ms"),
    Kind.TASK_DONE: ("title_en", "title_zh", "note"),
    Kind.TASK_SKIPPED: ("title_en", "title_zh"),
    Kind.CARRIED: ("title_en", "title_zh", "by"),
    Kind.NOTICE_ISSUED: ("what", "to", "channel", "id"),
    Kind.NOTICE_TRIED: ("what", "to", "channel", "attempt", "detail", "id"),
    Kind.NOTICE_DONE: ("what", "to", "channel", "attempt", "detail", "id"),
    Kind.NOTICE_FAILED: ("what", "to", "channel", "attempt", "detail", "id"),
    Kind.NOTICE_HELD_BACK: ("what", "to"),
    Kind.ORDER_OPENED: ("id", "order_kind", "asset", "fault", "role", "summary", "summary_zh"),
    Kind.ORDER_REPEATED: ("id", "asset", "fault", "repeats", "order_kind"),
    Kind.ORDER_STEP: ("id", "step", "node", "note", "to", "attachments"),
    Kind.ORDER_ASSIGNED: ("id", "to"),
    Kind.SUPPRESSED: ("title_en", "title_zh", "…"),
    Kind.SUPPRESSION_ENDED: ("title_en", "title_zh"),
    Kind.SHELVED: ("id", "what", "zone", "duration_ms", "one_shot", "second"),
    Kind.SHELF_ENDED: ("id", "what", "zone", "lasted_ms"),
    Kind.CHATTERING: ("title_en", "title_zh", "times", "folded", "lasted_ms"),
    Kind.STALE: ("active_ms", "signal"),
    Kind.FLOOD_STARTED: ("site", "count"),
    Kind.FLOOD_ENDED: ("site", "count", "lasted_ms"),
    Kind.REVIEWED: ("cause", "measures", "result"),
    Kind.ACTION: ("id", "what", "text", "owner", "due"),
    Kind.HANDOVER: ("id", "what", "site"),
    Kind.AUDIT: ("found", "what", "due_at"),
    Kind.DRILL: ("id", "what", "site", "title_en", "title_zh", "within_ms", "paused_ms", "percent", "plan"),
    Kind.RULE_WITHDRAWN: ("title_en", "title_zh"),
    Kind.CLOSED: ("finding", "cause", "note"),
    Kind.CONFIGURATION: ("what", "version"),
    Kind.STARTED: ("version",),
    Kind.UNKNOWN: ("what", "id"),
}

TEMPLATES: dict[Language, dict[Kind, str]] = {
    "en": {
        Kind.OPENED: "LEVEL {level} {hazard} {signal}[, {zone}][, floor {floor}][ · first reported by {device}]",
        Kind.DETECTED: "{title}[: {values}][ · {device}][ · {reason}]",
        Kind.CLEARED: "Normal again: {title}[: {values}][ · {device}][ · {reason}]",
        Kind.NO_DATA: "No data[ from {device}]: cannot tell whether {title}[ · {reason}]",
        Kind.GIVEN_UP: "Given up: {title}[ · {device}][ · {reason}]",
        Kind.PENDING: "{title}[: {values}][ · {device}][ · counts if it lasts {hold_ms}]",
        Kind.NOT_FIRED: "Not raised: {title}[ · {device}][ · {reason}]",
        Kind.CLEARING: "Clearing: {title}[ · {device}][ · over if it stays so for {hold_ms}]",
        Kind.STILL_HOLDS: "Still holds: {title}[ · {device}][ · {reason}]",
        Kind.PRE_ALARM: "PRE-ALARM[: acknowledge within {acknowledge_within_ms}]"
        "[, then {investigate_within_ms} to investigate][ · {device}][ · {reason}]",
        Kind.COUNTDOWN_STOPPED: "Countdown stopped[: {reason}]",
        Kind.CONFIRMED: "CONFIRMED[: {reason}][ · {device}][ · by {by}]",
        Kind.LEVEL_RAISED: "LEVEL RAISED to {to}[, was {from}][ · by {by}][ · {reason}]",
        Kind.ACKNOWLEDGED: "Acknowledged[ by {by}][ as {role}][: {note}][ · {reason}]",
        Kind.PHASE_CHANGED: "Now {to}[, was {from}][ · {reason}]",
        Kind.NOTED: "[{by}: ]{text}",
        Kind.REFUSED: "Refused: {what}[ by {by}][ · {reason}]",
        Kind.COMMAND_ISSUED: "Command {command}[ to {target}][ · by {by}][ · {reason}][ · {id}]",
        Kind.COMMAND_PUBLISHED: "Command {command} sent[ to {target}][ · {id}]",
        Kind.COMMAND_DONE: "DONE: {command}[ by {target}][: {detail}][ · {id}]",
        Kind.COMMAND_FAILED: "FAILED: {command}[ at {target}][: {detail}][ · {reason}][ · {id}]",
        Kind.COMMAND_WITHDRAWN: "Command {command} taken back[ from {target}][ · by {by}][ · {reason}][ · {id}]",
        Kind.REPORTED: "Reported[ by {by}][ as {role}]: {note}[ · {device}][ · {reason}]",
        Kind.REPORT_ENDED: "What was reported is over[ · by {by}][: {note}][ · {reason}]",
        Kind.PRUNED: "Records up to {day} removed, past their keeping[: {incidents} incidents][, {orders} orders]"
        "[ · journal up to entry {until}]",
        Kind.LETTERS_CLEARED: "Messages not understood were cleared[: {count}][ · {topic}][ · {fault}][ · by {by}]"
        "[ · {reason}]",
        Kind.INBOX: "Inbox: {what}: {codec}/{id}[ is {name}][, a {class}][ · {zone}][ · by {by}][ · {reason}]",
        Kind.LEVEL_LOWERED: "LEVEL LOWERED to {to}[, was {from}][ · by {by}][ · {reason}]",
        Kind.ASSIGNED: "Assigned to {to}[ by {by}][ · {reason}]",
        Kind.ESCALATED: "ESCALATED to {role}[ · {reason}]",
        Kind.ACKNOWLEDGEMENT_LAPSED: "Acknowledgement[ of {by}] lapsed[ · {reason}]",
        Kind.RESPONDED: "First responder on site[: {by}][ · {note}][ · {reason}]",
        Kind.OVERDUE: "OVERDUE[: {what}][ {id}][: {title}][ ({role})][ · {reason}]",
        Kind.PLAN: "Response plan[: {title}][ · {reason}][ · version {version}]",
        Kind.TASK_ISSUED: "To do[ for {role}]: {title}[, within {within_ms}][ · {reason}]",
        Kind.TASK_DONE: "Done: {title}[ · {by}][ · {note}]",
        Kind.TASK_SKIPPED: "Left out: {title}[ · {by}][ · {reason}]",
        Kind.CARRIED: "Not repeated: {title}[ · {reason}]",
        Kind.NOTICE_ISSUED: "Sending {what}[ to {to}][ by {channel}][ · {reason}][ · {id}]",
        Kind.NOTICE_TRIED: "Not delivered yet: {what}[ to {to}][ by {channel}][, attempt {attempt}][: {detail}]"
        "[ · {reason}][ · {id}]",
        Kind.NOTICE_DONE: "Delivered: {what}[ to {to}][ by {channel}][: {detail}][ · {id}]",
        Kind.NOTICE_FAILED: "NOT DELIVERED: {what}[ to {to}][ by {channel}][: {detail}][ · {reason}][ · {id}]",
        Kind.NOTICE_HELD_BACK: "Held back: {what}[ to {to}][ · {reason}]",
        Kind.ORDER_OPENED: "Work order {id}[ ({order_kind})][ for {role}][: {summary}][ · {asset}][ · {reason}]",
        Kind.ORDER_REPEATED: "Work order {id}: the fault came again[, {repeats} times by now][ · {asset}][ · {reason}]",
        Kind.ORDER_STEP: "Work order {id}: {step}[ to {to}][, now {node}][ · {by}][ · {note}]"
        "[ · attachments: {attachments}][ · {reason}]",
        Kind.ORDER_ASSIGNED: "Work order {id} assigned[ to {to}][ · {by}][ · {reason}]",
        Kind.SUPPRESSED: "Kept quiet: {title}[: {values}][ · {device}][ · {reason}]",
        Kind.SUPPRESSION_ENDED: "No longer kept quiet: {title}[ · {device}][ · {reason}]",
        Kind.SHELVED: "SHELVED[ ({what})][ by {by}][ and {second}][: {title}][ · {device}][ · {zone}]"
        "[ · for {duration_ms}][ · {reason}][ · {id}]",
        Kind.SHELF_ENDED: "Shelf ended[ ({what})][ by {by}][: {title}][ · {device}][ · {zone}][ · after {lasted_ms}]"
        "[ · {reason}][ · {id}]",
        Kind.CHATTERING: "CHATTERING: {title}[ · {device}][ · {times} times][ in {lasted_ms}][ · {reason}]",
        Kind.STALE: "STALE[ after {active_ms}][ · {reason}]",
        Kind.FLOOD_STARTED: "ALARM FLOOD[ at {site}][: {count} detections][ · {reason}]",
        Kind.FLOOD_ENDED: "Alarm flood over[ at {site}][: {count} detections][ in {lasted_ms}][ · {reason}]",
        Kind.REVIEWED: "Reviewed[ by {by}][ · cause: {cause}][ · measures: {measures}][ · result: {result}]",
        Kind.ACTION: "Corrective action {id}[ {what}][: {text}][ · {owner}][ · due {due}][ · by {by}][ · {reason}]",
        Kind.HANDOVER: "Shift handover {id}[ of {site}][: {what}][ · {by}][ · {reason}]",
        Kind.AUDIT: "AUDIT[ {found}][: {what}][ · {reason}]",
        Kind.DRILL: "Drill {id} {what}[: {title}][ · at {site}][ · {plan}][ · by {by}][ · for {within_ms} at the most]"
        "[ · after {paused_ms}][ · {reason}]",
        Kind.RULE_WITHDRAWN: "Rule withdrawn: {title}[ · {device}][ · {reason}]",
        Kind.CLOSED: "Closed[ by {by}][: {finding}][, cause: {cause}][ · {note}][ · {reason}]",
        Kind.CONFIGURATION: "New {what} in force[ · version {version}][ · {reason}]",
        Kind.STARTED: "Gateway started[ · Tocsin {version}][ · {reason}]",
        Kind.UNKNOWN: "Not understood[: {what}][ · {device}][ · {reason}]",
    },
    "zh": {
        Kind.OPENED: "{level}级{hazard}{signal}[，{zone}][，{floor}][ · 首报 {device}]",
        Kind.DETECTED: "{title}[：{values}][ · {device}][ · {reason}]",
        Kind.CLEARED: "恢复正常：{title}[：{values}][ · {device}][ · {reason}]",
        Kind.NO_DATA: "无数据[ · {device}]：无法判断“{title}”[ · {reason}]",
        Kind.GIVEN_UP: "不再等待：{title}[ · {device}][ · {reason}]",
        Kind.PENDING: "{title}[：{values}][ · {device}][ · 持续 {hold_ms}后生效]",
        Kind.NOT_FIRED: "未触发：{title}[ · {device}][ · {reason}]",
        Kind.CLEARING: "趋于正常：{title}[ · {device}][ · 保持 {hold_ms}后解除]",
        Kind.STILL_HOLDS: "仍未解除：{title}[ · {device}][ · {reason}]",
        Kind.PRE_ALARM: "预警[：请在 {acknowledge_within_ms}内确认][，随后 {investigate_within_ms}内现场核实]"
        "[ · {device}][ · {reason}]",
        Kind.COUNTDOWN_STOPPED: "倒计时已停止[：{reason}]",
        Kind.CONFIRMED: "已确认属实[：{reason}][ · {device}][ · {by}]",
        Kind.LEVEL_RAISED: "响应升至 {to} 级[，原 {from} 级][ · {by}][ · {reason}]",
        Kind.ACKNOWLEDGED: "[{by}][（{role}）] 已接警[：{note}][ · {reason}]",
        Kind.PHASE_CHANGED: "进入“{to}”阶段[，原为“{from}”][ · {reason}]",
        Kind.NOTED: "[{by}：]{text}",
        Kind.REFUSED: "已拒绝：{what}[ · {by}][ · {reason}]",
        Kind.COMMAND_ISSUED: "指令 {command}[ → {target}][ · {by}][ · {reason}][ · {id}]",
        Kind.COMMAND_PUBLISHED: "指令 {command} 已发出[ → {target}][ · {id}]",
        Kind.COMMAND_DONE: "已执行：{command}[ · {target}][：{detail}][ · {id}]",
        Kind.COMMAND_FAILED: "执行失败：{command}[ · {target}][：{detail}][ · {reason}][ · {id}]",
        Kind.COMMAND_WITHDRAWN: "撤回指令 {command}[ · {target}][ · {by}][ · {reason}][ · {id}]",
        Kind.REPORTED: "[{by}][（{role}）] 人工报告：{note}[ · {device}][ · {reason}]",
        Kind.REPORT_ENDED: "所报险情已解除[ · {by}][：{note}][ · {reason}]",
        Kind.PRUNED: "已清除保存期满的记录，截至 {day}[：事件 {incidents} 件][，工单 {orders} 张]"
        "[ · 日志至第 {until} 条]",
        Kind.LETTERS_CLEARED: "已清除无法识别的消息[：{count} 条][ · {topic}][ · {fault}][ · {by}][ · {reason}]",
        Kind.INBOX: "新设备：{what}：{codec}/{id}[ 即 {name}][（{class}）][ · {zone}][ · {by}][ · {reason}]",
        Kind.LEVEL_LOWERED: "响应降至 {to} 级[，原 {from} 级][ · {by}][ · {reason}]",
        Kind.ASSIGNED: "指派给 {to}[ · {by}][ · {reason}]",
        Kind.ESCALATED: "升级通知{role}[ · {reason}]",
        Kind.ACKNOWLEDGEMENT_LAPSED: "[{by} 的]接警失效[ · {reason}]",
        Kind.RESPONDED: "首批处置人员到场[：{by}][ · {note}][ · {reason}]",
        Kind.OVERDUE: "超时[：{what}][ {id}][：{title}][（{role}）][ · {reason}]",
        Kind.PLAN: "应急预案[：{title}][ · {reason}][ · 版本 {version}]",
        Kind.TASK_ISSUED: "待办[（{role}）]：{title}[，限 {within_ms}][ · {reason}]",
        Kind.TASK_DONE: "完成：{title}[ · {by}][ · {note}]",
        Kind.TASK_SKIPPED: "跳过：{title}[ · {by}][ · {reason}]",
        Kind.CARRIED: "不再重复：{title}[ · {reason}]",
        Kind.NOTICE_ISSUED: "发送{what}[ → {to}][（{channel}）][ · {reason}][ · {id}]",
        Kind.NOTICE_TRIED: "尚未送达：{what}[ → {to}][（{channel}）][，第 {attempt} 次][：{detail}]"
        "[ · {reason}][ · {id}]",
        Kind.NOTICE_DONE: "已送达：{what}[ → {to}][（{channel}）][：{detail}][ · {id}]",
        Kind.NOTICE_FAILED: "未送达：{what}[ → {to}][（{channel}）][：{detail}][ · {reason}][ · {id}]",
        Kind.NOTICE_HELD_BACK: "暂缓发送：{what}[ → {to}][ · {reason}]",
        Kind.ORDER_OPENED: "工单 {id}[（{order_kind}）][ → {role}][：{summary}][ · {asset}][ · {reason}]",
        Kind.ORDER_REPEATED: "工单 {id}：故障再次出现[，累计重复 {repeats} 次][ · {asset}][ · {reason}]",
        Kind.ORDER_STEP: "工单 {id}：{step}[ → {to}][，现为“{node}”][ · {by}][ · {note}]"
        "[ · 附件 {attachments} 个][ · {reason}]",
        Kind.ORDER_ASSIGNED: "工单 {id} 指派[给 {to}][ · {by}][ · {reason}]",
        Kind.SUPPRESSED: "已抑制：{title}[：{values}][ · {device}][ · {reason}]",
        Kind.SUPPRESSION_ENDED: "抑制结束：{title}[ · {device}][ · {reason}]",
        Kind.SHELVED: "已搁置[（{what}）][ · {by}][、{second}][：{title}][ · {device}][ · {zone}][ · {duration_ms}]"
        "[ · {reason}][ · {id}]",
        Kind.SHELF_ENDED: "搁置结束[（{what}）][ · {by}][：{title}][ · {device}][ · {zone}][ · 历时 {lasted_ms}]"
        "[ · {reason}][ · {id}]",
        Kind.CHATTERING: "抖动报警：{title}[ · {device}][ · {times} 次][，历时 {lasted_ms}][ · {reason}]",
        Kind.STALE: "陈旧报警[，已持续 {active_ms}][ · {reason}]",
        Kind.FLOOD_STARTED: "报警泛滥[ · {site}][：{count} 条][ · {reason}]",
        Kind.FLOOD_ENDED: "报警泛滥结束[ · {site}][：{count} 条][，历时 {lasted_ms}][ · {reason}]",
        Kind.REVIEWED: "已复盘[（{by}）][ · 原因：{cause}][ · 措施：{measures}][ · 结果：{result}]",
        Kind.ACTION: "整改 {id}[ {what}][：{text}][ · {owner}][ · 期限 {due}][ · {by}][ · {reason}]",
        Kind.HANDOVER: "交接班 {id}[（{site}）][：{what}][ · {by}][ · {reason}]",
        Kind.AUDIT: "审计[：{found}][ · {what}][ · {reason}]",
        Kind.DRILL: "演练 {id} {what}[：{title}][ · {site}][ · {plan}][ · {by}][ · 最长 {within_ms}]"
        "[ · 中断 {paused_ms}][ · {reason}]",
        Kind.RULE_WITHDRAWN: "规则已撤销：{title}[ · {device}][ · {reason}]",
        Kind.CLOSED: "已关闭[ · {by}][：{finding}][，原因：{cause}][ · {note}][ · {reason}]",
        Kind.CONFIGURATION: "新的{what}已生效[ · 版本 {version}][ · {reason}]",
        Kind.STARTED: "网关已启动[ · Tocsin {version}][ · {reason}]",
        Kind.UNKNOWN: "无法识别[：{what}][ · {device}][ · {reason}]",
    },
}

_LATE: dict[Language, str] = {"en": " (handled {} late)", "zh": "(迟 {})"}
_ANY_KIND = "{kind}[: {title}][ · {device}][ · {by}][ · {reason}]"  # a kind newer than its template


def text(entry: Entry, language: Language = "en", titles: Mapping[str, Title] | None = None) -> str:
    """The entry in one line of at most `LINE_CHARACTERS_MAX` characters. Never raises.

    `titles` names devices, rules, zones and metrics by id; what it does not name is shown by its id.
    """
    fields = _fields(entry, language, titles or {})
    line = fill(TEMPLATES[language].get(entry.kind, _ANY_KIND), fields)
    line = MODE_MARK[language].get(entry.mode or Mode.ACTUAL, "") + " ".join(line.split())
    late = _LATE[language].format(duration(entry.late_ms, language)) if entry.late_ms else ""
    room = LINE_CHARACTERS_MAX - len(late)
    return (line if len(line) <= room else line[: room - 1] + "…") + late


def _fields(entry: Entry, language: Language, titles: Mapping[str, Title]) -> dict[str, str]:
    """Everything a template can name, as text; what is missing is empty."""

    def named(id_: str) -> str:
        return titles.get(id_, {}).get(language) or id_

    facts = {name: _fact(name, value, language, named) for name, value in entry.facts.items()}
    facts["title"] = facts.get(f"title_{language}") or facts.get("title_en") or named(entry.rule or "")
    facts["summary"] = facts.get(f"summary_{language}") or facts.get("summary", "")
    facts["values"] = _values(entry, language, named)
    device = named(entry.device or "")
    facts.setdefault("target", device)
    reason = reason_zh(entry.reason) if language == "zh" else word(entry.reason, language)
    facts["detail"] = reason_zh(facts.get("detail", "")) if language == "zh" else facts.get("detail", "")
    if reason == facts["detail"]:
        reason = ""  # said once
    return facts | {"device": device, "by": entry.by or "", "reason": reason, "kind": word(entry.kind.value, language)}


def _fact(name: str, value: float | bool | str, language: Language, named: Callable[[str], str]) -> str:
    if name.endswith("_ms") and not isinstance(value, str):
        return duration(value, language)
    if name == "node":
        return node_text(str(value), language)
    if name in ("zone", "target", "asset", "site"):
        return named(str(value))
    if name == "to" and named(str(value)) != value:  # a place
        return named(str(value))
    return word(str(value), language) if name in _WORDS else value_text(value, language)


# Facts whose value is a word of Tocsin's; every other text is a person's or a device's, and stays as it is.
_WORDS = frozenset(
    {"level", "hazard", "signal", "from", "to", "finding", "found", "what", "command", "order_kind", "step", "role"}
)


def _values(entry: Entry, language: Language, named: Callable[[str], str]) -> str:
    """The measured values: all facts of a kind that carries them but those the kind itself is expected to carry."""
    expected = FACTS.get(entry.kind, ())
    if "…" not in expected:
        return ""
    measured = [
        (name, value) for name, value in entry.facts.items() if name not in expected and not name.startswith("title_")
    ]
    shown = [
        f"{named(METRIC + name).removeprefix(METRIC)} {value_text(value, language)}"
        for name, value in measured[:VALUES_SHOWN_MAX]
    ]
    rest = ["…"] if len(measured) > VALUES_SHOWN_MAX else []
    return (", " if language == "en" else "、").join(shown + rest)
