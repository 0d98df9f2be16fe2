"""Why something happened or did not; and what became of messages to people, occupants and authorities."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.auth import Caller, needs
from api.core import TheDesk, language_of
from api.devices import DeviceName, SiteName, device_id
from api.documented import answers
from api.errors import Code
from api.ids import IncidentId, incident_id
from api.pages import page_response
from api.permissions import Permission
from api.requests import LanguageQuery
from api.response_examples import EXPLANATION, NOTIFICATIONS
from api.response_requests import NotificationsQuery
from api.response_schemas import ExplanationOut, NotificationsOut, explanation_out
from api.schemas import entry_out

router = APIRouter(tags=["explanations"])


@router.get(
    "/notifications",
    summary="The log of messages, newest first",
    response_model=NotificationsOut,
    responses=answers(NOTIFICATIONS),
    dependencies=[needs(Permission.READ_MESSAGES)],
)
async def list_notifications(
    request: Request, desk: TheDesk, _: Caller, query: Annotated[NotificationsQuery, Query()]
) -> Response:
    """Every attempt at a notification, occupant notice or authority message, as the timeline has it.

    For a caller who sees some sites alone a page may hold fewer than `limit`, and still have a `next_cursor`.
    """
    language = language_of(request, query.lang)
    page = await desk.notices(query.question())
    titles = desk.titles()
    return await page_response(
        page.items,
        lambda entry: entry_out(entry, language, titles),
        headers={"Content-Language": language},
        next_cursor=page.next_cursor,
    )


@router.get(
    "/explain/incidents/{incident}",
    summary="Why an incident is as it is",
    responses=answers(EXPLANATION, Code.UNKNOWN_INCIDENT),
    dependencies=[needs(Permission.READ)],
)
async def explain_incident(
    request: Request,
    response: Response,
    desk: TheDesk,
    _: Caller,
    incident: IncidentId,
    query: Annotated[LanguageQuery, Query()],
) -> ExplanationOut:
    """What raised it, what was decided and why, and what keeps it from being closed."""
    language = language_of(request, query.lang)
    response.headers["Content-Language"] = language
    return explanation_out(await desk.explain_incident(incident_id(incident)), language)


@router.get(
    "/explain/devices/{site}/{name}",
    summary="Why a device raises something, or does not",
    responses=answers(EXPLANATION, Code.UNKNOWN_DEVICE),
    dependencies=[needs(Permission.READ)],
)
async def explain_device(
    request: Request,
    response: Response,
    desk: TheDesk,
    _: Caller,
    site: SiteName,
    name: DeviceName,
    query: Annotated[LanguageQuery, Query()],
) -> ExplanationOut:
    """Each rule of its class: whether it holds, and what keeps it quiet if so."""
    language = language_of(request, query.lang)
    response.headers["Content-Language"] = language
    return explanation_out(await desk.explain_device(device_id(site, name)), language)
