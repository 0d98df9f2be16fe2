"""What goes on, kept up to date: asked for again after an entry, in short in a flood; old when nobody answers."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from console.client import Api
from console.live import WHOLE_MAX, Live, running
from tests.support.shown import entry, incident, zone

SECONDS_MAX = 10.0


class Gateway:
    """Answers as the API does; `say` is an entry on the stream, `down` is nobody there."""

    def __init__(self) -> None:
        self.incidents: dict[str, dict[str, Any]] = {}
        self.asked: Counter[str] = Counter()
        self.down = False
        self._said: asyncio.Queue[str] = asyncio.Queue()

    def say(self, **what: Any) -> None:
        made = entry(**what)
        self._said.put_nowait(f"id: {made['position']}\nevent: {made['kind']}\ndata: {json.dumps(made)}\n\n")

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down", request=request)
        path = request.url.path.removeprefix("/api/v1")
        self.asked[path] += 1
        if path == "/healthz":
            return httpx.Response(200, json={"alive": True})
        if path == "/stream":
            return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=_Said(self._said))
        if path == "/zones":
            return httpx.Response(200, json={"items": [zone()]})
        if path == "/incidents":
            return httpx.Response(200, json={"items": self._listed(request), "next_cursor": None})
        if path.endswith("/timeline"):
            return httpx.Response(200, json={"items": [], "next_after": None})
        return httpx.Response(200, json=self.incidents[path.rpartition("/")[2]])

    def _listed(self, request: httpx.Request) -> list[dict[str, Any]]:
        wanted = request.url.params.get("status") != "closed"
        left_out = ("steps", "evidence", "commands", "due", "ladder", "countdown")
        return [
            {name: value for name, value in each.items() if name not in left_out}
            for each in self.incidents.values()
            if each["open"] is wanted
        ]


class _Said(httpx.AsyncByteStream):
    def __init__(self, said: asyncio.Queue[str]) -> None:
        self._said = said

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b": hello\n\n"
        while True:
            yield (await self._said.get()).encode()


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def live(gateway: Gateway) -> AsyncIterator[Live]:
    api = Api("http://127.0.0.1", transport=httpx.MockTransport(gateway.answer))
    async with running(Live(api)) as made:
        await _until(made, lambda: made.loaded)
        yield made
    await api.close()


async def test_an_entry_brings_its_incident_as_it_is_now(gateway: Gateway, live: Live) -> None:
    gateway.incidents["INC-000001"] = incident(1)
    gateway.say(number=1, kind="opened")
    await _until(live, lambda: "INC-000001" in live.incidents)
    gateway.incidents["INC-000001"] = incident(1, level="I", revision=2)
    gateway.say(number=2, kind="level_raised")
    await _until(live, lambda: live.incidents["INC-000001"]["level"] == "I")
    gateway.incidents["INC-000001"] = incident(1, open=False, revision=3)
    gateway.say(number=3, kind="closed")
    await _until(live, lambda: not live.incidents)
    assert [each["id"] for each in live.closed] == ["INC-000001"]
    assert [each["kind"] for each in live.entries] == ["opened", "level_raised", "closed"]


async def test_in_a_flood_all_are_asked_for_in_short_and_the_worst_in_full(gateway: Gateway, live: Live) -> None:
    for number in range(1, 501):
        each = incident(number, level="I" if number == 250 else "III")
        gateway.incidents[each["id"]] = each
        gateway.say(number=number, kind="opened", incident=each["id"])
    await _until(live, lambda: len(live.incidents) == 500)
    assert "steps" in live.incidents["INC-000250"]
    asked_in_full = sum(count for path, count in gateway.asked.items() if path.startswith("/incidents/INC-"))
    assert asked_in_full <= 4 * WHOLE_MAX + 10, "not every one of them"
    assert gateway.asked["/incidents"] < 40, "not once an entry"


async def test_what_is_known_is_old_once_nobody_has_answered_for_three_seconds() -> None:
    gateway, now = Gateway(), [100.0]
    api = Api("http://127.0.0.1", transport=httpx.MockTransport(gateway.answer))
    live = Live(api, clock=lambda: now[0])
    assert live.stale, "nothing is known yet"
    async with running(live):
        await _until(live, lambda: live.loaded)
        assert not live.stale
        gateway.down = True
        now[0] += 2.9
        assert not live.stale
        now[0] += 0.2
        assert live.stale, "and a page says so within 5 s: it looks every second"
    await api.close()


async def _until(live: Live, condition: Callable[[], bool]) -> None:
    """As soon as it is so after a change."""
    changed = asyncio.Event()
    stop = live.listen(changed.set)
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():
            changed.clear()
            await changed.wait()
    stop()
