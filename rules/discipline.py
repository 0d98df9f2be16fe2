"""Alarm discipline (ISA-18.2): chattering, stale, flood."""

from __future__ import annotations

from rules.detection import Detection
from rules.incident import Incident
from rules.instant import Instant
from rules.turn import Turn


def annunciated(turn: Turn, incident: Incident, detection: Detection) -> None:
    """A detection became evidence: counted for chattering and flood; the first one of an incident sets its stale
    limit."""


def is_flooded(turn: Turn, site: str) -> bool:
    """More than ten in ten minutes: messages of lesser incidents are grouped, never those of level I."""
    return site in turn.state.floods


def stale_over(turn: Turn, id: str, due: Instant) -> None:
    """An incident has stayed active for its stale limit. Nothing if it no longer stands (`due` tells)."""


def flood_over(turn: Turn, id: str, due: Instant) -> None:
    """Time to look whether a site's flood has ended."""
