"""What messages say: templates by language and level, filled in and made to fit. Pure.

How they are written in a file is `notice_file.py`; the mini-language of a text is `template.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from rules.instant import MINUTE_MS
from rules.level import Level
from rules.mode import Mode
from rules.site import Title
from rules.template import fill
from rules.timeline_words import MODE_MARK

PLACEHOLDERS = (
    "incident",  # INC-000042
    "title",  # of the incident: Smoke above alarm threshold
    "hazard",
    "signal",
    "level",
    "phase",
    "site",
    "building",
    "floor",
    "zone",
    "device",  # the first that reported it
    "time",  # local, when the incident was opened
    "cause",  # once it is known
    "role",  # to whom the message goes
    "reason",  # why it is sent now
    "what",  # the step, order or task it is about
    "link",
)
FALLBACK = "incident"  # the template used where the one that is asked for is not in force
TITLE_CHARACTERS_MAX, BODY_CHARACTERS_MAX, SHORT_CHARACTERS_MAX = 120, 1_000, 140
ANY_LEVEL = ""


class NoticeText(Struct, frozen=True):
    title: str
    body: str
    short: str = ""  # for channels that take few characters; empty: the title
    more: str = ""  # said at the end, whatever has to be cut for it


class Template(Struct, frozen=True):
    id: str
    texts: dict[str, dict[str, NoticeText]]  # language → level ("I", …, or `ANY_LEVEL`) → text


class Authority(Struct, frozen=True):
    """Who gets CAP messages. Where they go stands in the gateway's settings, under the same name."""

    title: Title = {}
    sender: str = ""  # CAP <sender>; empty: tocsin@SITE
    exercise: bool = False  # whether messages of an exercise go there


class Limit(Struct, frozen=True):
    """How many messages a person gets within a time; those of level I are never held back (ours)."""

    messages: int = 6
    within_ms: int = 10 * MINUTE_MS


class NoticeBook(Struct, frozen=True):
    """All notice files that are in force."""

    templates: dict[str, Template] = {}
    authorities: dict[str, Authority] = {}
    limit: Limit = Limit()
    link: str = ""  # where an incident is shown: https://…/incidents/{incident}

    def named(self, template: str) -> Template:
        """That template; the fallback where it is not in force; in the end, one that says what is known."""
        return self.templates.get(template) or self.templates.get(FALLBACK) or _BARE


_BARE = Template(
    FALLBACK,
    {
        "en": {
            ANY_LEVEL: NoticeText("[LEVEL {level} ][{hazard}][{what}]", "[{incident} ][{title}][, {zone}][ · {reason}]")
        },
        "zh": {ANY_LEVEL: NoticeText("[{level}级][{hazard}][{what}]", "[{incident} ][{title}][，{zone}][ · {reason}]")},
    },
)


class Fitted(NamedTuple):
    title: str
    body: str


def render(template: Template, language: str, level: Level | None, mode: Mode, fields: Mapping[str, str]) -> NoticeText:
    """The text for a person who reads `language`, marked in every part where it is not the real thing."""
    texts = template.texts.get(language) or template.texts.get("en") or next(iter(template.texts.values()))
    text = texts.get(level.value if level else ANY_LEVEL) or texts.get(ANY_LEVEL) or next(iter(texts.values()))
    mark = MODE_MARK["zh" if language == "zh" else "en"].get(mode, "")
    title = _line(mark, text.title, fields, TITLE_CHARACTERS_MAX)
    body = _cut(mark + fill(text.body, fields).strip(), BODY_CHARACTERS_MAX)
    return NoticeText(title, body, _line(mark, text.short, fields, SHORT_CHARACTERS_MAX) if text.short else "")


def fit(text: NoticeText, characters_max: int | None) -> Fitted:
    """Title and body as a channel takes them."""
    more = f" {text.more}" if text.more else ""
    whole = len(text.title) + 1 + len(text.body) + len(more)
    if characters_max is None or whole <= characters_max:
        return Fitted(text.title, text.body + more)
    return Fitted("", _cut(text.short or text.title, max(1, characters_max - len(more))) + more[: characters_max - 1])


def _line(mark: str, template: str, fields: Mapping[str, str], characters_max: int) -> str:
    return _cut(mark + " ".join(fill(template, fields).split()), characters_max)


def _cut(text: str, characters_max: int) -> str:
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"
