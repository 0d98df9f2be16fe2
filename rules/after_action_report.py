"""The after-action report (总结评估): how the response went, what did not go as planned, what has to change.

It says what can be counted and leaves the judgement to people: it ends with fields for whoever led the review.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules import report_people, report_sections
from rules.incident import CommandStage, Phase, StepStage
from rules.incident_report import commander, put_together
from rules.report import Cell, Grid, Paragraph, Report, Section, Tone
from rules.report_facts import ReportFacts, Telling
from rules.timeline import Entry, Kind
from rules.timeline_text import Language

WENT_WRONG = frozenset({
    Kind.OVERDUE,
    Kind.REFUSED,
    Kind.COMMAND_FAILED,
    Kind.NOTICE_FAILED,
    Kind.ESCALATED,
    Kind.ACKNOWLEDGEMENT_LAPSED,
    Kind.TASK_SKIPPED,
    Kind.NO_DATA,
    Kind.GIVEN_UP,
    Kind.AUDIT,
    Kind.STALE,
    Kind.CHATTERING,
})  # fmt: skip


def after_action_report(facts: ReportFacts, language: Language = "en") -> Report:
    telling = Telling(facts, language)
    lead = facts.incident.review.by if facts.incident.review else ""
    sections = (
        report_sections.summary(telling),
        appraisal(telling),
        report_sections.course(telling),
        phases(telling),
        report_sections.times(telling),
        deviations(telling),
        report_people.tasks(telling),
        report_people.people(telling),
        report_people.orders(telling),
        report_people.review(telling),
        report_people.actions(telling),
        report_people.signatures(
            telling, ("sign_reviewed", lead), ("sign_command", commander(facts)), ("sign_approved", "")
        ),
    )
    return put_together("after_action", telling, sections)


def appraisal(telling: Telling) -> Section:
    """What was kept, done, carried out, delivered: of how many."""
    incident, facts = telling.incident, telling.facts
    held = [report_sections.kept(telling, span) for span in report_sections.spans(telling)]
    tasks = [step for step in incident.steps if step.action == "task"]
    kinds = [entry.kind for entry in facts.entries]
    messages = kinds.count(Kind.NOTICE_DONE) + kinds.count(Kind.NOTICE_FAILED)
    counted = (
        ("limits", held.count(True), held.count(True) + held.count(False)),
        ("tasks", sum(step.stage is StepStage.DONE for step in tasks), len(tasks)),
        ("commands", sum(each.stage is CommandStage.DONE for each in incident.commands), len(incident.commands)),
        ("messages", kinds.count(Kind.NOTICE_DONE), messages),
        ("actions", sum(not action.open for action in facts.actions), len(facts.actions)),
    )
    blocks = tuple(
        Paragraph(telling.say(f"appraisal_{name}", kept=done, done=done, all=all_), _tone(telling, name, done == all_))
        for name, done, all_ in counted
        if all_
    )
    return Section("appraisal", telling.say("appraisal"), blocks)


def _tone(telling: Telling, counted: str, complete: bool) -> Tone:
    """Corrective actions have weeks: nothing is wrong before one is overdue."""
    if counted == "actions" and not complete:
        return Tone.BAD if any(action.overdue for action in telling.facts.actions) else Tone.PLAIN
    return Tone.GOOD if complete else Tone.BAD


def phases(telling: Telling) -> Section:
    """When each phase began, how long it lasted, and what was decided in it."""
    columns = telling.columns(("phase", 1), ("since", 0), ("lasted", 1), ("entries", 0, True), ("entry", 4))
    rows = [_phase(telling, *each) for each in _by_phase(telling)]
    return Section("phases", telling.say("phases"), (telling.grid(columns, rows),))


def _phase(telling: Telling, phase: str, since: int, until: int, entries: list[Entry]) -> tuple[Cell, ...]:
    decided = [entry for entry in entries if entry.kind in _DECISIONS][:5]
    said = "\n".join(f"{telling.local.clock(entry.at)} {telling.line(entry)}" for entry in decided)
    over = phase == Phase.CLOSED.value
    return (
        Cell(telling.word(phase), phase, Tone.STRONG),
        telling.at(since),
        Cell("") if over else Cell(telling.duration(until - since), until - since),
        Cell(str(len(entries)), len(entries)),
        Cell(said),
    )


_DECISIONS = {Kind.CONFIRMED, Kind.LEVEL_RAISED, Kind.LEVEL_LOWERED, Kind.ACKNOWLEDGED, Kind.RESPONDED, Kind.CLOSED}


def _by_phase(telling: Telling) -> Iterator[tuple[str, int, int, list[Entry]]]:
    """(phase, since, until, its entries), the end among them."""
    phase, since = Phase.ACTIVATED.value, telling.incident.opened_at
    entries: list[Entry] = []
    for entry in telling.facts.entries:
        if entry.kind is not Kind.PHASE_CHANGED:
            entries.append(entry)
            continue
        yield phase, since, entry.at, entries
        phase, since, entries = str(entry.facts.get("to", "")), entry.at, []
    yield phase, since, telling.facts.now, entries


def deviations(telling: Telling) -> Section:
    columns = telling.columns(("time", 0), ("entry", 5), ("by", 1.5))
    rows = [
        (
            telling.at(entry.at),
            Cell(telling.line(entry, by=False), entry.kind.value),
            Cell(telling.person(entry.by), entry.by),
        )
        for entry in telling.facts.entries
        if entry.kind in WENT_WRONG or entry.late_ms
    ]
    block: Grid | Paragraph = telling.grid(columns, rows)
    if not rows:
        block = Paragraph(telling.say("no_deviations"), Tone.GOOD)
    return Section("deviations", telling.say("deviations"), (block,))
