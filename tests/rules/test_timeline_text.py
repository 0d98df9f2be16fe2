"""What a person reads on the timeline, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.mode import Mode
from rules.timeline import Entry, Kind
from rules.timeline_text import FACTS, LANGUAGES, LINE_CHARACTERS_MAX, TEMPLATES, Language, text
from rules.timeline_words import duration, value_text
from tests.support import timeline_drills, timeline_messages, timeline_orders, timeline_quiet, timeline_response

DEVICE = "tower-a/sd-1203"
SMOKE = {"title_en": "Smoke above alarm threshold", "title_zh": "烟雾浓度超过报警阈值"}
COMMAND = {"command": "release", "target": "tower-a/door-1", "id": "CMD-000007"}


def entry(kind: Kind, facts: Mapping[str, float | bool | str] | None = None, **more: object) -> Entry:
    return Entry(position=7, incident="INC-000042", number=3, at=0, kind=kind, facts=dict(facts or {}), **more)  # type: ignore[arg-type]


EXAMPLES: dict[Kind, tuple[Entry, str, str]] = {
    Kind.OPENED: (
        entry(
            Kind.OPENED,
            {"level": "I", "hazard": "fire", "signal": "alarm", "zone": "tower-a/12F-east", "floor": "12F"},
            device=DEVICE,
        ),
        "LEVEL I fire alarm, tower-a/12F-east, floor 12F · first reported by tower-a/sd-1203",
        "I级火灾报警，tower-a/12F-east，12F · 首报 tower-a/sd-1203",
    ),
    Kind.DETECTED: (
        entry(Kind.DETECTED, SMOKE | {"smoke": 0.18234, "alarm": True}, device=DEVICE, rule="smoke-high"),
        "Smoke above alarm threshold: smoke 0.1823, alarm yes · tower-a/sd-1203",
        "烟雾浓度超过报警阈值：smoke 0.1823、alarm 是 · tower-a/sd-1203",
    ),
    Kind.CLEARED: (
        entry(Kind.CLEARED, SMOKE | {"smoke": 0.02}, device=DEVICE),
        "Normal again: Smoke above alarm threshold: smoke 0.02 · tower-a/sd-1203",
        "恢复正常：烟雾浓度超过报警阈值：smoke 0.02 · tower-a/sd-1203",
    ),
    Kind.NO_DATA: (
        entry(Kind.NO_DATA, SMOKE, device=DEVICE),
        "No data from tower-a/sd-1203: cannot tell whether Smoke above alarm threshold",
        "无数据 · tower-a/sd-1203：无法判断“烟雾浓度超过报警阈值”",
    ),
    Kind.GIVEN_UP: (
        entry(Kind.GIVEN_UP, SMOKE, device=DEVICE, reason="without data when the duty officer resolved the incident"),
        "Given up: Smoke above alarm threshold · tower-a/sd-1203"
        " · without data when the duty officer resolved the incident",
        "不再等待：烟雾浓度超过报警阈值 · tower-a/sd-1203 · the duty officer 处理完毕时设备仍无数据",
    ),
    Kind.PENDING: (
        entry(Kind.PENDING, {"hold_ms": 330_000, "power_w": 4200.0}, device=DEVICE, rule="overload"),
        "overload: power_w 4200 · tower-a/sd-1203 · counts if it lasts 5 min 30 s",
        "overload：power_w 4200 · tower-a/sd-1203 · 持续 5 分钟 30 秒后生效",
    ),
    Kind.NOT_FIRED: (
        entry(Kind.NOT_FIRED, device=DEVICE, rule="overload", reason="normal again after 2 min"),
        "Not raised: overload · tower-a/sd-1203 · normal again after 2 min",
        "未触发：overload · tower-a/sd-1203 · normal again after 2 min",
    ),
    Kind.CLEARING: (
        entry(Kind.CLEARING, SMOKE | {"hold_ms": 60_000.0}, device=DEVICE),
        "Clearing: Smoke above alarm threshold · tower-a/sd-1203 · over if it stays so for 1 min",
        "趋于正常：烟雾浓度超过报警阈值 · tower-a/sd-1203 · 保持 1 分钟后解除",
    ),
    Kind.STILL_HOLDS: (
        entry(Kind.STILL_HOLDS, SMOKE, device=DEVICE, reason="clear was not kept up long enough"),
        "Still holds: Smoke above alarm threshold · tower-a/sd-1203 · clear was not kept up long enough",
        "仍未解除：烟雾浓度超过报警阈值 · tower-a/sd-1203 · 恢复时间不足",
    ),
    Kind.PRE_ALARM: (
        entry(Kind.PRE_ALARM, {"acknowledge_within_ms": 15_000, "investigate_within_ms": 180_000}),
        "PRE-ALARM: acknowledge within 15 s, then 3 min to investigate",
        "预警：请在 15 秒内确认，随后 3 分钟内现场核实",
    ),
    Kind.COUNTDOWN_STOPPED: (
        entry(Kind.COUNTDOWN_STOPPED, reason="all its sources are normal again"),
        "Countdown stopped: all its sources are normal again",
        "倒计时已停止：所有报警源均已恢复正常",
    ),
    Kind.CONFIRMED: (
        entry(Kind.CONFIRMED, device=DEVICE, reason="second device in the zone"),
        "CONFIRMED: second device in the zone · tower-a/sd-1203",
        "已确认属实：second device in the zone · tower-a/sd-1203",
    ),
    Kind.LEVEL_RAISED: (
        entry(Kind.LEVEL_RAISED, {"from": "III", "to": "I"}),
        "LEVEL RAISED to I, was III",
        "响应升至 I 级，原 III 级",
    ),
    Kind.ACKNOWLEDGED: (
        entry(Kind.ACKNOWLEDGED, {"note": "on my way"}, by="duty.officer"),
        "Acknowledged by duty.officer: on my way",
        "duty.officer 已接警：on my way",
    ),
    Kind.PHASE_CHANGED: (
        entry(Kind.PHASE_CHANGED, {"from": "responding", "to": "closing"}, reason="all its sources are normal"),
        "Now closing, was responding · all its sources are normal",
        "进入“收尾”阶段，原为“处置” · 所有报警源均已恢复正常",
    ),
    Kind.NOTED: (
        entry(Kind.NOTED, {"text": "smoke\nfrom a pan"}, by="engineer"),
        "engineer: smoke from a pan",
        "engineer：smoke from a pan",
    ),
    Kind.REFUSED: (
        entry(Kind.REFUSED, {"what": "resolve"}, by="engineer", reason="two sources still hold"),
        "Refused: resolve by engineer · two sources still hold",
        "已拒绝：关闭事件 · engineer · two sources still hold",
    ),
    Kind.COMMAND_ISSUED: (
        entry(Kind.COMMAND_ISSUED, COMMAND),
        "Command release to tower-a/door-1 · CMD-000007",
        "指令 释放门禁 → tower-a/door-1 · CMD-000007",
    ),
    Kind.COMMAND_PUBLISHED: (
        entry(Kind.COMMAND_PUBLISHED, COMMAND),
        "Command release sent to tower-a/door-1 · CMD-000007",
        "指令 释放门禁 已发出 → tower-a/door-1 · CMD-000007",
    ),
    Kind.COMMAND_DONE: (
        entry(Kind.COMMAND_DONE, COMMAND | {"detail": "unlocked"}),
        "DONE: release by tower-a/door-1: unlocked · CMD-000007",
        "已执行：释放门禁 · tower-a/door-1：unlocked · CMD-000007",
    ),
    Kind.COMMAND_FAILED: (
        entry(Kind.COMMAND_FAILED, COMMAND | {"detail": "no answer"}, reason="no answer"),
        "FAILED: release at tower-a/door-1: no answer · CMD-000007",
        "执行失败：释放门禁 · tower-a/door-1：no answer · CMD-000007",
    ),
    Kind.RULE_WITHDRAWN: (
        entry(Kind.RULE_WITHDRAWN, device=DEVICE, rule="smoke-high"),
        "Rule withdrawn: smoke-high · tower-a/sd-1203",
        "规则已撤销：smoke-high · tower-a/sd-1203",
    ),
    Kind.CLOSED: (
        entry(Kind.CLOSED, {"finding": "false_alarm", "cause": "burnt toast"}, by="duty.officer"),
        "Closed by duty.officer: false alarm, cause: burnt toast",
        "已关闭 · duty.officer：误报，原因：burnt toast",
    ),
    Kind.CONFIGURATION: (
        entry(Kind.CONFIGURATION, {"what": "rules", "version": "3f2a"}),
        "New rules in force · version 3f2a",
        "新的规则已生效 · 版本 3f2a",
    ),
    Kind.STARTED: (
        entry(Kind.STARTED, {"version": "0.1.0"}),
        "Gateway started · Tocsin 0.1.0",
        "网关已启动 · Tocsin 0.1.0",
    ),
    Kind.UNKNOWN: (
        entry(Kind.UNKNOWN, {"what": "command result"}, reason="no such command"),
        "Not understood: command result · no such command",
        "无法识别：command result · no such command",
    ),
    **timeline_drills.EXAMPLES,
    **timeline_messages.EXAMPLES,
    **timeline_orders.EXAMPLES,
    **timeline_quiet.EXAMPLES,
    **timeline_response.EXAMPLES,
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_reads_well_in_english_and_chinese(kind: Kind) -> None:
    example, english, chinese = EXAMPLES[kind]
    assert text(example, "en") == english
    assert text(example, "zh") == chinese


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_a_template_and_its_expected_facts(language: Language) -> None:
    assert list(TEMPLATES[language]) == list(Kind) == list(FACTS)


@given(
    st.sampled_from(Kind),
    st.sampled_from(LANGUAGES),
    st.dictionaries(
        st.sampled_from(sorted({fact for facts in FACTS.values() for fact in facts})) | st.text(max_size=9),
        st.floats() | st.booleans() | st.text(max_size=30),
        max_size=9,
    ),
    st.none() | st.integers(),
)
def test_no_entry_fails_to_render_in_one_line(
    kind: Kind, language: Language, facts: dict[str, float | bool | str], late_ms: int | None
) -> None:
    line = text(entry(kind, facts, late_ms=late_ms), language)
    assert line.splitlines() == [line]
    assert len(line) <= LINE_CHARACTERS_MAX


@pytest.mark.parametrize("kind", Kind)
def test_an_entry_without_any_fact_still_says_what_kind_it_is(kind: Kind) -> None:
    assert text(entry(kind), "en")
    assert text(entry(kind), "zh")


def test_a_drill_says_so_before_anything_else() -> None:
    opened = entry(Kind.OPENED, {"level": "I", "hazard": "fire", "signal": "alarm"}, mode=Mode.EXERCISE)
    assert text(opened).startswith("EXERCISE: LEVEL I fire alarm")
    assert text(opened, "zh").startswith("【演练】I级火灾报警")


def test_a_test_signal_says_so_before_anything_else() -> None:
    assert text(entry(Kind.STARTED, mode=Mode.TEST), "zh").startswith("【测试】")


def test_a_deadline_handled_late_says_by_how_much() -> None:
    late = entry(Kind.CONFIRMED, reason="not acknowledged", late_ms=754_000)
    assert text(late) == "CONFIRMED: not acknowledged (handled 12 min 34 s late)"
    assert text(late, "zh").endswith("(迟 12 分钟 34 秒)")


def test_a_metric_that_is_called_like_a_phase_does_not_name_it() -> None:
    changed = entry(Kind.PHASE_CHANGED, {"from": "closing", "to": "closed"})
    assert text(changed, "en", {"metric:closed": {"en": "Power on"}}) == "Now closed, was closing"


def test_titles_stand_for_ids_where_they_are_known() -> None:
    titles = {
        DEVICE: {"en": "Smoke detector 1203", "zh": "1203 烟感"},
        "metric:smoke": {"en": "smoke density", "zh": "烟雾浓度"},
    }
    detected = entry(Kind.DETECTED, SMOKE | {"smoke": 0.2}, device=DEVICE)
    assert text(detected, "zh", titles) == "烟雾浓度超过报警阈值：烟雾浓度 0.2 · 1203 烟感"
    assert text(detected, "en", titles).endswith("smoke density 0.2 · Smoke detector 1203")


def test_a_long_note_is_cut_with_an_ellipsis() -> None:
    line = text(entry(Kind.NOTED, {"text": "a" * 4_000}, by="engineer"))
    assert len(line) == LINE_CHARACTERS_MAX
    assert line.endswith("…")


def test_a_note_that_looks_like_a_template_is_shown_as_it_is() -> None:
    assert text(entry(Kind.NOTED, {"text": "[{by}] {device}"}, by="engineer")) == "engineer: [{by}] {device}"


def test_only_so_many_measured_values_are_shown() -> None:
    many = entry(Kind.DETECTED, SMOKE | {f"m{number}": float(number) for number in range(9)})
    assert text(many).endswith("m4 4, m5 5, …")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(61.25, "61.25"), (0.0001234, "0.0001234"), (1e9, "1000000000"), (0.0, "0"), (-3.0, "-3"), (True, "yes")],
)
def test_numbers_are_shown_without_exponents(value: float, shown: str) -> None:
    assert value_text(value, "en") == shown


@pytest.mark.parametrize(
    ("duration_ms", "shown"),
    [(0, "0 s"), (120, "120 ms"), (15_000, "15 s"), (90_061_000, "1 d 1 h"), (61_500, "1 min 1 s"), (-5, "0 s")],
)
def test_durations_are_shown_by_their_two_largest_units(duration_ms: int, shown: str) -> None:
    assert duration(duration_ms, "en") == shown
