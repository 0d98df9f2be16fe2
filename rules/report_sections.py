"""The first sections of an incident's report: what it was, cause, measures and result, times against limits, what
raised it, what was switched."""

from __future__ import annotations

from rules import response_times
from rules.incident import CommandStage, CommandState, Phase, StepStage
from rules.mode import Mode
from rules.place_names import place_names
from rules.reading import Value
from rules.report import Cell, Paragraph, Section, Tone, facts_of
from rules.report_facts import Telling
from rules.response_times import Span
from rules.timeline import Kind
from rules.timeline_words import value_text

VALUES_SHOWN_MAX = 6


def summary(telling: Telling) -> Section:
    """Time and place first."""
    incident, local = telling.incident, telling.local
    lasted = (incident.closed_at or telling.facts.now) - incident.opened_at
    facts = facts_of(
        telling.fact("id", incident.id, incident.id, Tone.STRONG),
        telling.fact("what", telling.title(incident.title), tone=Tone.STRONG),
        telling.fact("opened_at", local.text(incident.opened_at), incident.opened_at),
        telling.fact("closed_at", local.text(incident.closed_at) if incident.closed_at else "", incident.closed_at),
        telling.fact("lasted", telling.duration(lasted), lasted),
        telling.fact("place", place(telling), incident.zone),
        telling.fact("first_out", telling.named(incident.first_out), incident.first_out),
        telling.fact("hazard", telling.word(incident.hazard), incident.hazard),
        telling.fact("level", incident.level.value, incident.level.value, Tone.STRONG),
        telling.fact("signal", telling.word(incident.signal.value), incident.signal.value),
        telling.fact("mode_is", _mode(telling), incident.mode.value),
        telling.fact("phase", telling.word(incident.phase.value), incident.phase.value),
        telling.fact("plan", _plan(telling), incident.plan),
        telling.fact("commander", telling.word(telling.facts.lead), telling.facts.lead),
        telling.fact("owner", telling.person(incident.owner), incident.owner),
    )
    interim = [Paragraph(telling.say("interim"), Tone.BAD)] if incident.open else []
    return Section("summary", telling.say("summary"), (*interim, facts))


def place(telling: Telling) -> str:
    names = place_names(telling.facts.directory, telling.incident, telling.language)
    return " · ".join(dict.fromkeys(name for name in names if name))


def _mode(telling: Telling) -> str:
    mode = telling.incident.mode
    names = {Mode.ACTUAL: ("actual", "实际"), Mode.EXERCISE: ("exercise", "演练"), Mode.TEST: ("test", "测试")}
    return names[mode][telling.language == "zh"]


def _plan(telling: Telling) -> str:
    incident = telling.incident
    if not incident.plan:
        return telling.say("no_plan")
    title = telling.title(telling.facts.plan_title, incident.plan)
    return f"{title} · {telling.say('version', incident.plan_version)}"


def course(telling: Telling) -> Section:
    """By the review, where there is one; else what whoever closed it has said, and what was done."""
    incident, review = telling.incident, telling.incident.review
    closing = next((each for each in reversed(telling.facts.entries) if each.kind is Kind.CLOSED), None)
    note = str(closing.facts.get("note", "")) if closing else ""
    result = review.result if review else "" if incident.open else note
    finding = telling.word(incident.finding.value) if incident.finding else ""
    facts = facts_of(
        telling.fact("finding", finding, incident.finding.value if incident.finding else None),
        telling.fact("cause", review.cause if review else incident.cause or ""),
        telling.fact("measures", review.measures if review else _measures(telling)),
        telling.fact("result", result or _result(telling)),
        telling.fact("reviewed", by_at(telling, review.by, review.at) if review else ""),
    )
    return Section("course", telling.say("course"), (facts,))


def by_at(telling: Telling, by: str, at: int) -> str:
    return telling.say("by_at", by=telling.person(by), at=telling.local.text(at))


def _measures(telling: Telling) -> str:
    """What was done by the plan, by its titles."""
    done = [telling.title(step.title, step.id) for step in telling.incident.steps if step.stage is StepStage.DONE]
    return ("; " if telling.language == "en" else "；").join(dict.fromkeys(done))


def _result(telling: Telling) -> str:
    incident = telling.incident
    if incident.phase is not Phase.CLOSED or incident.closed_at is None:
        return telling.word(incident.phase.value)
    return f"{telling.word('closed')} · {by_at(telling, incident.closed_by or '', incident.closed_at)}"


# ---- response times


def spans(telling: Telling) -> list[Span]:
    """In the order in which they are read: who took it, who came, what was done, the end."""
    incident, limits, entries = telling.incident, telling.facts.limits, telling.facts.entries
    found = [
        response_times.pre_alarm(entries),
        response_times.acknowledged(incident, limits),
        response_times.linkage(incident.commands, entries),
        response_times.first_response(incident, limits),
        response_times.rescue(incident),
        *response_times.tasks(incident),
        response_times.closed(incident),
        response_times.reviewed(incident, limits),
    ]
    return [span for span in found if span is not None]


def times(telling: Telling) -> Section:
    columns = telling.columns(
        ("stage", 3), ("since", 0), ("until", 0), ("took", 1.3), ("limit", 1), ("source", 1.8), ("kept", 1)
    )
    rows = [_time(telling, span) for span in spans(telling)]
    return Section("times", telling.say("times"), (telling.grid(columns, rows),))


def judged_at(telling: Telling) -> int:
    """A limit that had not passed when the incident was closed can no longer be missed."""
    return telling.facts.now if telling.incident.closed_at is None else telling.incident.closed_at


def kept(telling: Telling, span: Span) -> bool | None:
    return span.kept(telling.facts.now if span.id == "review_span" else judged_at(telling))


def span_name(telling: Telling, span: Span) -> str:
    return telling.say(span.id, telling.title(span.detail)) if span.id == "task_span" else telling.say(span.id)


def _time(telling: Telling, span: Span) -> tuple[Cell, ...]:
    held = kept(telling, span)
    took = span.took_ms
    open_ = telling.say("running" if telling.incident.open or span.id == "review_span" else "not_done")
    verdict = Cell("–", tone=Tone.QUIET) if held is None else Cell(telling.say("yes" if held else "no"), held)
    if held is not None:
        verdict = Cell(verdict.text, held, Tone.GOOD if held else Tone.BAD)
    return (
        Cell(span_name(telling, span), span.id),
        Cell(telling.local.clock(span.since), span.since),
        Cell("" if span.until is None else telling.local.clock(span.until), span.until),
        Cell(open_, tone=Tone.QUIET) if took is None else Cell(telling.duration(took), took),
        Cell("–" if span.limit_ms is None else telling.duration(span.limit_ms), span.limit_ms),
        Cell(telling.say(span.source) if span.limit_ms is not None else "", tone=Tone.QUIET),
        verdict,
    )


# ---- what raised it, and what was switched


def evidence(telling: Telling) -> Section:
    columns = telling.columns(
        ("rule", 3), ("device", 2), ("values", 2.5), ("time", 0), ("cleared", 0), ("times_fired", 0, True)
    )
    rows = [
        (
            Cell(telling.title(each.title, each.rule), each.rule),
            Cell(telling.named(each.device), each.device),
            Cell(_values(telling, each.values)),
            telling.at(each.fired_at),
            telling.at(each.cleared_at) if not each.holds else Cell("–", tone=Tone.BAD),
            Cell(str(each.times), each.times),
        )
        for each in telling.incident.evidence
    ]
    return Section("evidence", telling.say("evidence"), (telling.grid(columns, rows),))


def _values(telling: Telling, values: dict[str, Value]) -> str:
    shown = [
        f"{telling.named('metric:' + name).removeprefix('metric:')} {value_text(value, telling.language)}"
        for name, value in list(values.items())[:VALUES_SHOWN_MAX]
    ]
    return ", ".join(shown)


def control(telling: Telling) -> Section | None:
    """A row each step of the plan that sent commands, and each command by hand. None: there were none."""
    by_step: dict[tuple[str, str, str], list[CommandState]] = {}
    for command in telling.incident.commands:
        by_step.setdefault((command.linkage, command.command, command.by or ""), []).append(command)
    if not by_step:
        return None
    columns = telling.columns(
        ("stage", 3), ("command", 2), ("by", 1.5), ("time", 0),
        ("count", 0, True), ("done", 0, True), ("failed", 0, True),
    )  # fmt: skip
    rows = [_control(telling, key, commands) for key, commands in by_step.items()]
    return Section("control", telling.say("control"), (telling.grid(columns, rows),))


def _control(telling: Telling, key: tuple[str, str, str], commands: list[CommandState]) -> tuple[Cell, ...]:
    linkage, name, by = key
    step = telling.incident.step(linkage) if linkage else None
    done = sum(command.stage is CommandStage.DONE for command in commands)
    failed = sum(command.stage is CommandStage.FAILED for command in commands)
    return (
        Cell(telling.title(step.title, linkage) if step else telling.say("a_person"), linkage),
        Cell(telling.word(name), name),
        Cell(telling.person(by) if by else telling.say("by_itself"), by or None),
        telling.at(min(command.issued_at for command in commands)),
        Cell(str(len(commands)), len(commands)),
        Cell(str(done), done, Tone.GOOD if done == len(commands) else Tone.PLAIN),
        Cell(str(failed), failed, Tone.BAD if failed else Tone.QUIET),
    )
