"""What a drill's report is made of: everything that is known of it at one moment, read at once."""

from __future__ import annotations

from typing import Any

from rules.drill import Drill
from rules.drill_words import WORDS
from rules.report_saying import Known, Saying
from rules.timeline import Entry
from rules.timeline_reasons import reason_zh
from rules.timeline_text import Language
from rules.timeline_words import duration

_MINUTE_MS = 60_000


class DrillFacts(Known, frozen=True, kw_only=True):
    """`entries`: the drill's own and those of its incidents, in the order in which they were written. Nothing real."""

    drill: Drill
    entries: tuple[Entry, ...]


class DrillTelling(Saying):
    """The facts of a drill, and how they are said in a language."""

    def __init__(self, facts: DrillFacts, language: Language) -> None:
        self.facts, self.drill = facts, facts.drill
        super().__init__(facts, language, self.drill.started_at, max(facts.now, self.drill.ended_at or 0))

    def say(self, name: str, *values: Any, **named: Any) -> str:
        """A word or sentence of `drill_words`, else of `report_words`."""
        found = WORDS[self.language].get(name)
        return super().say(name, *values, **named) if found is None else found.format(*values, **named)

    def took(self, took_ms: int | None) -> str:
        """To the tenth of a second, where that is all there is."""
        if took_ms is None:
            return ""
        if took_ms < _MINUTE_MS and took_ms % 1000:
            return f"{took_ms / 1000:.1f} s" if self.language == "en" else f"{took_ms / 1000:.1f} 秒"
        return duration(took_ms - took_ms % 1000, self.language)

    def reason(self, reason: str) -> str:
        return reason_zh(reason) if self.language == "zh" else reason

    def joined(self, names: list[str]) -> str:
        return (", " if self.language == "en" else "、").join(names)
