"""One renderer a format, for any report of `rules.report`; each takes reports whose texts fit."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from api.report_port import Format
from gateway.reports.html import html
from gateway.reports.markdown import markdown
from gateway.reports.pdf import pdf
from rules.report import Report, encode_report, fitted


def json(report: Report) -> bytes:
    """Indented: it is read by people, too."""
    return msgspec.json.format(encode_report(report), indent=1)


RENDERERS: dict[Format, Callable[[Report], bytes]] = {
    Format.HTML: html,
    Format.PDF: pdf,
    Format.MARKDOWN: markdown,
    Format.JSON: json,
}


def rendered(report: Report, format: Format) -> bytes:
    """Blocks: for a thread. Raises `gateway.reports.pdf.NotSet`."""
    return RENDERERS[format](fitted(report))
