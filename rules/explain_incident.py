"""Why an incident is as it is, what comes next and when, and what keeps it from being closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules import closing, escalation
from rules.deadlines import deadlines_of
from rules.explain import Line, confirmed_by
from rules.in_force import InForce
from rules.incident import Confirmation, Evidence, Incident
from rules.instant import Instant
from rules.requests import Finding, Resolve
from rules.state import State
from rules.timeline import Entry, Kind
from rules.timeline_reasons import reason_zh
from rules.timeline_text import text
from rules.timeline_words import duration, word
from rules.turn import Turn

DECISIONS = (  # the entries that say why it is as it is
    Kind.OPENED,
    Kind.PRE_ALARM,
    Kind.COUNTDOWN_STOPPED,
    Kind.CONFIRMED,
    Kind.LEVEL_RAISED,
    Kind.LEVEL_LOWERED,
    Kind.ACKNOWLEDGED,
    Kind.ACKNOWLEDGEMENT_LAPSED,
    Kind.ESCALATED,
    Kind.PHASE_CHANGED,
    Kind.OVERDUE,
    Kind.SUPPRESSED,
    Kind.SUPPRESSION_ENDED,
    Kind.CHATTERING,
    Kind.STALE,
    Kind.REFUSED,
    Kind.COMMAND_FAILED,
    Kind.CLOSED,
)
DECISIONS_SHOWN_MAX = 40  # the latest; the whole is on its timeline
_NEXT = {
    "countdown": ("the full alarm, if nobody ends the pre-alarm", "预警转为正式报警"),
    "ladder": ("the next one is told", "升级通知下一级"),
    "first response": ("the first response is overdue", "首次响应超时"),
    "re-alarm": ("the acknowledgement lapses", "接警失效"),
    "stale": ("it counts as stale", "视为陈旧报警"),
    "command": ("no answer: failed", "指令无应答即失败"),
    "task": ("overdue", "任务超时"),
    "order": ("the work order is overdue", "工单超时"),
    "forget": ("it leaves the state, and notes are no longer taken", "不再接受补充记录"),
}


def explain_incident(
    state: State, force: InForce, incident: Incident, entries: Sequence[Entry], now: Instant
) -> list[Line]:
    """`entries`: its timeline. Changes nothing."""
    turn = Turn(state, force, now, [])
    level, phase = incident.level.value, incident.phase.value
    where = f"{incident.hazard}, {incident.zone or incident.site or 'gateway'}"
    head_zh = f"{incident.id}：{level} 级{word(incident.hazard, 'zh')}，{word(phase, 'zh')}，{incident.zone}"
    lines = [Line(f"{incident.id}: level {level} {where}, {phase}", head_zh, 0)]
    lines += [line for each in incident.evidence for line in _evidence(turn, incident, each)]
    if incident.id in state.incidents and incident.open:
        lines += _confirmation(turn, incident)
        lines += _people(turn, incident)
        lines += _next(turn, incident)
        lines += _blocks(turn, incident)
    lines.append(Line("what was decided, and why", "各项决定及原因", 0))
    decided = [entry for entry in entries if entry.kind in DECISIONS][-DECISIONS_SHOWN_MAX:]
    lines += [Line(text(entry, "en"), text(entry, "zh")) for entry in decided]
    return lines


def _evidence(turn: Turn, incident: Incident, evidence: Evidence) -> Iterator[Line]:
    at = f"{evidence.rule} at {evidence.device}" if evidence.device else evidence.rule
    times = f", {evidence.times} times" if evidence.times > 1 else ""
    state, state_zh = ("holds", "仍在报警") if evidence.holds else ("is normal again", "已恢复")
    means = f"{evidence.signal.value}, level {evidence.level.value}{times}"
    yield Line(f"{at} {state} ({means})", f"{at}：{state_zh}（{evidence.level.value} 级）")
    key = f"{incident.mode.value}|{evidence.rule}|{evidence.device}"
    quiet, detection = turn.state.suppressed.get(key), turn.state.detections.get(key)
    if quiet is not None:
        reason = f"{quiet.by}: {quiet.reason}"
        yield Line(f"kept quiet by {reason}; what is raised already stays", f"抑制：{reason_zh(reason)}", 2)
    if evidence.holds and detection is not None and detection.blind:
        yield Line("its device gives no data: a person may resolve it all the same", "设备无数据，可由人员处理完毕", 2)
    chatter = turn.state.chatter.get(key)
    if chatter is not None and chatter.since is not None:
        yield Line("it chatters: the incident stays open until it is quiet", "抖动中，平息后才会关闭", 2)


def _confirmation(turn: Turn, incident: Incident) -> Iterator[Line]:
    state = {
        Confirmation.PRE_ALARM: ("not confirmed yet: nothing is linked to it", "尚未确认：不联动"),
        Confirmation.CONFIRMED: ("confirmed", "已确认"),
        Confirmation.NOT_NEEDED: ("needs no confirmation", "无需确认"),
    }[incident.confirmation]
    yield Line(*state)
    if incident.confirmation is not Confirmation.PRE_ALARM:
        return
    first = turn.directory.devices.get(incident.first_out)
    rules = [rule for each in incident.evidence for rule in turn.ruleset.confirmations_of.get(each.rule, ())]
    for rule in {rule.id: rule for rule in rules}.values():
        if first is not None:
            yield confirmed_by(turn, rule, incident.mode, first)


def _people(turn: Turn, incident: Incident) -> Iterator[Line]:
    taken = ", ".join(f"{each.by} ({each.role})" if each.role else each.by for each in incident.acknowledgements)
    missing = escalation.missing_roles(turn, incident)
    if not taken:
        yield Line("nobody has acknowledged it", "尚无人接警")
    else:
        yield Line(
            f"acknowledged by {taken}; owner {incident.owner or '-'}", f"{taken} 已接警；负责人 {incident.owner or '-'}"
        )
    if missing:
        yield Line(f"still has to be acknowledged by: {', '.join(missing)}", f"仍需接警：{'、'.join(missing)}")


def _next(turn: Turn, incident: Incident) -> Iterator[Line]:
    """What time alone will bring about."""
    ids = {incident.id, *incident.orders, *(command.id for command in incident.commands)}
    for due, kind, id in sorted(deadlines_of(turn.state)):
        if kind not in _NEXT or id.partition("/")[0] not in ids:
            continue
        left, (en, zh) = due - turn.now, _NEXT[kind]
        named = "" if id == incident.id else f"{id.partition('/')[2] or id}: "
        when = f"in {duration(left, 'en')}" if left >= 0 else f"OVERDUE since {duration(-left, 'en')}"
        when_zh = f"{duration(left, 'zh')}后" if left >= 0 else f"已逾期 {duration(-left, 'zh')}"
        yield Line(f"{when}: {named}{en}", f"{when_zh}：{named}{zh}")


def _blocks(turn: Turn, incident: Incident) -> Iterator[Line]:
    asked = Resolve(by="", incident=incident.id, finding=Finding.REAL, cause="any")
    refused = closing.missing(turn, incident, asked)
    if refused is None:
        yield Line("nothing but a cause is missing to close it", "填写原因后即可关闭")
        return
    for reason in refused.reason.split("; "):
        yield Line(f"cannot be closed: {reason}", f"不能关闭：{reason_zh(reason)}")
