"""Messages to people, occupants and authorities: who gets them, what they say, and what when they do not arrive."""

from __future__ import annotations

from rules.events import EffectTried
from rules.incident import Incident
from rules.turn import Turn


def notify_role(turn: Turn, role: str, template: str, incident: Incident | None, step: str | None = None) -> list[str]:
    """A message to everybody who has the role now, by the roster. → ids of the effects; none if nobody has it
    (an entry says so)."""
    return []


def tell_occupants(turn: Turn, incident: Incident, step: str, same: str, template: str) -> list[str]:
    """A notice to the people of the zone, floor, building or site around the incident, in each language."""
    return []


def send_to_authority(turn: Turn, incident: Incident, step: str, to: str, event: str) -> list[str]:
    """The first CAP message (Alert) of the incident to an authority."""
    return []


def update_authorities(turn: Turn, incident: Incident, *, cancelled: bool = False) -> None:
    """Update or Cancel to every authority that has an Alert of the incident. Called when its level changes, when it is
    closed, and (`cancelled`) when it turns out false."""


def tried(turn: Turn, event: EffectTried) -> None:
    """What came of an attempt: entries, the fallback channel, the trouble when nothing is left."""
