"""A timeline as a story: when, since the scenario began, and what; a burst of commands in one line.

Forty doors are released at once; a person wants to read that they were, by when, and which were not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from rules.mode import Mode
from rules.place_names import titles_of
from rules.site import Directory, Title
from rules.timeline import Entry, Kind
from rules.timeline_text import Language, text
from rules.timeline_words import MODE_MARK, word
from simulators.scenario import Scenario

BURST_MS = 5 * SECOND_MS  # so close to each other commands are one burst
_COMMANDS = {
    Kind.COMMAND_ISSUED: {"en": "{} commands: {}", "zh": "指令 {} 条：{}"},
    Kind.COMMAND_PUBLISHED: {"en": "{} commands sent: {}", "zh": "指令已发出 {} 条：{}"},
    Kind.COMMAND_DONE: {"en": "{} commands DONE: {}", "zh": "已执行 {} 条：{}"},
}
_LEFT_OUT = (Kind.CONFIGURATION,)  # nothing of the story: which files are in force


def story(
    scenario: Scenario,
    entries: Iterable[Entry],
    begins: Instant,
    directory: Directory,
    language: Language = "en",
) -> str:
    """The title, the local time at which it begins, and a line each entry."""
    zone = ZoneInfo(next(iter(directory.sites.values())).timezone)
    local = datetime.fromtimestamp(begins / SECOND_MS, zone)
    title = scenario.title.get(language) or next(iter(scenario.title.values()))
    lines = [f"{title} · {local:%Y-%m-%d %H:%M}", ""]
    shown = [entry for entry in entries if entry.kind not in _LEFT_OUT]
    lines += _lines(shown, begins, titles_of(directory), language)
    return "".join(f"{line}\n" for line in lines)


def _lines(entries: Iterable[Entry], begins: Instant, titles: Mapping[str, Title], language: Language) -> Iterator[str]:
    for told in _bursts(entries):
        first = told[0]
        where = f"{first.incident} {first.number:>3}" if first.incident else "-"
        yield f"{_since(told[-1].at - begins):>9}  {where:14}  {_told(told, titles, language)}"


def _bursts(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Each entry by itself, but commands that had the same fate close to each other together."""
    burst: list[Entry] = []
    for entry in entries:
        if burst and not _belongs(burst[-1], entry):
            yield burst
            burst = []
        burst.append(entry)
    if burst:
        yield burst


def _belongs(last: Entry, entry: Entry) -> bool:
    same = (last.kind, last.incident) == (entry.kind, entry.incident)
    return same and entry.kind in _COMMANDS and entry.at - last.at <= BURST_MS


def _told(entries: list[Entry], titles: Mapping[str, Title], language: Language) -> str:
    if len(entries) == 1:
        return text(_without_version(entries[0]), language, titles)
    counted = Counter(word(str(entry.facts.get("command", "?")), language) for entry in entries)
    each = (", " if language == "en" else "、").join(f"{command} {times}" for command, times in counted.items())
    mark = MODE_MARK[language].get(entries[0].mode or Mode.ACTUAL, "")
    return mark + _COMMANDS[entries[0].kind][language].format(len(entries), each)


def _without_version(entry: Entry) -> Entry:
    """Of a plan: a hash says nothing to anybody, and is another whenever a word of the plan is."""
    facts = {name: value for name, value in entry.facts.items() if name != "version"}
    return msgspec.structs.replace(entry, facts=facts) if entry.kind is Kind.PLAN else entry


def _since(elapsed_ms: int) -> str:
    """`1:02:03.4`, `2:03.4`"""
    hours, rest = divmod(elapsed_ms, HOUR_MS)
    minutes, rest = divmod(rest, MINUTE_MS)
    seconds = f"{rest // SECOND_MS:02d}.{rest % SECOND_MS // 100}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
