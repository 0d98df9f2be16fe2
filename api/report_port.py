"""What the API needs of the core to hand out reports and exports; a part of `api.ports.Desk`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import Enum
from typing import Protocol

from msgspec import Struct

from rules.timeline_text import Language


class ReportKind(Enum):
    INCIDENT = "incident"  # what happened and what was done
    AFTER_ACTION = "after_action"  # how the response went, and what has to change


class Format(Enum):
    HTML = "html"
    PDF = "pdf"  # PDF/A-2a
    MARKDOWN = "markdown"
    JSON = "json"


ENDINGS = {Format.HTML: "html", Format.PDF: "pdf", Format.MARKDOWN: "md", Format.JSON: "json"}
MEDIA_TYPES = {
    Format.HTML: "text/html",
    Format.PDF: "application/pdf",
    Format.MARKDOWN: "text/markdown",
    Format.JSON: "application/json",
}


class ReportFailed(RuntimeError):
    """A report cannot be made in this format on this machine, or not now; the text says why."""


class ReportDesk(Protocol):
    async def report(self, incident: str, kind: ReportKind, format: Format, language: Language) -> bytes:
        """Of the incident as it stands now; times are those of its site.

        Raises UnknownIncident, Unavailable, ReportFailed.
        """
        ...

    def timeline_csv(self, incident: str, language: Language) -> AsyncIterator[bytes]:
        """Head and rows of the whole timeline, some hundred entries a piece. Raises UnknownIncident, Unavailable."""
        ...
