"""Carrying out a plan: which steps are due for an incident as it stands, and what becomes of them."""

from __future__ import annotations

from rules import linkage
from rules.incident import Incident
from rules.turn import Turn


def proceed(turn: Turn, incident: Incident) -> None:
    """Issues every step of the incident's plan that its level, phase and confirmation call for and that was not
    issued yet: by phase, commands first. Called whenever one of these has changed; harmless otherwise."""
    linkage.issue(turn, incident)
