"""Notice files: what messages say, to which authorities they go, how many a person gets; and how they become values.

notices:
  - id: incident
    en:
      title: "LEVEL {level}: {hazard}, {zone}"
      body: "{title}. {incident}[, {link}]"
      by_level: {I: {title: "LEVEL I {hazard}", body: "…"}}
    zh: {title: …, body: …}
authorities:
  fire_brigade: {title: {en: Fire brigade, zh: 消防救援}, sender: tocsin@tower-a.example}
limit: {messages: 6, within: 10min}
link: https://control-room.example/incidents/{incident}
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from rules.file_types import FileModel, Id, Titles
from rules.instant import DAY_MS, MINUTE_MS, DurationMs
from rules.level import Level
from rules.notice import (
    ANY_LEVEL,
    BODY_CHARACTERS_MAX,
    PLACEHOLDERS,
    SHORT_CHARACTERS_MAX,
    TITLE_CHARACTERS_MAX,
    Authority,
    Limit,
    NoticeBook,
    NoticeText,
    Template,
)
from rules.problem import Problem
from rules.template import fields_of, stray
from rules.wording import not_one_of, shown

_NOT_IN_CAP = re.compile(r"[\s,<&]")


def _check_text(text: str, characters_max: int = BODY_CHARACTERS_MAX) -> str:
    if not text.strip() or len(text) > characters_max:
        raise ValueError(f"{shown(text)} has {len(text)} characters; expected 1 to {characters_max}")
    for name in fields_of(text):
        if name not in PLACEHOLDERS:
            raise ValueError(not_one_of(name, "a placeholder", PLACEHOLDERS))
    if left := stray(text):
        raise ValueError(f"{shown(text)} has a {left} that belongs to nothing; expected {{name}} or [a part {{name}}]")
    return text


def _check_line(text: str, characters_max: int = TITLE_CHARACTERS_MAX) -> str:
    if "\n" in text.strip():
        raise ValueError(f"{shown(text)} has more than one line")
    return _check_text(text, characters_max)


def _check_short(text: str) -> str:
    return _check_line(text, SHORT_CHARACTERS_MAX)


def _check_sender(text: str) -> str:
    if not text or _NOT_IN_CAP.search(text):
        raise ValueError(
            f"{shown(text)} is no CAP sender; expected e.g. tocsin@tower-a.example: no space, comma, < or &"
        )
    return text


def _check_link(text: str) -> str:
    if not re.match(r"https?://\S+$", text) or any(name != "incident" for name in fields_of(text)):
        raise ValueError(f"{shown(text)} is no link; expected e.g. https://control-room.example/incidents/{{incident}}")
    return text


Line = Annotated[
    str, AfterValidator(_check_line), WithJsonSchema({"type": "string", "maxLength": TITLE_CHARACTERS_MAX})
]
Short = Annotated[
    str, AfterValidator(_check_short), WithJsonSchema({"type": "string", "maxLength": SHORT_CHARACTERS_MAX})
]
Body = Annotated[str, AfterValidator(_check_text), WithJsonSchema({"type": "string", "maxLength": BODY_CHARACTERS_MAX})]


class LevelText(FileModel):
    title: Line
    body: Body
    short: Short = Field("", description="for channels that take few characters, such as an SMS")


class LanguageText(LevelText):
    by_level: dict[Level, LevelText] = Field({}, description="what it says instead at a level")


class NoticeEntry(FileModel):
    """A message in both languages of the house: whoever reads neither gets English."""

    id: Id
    en: LanguageText
    zh: LanguageText


class AuthorityEntry(FileModel):
    title: Titles
    sender: Annotated[str, AfterValidator(_check_sender)] | None = Field(None, description="CAP <sender>")
    exercise: bool = Field(False, description="messages of an exercise go there as well")


class LimitEntry(FileModel):
    """Ours: more than this nobody reads. Level I is never held back."""

    messages: int = Field(6, ge=1, le=1_000)
    within: DurationMs = Field(10 * MINUTE_MS, ge=MINUTE_MS, le=DAY_MS)


class NoticeFile(FileModel):
    notices: list[NoticeEntry] = Field([], max_length=500)
    authorities: dict[Id, AuthorityEntry] = Field({}, max_length=50)
    limit: LimitEntry | None = None
    link: Annotated[str, AfterValidator(_check_link)] | None = None


def build_notices(files: Mapping[str, NoticeFile], shipped: Collection[str]) -> tuple[NoticeBook, list[Problem]]:
    """File name → content, to all that stands in them. A file of one's own may word a shipped notice anew.

    `shipped`: the names of the files of the library.
    """
    templates: dict[str, Template] = {}
    authorities: dict[str, Authority] = {}
    homes: dict[tuple[str, str], str] = {}
    problems: list[Problem] = []
    limit, link = Limit(), ""
    for file, content in files.items():
        for index, entry in enumerate(content.notices):
            problems += _once(homes, "notice", entry.id, file, ("notices", index, "id"), shipped)
            templates[entry.id] = _template(entry)
        for name, authority in content.authorities.items():
            problems += _once(homes, "authority", name, file, ("authorities", name), shipped)
            authorities[name] = Authority(authority.title, authority.sender or "", authority.exercise)
        if content.limit is not None:
            problems += _once(homes, "setting", "limit", file, ("limit",), shipped)
            limit = Limit(content.limit.messages, content.limit.within)
        if content.link is not None:
            problems += _once(homes, "setting", "link", file, ("link",), shipped)
            link = content.link
    return NoticeBook(templates, authorities, limit, link), problems


def _once(
    homes: dict[tuple[str, str], str],
    what: str,
    name: str,
    file: str,
    path: tuple[str | int, ...],
    shipped: Collection[str],
) -> Iterator[Problem]:
    home = homes.get((what, name))
    homes[what, name] = file
    if home is not None and home not in shipped:
        there = "above" if home == file else f"in {home}"
        yield Problem(path, f"{name!r} is already the id of the {what} {there}; expected it once", file)


def _template(entry: NoticeEntry) -> Template:
    return Template(entry.id, {language: _texts(getattr(entry, language)) for language in ("en", "zh")})


def _texts(given: LanguageText) -> dict[str, NoticeText]:
    levels = {level.value: NoticeText(each.title, each.body, each.short) for level, each in given.by_level.items()}
    return {ANY_LEVEL: NoticeText(given.title, given.body, given.short), **levels}
