"""The timeline of a report: an entry a row, but a burst of commands, messages or tasks as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from rules.instant import MINUTE_MS, SECOND_MS
from rules.report import Block, Cell, Column, Grid, Paragraph, Section, Tone
from rules.report_facts import Telling
from rules.report_saying import Saying
from rules.timeline import Entry, Kind

BURST_MS = 5 * SECOND_MS  # so close to each other they are one burst
ROWS_MAX = 1_500  # some 50 pages; the rest is counted, and stands in the timeline itself

# Kinds that come in bursts, and the fact that tells what each of them is.
BURSTS = {
    Kind.COMMAND_ISSUED: "command",
    Kind.COMMAND_PUBLISHED: "command",
    Kind.COMMAND_DONE: "command",
    Kind.NOTICE_ISSUED: "what",
    Kind.NOTICE_TRIED: "what",
    Kind.NOTICE_DONE: "what",
    Kind.ORDER_OPENED: "order_kind",
}
_SAID = {
    Kind.COMMAND_ISSUED: ("{} commands: {}", "下达指令 {} 条：{}"),
    Kind.COMMAND_PUBLISHED: ("{} commands sent: {}", "指令发出 {} 条：{}"),
    Kind.COMMAND_DONE: ("{} commands carried out: {}", "指令执行 {} 条：{}"),
    Kind.NOTICE_ISSUED: ("{} messages on their way: {}", "发送通报 {} 条：{}"),
    Kind.NOTICE_TRIED: ("{} messages not delivered yet: {}", "尚未送达 {} 条：{}"),
    Kind.NOTICE_DONE: ("{} messages delivered: {}", "送达通报 {} 条：{}"),
    Kind.ORDER_OPENED: ("{} work orders: {}", "开具工单 {} 张：{}"),
}
_BAD = {
    Kind.COMMAND_FAILED,
    Kind.NOTICE_FAILED,
    Kind.OVERDUE,
    Kind.REFUSED,
    Kind.ESCALATED,
    Kind.ACKNOWLEDGEMENT_LAPSED,
    Kind.NO_DATA,
    Kind.AUDIT,
}
_STRONG = {Kind.OPENED, Kind.CONFIRMED, Kind.LEVEL_RAISED, Kind.PRE_ALARM, Kind.RESPONDED, Kind.CLOSED}
_GOOD = {Kind.CLEARED, Kind.TASK_DONE}


def timeline(telling: Telling) -> Section:
    """Every entry of the incident, in order."""
    return timeline_of(telling, telling.facts.entries, Column("number", telling.say("number"), 0, True), _number)


def timeline_of(
    saying: Saying, entries: Iterable[Entry], first: Column, cell: Callable[[Sequence[Entry]], Cell]
) -> Section:
    """Of any entries, in order. Each row begins with `cell` of its burst, in the column `first`."""
    found = list(bursts(entries))
    rows = tuple((cell(burst), *_row(saying, burst)) for burst in found[:ROWS_MAX])
    columns = (first, *saying.columns(("time", 0), ("since_start", 0, True), ("entry", 1)))
    blocks: list[Block] = [Grid(columns, rows)]
    left = sum(len(burst) for burst in found[ROWS_MAX:])
    if left:
        blocks.append(Paragraph(saying.say("more_entries", left), Tone.QUIET))
    return Section("timeline", saying.say("timeline"), tuple(blocks))


def bursts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Each entry by itself, but those of a kind that comes in bursts together while they are close to each other."""
    burst: list[Entry] = []
    for entry in entries:
        if burst and not _belongs(burst[-1], entry):
            yield burst
            burst = []
        burst.append(entry)
    if burst:
        yield burst


def _belongs(last: Entry, entry: Entry) -> bool:
    alike = last.kind is entry.kind and last.incident == entry.incident
    return alike and entry.kind in BURSTS and entry.at - last.at <= BURST_MS


def _number(burst: Sequence[Entry]) -> Cell:
    first, last = burst[0], burst[-1]
    number = str(first.number) if len(burst) == 1 else f"{first.number}–{last.number}"
    return Cell(number, last.number, Tone.QUIET)


def _row(saying: Saying, burst: Sequence[Entry]) -> tuple[Cell, ...]:
    first = burst[0]
    return (
        Cell(saying.local.exact(first.at), first.at),
        Cell(since(first.at - saying.since), first.at - saying.since, Tone.QUIET),
        Cell(_said(saying, burst), first.kind.value, _tone(first)),
    )


def _said(saying: Saying, burst: Sequence[Entry]) -> str:
    if len(burst) == 1:
        return saying.line(burst[0])
    kind = burst[0].kind
    counted = Counter(saying.word(str(entry.facts.get(BURSTS[kind], "?"))) for entry in burst)
    each = (", " if saying.language == "en" else "、").join(f"{what} {times}" for what, times in counted.items())
    return _SAID[kind][saying.language == "zh"].format(len(burst), each)


def _tone(entry: Entry) -> Tone:
    if entry.kind in _BAD or entry.late_ms:
        return Tone.BAD
    if entry.kind in _STRONG:
        return Tone.STRONG
    return Tone.GOOD if entry.kind in _GOOD else Tone.PLAIN


def since(elapsed_ms: int) -> str:
    """`+2:03.4`, `+1:02:03`: since the incident began."""
    sign, elapsed = ("+", elapsed_ms) if elapsed_ms >= 0 else ("-", -elapsed_ms)
    minutes, rest = divmod(elapsed, MINUTE_MS)
    if minutes >= 60:
        return f"{sign}{minutes // 60}:{minutes % 60:02d}:{rest // SECOND_MS:02d}"
    return f"{sign}{minutes}:{rest // SECOND_MS:02d}.{rest % SECOND_MS // 100}"
