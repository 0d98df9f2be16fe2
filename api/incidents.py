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
from api.permissions import Permission
from api.requests import IncidentsQuery, NoQuery, TimelineQuery
from api.schemas import IncidentOut, IncidentsOut, TimelineOut, entry_out

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.get("", summary="Incidents, newest first", responses=answers(INCIDENTS), dependencies=[needs(Permission.READ)])
async def list_incidents(desk: TheDesk, _: Caller, query: Annotated[IncidentsQuery, Query()]) -> IncidentsOut:
    """All filters must hold. Follow `next_cursor` for more."""
    return IncidentsOut.model_validate(await desk.incidents(query.question()))


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
    responses=answers(TIMELINE, Code.UNKNOWN_INCIDENT),
    dependencies=[needs(Permission.READ)],
)
async def get_timeline(
    request: Request,
    response: Response,
    desk: TheDesk,
    _: Caller,
    incident: IncidentId,
    query: Annotated[TimelineQuery, Query()],
) -> TimelineOut:
    """In order, from the entry after number `after`. Nothing in it is ever altered."""
    language = language_of(request, query.lang)
    page = await desk.timeline(incident_id(incident), query.after, query.limit)
    response.headers["Content-Language"] = language
    titles = desk.titles()
    items = [entry_out(entry, language, titles) for entry in page.items]
    more = page.next_cursor is not None and bool(items)
    return TimelineOut(items=items, next_after=items[-1].number if more else None)
