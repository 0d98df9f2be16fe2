"""The HTTP API. `make_app` is the only way to get one; it knows the desk and nothing behind it."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from api import (
    actions,
    attachments,
    commands,
    dead_letters,
    devices,
    drills,
    duty,
    events,
    explanations,
    handovers,
    health,
    inbox,
    incidents,
    journal,
    kpis,
    login,
    maintenance,
    metrics,
    orders,
    plans,
    readings,
    reported,
    reports,
    rules,
    shelves,
    streams,
    tokens,
    trials,
    users,
)
from api.attachments import Uploads
from api.auth import all_name_a_permission
from api.core import no_parameter_twice
from api.documented import DocumentedApi
from api.envelope import Envelope
from api.errors import add_error_answers
from api.figures import Requests
from api.gate import Gate
from api.identity_port import Identity
from api.no_users import no_users
from api.paths import OPENAPI, PREFIX
from api.playing import Players
from api.ports import Desk
from api.privacy import Masks
from api.settings import ApiSettings
from api.streams import Streams
from api.turnstile import Turnstile

GZIP_BYTES_MIN = 1_000  # a smaller answer fits one packet either way
GZIP_LEVEL = 4  # 90 % of the gain of level 9 for a third of its time

DESCRIPTION = """\
Incidents, their timelines, the devices behind them, and what people do about it.

Tocsin is a **supplementary** system: it replaces neither a certified fire panel nor a lift intercom.

Instants are RFC 3339 in UTC. Levels are Roman numerals, I being the worst. Errors are problem documents (RFC 9457)
whose `code` is stable. Query parameters that an operation does not know are refused.

Every command says who acts (`by`; a token's name prevails) and may say in which `role`, as plans and roster name it:
one that the roster gives them. What is at a site that the caller does not see is not there (404).
"""
TAGS = [
    {"name": "incidents", "description": "What is going on, and what went on."},
    {"name": "commands", "description": "What people do about an incident."},
    {"name": "orders", "description": "What is to be repaired, by whom, until when; and the files that belong to it."},
    {"name": "reviews", "description": "What has to change, and whether it has helped."},
    {"name": "shelves", "description": "What is kept quiet on purpose."},
    {"name": "handovers", "description": "One shift hands over to the next."},
    {"name": "drills", "description": "Exercises: held, scored, due; and questions for training."},
    {"name": "plans", "description": "What would be done, and by whom."},
    {"name": "rules", "description": "Rules in force, and every version that ever was."},
    {"name": "trials", "description": "What other rules would do, or would have done."},
    {"name": "audit", "description": "Whether the journal is as it was written."},
    {"name": "explanations", "description": "Why something happened or did not, and who was told."},
    {"name": "reports", "description": "What is filed and signed; timelines for spreadsheets; figures over many."},
    {"name": "streams", "description": "Entries of timelines as they are made."},
    {"name": "building", "description": "Devices, zones, and messages nobody understood."},
    {"name": "login", "description": "Signing in and out. Open to everybody."},
    {"name": "users", "description": "Who may do what, where; API tokens for programs; the access log."},
    {"name": "health", "description": "Whether the gateway does its work."},
]

_PARTS = (
    incidents,
    reports,
    kpis,
    commands,
    orders,
    attachments,
    actions,
    shelves,
    handovers,
    drills,
    plans,
    explanations,
    streams,
    devices,
    inbox,
    dead_letters,
    rules,
    trials,
    readings,
    duty,
    events,
    reported,
    maintenance,
    journal,
    users,
    tokens,
)


def make_app(desk: Desk, settings: ApiSettings | None = None, identity: Identity | None = None) -> FastAPI:
    """The API over a desk. Call `close_streams` before the server is asked to stop: it waits for open answers."""
    settings = settings or ApiSettings()
    app = DocumentedApi(
        title="Tocsin",
        version=version("tocsin"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url=OPENAPI,
        docs_url=None,  # both pages load scripts from elsewhere, which a control room cannot
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # what clients made from the document call it
        redirect_slashes=False,  # a redirect would repeat the Host that was sent
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        dependencies=[Depends(no_parameter_twice)],
        middleware=_middleware(settings),
    )
    put_behind(app, desk, settings, identity)
    add_error_answers(app)
    for part in (*_PARTS, metrics):
        all_name_a_permission(part.router.routes)
    for part in (*_PARTS, login):
        app.include_router(part.router, prefix=PREFIX)
    for router in (health.router, metrics.router):
        app.include_router(router)
    return app


def put_behind(app: FastAPI, desk: Desk, settings: ApiSettings, identity: Identity | None = None) -> None:
    """Gives an app its desk, and forgets whatever is under way; `settings` are those the app was made with.

    An app looks at its routes when it is first asked, which takes a tenth of a second: tests share one.
    """
    app.state.desk = desk
    app.state.identity = identity or no_users()
    app.state.masks = Masks(app.state.identity.mask_key)
    app.state.settings = settings
    app.state.streams = Streams(settings)
    app.state.uploads = Uploads()
    app.state.requests = Requests()
    app.state.players = Players()


def close_streams(app: FastAPI) -> None:
    """Ends all event streams of an app from `make_app`, each with an `end` event; new ones are refused."""
    streams: Streams = app.state.streams
    streams.close()


def _middleware(settings: ApiSettings) -> list[Middleware]:
    """Outermost first."""
    return [
        Middleware(Envelope),
        Middleware(Gate, settings=settings),
        Middleware(Turnstile),
        Middleware(GZipMiddleware, minimum_size=GZIP_BYTES_MIN, compresslevel=GZIP_LEVEL),
    ]
