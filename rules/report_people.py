"""The later sections of an incident's report: tasks, messages, who did what, work orders, review, corrective actions,
signatures."""

from __future__ import annotations

from rules.incident import StepStage
from rules.order import Node, WorkOrder
from rules.report import Cell, Paragraph, Section, Signature, Signatures, Tone, facts_of
from rules.report_facts import Telling
from rules.report_saying import Saying
from rules.report_sections import by_at
from rules.timeline import Entry, Kind
from rules.timeline_words import node_text

_STAGES = {
    StepStage.DONE: ("done_state", Tone.GOOD),
    StepStage.SKIPPED: ("skipped", Tone.QUIET),
    StepStage.FAILED: ("failed_state", Tone.BAD),
    StepStage.ISSUED: ("issued", Tone.PLAIN),
}
_DELIVERED = {
    Kind.NOTICE_ISSUED: ("on_its_way", Tone.PLAIN),
    Kind.NOTICE_TRIED: ("on_its_way", Tone.PLAIN),
    Kind.NOTICE_DONE: ("delivered", Tone.GOOD),
    Kind.NOTICE_FAILED: ("not_delivered", Tone.BAD),
    Kind.NOTICE_HELD_BACK: ("held_back", Tone.QUIET),
}


def tasks(telling: Telling) -> Section | None:
    steps = [step for step in telling.incident.steps if step.action == "task"]
    if not steps:
        return None
    columns = telling.columns(("task", 4), ("role", 1.6), ("by", 1.6), ("due", 0), ("time", 0), ("state", 1.3))
    rows = []
    for step in steps:
        name, tone = _STAGES[step.stage]
        late = step.overdue or (step.due_at is not None and step.done_at is not None and step.done_at > step.due_at)
        said = f"{telling.say(name)} ({telling.say('overdue')})" if late else telling.say(name)
        title = telling.title(step.title, step.id)
        rows.append((
            Cell(f"{title}: {step.note}" if step.note and step.done_by else title, step.id),
            Cell(telling.word(step.role), step.role),
            Cell(telling.person(step.done_by), step.done_by),
            Cell(telling.local.clock(step.due_at) if step.due_at else "", step.due_at),
            Cell(telling.local.clock(step.done_at) if step.done_at else "", step.done_at),
            Cell(said, step.stage.value, Tone.BAD if late else tone),
        ))  # fmt: skip
    return Section("tasks", telling.say("tasks"), (telling.grid(columns, rows),))


def told(telling: Telling) -> Section | None:
    """A row each message to people, occupants and authorities, with what became of it last."""
    messages: dict[str, list[Entry]] = {}
    for entry in telling.facts.entries:
        if entry.kind in _DELIVERED:
            messages.setdefault(str(entry.facts.get("id", entry.position)), []).append(entry)
    if not messages:
        return None
    columns = telling.columns(("message", 2), ("to", 2.5), ("time", 0), ("took", 0), ("state", 1.5))
    rows = []
    for entries in messages.values():
        first, last = entries[0], entries[-1]
        name, tone = _DELIVERED[last.kind]
        to = str(first.facts.get("to", ""))
        known = telling.facts.people.get(to) or telling.word(telling.named(to))
        took = last.at - first.at
        rows.append((
            Cell(telling.word(str(first.facts.get("what", ""))), first.facts.get("what")),
            Cell(known, to),
            Cell(telling.local.clock(first.at), first.at),
            Cell(telling.duration(took), took) if last.kind is Kind.NOTICE_DONE else Cell(""),
            Cell(telling.say(name), last.kind.value, tone),
        ))  # fmt: skip
    return Section("told", telling.say("told"), (telling.grid(columns, rows),))


def people(telling: Telling) -> Section | None:
    """Everything that somebody has done, by person in the order of their first deed."""
    deeds: dict[str, list[Entry]] = {}
    for entry in telling.facts.entries:
        if entry.by and entry.by != "tocsin":
            deeds.setdefault(entry.by, []).append(entry)
    if not deeds:
        return None
    roles = {each.by: each.role for each in telling.incident.acknowledgements if each.role}
    columns = telling.columns(("by", 1.4), ("role", 1.4), ("time", 0), ("entry", 5))
    rows = [
        (
            Cell(telling.person(by) if number == 0 else "", by, Tone.STRONG),
            Cell(telling.word(roles.get(by, "")) if number == 0 else "", roles.get(by)),
            Cell(telling.local.clock(entry.at), entry.at),
            Cell(telling.line(entry, by=False), entry.kind.value),
        )
        for by, entries in deeds.items()
        for number, entry in enumerate(entries)
    ]
    return Section("people", telling.say("people"), (telling.grid(columns, rows),))


def orders(telling: Telling) -> Section | None:
    if not telling.facts.orders:
        return None
    columns = telling.columns(
        ("order", 0), ("asset", 2.2), ("fault", 2.5), ("assignee", 1.5), ("time", 0), ("node", 1.2), ("note", 2.2)
    )
    rows = [_order(telling, order) for order in telling.facts.orders]
    return Section("orders", telling.say("orders"), (telling.grid(columns, rows),))


def _order(telling: Telling, order: WorkOrder) -> tuple[Cell, ...]:
    late = f" ({telling.say('overdue')})" if order.overdue else ""
    tone = Tone.BAD if order.overdue else Tone.GOOD if order.node is Node.VERIFIED else Tone.PLAIN
    repair = order.repair
    note = repair.note if repair else order.records[-1].note if order.records else ""
    return (
        Cell(order.id, order.id),
        Cell(telling.named(order.asset), order.asset),
        Cell(order.summary or order.fault, order.fault),
        Cell(telling.person(order.assignee) or telling.word(order.role), order.assignee),
        telling.at(order.opened_at),
        Cell(node_text(order.node.value, telling.language) + late, order.node.value, tone),
        Cell(note if not order.handed_over else f"→ {order.handed_over}"),
    )


def review(telling: Telling) -> Section:
    found = telling.incident.review
    if found is None:
        within, closed = telling.facts.limits.review_ms, telling.incident.closed_at
        due = telling.local.day(closed + within) if closed is not None and within is not None else None
        text = telling.say("review_due", due) if due and telling.incident.awaits_review else telling.say("none_review")
        return Section("review", telling.say("review"), (Paragraph(text, Tone.QUIET),))
    facts = facts_of(
        telling.fact("cause", found.cause),
        telling.fact("measures", found.measures),
        telling.fact("result", found.result),
        telling.fact("reviewed", by_at(telling, found.by, found.at), found.at),
    )
    return Section("review", telling.say("review"), (facts,))


def actions(telling: Telling) -> Section | None:
    if not telling.facts.actions:
        return None
    columns = telling.columns(
        ("number", 0), ("action", 4), ("action_owner", 1.5), ("due", 0), ("done", 1.6), ("rechecked", 1.6)
    )
    rows = [
        (
            Cell(each.id, each.id),
            Cell(each.text),
            Cell(telling.person(each.owner), each.owner),
            Cell(telling.local.day(each.due_at - 1), each.due_at, Tone.BAD if each.overdue else Tone.PLAIN),
            Cell(_by_day(telling, each.done_by, each.done_at), each.done_at),
            Cell(_by_day(telling, each.rechecked_by, each.rechecked_at), each.rechecked_at, Tone.GOOD),
        )
        for each in telling.facts.actions
    ]
    return Section("actions", telling.say("actions"), (telling.grid(columns, rows),))


def _by_day(telling: Telling, by: str, at: int | None) -> str:
    return "" if at is None else f"{telling.person(by)} {telling.local.day(at)}"


def signatures(telling: Saying, *who: tuple[str, str]) -> Section:
    """(name of `report_words`, the person's id or "")."""
    signs = tuple(Signature(telling.say(role), telling.person(by)) for role, by in who)
    return Section("signatures", telling.say("signatures"), (Signatures(signs),))
