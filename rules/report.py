"""A report as a document: what it says and in which order, nothing about how it looks. One renderer a format.

    report = incident_report(facts)          # or drill_report(facts), or one of your own
    gateway.reports.render(report, Format.PDF)

Whoever makes a report puts together sections of four kinds of block; renderers know these and nothing of incidents.
Beside its text a cell may carry its `value`, for programs that read the report as JSON: instants and durations as whole
milliseconds.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import msgspec
from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value
from rules.report_words import report_word
from rules.timeline_text import Language


class Tone(Enum):
    """How it is meant, for whoever only glances at it."""

    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"
    GOOD = "good"
    FAIR = "fair"
    BAD = "bad"


class Cell(Struct, frozen=True, omit_defaults=True):
    text: str
    value: Value | None = None
    tone: Tone = Tone.PLAIN


class Fact(Struct, frozen=True):
    """One line of a list of facts. `id` is the same in every language."""

    id: str
    label: str
    cell: Cell


class Facts(Struct, frozen=True, tag="facts", tag_field="block"):
    facts: tuple[Fact, ...]


class Paragraph(Struct, frozen=True, tag="paragraph", tag_field="block", omit_defaults=True):
    text: str
    tone: Tone = Tone.PLAIN
    large: bool = False  # what it comes to, read from across the room


class Column(Struct, frozen=True, omit_defaults=True):
    id: str
    title: str
    share: float = 1.0  # of the width, beside the others; 0: as wide as what is in it
    number: bool = False  # its digits stand below each other


class Grid(Struct, frozen=True, tag="grid", tag_field="block"):
    """Each row has as many cells as there are columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Signature(Struct, frozen=True):
    """Somebody who has to sign: the role, and the name where it is known."""

    role: str
    name: str = ""


class Signatures(Struct, frozen=True, tag="signatures", tag_field="block"):
    signatures: tuple[Signature, ...]


Block = Facts | Paragraph | Grid | Signatures


class Section(Struct, frozen=True):
    id: str
    title: str
    blocks: tuple[Block, ...]


class Footing(Struct, frozen=True):
    """The last journal entry that a report rests on: `tocsin verify-log` proves the journal up to it."""

    index: int
    hash: str  # hex


class Report(Struct, frozen=True):
    """`subject` and `title` stand on every page, and `stamp` across it where it is not empty."""

    kind: str  # "incident", "after_action", "drill"
    subject: str  # "INC-000042", "DRL-000003"
    language: Language
    title: str  # "Incident report"
    headline: str  # "Fire, 12F east"
    mode: Mode
    stamp: str
    interim: bool  # what it is about is not over
    site: str
    timezone: str  # IANA name; all times in texts are its
    prepared_at: Instant
    prepared: str  # that instant as text, and by whom
    sections: tuple[Section, ...]
    footing: Footing
    notice: str  # what Tocsin does not replace
    schema: Literal["tocsin-report/1"] = "tocsin-report/1"

    @property
    def words(self) -> dict[str, str]:
        """What renderers write by themselves, in the report's language."""
        names = ("page", "of", "name", "signature", "date", "journal", "times_in", "mode", "nothing")
        return {name: report_word(name, self.language) for name in names}


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Report)


def encode_report(report: Report) -> bytes:
    return _encoder.encode(report)


def decode_report(body: bytes) -> Report:
    """Raises msgspec.ValidationError when `body` is no report of this version."""
    return _decoder.decode(body)


def fitted(report: Report) -> Report:
    """With every text such that any document can hold it: a character that cannot be shown stands as its number."""
    fit_report: Report = msgspec.convert(_fitted(msgspec.to_builtins(report)), Report)
    return fit_report


def _fitted(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() else "".join(map(_shown, value.replace("\r\n", "\n")))
    if isinstance(value, dict):
        return {name: _fitted(each) for name, each in value.items()}
    return [_fitted(each) for each in value] if isinstance(value, list | tuple) else value


def _shown(character: str) -> str:
    if character.isprintable() or character in "\n\u3000\u00a0":
        return character
    return " " if character.isspace() else f"[U+{ord(character):04X}]"


def stamp_of(mode: Mode, language: Language) -> str:
    """What is stamped on every page: an exercise must not be filed as the real thing. Empty: nothing."""
    return "" if mode is Mode.ACTUAL else report_word(f"stamp_{mode.value}", language)


def facts_of(*facts: Fact | None) -> Facts:
    """Those that there are."""
    return Facts(tuple(fact for fact in facts if fact is not None))
