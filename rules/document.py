"""A document that people read on paper: headings, facts, tables. What it looks like is decided where it is rendered."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Tone = Literal["", "good", "fair", "bad", "quiet"]  # colours repeat it; the words carry it


class Cell(Struct, frozen=True):
    text: str
    tone: Tone = ""
    number: bool = False  # set to the right


class Heading(Struct, frozen=True, tag="heading"):
    text: str


class Paragraph(Struct, frozen=True, tag="paragraph"):
    text: str
    tone: Tone = ""


class Verdict(Struct, frozen=True, tag="verdict"):
    """What it comes to, read from across the room."""

    figure: str  # "92"
    text: str  # "of 100 · passed"
    tone: Tone


class Facts(Struct, frozen=True, tag="facts"):
    rows: list[tuple[str, str]]


class Table(Struct, frozen=True, tag="table"):
    columns: list[Cell]
    rows: list[list[Cell]]


Block = Heading | Paragraph | Verdict | Facts | Table


class Document(Struct, frozen=True):
    """`stamp`: stands on every page where it is not about the real thing; empty: it is."""

    title: str
    subtitle: str
    language: str
    stamp: str
    blocks: list[Block]
    footer: str
