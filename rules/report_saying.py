"""What any report is made of beside its subject, and how it is said in a language: words, names, times, tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from rules.instant import Instant
from rules.local_time import LocalTime
from rules.mode import Mode
from rules.place_names import title_in, titles_of
from rules.reading import Value
from rules.report import Cell, Column, Fact, Footing, Grid, Report, Section, Tone, stamp_of
from rules.report_words import report_word
from rules.site import Directory, Title
from rules.timeline import Entry
from rules.timeline_text import Language, text
from rules.timeline_words import duration, word

ROWS_MAX = 200  # of one table but the timeline: nobody reads on; it says how many there are more


class Known(Struct, frozen=True, kw_only=True):
    """Names are those that were in force when it was over, or are now."""

    directory: Directory
    people: Mapping[str, str]  # id → name, by the roster in force
    footing: Footing
    now: Instant
    version: str  # of Tocsin
    timezone: str  # IANA name
    zone: tzinfo  # the same, as a value


class Saying:
    """What is known, and how it is said in a language."""

    def __init__(self, known: Known, language: Language, since: Instant, until: Instant) -> None:
        """`since`, `until`: what the report is about lasted, or was told of, so long."""
        self.known, self.language = known, language
        self.since = since
        self.local = LocalTime(known.zone, since, until)

    @cached_property
    def titles(self) -> dict[str, Title]:
        """What everything is called that an entry names by its id; people are called the same in every language."""
        people: dict[str, Title] = {id: {self.language: name} for id, name in self.known.people.items() if name}
        return people | titles_of(self.known.directory)

    def say(self, name: str, *values: Any, **named: Any) -> str:
        """A word or sentence of `report_words`."""
        found = report_word(name, self.language)
        return found.format(*values, **named) if values or named else found

    def word(self, name: str) -> str:
        """A word of Tocsin's: a role, a phase, a hazard."""
        return word(name, self.language) if name else ""

    def named(self, id: str) -> str:
        """What a device, a zone or a place is called; its id where it has no name."""
        return title_in(self.titles.get(id, {}), self.language, id)

    def title(self, title: Title, id: str = "") -> str:
        return title_in(title, self.language, id)

    def person(self, id: str | None) -> str:
        if not id:
            return ""
        return self.say("by_itself") if id == "tocsin" else self.known.people.get(id, id)

    def duration(self, ms: float | None) -> str:
        return "" if ms is None else duration(ms, self.language)

    def line(self, entry: Entry, by: bool = True) -> str:
        """The entry in one line, people by their names; `by` false: without who did it, where a column says so.

        Without the mark of its mode, which is stamped on the report as a whole.
        """
        named = None if entry.by is None or not by else entry.by if entry.by == "tocsin" else self.person(entry.by)
        return text(msgspec.structs.replace(entry, by=named, mode=None), self.language, self.titles)

    # ---- documents and their parts

    def report(
        self, kind: str, id: str, site: str, headline: str, mode: Mode, over: bool, sections: Iterable[Section | None]
    ) -> Report:
        """`kind`: also the name of the title among the words. Sections that are None are left out."""
        known = self.known
        return Report(
            kind=kind,
            subject=id,
            language=self.language,
            title=self.say(kind),
            headline=headline,
            mode=mode,
            stamp=stamp_of(mode, self.language),
            interim=not over,
            site=self.named(site),
            timezone=self.local.name(known.timezone, self.since),
            prepared_at=known.now,
            prepared=self.say("prepared", at=self.local.text(known.now), version=known.version),
            sections=tuple(section for section in sections if section is not None),
            footing=known.footing,
            notice=self.say("notice"),
        )

    def fact(self, id: str, content: str, value: Value | None = None, tone: Tone = Tone.PLAIN) -> Fact | None:
        """None where nothing is known."""
        return Fact(id, self.say(id), Cell(content, value, tone)) if content else None

    def at(self, instant: Instant | None, tone: Tone = Tone.PLAIN) -> Cell:
        return Cell("") if instant is None else Cell(self.local.text(instant), instant, tone)

    def columns(self, *columns: tuple[str, float] | tuple[str, float, bool]) -> tuple[Column, ...]:
        """(name of `report_words`, share of the width, whether it holds numbers)."""
        return tuple(
            Column(each[0], self.say(each[0]), each[1], bool(each[2]) if len(each) > 2 else False) for each in columns
        )

    def grid(self, columns: tuple[Column, ...], rows: Iterable[tuple[Cell, ...]]) -> Grid:
        """At most `ROWS_MAX` rows, the last of which says how many there are more."""
        shown = list(rows)
        if len(shown) > ROWS_MAX:
            more = Cell(self.say("more_rows", len(shown) - ROWS_MAX + 1), tone=Tone.QUIET)
            shown = [*shown[: ROWS_MAX - 1], (more, *(Cell("") for _ in columns[1:]))]
        return Grid(columns, tuple(shown))
