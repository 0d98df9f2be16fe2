"""Keeping quiet: shelves, maintenance windows, inhibition. Suppressed is not lost: what still holds when a
suppression ends is raised then."""

from __future__ import annotations

from rules.detection import Detection
from rules.instant import Instant
from rules.requests import EndShelf, PutOnShelf
from rules.ruleset import DetectionRule
from rules.shelf import Suppressed
from rules.turn import Turn


def keeps_quiet(turn: Turn, detection: Detection, rule: DetectionRule) -> Suppressed | None:
    """Why a detection that fires must raise nothing now; None: it may. Asked before anything comes of a firing."""
    return None


def fired(turn: Turn, detection: Detection, rule: DetectionRule) -> None:
    """A detection has fired and raised what it had to: what it inhibits is quiet from now on."""


def ended(turn: Turn, detection: Detection, rule: DetectionRule | None) -> None:
    """A detection is over: one-shot shelves end, what it inhibited is raised if it still holds."""


def asked(turn: Turn, request: PutOnShelf | EndShelf) -> None:
    """Carried out, or `turn.refuse(…)`."""


def shelf_over(turn: Turn, id: str, due: Instant) -> None:
    """A shelf's time is up. Nothing if it no longer stands (`due` tells)."""
