"""A client of the public API, as the control room would be: reads incidents and the stream, acts for people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType

import httpx

from api.schemas import EntryOut, IncidentOut
from simulators.scenario import Acknowledges, Act, Notes

SECONDS_MAX = 10.0  # for an answer; the stream itself may be quiet for longer
STREAM_QUIET_SECONDS_MAX = 60.0  # heartbeats come every 15 s
ENDED = "end"  # the stream's last event; all others are named after the kind of their entry


class Answer:
    """What became of an act: `ok`, or the API's own words why not."""

    def __init__(self, response: httpx.Response) -> None:
        self.ok = response.is_success
        self.detail = "" if self.ok else response.text[:500]


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

    async def carry_out(self, act: Act, incident: str) -> Answer:
        """Do for a person what the scenario says."""
        if isinstance(act, Acknowledges):
            return await self._post(incident, "acknowledge", {"by": act.by, "note": act.note})
        if isinstance(act, Notes):
            return await self._post(incident, "notes", {"by": act.by, "text": act.text})
        body = {"by": act.by, "finding": act.finding.value, "cause": act.cause, "note": act.note}
        return await self._post(incident, "resolve", body)

    async def _post(self, incident: str, command: str, body: dict[str, str]) -> Answer:
        return Answer(await self._client.post(f"/incidents/{incident}/{command}", json=body))
