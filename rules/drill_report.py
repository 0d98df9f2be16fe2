"""A drill's report: how it went, what it has covered, the score sheet, by role and by person, and the whole timeline.

Pure: the same drill gives the same document. It is rendered as Markdown, HTML, … by whoever shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple

from rules.document import Block, Cell, Document, Facts, Heading, Paragraph, Table, Tone, Verdict
from rules.drill import Drill, Stage
from rules.drill_words import MET, PARTS, STAGES, WORDS
from rules.instant import Instant
from rules.score import Line, Met, Part, Score, Tally
from rules.site import Title
from rules.timeline import Entry, Kind
from rules.timeline_reasons import reason_zh
from rules.timeline_text import Language, text
from rules.timeline_words import duration, word

_BURSTS = (Kind.COMMAND_ISSUED, Kind.COMMAND_PUBLISHED, Kind.COMMAND_DONE, Kind.COMMAND_FAILED)
_LEFT_OUT = (Kind.CONFIGURATION, Kind.COMMAND_PUBLISHED)
_TONES: dict[Met, Tone] = {Met.YES: "good", Met.LATE: "fair", Met.NO: "bad", Met.NOT_ASKED: "quiet"}
_MINUTE_MS = 60_000


class Reader(NamedTuple):
    """For whom it is written: language, the site's time, and what things and people are called by id."""

    language: Language
    zone: tzinfo
    titles: Mapping[str, Title] = {}
    people: Mapping[str, str] = {}

    def say(self, key: str, **fields: object) -> str:
        return WORDS[self.language][key].format(**fields)

    def title(self, title: Title) -> str:
        return title.get(self.language) or title.get("en") or next(iter(title.values()), "")

    def named(self, id: str) -> str:
        return self.title(self.titles.get(id, {})) or id

    def person(self, id: str) -> str:
        return self.people.get(id) or id

    def at(self, instant: Instant) -> str:
        return f"{datetime.fromtimestamp(instant / 1000, self.zone):%Y-%m-%d %H:%M:%S}"


def report(drill: Drill, entries: Iterable[Entry], reader: Reader) -> Document:
    """`entries`: those of the drill and of its incidents; others are left out."""
    blocks = [*_result(drill, reader), _facts(drill, reader)]
    if drill.score is not None:
        blocks += _score(drill.score, drill, reader)
    ours = sorted((each for each in entries if _is_of(each, drill)), key=lambda each: each.position)
    blocks += _timeline(ours, reader)
    return Document(
        title=reader.say("title", id=drill.id),
        subtitle=reader.title(drill.title),
        language=reader.language,
        stamp=reader.say("stamp"),
        blocks=blocks,
        footer=reader.say("footer"),
    )


def _is_of(entry: Entry, drill: Drill) -> bool:
    return entry.incident in drill.incidents or (entry.kind is Kind.DRILL and entry.facts.get("id") == drill.id)


def _result(drill: Drill, reader: Reader) -> Iterator[Block]:
    score = drill.score
    if score is None:
        key = "aborted" if drill.stage is Stage.ABORTED else "not_scored_yet"
        yield Paragraph(reader.say(key, stage=STAGES[reader.language][drill.stage]), "fair")
        return
    result = reader.say("passed" if score.passed else "retrain" if score.complete else "cut_off")
    tone: Tone = "good" if score.passed else "bad" if score.complete else "fair"
    yield Verdict(str(score.percent), reader.say("of_100", result=result, needed=score.pass_percent), tone)


def _facts(drill: Drill, reader: Reader) -> Facts:
    rows = [
        (reader.say("site"), reader.named(drill.site)),
        (reader.say("scenario"), drill.scenario),
        (reader.say("stage"), STAGES[reader.language][drill.stage]),
        (reader.say("started"), reader.say("by", at=reader.at(drill.started_at), who=reader.person(drill.started_by))),
    ]
    if drill.ended_at is not None:
        who = reader.person(drill.ended_by or "")
        rows.append((reader.say("ended"), reader.say("by", at=reader.at(drill.ended_at), who=who)))
        rows.append((reader.say("lasted"), _took(drill.ended_at - drill.started_at, reader)))
    if drill.pauses:
        key = "suspension" if len(drill.pauses) == 1 else "suspensions"
        lasted = _took(sum(end - begin for begin, end in drill.pauses), reader)
        rows.append((reader.say("suspended"), reader.say(key, times=len(drill.pauses), lasted=lasted)))
    if drill.reason:
        rows.append((reader.say("reason"), _reason(drill.reason, reader)))
    hazards = ", ".join(word(each, reader.language) for each in drill.hazards)
    named = ", ".join(drill.incidents[:20]) + (" …" if len(drill.incidents) > 20 else "")
    rows.append((reader.say("incidents"), f"{named} ({hazards})" if drill.incidents else "–"))
    return Facts(rows)


def _score(score: Score, drill: Drill, reader: Reader) -> Iterator[Block]:
    yield Heading(reader.say("covered"))
    yield Table(
        [Cell(reader.say("part")), Cell(reader.say("result"))],
        [
            [Cell(PARTS[reader.language][part]), _yes_or_no(score.parts.get(part.value, False), "yes", "no", reader)]
            for part in Part
        ],
    )
    yield Heading(reader.say("sheet"))
    columns = ("what", "role", "person", "took", "limit", "result", "points")
    numbers = ("took", "limit", "points")
    yield Table(
        [Cell(reader.say(each), number=each in numbers) for each in columns],
        [_line(each, len(drill.incidents) > 1, reader) for each in score.lines],
    )
    if score.roles:
        yield Heading(reader.say("roles"))
        yield _tallies("role", [(word(each.name, reader.language), each) for each in score.roles], reader)
    if score.people:
        yield Heading(reader.say("people"))
        yield _tallies("person", [(reader.person(each.name), each) for each in score.people], reader)
    yield from _theory(drill, reader)


def _line(line: Line, several: bool, reader: Reader) -> list[Cell]:
    what = reader.title(line.title) + (f" ({line.incident})" if several and line.incident else "")
    if line.reason:
        what += f" · {_reason(line.reason, reader)}"
    who = line.role or line.person
    return [
        Cell(what),
        Cell(word(line.role, reader.language) if line.role else "" if who else reader.say("itself")),
        Cell(reader.person(line.person) if line.person else ""),
        Cell("" if line.took_ms is None else _took(line.took_ms, reader), number=True),
        Cell("" if line.limit_ms is None else _took(line.limit_ms, reader), number=True),
        Cell(MET[reader.language][line.met], _TONES[line.met]),
        Cell(f"{line.points:g} / {line.of:g}" if line.of else "–", number=True),
    ]


def _tallies(what: str, rows: list[tuple[str, Tally]], reader: Reader) -> Table:
    return Table(
        [
            Cell(reader.say(what)),
            Cell(reader.say("points"), number=True),
            Cell(reader.say("result")),
            Cell(reader.say("missed")),
        ],
        [
            [
                Cell(name),
                Cell(f"{each.points:g} / {each.of:g}", number=True),
                _yes_or_no(each.passed, "passed", "retrain", reader),
                Cell((", " if reader.language == "en" else "、").join(reader.title(title) for title in each.missed)),
            ]
            for name, each in rows
        ],
    )


def _theory(drill: Drill, reader: Reader) -> Iterator[Block]:
    if not drill.theory:
        return
    yield Heading(reader.say("theory"))
    yield Table(
        [
            Cell(reader.say("person")),
            Cell(reader.say("plan")),
            Cell(reader.say("points"), number=True),
            Cell(reader.say("result")),
        ],
        [
            [
                Cell(reader.person(each.person)),
                Cell(each.plan),
                Cell(f"{each.points} / {each.of}", number=True),
                _yes_or_no(each.passed, "passed", "retrain", reader),
            ]
            for each in drill.theory
        ],
    )


def _timeline(entries: list[Entry], reader: Reader) -> Iterator[Block]:
    if not entries:
        return
    yield Heading(reader.say("timeline"))
    rows = [
        [
            Cell(f"{datetime.fromtimestamp(burst[0].at / 1000, reader.zone):%H:%M:%S}", number=True),
            Cell(burst[0].incident or "", "quiet"),
            Cell((reader.say("times", times=len(burst)) if len(burst) > 1 else "") + _plain(burst[0], reader)),
        ]
        for burst in _bursts(entries)
    ]
    yield Table([Cell(reader.say("at")), Cell(reader.say("incidents")), Cell(reader.say("entry"))], rows)


def _plain(entry: Entry, reader: Reader) -> str:
    """With its stamp: a line of it may be quoted alone."""
    return text(entry, reader.language, reader.titles)


def _bursts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Commands that had the same fate close to each other, as one; everything else by itself."""
    open_: dict[tuple[object, ...], list[Entry]] = {}
    found: list[list[Entry]] = []
    for entry in entries:
        if entry.kind in _LEFT_OUT:
            continue
        key = (entry.incident, entry.kind, entry.facts.get("command"))
        burst = open_.get(key) if entry.kind in _BURSTS else None
        if burst is not None and entry.at - burst[0].at < _MINUTE_MS:
            burst.append(entry)
            continue
        open_[key] = [entry]
        found.append(open_[key])
    return iter(found)


def _yes_or_no(met: bool, yes: str, no: str, reader: Reader) -> Cell:
    return Cell(reader.say(yes if met else no), "good" if met else "bad")


def _took(took_ms: int, reader: Reader) -> str:
    """To the tenth of a second, where that is all there is."""
    if took_ms < _MINUTE_MS and took_ms % 1000:
        return f"{took_ms / 1000:.1f} s" if reader.language == "en" else f"{took_ms / 1000:.1f} 秒"
    return duration(took_ms - took_ms % 1000, reader.language)


def _reason(reason: str, reader: Reader) -> str:
    return reason_zh(reason) if reader.language == "zh" else reason
