"""What a terminal shows of a timeline: an entry a line, but a burst of commands, messages, tasks or orders as one.

A fire releases forty doors and sounds forty sirens at once; a person wants to read that it did, and which did not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from api.schemas import EntryOut
from rules.instant import Instant, parse_rfc3339
from rules.timeline import Kind

BURSTS = (Kind.COMMAND_ISSUED, Kind.COMMAND_PUBLISHED, Kind.COMMAND_DONE)
GROUPED = (Kind.NOTICE_ISSUED, Kind.NOTICE_DONE, Kind.TASK_ISSUED, Kind.ORDER_OPENED, Kind.ORDER_STEP)


@dataclass(frozen=True)
class Line:
    """`mark` and the text say everything; the style only helps."""

    at: Instant
    mark: str
    text: str
    style: str = ""


@dataclass
class Commands:
    """The linkage commands of an incident so far."""

    issued: Counter[str] = field(default_factory=Counter)
    published: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    failed: int = 0

    @property
    def open(self) -> int:
        return self.issued.total() - self.done.total() - self.failed

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"commands: {self.issued.total()} issued, {self.published.total()} sent, {self.done.total()} done{failed}"
        )


MARKS: dict[Kind, tuple[str, str]] = {
    Kind.OPENED: ("●", "bold red"),
    Kind.DETECTED: ("◆", ""),
    Kind.PRE_ALARM: ("?", "bold yellow"),
    Kind.CONFIRMED: ("!", "bold red"),
    Kind.LEVEL_RAISED: ("▲", "bold red"),
    Kind.ACKNOWLEDGED: ("☎", "bold cyan"),
    Kind.NOTED: ("✎", "cyan"),
    Kind.PHASE_CHANGED: ("»", "bold"),
    Kind.COUNTDOWN_STOPPED: ("»", ""),
    Kind.COMMAND_ISSUED: ("→", "blue"),
    Kind.COMMAND_PUBLISHED: ("→", "blue"),
    Kind.COMMAND_DONE: ("✓", "green"),
    Kind.COMMAND_FAILED: ("✗", "bold red"),
    Kind.NOTICE_DONE: ("✉", "blue"),
    Kind.NOTICE_FAILED: ("✗", "bold red"),
    Kind.TASK_ISSUED: ("☐", "cyan"),
    Kind.TASK_DONE: ("☑", "cyan"),
    Kind.RESPONDED: ("☎", "bold cyan"),
    Kind.ESCALATED: ("▲", "bold yellow"),
    Kind.OVERDUE: ("✗", "bold yellow"),
    Kind.ORDER_OPENED: ("⚒", "magenta"),
    Kind.ORDER_STEP: ("⚒", "magenta"),
    Kind.CLEARED: ("○", "green"),
    Kind.CLOSED: ("■", "bold green"),
    Kind.REFUSED: ("✗", "yellow"),
}
_OTHER = ("·", "dim")


class Digest:
    """Takes the entries of one incident in order, gives the lines to show. `flush` at a pause and at the end."""

    def __init__(self) -> None:
        self.commands = Commands()
        self._burst: list[EntryOut] = []
        self._group: list[EntryOut] = []

    def feed(self, entry: EntryOut) -> Iterator[Line]:
        if entry.kind in GROUPED:
            if self._burst and self._burst[-1].kind is Kind.COMMAND_ISSUED:  # all at once, and before anything else
                yield from self._flush_burst()
            if self._group and _what(self._group[-1]) != _what(entry):
                yield from self._flush_group()
            self._group.append(entry)
            return
        if entry.kind in BURSTS:
            if self._burst and self._burst[-1].kind is not entry.kind and entry.kind is Kind.COMMAND_ISSUED:
                yield from self.flush()
            self._count(entry)
            self._burst.append(entry)
            if not self.commands.open:
                yield from self.flush()
            return
        if entry.kind is Kind.COMMAND_FAILED:
            self.commands.failed += 1
        yield from self.flush()
        yield Line(parse_rfc3339(entry.at), *_marked(entry))

    def flush(self) -> Iterator[Line]:
        """What is known of what was going on."""
        yield from sorted([*self._flush_burst(), *self._flush_group()], key=lambda line: line.at)

    def _flush_group(self) -> Iterator[Line]:
        group, self._group = self._group, []
        if group and group[0].kind is not Kind.NOTICE_ISSUED:  # that it was delivered says that it was sent
            mark, style = MARKS[group[0].kind]
            yield Line(parse_rfc3339(group[-1].at), mark, _together(group), style)

    def _flush_burst(self) -> Iterator[Line]:
        burst, self._burst = self._burst, []
        for kind in BURSTS:
            entries = [entry for entry in burst if entry.kind is kind]
            if entries:
                yield self._summary(kind, entries)

    def _summary(self, kind: Kind, entries: list[EntryOut]) -> Line:
        mark, style = MARKS[kind]
        at = parse_rfc3339(entries[-1].at)
        if len(entries) == 1:
            return Line(at, mark, entries[0].text, style)
        counted = Counter(_command(entry) for entry in entries)
        each = ", ".join(f"{command} {count}" for command, count in counted.items())
        if kind is Kind.COMMAND_ISSUED:
            return Line(at, mark, f"{len(entries)} commands: {each}", style)
        if kind is Kind.COMMAND_PUBLISHED:
            return Line(at, mark, f"{self.commands.published.total()} of {self.commands.issued.total()} sent", style)
        rest = f", {self.commands.open} not answered yet" if self.commands.open else ""
        return Line(
            at, mark, f"{self.commands.done.total()} of {self.commands.issued.total()} done: {each}{rest}", style
        )

    def _count(self, entry: EntryOut) -> None:
        counters = {
            Kind.COMMAND_ISSUED: self.commands.issued,
            Kind.COMMAND_PUBLISHED: self.commands.published,
            Kind.COMMAND_DONE: self.commands.done,
        }
        counters[entry.kind][_command(entry)] += 1


def _what(entry: EntryOut) -> tuple[object, ...]:
    """Entries that are told together have the same."""
    return entry.kind, entry.facts.get("step") if entry.kind is Kind.ORDER_STEP else ""


def _together(entries: list[EntryOut]) -> str:
    """Of one kind, in one line."""
    first = entries[0]
    if len(entries) == 1:
        return first.text
    if first.kind is Kind.NOTICE_DONE:
        return "told: " + ", ".join(dict.fromkeys(map(_receiver, entries)))
    if first.kind is Kind.TASK_ISSUED:
        tasks = (f"{each.facts.get('title_en', '?')} ({each.facts.get('role', '?')})" for each in entries)
        return f"{len(entries)} tasks: " + "; ".join(tasks).replace("_", " ")
    if first.kind is Kind.ORDER_STEP:
        return f"{len(entries)} work orders {first.facts.get('node', '?')} by {first.by}"
    summaries = dict.fromkeys(str(each.facts.get("summary", "?")) for each in entries)
    return f"{len(entries)} work orders: {'; '.join(summaries)}"


def _receiver(entry: EntryOut) -> str:
    to, what = str(entry.facts.get("to", "?")), entry.facts.get("what")
    if what == "occupant_notice":
        return f"everybody of {to} ({entry.facts.get('channel', '?')})"
    return f"{to.replace('_', ' ')} (CAP)" if what == "authority" else to


def _command(entry: EntryOut) -> str:
    return str(entry.facts.get("command", "?"))


def _marked(entry: EntryOut) -> tuple[str, str, str]:
    mark, style = MARKS.get(entry.kind, _OTHER)
    return mark, entry.text, style
