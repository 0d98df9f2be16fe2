"""The engine's reasons, as a Chinese reader sees them."""

from __future__ import annotations

import pytest

from rules.timeline_reasons import reason_zh


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("not acknowledged within 15s", "未在 15 秒内接警"),
        ("not acknowledged within the time allowed", "未在规定时间内接警"),
        ("investigation not ended within 3min", "未在 3 分钟内完成核实"),
        ("2 independent devices in one zone: sd-1, sd-2", "同一区域内 2 台独立设备：sd-1, sd-2"),
        ("held for 90s of 5min", "仅持续 1 分钟 30 秒，需 5 分钟"),
        ("doors-fire: fire of level I", "doors-fire：I 级火灾"),
        ("smoke-high at tower-a/sd-1 holds", "tower-a/sd-1 再次触发 smoke-high"),
        ("still holds: smoke-high at tower-a/sd-1", "仍未恢复：smoke-high at tower-a/sd-1"),
        ("data is back; arrived late and retained", "数据已恢复；迟到的保留消息"),
        ("acknowledged by 值班员", "值班员 已接警"),
        ("not acknowledged by engineering_lead within 1min", "工程主管未在 1 分钟内接警"),
        ("not acknowledged within 1min by anybody of the ladder", "通知链上无人在 1 分钟内接警"),
        ("attempt 2 of 2 in place of CMD-000002", "第 2 次（共 2 次），替代 CMD-000002"),
        ("not done: look, reset; no cause is given", "尚未完成：look, reset；未填写原因"),
        ("maintenance SH-000002: the pump", "搁置 SH-000002：the pump"),
        ("inhibition outage: what explained it is over", "抑制 outage：起因已消除"),
        ("came 3 times within 1min; life safety: all is written", "1 分钟内出现 3 次；生命安全设备，逐条记录"),
        ("due and not done: countdown of INC-000001", "到期未执行：countdown of INC-000001"),
        ("nobody has the role duty_officer now", "岗位 duty_officer 当前无人值守"),
        ("3 messages within 10min are the limit", "10 分钟内最多 3 条"),
        ("the next channel is sms", "改用通道 sms"),
        ("duty-app: it did not take it (HTTP 503)", "duty-app 拒收"),
        ("CAP Update, level I", "CAP Update，I 级"),
        ("something new", "something new"),
        ("", ""),
    ],
)
def test_a_reason_reads_in_chinese(english: str, chinese: str) -> None:
    assert reason_zh(english) == chinese


def test_a_text_with_group_marks_is_not_taken_for_a_template() -> None:
    assert reason_zh(r"the device refused: \2 {\1}") == r"设备拒绝：\2 {\1}"
