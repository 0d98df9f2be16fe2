"""The people of a scenario: what they do once an incident is what they wait for. No I/O and no clock.

They learn of incidents from whoever watches the API (or, on virtual time, the engine), and decide by what they see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rules.instant import Instant
from rules.mode import Mode
from simulators.acts import BEGUN, Act, SeenIncident


class Due(NamedTuple):
    at: Instant
    act: Act
    incident: str  # empty: none is needed


class People:
    """Everyone in a scenario. Each act is done once, on the first incident of its mode (else the one played) that
    fits; or once for every one."""

    def __init__(self, acts: Sequence[Act], site: str, mode: Mode = Mode.ACTUAL) -> None:
        self._waiting = list(acts)
        self._site = site
        self._mode = mode
        self._due: list[Due] = []
        self._done_for: set[tuple[int, str]] = set()  # acts (they live as long as this) and incidents

    @property
    def idle(self) -> bool:
        """Nobody has anything left to do."""
        return not self.waiting and not self._due

    @property
    def waiting(self) -> Sequence[Act]:
        """What nobody has come to yet."""
        begun = {act for act, _ in self._done_for}
        return [act for act in self._waiting if id(act) not in begun]

    def begin(self, at: Instant) -> None:
        """The scenario begins."""
        for act in [act for act in self._waiting if act.when == BEGUN]:
            self._waiting.remove(act)
            self._due.append(Due(at + act.wait, act, ""))

    @property
    def next_due(self) -> Instant | None:
        return min((each.at for each in self._due), default=None)

    def see(self, incident: SeenIncident, at: Instant) -> None:
        """An incident is new or has changed."""
        of_mode = [act for act in self._waiting if (act.mode or self._mode) is incident.mode]
        for act in [act for act in of_mode if act.fits(incident, self._site)]:
            if not act.each:
                self._waiting.remove(act)
            elif (id(act), incident.id) in self._done_for:
                continue
            self._done_for.add((id(act), incident.id))
            self._due.append(Due(at + act.wait, act, incident.id))

    def take_due(self, at: Instant) -> list[Due]:
        """What is to be done by now, in order of time."""
        due = sorted((each for each in self._due if each.at <= at), key=lambda each: each.at)
        self._due = [each for each in self._due if each.at > at]
        return due
