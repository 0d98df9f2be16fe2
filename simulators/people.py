"""The people of a scenario: what they do once an incident is what they wait for. No I/O and no clock.

They learn of incidents from whoever watches the API (or, on virtual time, the engine), and decide by what they see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rules.incident import Confirmation, Phase
from rules.instant import Instant
from rules.mode import Mode
from simulators.scenario import Act


class SeenIncident(Protocol):
    """What they look at: the API's incident or the engine's."""

    @property
    def id(self) -> str: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def hazard(self) -> str: ...
    @property
    def zone(self) -> str: ...
    @property
    def phase(self) -> Phase: ...
    @property
    def confirmation(self) -> Confirmation: ...


class Due(NamedTuple):
    at: Instant
    act: Act
    incident: str


class People:
    """Everyone in a scenario. Each act is done once, on the first incident of the scenario's mode that fits."""

    def __init__(self, acts: Sequence[Act], site: str, mode: Mode = Mode.ACTUAL) -> None:
        self._waiting = list(acts)
        self._site = site
        self._mode = mode
        self._due: list[Due] = []

    @property
    def idle(self) -> bool:
        """Nobody has anything left to do."""
        return not self._waiting and not self._due

    def see(self, incident: SeenIncident, at: Instant) -> None:
        """An incident is new or has changed."""
        for act in [act for act in self._waiting if self._fits(act, incident)]:
            self._waiting.remove(act)
            self._due.append(Due(at + act.wait, act, incident.id))

    def take_due(self, at: Instant) -> list[Due]:
        """What is to be done by now, in order of time."""
        due = sorted((each for each in self._due if each.at <= at), key=lambda each: each.at)
        self._due = [each for each in self._due if each.at > at]
        return due

    def _fits(self, act: Act, incident: SeenIncident) -> bool:
        where = act.zone is None or incident.zone == f"{self._site}/{act.zone}"
        return (
            incident.mode is self._mode and where and act.hazard in (None, incident.hazard) and _is(incident, act.when)
        )


def _is(incident: SeenIncident, when: str) -> bool:
    if when == "opened":
        return True
    if when == "acknowledged":
        return incident.phase is not Phase.ACTIVATED
    if when == "confirmed":
        return incident.confirmation is not Confirmation.PRE_ALARM
    return incident.phase is Phase.CLOSING
