"""Reports of incidents, and their timelines for spreadsheets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.auth import Caller, needs
from api.core import TheDesk, language_of
from api.documented import Responses, answers
from api.errors import Code
from api.ids import IncidentId, incident_id
from api.permissions import Permission
from api.ports import Desk
from api.report_files import TEXT, ReportFile, named, report_answers, report_file
from api.report_requests import ReportQuery
from api.requests import LanguageQuery
from api.timeline_csv import csv_head, csv_rows
from rules.incident import Incident
from rules.report_kinds import ReportKind, report_of
from rules.timeline_text import Language

router = APIRouter(prefix="/incidents", tags=["reports"])

ENTRIES_A_PIECE = 500

_CSV = "text/csv"
_CSV_EXAMPLE = (
    "number,time (UTC),time (site),kind,…\r\n1,2026-11-24T05:00:00.120Z,2026-11-24 13:00:00+0800,opened,…\r\n"
)


class _Csv(StreamingResponse):
    media_type = _CSV


def _csv_answers() -> Responses:
    responses = answers(_CSV_EXAMPLE, Code.UNKNOWN_INCIDENT, media_type=_CSV)
    responses[200]["content"][_CSV] |= TEXT
    return responses


@router.get(
    "/{incident}/report",
    summary="The report of an incident",
    response_class=ReportFile,
    responses=report_answers(Code.UNKNOWN_INCIDENT),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_report(
    request: Request, desk: TheDesk, _: Caller, incident: IncidentId, query: Annotated[ReportQuery, Query()]
) -> Response:
    """To be filed and signed: time, place, cause, measures, result, times against limits, who did what.

    `kind=after_action` appraises the response. PDF is PDF/A-2a; JSON is the same document as data. Times are those of
    the site's zone, and an exercise is stamped on every page. It names the last journal entry it rests on.
    """
    language, id = language_of(request, query.lang), incident_id(incident)
    facts = await desk.report_facts(id)
    report = await run_in_threadpool(report_of, facts, query.kind, language)
    kind = "report" if query.kind is ReportKind.INCIDENT else "after-action"
    return await report_file(desk, report, query, f"{id}-{kind}")


@router.get(
    "/{incident}/timeline.csv",
    summary="The timeline of an incident for a spreadsheet",
    response_class=_Csv,
    responses=_csv_answers(),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_timeline_csv(
    request: Request, desk: TheDesk, _: Caller, incident: IncidentId, query: Annotated[LanguageQuery, Query()]
) -> StreamingResponse:
    """All of it. UTF-8 with a mark that Excel needs; what a spreadsheet would compute begins with an apostrophe."""
    language = language_of(request, query.lang)
    found = await desk.incident(incident_id(incident))  # an unknown one is said before the answer begins
    zone = ZoneInfo(await desk.timezone_of(found.site))
    headers = named(f"{found.id}-timeline-{language}.csv", language, download=True)
    return StreamingResponse(_csv(desk, found, language, zone), headers=headers, media_type=f"{_CSV}; charset=utf-8")


async def _csv(desk: Desk, incident: Incident, language: Language, zone: ZoneInfo) -> AsyncIterator[bytes]:
    titles, after, more = desk.titles(), 0, True
    yield csv_head(language)
    while more:
        page = await desk.timeline(incident.id, after, ENTRIES_A_PIECE)
        yield await run_in_threadpool(csv_rows, page.items, language, titles, zone)
        more = page.next_cursor is not None and bool(page.items)
        after = page.items[-1].number if page.items else after
