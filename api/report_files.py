"""A report as an answer: a file in the format that was asked for, shown or saved, that can do nothing in a browser."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from api.documented import Responses, answers
from api.errors import Code
from api.report_port import ENDINGS, MEDIA_TYPES, Format, ReportDesk
from api.report_requests import FormatQuery
from rules.report import Report
from rules.timeline_text import Language

TEXT = {"schema": {"type": "string"}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_HTML_EXAMPLE = '<!DOCTYPE html>\n<html lang="en">…</html>'
# A report is shown by browsers: whatever is in it, nothing of it runs, and it loads nothing.
SEALED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class ReportFile(Response):
    media_type = "text/html"


def report_answers(unknown: Code) -> Responses:
    responses = answers(_HTML_EXAMPLE, unknown, media_type="text/html")
    content: dict[str, Any] = responses[200]["content"]
    content["text/html"] |= TEXT
    content |= {MEDIA_TYPES[Format.PDF]: _BINARY, MEDIA_TYPES[Format.MARKDOWN]: TEXT}
    content[MEDIA_TYPES[Format.JSON]] = {"schema": {"type": "object"}}
    return responses


async def report_file(desk: ReportDesk, report: Report, query: FormatQuery, name: str) -> Response:
    """`name`: of the file, without its ending. Raises ReportFailed."""
    content = await desk.rendered(report, query.format)
    headers = named(f"{name}-{report.language}.{ENDINGS[query.format]}", report.language, query.download)
    media_type = MEDIA_TYPES[query.format]
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    return Response(content, headers=headers, media_type=media_type)


def named(name: str, language: Language, download: bool) -> dict[str, str]:
    disposition = "attachment" if download else "inline"
    return {"Content-Disposition": f'{disposition}; filename="{name}"', "Content-Language": language, **SEALED}
