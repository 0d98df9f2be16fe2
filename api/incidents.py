"""Reading incidents and their timelines."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.auth import Caller, needs
from api.core import TheDesk, language_of
from api.documented import answers
from api.errors import Code
from api.examples import INCIDENT, INCIDENTS, TIMELINE
from api.ids import IncidentId, etag, incident_id
from api.list_schemas import IncidentSummariesOut, summary_out
from api.pages import page_response
from api.permissions import Permission
from api.requests import IncidentsQuery, NoQuery, TimelineQuery, View
from api.schemas import IncidentOut, IncidentsOut, TimelineOut, entry_out

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.get(
    "",
    summary="Incidents, newest first",
    response_model=IncidentsOut | IncidentSummariesOut,
    responses=answers(INCIDENTS),
    dependencies=[needs(Permission.READ)],
)
async def list_incidents(desk: TheDesk, _: Caller, query: Annotated[IncidentsQuery, Query()]) -> Response:
    """All filters must hold. Follow `next_cursor` for more: with `text` a page may hold fewer than `limit`, even none,
    and still have one. What was said a moment ago can be searched for a second later.
    """
    page = await desk.incidents(query.question())
    write = summary_out if query.view is View.SUMMARY else IncidentOut.model_validate
    return await page_response(page.items, write, next_cursor=page.next_cursor)


@router.get(
    "/{incident}",
    summary="One incident",
    responses=answers(INCIDENT, Code.UNKNOWN_INCIDENT, etag=True),
    dependencies=[needs(Permission.READ)],
)
async def get_incident(
    desk: TheDesk, _: Caller, incident: IncidentId, query: Annotated[NoQuery, Query()], response: Response
) -> IncidentOut:
    """The ETag is its revision: send it as If-Match with a command that must not meet a changed incident."""
    found = await desk.incident(incident_id(incident))
    response.headers["ETag"] = etag(found)
    return IncidentOut.model_validate(found)


@router.get(
    "/{incident}/timeline",
    summary="The timeline of an incident",
    response_model=TimelineOut,
    responses=answers(TIMELINE, Code.UNKNOWN_INCIDENT),
    dependencies=[needs(Permission.READ)],
)
async def get_timeline(
    request: Request,
    desk: TheDesk,
    _: Caller,
    incident: IncidentId,
    query: Annotated[TimelineQuery, Query()],
) -> Response:
    """In order, from the entry after number `after`. Nothing in it is ever altered."""
    language = language_of(request, query.lang)
    page = await desk.timeline(incident_id(incident), query.after, query.limit)
    titles = desk.titles()
    more = page.next_cursor is not None and bool(page.items)
    return await page_response(
        page.items,
        lambda entry: entry_out(entry, language, titles),
        headers={"Content-Language": language},
        next_after=page.items[-1].number if more else None,
    )
