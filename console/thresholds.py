"""Where rules begin to hold, read off the rules as they are written: the lines in a chart of readings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from console.charts import Threshold
from console.client import Json, Problem
from console.session import Session
from console.settings import Language
from console.words import title

# Shares of a nameplate, which the API does not tell; changes; sums: none of them is a level of the metric
NO_LEVEL = {"of", "rate_per", "aggregate", "count"}
RULES_MAX = 60  # of one class; each is a question to the API, once while the rules stay


class Limits:
    """Of device classes, as long as the same rules are in force. Empty for who may not read rules."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._version = ""
        self._known: dict[str, list[Json]] = {}

    async def of(self, device_class: str) -> list[Threshold]:
        """Raises SignedOut, Unreachable."""
        if not self._session.may("rules:read"):
            return []
        page = await self._session.api.get("/rules", device_class=device_class, limit=RULES_MAX)
        if page["version"] != self._version:
            self._version, self._known = page["version"], {}
        if device_class not in self._known:
            found = [each["id"] for each in page["items"] if each["kind"] == "detection"]
            self._known[device_class] = [rule for id in found if (rule := await self._rule(id)) is not None]
        return [each for rule in self._known[device_class] for each in thresholds(rule, self._session.language)]

    async def _rule(self, id: str) -> Json | None:
        try:
            return dict(await self._session.api.get(f"/rules/{id}"))
        except Problem as error:
            if error.status != 404:  # it has gone since the list was asked for
                raise
            return None


def thresholds(rule: Json, language: Language) -> list[Threshold]:
    """Of its `when`: comparisons of a metric with a number."""
    named = title(rule["title"], language, rule["id"])
    return [Threshold(metric, value, named, below) for metric, value, below in _levels(rule["written"].get("when"))]


def _levels(condition: Any) -> Iterator[tuple[str, float, bool]]:
    if isinstance(condition, list):
        for each in condition:
            yield from _levels(each)
    if not isinstance(condition, dict):
        return
    metric = condition.get("metric")
    if isinstance(metric, str) and not NO_LEVEL & condition.keys():
        low, high = condition.get("between") or (None, None)
        for value, below in ((condition.get("above", low), False), (condition.get("below", high), True)):
            if isinstance(value, int | float):
                yield metric, float(value), below
    for name in ("any", "all"):
        yield from _levels(condition.get(name))
