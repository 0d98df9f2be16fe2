"""Who has to take an incident, who is told next when nobody does, and when an acknowledgement lapses."""

from __future__ import annotations

from rules.incident import Incident
from rules.instant import Instant
from rules.turn import Turn


def begin(turn: Turn, incident: Incident) -> None:
    """Sets the ladder and the first response's limit by the plan. Called when an incident opens or its level rises."""


def acknowledged(turn: Turn, incident: Incident, by: str, role: str) -> bool:
    """Takes one acknowledgement in. → whether the incident now counts as acknowledged (its quorum is there)."""
    return True


def ladder_over(turn: Turn, id: str, due: Instant) -> None:
    """Nothing if it no longer stands (`due` tells)."""


def first_response_over(turn: Turn, id: str, due: Instant) -> None:
    """Nothing if it no longer stands (`due` tells)."""


def re_alarm_over(turn: Turn, id: str, due: Instant) -> None:
    """Nothing if it no longer stands (`due` tells)."""


def task_over(turn: Turn, id: str, due: Instant) -> None:
    """`id`: "INC-000001/step"."""
