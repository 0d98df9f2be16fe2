"""How entries of plans, escalation and tasks read: kind → an entry, in English, in Chinese."""

from __future__ import annotations

from rules.reading import Value
from rules.timeline import Entry, Kind

TASK: dict[str, Value] = {"title_en": "Call 119", "title_zh": "拨打119"}


def _entry(kind: Kind, facts: dict[str, Value] | None = None, **more: object) -> Entry:
    return Entry(position=7, incident="INC-000042", number=3, at=0, kind=kind, facts=facts or {}, **more)  # type: ignore[arg-type]


EXAMPLES: dict[Kind, tuple[Entry, str, str]] = {
    Kind.LEVEL_LOWERED: (
        _entry(Kind.LEVEL_LOWERED, {"from": "I", "to": "III"}, by="duty-1", reason="only a pan"),
        "LEVEL LOWERED to III, was I · by duty-1 · only a pan",
        "响应降至 III 级，原 I 级 · duty-1 · only a pan",
    ),
    Kind.COMMAND_WITHDRAWN: (
        _entry(
            Kind.COMMAND_WITHDRAWN,
            {"command": "start", "id": "CMD-000007"},
            device="tower-a/fan-1",
            by="duty-1",
            reason="it feeds the fire",
        ),
        "Command start taken back from tower-a/fan-1 · by duty-1 · it feeds the fire · CMD-000007",
        "撤回指令 启动 · tower-a/fan-1 · duty-1 · it feeds the fire · CMD-000007",
    ),
    Kind.REPORTED: (
        _entry(Kind.REPORTED, {"note": "smoke under the door", "role": "security_guard"}, by="guard-1"),
        "Reported by guard-1 as security guard: smoke under the door",
        "guard-1（保安） 人工报告：smoke under the door",
    ),
    Kind.REPORT_ENDED: (
        _entry(Kind.REPORT_ENDED, {"note": "it is out"}, by="guard-1"),
        "What was reported is over · by guard-1: it is out",
        "所报险情已解除 · guard-1：it is out",
    ),
    Kind.LETTERS_CLEARED: (
        _entry(Kind.LETTERS_CLEARED, {"count": 3.0, "fault": "bad json"}, by="engineer-1", reason="mended"),
        "Messages not understood were cleared: 3 · bad json · by engineer-1 · mended",
        "已清除无法识别的消息：3 条 · bad json · engineer-1 · mended",
    ),
    Kind.INBOX: (
        _entry(
            Kind.INBOX,
            {"what": "device assigned", "codec": "z2m", "id": "0x1", "name": "tower-a/sd-9", "class": "smoke_detector"},
            by="engineer-1",
            reason="fitted today",
        ),
        "Inbox: device assigned: z2m/0x1 is tower-a/sd-9, a smoke_detector · by engineer-1 · fitted today",
        "新设备：已登记：z2m/0x1 即 tower-a/sd-9（smoke_detector） · engineer-1 · fitted today",
    ),
    Kind.PRUNED: (
        _entry(Kind.PRUNED, {"until": 12000.0, "day": "2023-11-24", "incidents": 31.0, "orders": 4.0}),
        "Records up to 2023-11-24 removed, past their keeping: 31 incidents, 4 orders · journal up to entry 12000",
        "已清除保存期满的记录，截至 2023-11-24：事件 31 件，工单 4 张 · 日志至第 12000 条",
    ),
    Kind.ASSIGNED: (
        _entry(Kind.ASSIGNED, {"to": "safety-1"}, by="duty-1"),
        "Assigned to safety-1 by duty-1",
        "指派给 safety-1 · duty-1",
    ),
    Kind.ESCALATED: (
        _entry(Kind.ESCALATED, {"role": "safety_officer"}, reason="not acknowledged within 1min"),
        "ESCALATED to safety officer · not acknowledged within 1min",
        "升级通知安全主管 · 未在 1 分钟内接警",
    ),
    Kind.ACKNOWLEDGEMENT_LAPSED: (
        _entry(Kind.ACKNOWLEDGEMENT_LAPSED, by="duty-1", reason="nothing followed it within 10min"),
        "Acknowledgement of duty-1 lapsed · nothing followed it within 10min",
        "duty-1 的接警失效 · 接警后 10 分钟内无后续处置",
    ),
    Kind.RESPONDED: (
        _entry(Kind.RESPONDED, {"note": "at the door"}, by="guard-1"),
        "First responder on site: guard-1 · at the door",
        "首批处置人员到场：guard-1 · at the door",
    ),
    Kind.OVERDUE: (
        _entry(Kind.OVERDUE, TASK | {"role": "duty_officer"}, reason="not done within 1min"),
        "OVERDUE: Call 119 (duty officer) · not done within 1min",
        "超时：拨打119（值班员） · 未在 1 分钟内完成",
    ),
    Kind.PLAN: (
        _entry(
            Kind.PLAN,
            {"plan": "fire", "version": "3f2a", "title_en": "Fire", "title_zh": "火灾应急预案"},
            reason="hazard fire",
        ),
        "Response plan: Fire · hazard fire · version 3f2a",
        "应急预案：火灾应急预案 · 险情：火灾 · 版本 3f2a",
    ),
    Kind.TASK_ISSUED: (
        _entry(Kind.TASK_ISSUED, TASK | {"role": "duty_officer", "within_ms": 60_000.0}),
        "To do for duty officer: Call 119, within 1 min",
        "待办（值班员）：拨打119，限 1 分钟",
    ),
    Kind.TASK_DONE: (
        _entry(Kind.TASK_DONE, TASK | {"note": "they come"}, by="duty-1"),
        "Done: Call 119 · duty-1 · they come",
        "完成：拨打119 · duty-1 · they come",
    ),
    Kind.CARRIED: (
        _entry(Kind.CARRIED, TASK | {"by": "INC-000001"}, reason="done for the whole building in INC-000001"),
        "Not repeated: Call 119 · done for the whole building in INC-000001",
        "不再重复：拨打119 · 已在 INC-000001 中为整个楼栋执行",
    ),
    Kind.TASK_SKIPPED: (
        _entry(Kind.TASK_SKIPPED, TASK, by="duty-1", reason="it was a false alarm"),
        "Left out: Call 119 · duty-1 · it was a false alarm",
        "跳过：拨打119 · duty-1 · 误报",
    ),
}
