"""Why something did or did not happen at a device: every rule that looks at it, with what it says and what comes of it.

What is known comes from two places, and the lines keep them apart: what the journal says (detections, shelves,
inhibitions, confirmations), and what the readings say that are stored (each rule is judged over them anew).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from rules import suppression
from rules.condition_file import Condition
from rules.detection import Detection, Stage, detection_key
from rules.in_force import InForce
from rules.instant import Instant
from rules.mode import Mode
from rules.places import place
from rules.plan import PlannedRule, watches
from rules.ruleset import ConfirmRule, DetectionRule
from rules.site import Device
from rules.state import State
from rules.timeline_reasons import reason_zh
from rules.timeline_words import duration, value_text, word
from rules.turn import Turn
from rules.verdict import Verdict
from rules.watched import Watched

CONDITION_CHARACTERS_MAX = 160  # of a rule as it is written; the whole stands in its file


class Line(NamedTuple):
    """One line in each language. `depth` 0: what it is about; 1: what is said of it; 2: why."""

    en: str
    zh: str
    depth: int = 1


def explain_device(state: State, force: InForce, w: Watched, now: Instant) -> list[Line]:
    """`w`: the device with what is stored of it (`Screen.remember`). Changes nothing."""
    device, turn = w.device, Turn(state, force, now, [])
    zone, kind = device.zone, device.device_class
    lines = [Line(f"{device.id} ({kind}, {zone})", f"{device.id}（{kind}，{zone}）", 0)]
    lines += _heard(w, now)
    for planned in w.plan.rules:
        lines += _rule(turn, w, planned, turn.ruleset.detections[planned.id])
    for rule in turn.ruleset.detections.values():
        if rule.applies_to(kind) and not watches(rule, device):
            why_zh = f"规则 {rule.id} 不看该设备：楼宇配置中缺少额定值"
            lines.append(Line(f"{rule.id} does not look at it: a rated value is not in the site file", why_zh))
    return lines


def _heard(w: Watched, now: Instant) -> Iterator[Line]:
    if not w.at:
        yield Line(
            "nothing of it is stored: never heard, or not for as long as telemetry is kept", "没有该设备的存储数据"
        )
        return
    ago_ms, limit_ms = max(0, now - w.received_at), w.device.silent_after_ms
    said, said_zh = _values(w, tuple(w.believed()), "en"), _values(w, tuple(w.believed()), "zh")
    last = f"last heard {duration(ago_ms, 'en')} ago"
    yield Line(f"{last}: {said or 'no values'}", f"{duration(ago_ms, 'zh')}前收到：{said_zh or '无数值'}")
    if ago_ms >= limit_ms:
        limit = duration(limit_ms, "en")
        yield Line(
            f"SILENT: its limit is {limit}; what it last said is not believed any more", "已失联，最后的数值不再可信"
        )


def _rule(turn: Turn, w: Watched, planned: PlannedRule, rule: DetectionRule) -> Iterator[Line]:
    key = detection_key(w.mode, rule.id, w.device.id)
    detection = turn.state.detections.get(key) or Detection(w.mode, rule.id, w.device.id)
    now_says = planned.verdict(w, turn.now)
    yield _stage(turn, rule, detection)
    if detection.stage is Stage.INACTIVE or now_says is not detection.verdict:
        yield from _verdict(w, planned, rule, now_says, detection)
    if planned.grounds:
        yield _compared(planned, w)
    yield from _quiet(turn, detection, rule)
    if detection.fires:
        for confirmation in turn.ruleset.confirmations_of.get(rule.id, ()):
            yield confirmed_by(turn, confirmation, w.mode, w.device)
    chatter = turn.state.chatter.get(key)
    if chatter is not None and chatter.since is not None:
        yield Line(f"chatters: {chatter.times} times more since", f"抖动中：此后又出现 {chatter.times} 次", 2)


def _stage(turn: Turn, rule: DetectionRule, detection: Detection) -> Line:
    left_ms = max(0, (detection.deadline or turn.now) - turn.now)
    since = turn.now - detection.since
    where = detection.incident
    if detection.stage is Stage.PENDING:
        return Line(
            f"{rule.id}: holds, and counts in {duration(left_ms, 'en')} if it lasts",
            f"{rule.id}：条件成立，再持续 {duration(left_ms, 'zh')}即生效",
        )
    if detection.stage is Stage.INACTIVE:
        return Line(f"{rule.id}: does not fire", f"{rule.id}：未触发")
    en = f"fires since {duration(since, 'en')}" if detection.stage is Stage.FIRING else "fires; clearing"
    zh = f"已触发 {duration(since, 'zh')}" if detection.stage is Stage.FIRING else "已触发，正在恢复"
    if detection.stage is Stage.CLEARING:
        en, zh = f"{en}, over in {duration(left_ms, 'en')}", f"{zh}，{duration(left_ms, 'zh')}后解除"
    if where:
        return Line(f"{rule.id}: {en}, on {where}", f"{rule.id}：{zh}，属于 {where}")
    if detection.key in turn.state.suppressed:
        return Line(f"{rule.id}: {en}, kept quiet", f"{rule.id}：{zh}，被抑制")
    return Line(
        f"{rule.id}: {en}; evidence only, no rule opens an incident on it alone",
        f"{rule.id}：{zh}；仅作佐证，不单独立案",
    )


def _verdict(
    w: Watched, planned: PlannedRule, rule: DetectionRule, says: Verdict, detection: Detection
) -> Iterator[Line]:
    missing = [name for name in planned.metrics if w.values[w.plan.places[name]] is None]
    values, values_zh = _values(w, planned.metrics, "en"), _values(w, planned.metrics, "zh")
    en, zh = _SAYS[says]
    about = f" ({values})" if values else ""
    yield Line(f"by the readings stored it {en}{about}", f"按已存数据：{zh}（{values_zh or '无数值'}）", 2)
    if missing and says is Verdict.NO_DATA:
        yield Line(f"not known: {', '.join(missing)}", f"未知：{'、'.join(missing)}", 2)
    if says in (Verdict.DOES_NOT, Verdict.DEADBAND):
        written = condition_text(rule.when)
        yield Line(f"it would when {written}", f"触发条件：{written}", 2)
    if says is not detection.verdict and not (detection.stage is Stage.INACTIVE and says is not Verdict.HOLDS):
        journaled, journaled_zh = _SAYS[detection.verdict]
        yield Line(
            f"the journal says it {journaled}: it is judged anew with the device's next message",
            f"日志记为：{journaled_zh}；设备下次上报时重新判断",
            2,
        )


def _compared(planned: PlannedRule, w: Watched) -> Line:
    """What its consumption is beside what it usually is."""
    said = next((found for grounds in planned.grounds if (found := grounds(w))), None)
    if said is None:
        return Line(
            "its last hour has nothing to be compared with: too few past hours are rolled up, or too little of it was "
            "measured",
            "上一小时无可比对：历史小时数不足，或该小时数据不全",
            2,
        )
    value, expected, spread, hours = (float(each) for each in said.values())
    off = (value - expected) / spread
    return Line(
        f"its last whole hour: {value:g} kWh; expected {expected:g}, usual spread {spread:g} ({off:+.1f} spreads), by "
        f"{hours:.0f} past hours",
        f"上一整小时 {value:g} kWh；预期 {expected:g}，正常离散 {spread:g}（偏离 {off:+.1f} 倍），"
        f"依据 {hours:.0f} 个历史小时",
        2,
    )


_SAYS = {
    Verdict.HOLDS: ("holds", "条件成立"),
    Verdict.DEADBAND: ("neither holds nor is over", "处于回差区间"),
    Verdict.DOES_NOT: ("does not hold", "条件不成立"),
    Verdict.NO_DATA: ("cannot be told: no data", "无数据，无法判断"),
}


def _quiet(turn: Turn, detection: Detection, rule: DetectionRule) -> Iterator[Line]:
    quiet = turn.state.suppressed.get(detection.key)
    if quiet is None and not detection.fires:
        quiet = suppression.keeps_quiet(turn, detection, rule)
    if quiet is None:
        return
    until = f", {duration(max(0, quiet.until - turn.now), 'en')} more" if quiet.until is not None else ""
    until_zh = f"，还有 {duration(max(0, quiet.until - turn.now), 'zh')}" if quiet.until is not None else ""
    would = "kept quiet by" if detection.fires else "would be kept quiet by"
    reason = f"{quiet.by}: {quiet.reason}"
    yield Line(f"{would} {reason}{until}", f"抑制：{reason_zh(reason)}{until_zh}", 2)


def confirmed_by(turn: Turn, rule: ConfirmRule, mode: Mode, device: Device) -> Line:
    """How many of the devices that it takes have been heard, and which."""
    key = f"{rule.id}|{mode.value}|{place(device, rule.confirm.same)}"
    oldest = turn.now - rule.confirm.within
    heard = [id for id, at in turn.state.firings.get(key, {}).items() if at is None or at >= oldest]
    names, needed = ", ".join(heard) or "-", rule.confirm.distinct_devices
    where, where_zh = rule.confirm.same, word(rule.confirm.same, "zh")
    state, state_zh = ("is met", "已满足") if len(heard) >= needed else ("waits for another device", "等待其他设备")
    return Line(
        f"{rule.id} {state}: {len(heard)} of {needed} in one {where} ({names})",
        f"{rule.id} {state_zh}：同一{where_zh} {len(heard)}/{needed}（{names}）",
        2,
    )


def condition_text(condition: Condition) -> str:
    """As it stands in the rule file, in one line."""
    written = condition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(written, ensure_ascii=False).replace('"', "")
    return text if len(text) <= CONDITION_CHARACTERS_MAX else text[: CONDITION_CHARACTERS_MAX - 1] + "…"


def _values(w: Watched, names: tuple[str, ...], language: str) -> str:
    believed = w.believed()
    chosen = "zh" if language == "zh" else "en"
    known = [f"{name} {value_text(believed[name], chosen)}" for name in names if name in believed]  # type: ignore[arg-type]
    return ", ".join(known)
