"""Who can play the devices of a drill, and which drills they are to play.

Scenarios are not the gateway's: a program beside it (`tocsin play-drills`, part of `tocsin demo`) reads them and makes
devices speak on the exercise tree. It says again and again what it can play, and hears in the answer what it
is to play. Nothing of that is kept: what has not been said for TOLD_MS counts no more.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from rules.instant import Instant
from rules.site import Title

TOLD_MS = 15_000
SCENARIOS_MAX = 1_000  # of one player
PLAYERS_MAX = 20
WAITING_MAX = 100


class Scenario(Struct, frozen=True):
    name: str
    site: str
    title: Title
    lasts_ms: int
    hazards: list[str]


class ToPlay(Struct, frozen=True):
    drill: str
    site: str
    scenario: str


class Players:
    """In the memory of the API alone."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Instant, list[Scenario]]] = {}
        self._waiting: dict[str, tuple[Instant, ToPlay]] = {}

    def told(self, player: str, scenarios: Sequence[Scenario], now: Instant) -> list[ToPlay]:
        """All that a player can play from now on; none: it is leaving. → what it is to play, each handed out once."""
        self._known.pop(player, None)
        if scenarios:
            self._known[player] = now, list(scenarios)
        while len(self._known) > PLAYERS_MAX:
            del self._known[next(iter(self._known))]
        able = {(each.site, each.name) for each in scenarios}
        theirs = [one for at, one in self._waiting.values() if (one.site, one.scenario) in able and now - at < TOLD_MS]
        for one in theirs:
            del self._waiting[one.drill]
        return theirs

    def scenarios(self, now: Instant) -> list[Scenario]:
        """By site and name."""
        found = {
            (each.site, each.name): each for at, some in self._known.values() if now - at < TOLD_MS for each in some
        }
        return [found[key] for key in sorted(found)]

    def play(self, wanted: ToPlay, now: Instant) -> bool:
        """Whether anybody can; then it waits for them."""
        if not any((each.site, each.name) == (wanted.site, wanted.scenario) for each in self.scenarios(now)):
            return False
        while len(self._waiting) >= WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[wanted.drill] = now, wanted
        return True
