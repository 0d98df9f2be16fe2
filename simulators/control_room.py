"""A client of the public API, as the control room would be: reads incidents and the stream, acts for people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from string import Formatter
from types import TracebackType

import httpx
import msgspec

from api.drill_schemas import DrillDoneOut, DrillOut
from api.playing_schemas import CanPlayIn, ScenarioIn, ToPlayListOut, ToPlayOut
from api.response_schemas import OrderOut
from api.schemas import EntryOut, IncidentOut
from rules.requests import (
    AbortDrill,
    Acknowledge,
    AddNote,
    AdvanceOrder,
    Assign,
    AssignOrder,
    ChangeLevel,
    CompleteTask,
    Confirm,
    EndDrill,
    HandOverOrder,
    OpenOrder,
    OverrideCommand,
    PersonCommand,
    PutOnShelf,
    Resolve,
    Respond,
    ResumeDrill,
    Review,
    SkipTask,
    StartDrill,
    SuspendDrill,
)
from simulators.acts import Act

SECONDS_MAX = 10.0  # for an answer; the stream itself may be quiet for longer
STREAM_QUIET_SECONDS_MAX = 60.0  # heartbeats come every 15 s
ENDED = "end"  # the stream's last event; all others are named after the kind of their entry


class Answer:
    """What became of an act: `ok`, or the API's own words why not."""

    def __init__(self, response: httpx.Response) -> None:
        self.ok = response.is_success
        self.detail = "" if self.ok else response.text[:500]
        self.content = response.content


class DrillRefused(RuntimeError):
    """The gateway does not start it; the text says why."""


class ReportRefused(RuntimeError):
    """There is no report in this format; the text says why."""


class ControlRoom:
    """`async with ControlRoom("http://127.0.0.1:8080") as room`. Methods raise httpx.HTTPError when nobody answers."""

    def __init__(self, url: str, token: str | None = None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(SECONDS_MAX, read=STREAM_QUIET_SECONDS_MAX)
        self._client = httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers=headers, timeout=timeout, transport=transport, trust_env=False
        )

    async def __aenter__(self) -> ControlRoom:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def incident(self, incident: str) -> IncidentOut:
        response = await self._client.get(f"/incidents/{incident}")
        return IncidentOut.model_validate_json(response.raise_for_status().content)

    async def entries(self, after: int | None = None) -> AsyncIterator[EntryOut]:
        """Every entry with a position above `after` (None: from now on), until the gateway ends the stream."""
        params = {"lang": "en"} if after is None else {"lang": "en", "after": str(after)}
        async with self._client.stream("GET", "/stream", params=params) as response:
            response.raise_for_status()
            event = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    event = value
                elif field == "data" and event == ENDED:
                    return
                elif field == "data":
                    yield EntryOut.model_validate_json(value)

    async def can_play(self, player: str, scenarios: Sequence[ScenarioIn]) -> list[ToPlayOut]:
        """Tells what could be played. → what is to be. Raises httpx.HTTPStatusError where it may not."""
        body = CanPlayIn(player=player, scenarios=list(scenarios)).model_dump_json()
        headers = {"Content-Type": "application/json"}
        response = await self._client.post("/drills/scenarios", content=body, headers=headers)
        return list(ToPlayListOut.model_validate_json(response.raise_for_status().content).items)

    async def orders(self, incident: IncidentOut) -> list[OrderOut]:
        """The incident's work orders as they are now."""
        answers = [await self._client.get(f"/orders/{order}") for order in incident.orders]
        return [OrderOut.model_validate_json(answer.raise_for_status().content) for answer in answers]

    async def start_drill(self, request: StartDrill) -> DrillDoneOut:
        """Raises DrillRefused, with the API's words."""
        answer = await self.ask(request)
        if not answer.ok:
            raise DrillRefused(answer.detail)
        return DrillDoneOut.model_validate_json(answer.content)

    async def drill(self, drill: str) -> DrillOut:
        response = await self._client.get(f"/drills/{drill}")
        return DrillOut.model_validate_json(response.raise_for_status().content)

    async def drill_report(self, drill: str, format: str, language: str) -> bytes:
        """`format`: html, pdf, markdown or json. Raises ReportRefused."""
        answer = Answer(await self._client.get(f"/drills/{drill}/report", params={"format": format, "lang": language}))
        if not answer.ok:
            raise ReportRefused(answer.detail)
        return answer.content

    async def carry_out(self, act: Act, incident: str, site: str) -> list[Answer]:
        """Do for a person what the scenario says."""
        orders = await self.orders(await self.incident(incident)) if incident else []
        return [await self.ask(request) for request in act.ask(incident, site, orders)]

    async def ask(self, request: PersonCommand) -> Answer:
        """The request, by its route."""
        body = msgspec.to_builtins(request)
        path = _PATHS[type(request)].format(**body)
        named = {name for _, name, _, _ in Formatter().parse(_PATHS[type(request)]) if name}
        return Answer(
            await self._client.post(path, json={key: body[key] for key in body if key not in {*named, "type"}})
        )


_PATHS: dict[type, str] = {
    Acknowledge: "/incidents/{incident}/acknowledge",
    AddNote: "/incidents/{incident}/notes",
    Confirm: "/incidents/{incident}/confirm",
    ChangeLevel: "/incidents/{incident}/level",
    Assign: "/incidents/{incident}/assign",
    Respond: "/incidents/{incident}/respond",
    CompleteTask: "/incidents/{incident}/tasks/{step}/complete",
    SkipTask: "/incidents/{incident}/tasks/{step}/skip",
    OverrideCommand: "/incidents/{incident}/commands",
    Resolve: "/incidents/{incident}/resolve",
    Review: "/incidents/{incident}/review",
    OpenOrder: "/orders",
    AdvanceOrder: "/orders/{order}/steps",
    AssignOrder: "/orders/{order}/assign",
    HandOverOrder: "/orders/{order}/hand-over",
    PutOnShelf: "/shelves",
    StartDrill: "/drills",
    EndDrill: "/drills/{drill}/end",
    AbortDrill: "/drills/{drill}/abort",
    SuspendDrill: "/drills/{drill}/suspend",
    ResumeDrill: "/drills/{drill}/resume",
}
