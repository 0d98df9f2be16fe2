"""Card holders' data: masked for everybody; shown to those who may, by asking for it with a reason, on the record.

Which words are personal is a list, so that no site file and no device can forget to say so. A mask is the same for the
same card, so that one card that is tried five times still looks like one card.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar

import msgspec

from api.readings_port import Series
from api.rules_port import Backtest, DryRunAnswer
from rules.backtest import Judged
from rules.firings import Firing
from rules.incident import Incident
from rules.reading import Value
from rules.timeline import Entry

PERSONAL = frozenset({"badge", "card", "card_holder", "card_number", "credential", "employee", "holder", "plate"})
"""Attributes of events, and metrics, that say who somebody is."""

MARK = "masked-"
MARK_CHARACTERS = 8  # of a keyed hash: two cards of a building of 10 000 look alike once in 100 buildings
_IN_BYTES = re.compile(r'(\\*"(?:' + "|".join(sorted(PERSONAL)) + r')\\*"\s*:\s*)(\\*"[^"]*"|[^,}\s]+)')

T = TypeVar("T")


class Masks:
    """`key`: without it, whoever knows all cards could try which one it is."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def value(self, value: Value) -> str:
        text = value if isinstance(value, str) else repr(value)
        return MARK + hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), sha256).hex()[:MARK_CHARACTERS]

    def values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        return {name: self.value(value) if name in PERSONAL else value for name, value in values.items()}

    def entry(self, entry: Entry) -> Entry:
        if PERSONAL.isdisjoint(entry.facts):
            return entry
        return msgspec.structs.replace(entry, facts=self.values(entry.facts))

    def incident(self, incident: Incident) -> Incident:
        if all(PERSONAL.isdisjoint(each.values) for each in incident.evidence):
            return incident
        evidence = [msgspec.structs.replace(each, values=self.values(each.values)) for each in incident.evidence]
        return msgspec.structs.replace(incident, evidence=evidence)

    def series(self, series: Series) -> Series:
        if series.metric not in PERSONAL:
            return series
        return Series(series.metric, [(at, self.value(value)) for at, value in series.points])

    def dry_run(self, answer: DryRunAnswer) -> DryRunAnswer:
        found = answer.rehearsed
        if found is None:
            return answer
        masked = msgspec.structs.replace(
            found,
            verdicts=[msgspec.structs.replace(each, values=self.values(each.values)) for each in found.verdicts],
            firings=[self._firing(each) for each in found.firings],
            incidents=[self.incident(each) for each in found.incidents],
            entries=[self.entry(each) for each in found.entries],
        )
        return msgspec.structs.replace(answer, rehearsed=masked)

    def backtest(self, backtest: Backtest) -> Backtest:
        found = backtest.compared
        if found is None:
            return backtest
        masked = msgspec.structs.replace(
            found, candidate=self._judged(found.candidate), running=self._judged(found.running)
        )
        return msgspec.structs.replace(backtest, compared=masked)

    def _judged(self, judged: Judged) -> Judged:
        return msgspec.structs.replace(judged, firings=[self._firing(each) for each in judged.firings])

    def _firing(self, firing: Firing) -> Firing:
        return msgspec.structs.replace(firing, values=self.values(firing.values))

    def text(self, text: str) -> str:
        """Bytes that nobody understood, as text: where they look like JSON, what is personal in it."""
        return _IN_BYTES.sub(lambda found: found[1] + '"' + MARK.rstrip("-") + '"', text)
