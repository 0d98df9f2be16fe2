"""What the auditor found: a trouble signal until it is mended."""

from __future__ import annotations

from rules.events import AuditFailed, AuditPassed
from rules.turn import Turn


def failed(turn: Turn, event: AuditFailed) -> None:
    """A step that fell due was not done within tolerance."""


def passed(turn: Turn, event: AuditPassed) -> None:
    """It is done by now."""
