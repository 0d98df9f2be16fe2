"""The timeline as it grows, by Server-Sent Events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from api.auth import Caller, Principal, needs
from api.core import TheDesk, language_of
from api.documented import answers
from api.errors import RETRY_AFTER, Code, invalid, problem_response
from api.examples import STREAM
from api.ids import IncidentId, incident_id
from api.permissions import Permission
from api.ports import Desk
from api.rendered import Rendered
from api.requests import POSITION_MAX, StreamQuery
from api.settings import ApiSettings
from api.subscription import SHUTTING_DOWN, SIGNED_OUT, End, Subscription
from rules.timeline import Entry
from rules.timeline_text import Language

log = logging.getLogger(__name__)
router = APIRouter(tags=["streams"])

RETRY_MS = 3_000  # how long a browser waits before it comes back; longer than a restart's worst moment
SEND_SECONDS_MAX = 60  # a peer that takes nothing for so long, not even heartbeats, is gone without a word
STILL_SECONDS = 5.0  # a user who was disabled, or whose token is over, reads no longer than this
END_EVENT = "end"  # no Kind has this name


class Streams:
    """All streams that are open, so that there are never too many and all end with the gateway."""

    def __init__(self, settings: ApiSettings) -> None:
        self.settings = settings
        self.rendered = Rendered()
        self._open: dict[Subscription, str] = {}  # whose it is
        self._closing = False

    def __len__(self) -> int:
        return len(self._open)

    def refusal(self, caller: str) -> tuple[Code, str] | None:
        """Why the caller can open no other stream now, if so."""
        if self._closing:
            return Code.SHUTTING_DOWN, "come back when the gateway has started again"
        if len(self._open) >= self.settings.streams_max:
            return Code.TOO_MANY_STREAMS, f"{self.settings.streams_max} are open; close one, or raise streams_max"
        most = self.settings.streams_per_user_max
        if sum(whose == caller for whose in self._open.values()) >= most:
            return Code.TOO_MANY_STREAMS, f"{most} of {caller} are open; close one, or raise streams_per_user_max"
        return None

    def enter(self, subscription: Subscription, caller: str) -> None:
        self._open[subscription] = caller

    def leave(self, subscription: Subscription) -> None:
        self._open.pop(subscription, None)

    def close(self) -> None:
        """Ends every stream after what waits for its reader, and opens no other."""
        self._closing = True
        for subscription in list(self._open):
            subscription.stop(SHUTTING_DOWN)


class EntryStream(EventSourceResponse):
    """An answer that lasts. Counts as open from its first byte to its last, however it ends."""

    def __init__(
        self,
        streams: Streams,
        desk: Desk,
        entries: AsyncIterator[Entry],
        language: Language,
        request_id: str,
        caller: str,
        still: Callable[[], Awaitable[bool]],
    ) -> None:
        """`still`: whether the caller would be let in now as when they came."""
        settings = streams.settings
        self._streams, self._caller, self._still = streams, caller, still
        self._request_id = request_id
        self._subscription = Subscription(entries, settings.stream_queue_entries, settings.stream_stall_seconds)
        super().__init__(
            _events(self._subscription, streams.rendered, desk, language),
            headers={"Content-Language": language},
            ping=settings.stream_heartbeat_seconds,
            ping_message_factory=_heartbeat,
            send_timeout=SEND_SECONDS_MAX,
            sep="\n",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._streams.refusal(self._caller)
        if refusal is not None:
            await problem_response(self._request_id, *refusal, headers=RETRY_AFTER)(scope, receive, send)
            return
        self._streams.enter(self._subscription, self._caller)
        beside = [asyncio.create_task(self._subscription.pump()), asyncio.create_task(self._end_when_over())]
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("stream %s: nothing was taken for %d s", self._request_id, SEND_SECONDS_MAX)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self._streams.leave(self._subscription)

    async def _end_when_over(self) -> None:
        seconds = min(STILL_SECONDS, self._streams.settings.stream_heartbeat_seconds)
        while True:
            await asyncio.sleep(seconds)
            if not await self._still():
                self._subscription.stop(SIGNED_OUT)
                return


async def _events(
    subscription: Subscription, rendered: Rendered, desk: Desk, language: Language
) -> AsyncIterator[ServerSentEvent | bytes]:
    yield ServerSentEvent(retry=RETRY_MS, sep="\n")  # also tells the reader at once that it is connected
    async for items in subscription.read():
        if isinstance(items, End):
            yield _end_event(items)
        else:
            titles = desk.titles()
            yield b"".join(rendered.event(entry, language, titles) for entry in items)


def _end_event(end: End) -> ServerSentEvent:
    return ServerSentEvent(msgspec.json.encode(end).decode(), event=END_EVENT, sep="\n")


def _heartbeat() -> ServerSentEvent:
    return ServerSentEvent(comment="still here", sep="\n")


def _start(query: StreamQuery, last_event_id: str | None) -> int | None:
    if not last_event_id:
        return query.after
    if not (last_event_id.isascii() and last_event_id.isdigit() and int(last_event_id[:20]) <= POSITION_MAX):
        raise invalid("header.last-event-id", last_event_id, "the id of an event of this stream")
    return int(last_event_id)


def _stream(
    request: Request, desk: Desk, caller: Principal, query: StreamQuery, resume: str | None, incident: str | None
) -> Response:
    streams: Streams = request.app.state.streams
    entries = desk.watch(_start(query, resume), incident)
    language = language_of(request, query.lang)
    return EntryStream(streams, desk, entries, language, request.state.request_id, caller.name, request.state.still)


LastEventId = Annotated[str | None, Header(description="entries above this position; browsers send it by themselves")]
_STREAM_CODES = (Code.TOO_MANY_STREAMS, Code.SHUTTING_DOWN)


@router.get(
    "/stream",
    summary="All timelines as they grow",
    response_class=EventSourceResponse,
    responses=answers(STREAM, *_STREAM_CODES, media_type="text/event-stream"),
    dependencies=[needs(Permission.READ)],
)
async def stream_all(
    request: Request,
    desk: TheDesk,
    caller: Caller,
    query: Annotated[StreamQuery, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """An event an entry: `id` its position, `event` its kind, `data` the entry. Nothing is missed on resuming.

    An event `end` says why the gateway closes the stream (`slow_client`, `shutting_down`, `failed`,
    `signed_out`: as long as its token is good and sees the same, a stream lasts); a comment is sent when it is quiet.
    """
    return _stream(request, desk, caller, query, last_event_id, None)


@router.get(
    "/incidents/{incident}/stream",
    summary="The timeline of one incident as it grows",
    response_class=EventSourceResponse,
    responses=answers(STREAM, Code.UNKNOWN_INCIDENT, *_STREAM_CODES, media_type="text/event-stream"),
    dependencies=[needs(Permission.READ)],
)
async def stream_incident(
    request: Request,
    desk: TheDesk,
    caller: Caller,
    incident: IncidentId,
    query: Annotated[StreamQuery, Query()],
    last_event_id: LastEventId = None,
) -> Response:
    """As the stream of all timelines, for one incident."""
    found = await desk.incident(incident_id(incident))
    return _stream(request, desk, caller, query, last_event_id, found.id)
