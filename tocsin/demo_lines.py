"""What a terminal shows of a timeline: an entry a line, but a burst of commands as one.

A fire releases forty doors and sounds forty sirens at once; a person wants to read that it did, and which did not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from api.schemas import EntryOut
from rules.instant import Instant, parse_rfc3339
from rules.timeline import Kind

_BURSTS = (Kind.COMMAND_ISSUED, Kind.COMMAND_PUBLISHED, Kind.COMMAND_DONE)


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

    def feed(self, entry: EntryOut) -> Iterator[Line]:
        if entry.kind in _BURSTS:
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
        """What is known of the burst that was going on."""
        burst, self._burst = self._burst, []
        for kind in _BURSTS:
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


def _command(entry: EntryOut) -> str:
    return str(entry.facts.get("command", "?"))


def _marked(entry: EntryOut) -> tuple[str, str, str]:
    mark, style = MARKS.get(entry.kind, _OTHER)
    return mark, entry.text, style
