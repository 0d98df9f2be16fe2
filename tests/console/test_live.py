"""What goes on, kept up to date: asked for again after an entry, in short in a flood; old when nobody answers."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from console import clock as times
from console.client import Api
from console.live import ASKED_AT_ONCE, Live, running
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
        if path == "/sites":
            return httpx.Response(200, json={"items": [{"id": "tower-a", "timezone": "Asia/Shanghai"}]})
        if path == "/incidents":
            return httpx.Response(200, json={"items": self._listed(request), "next_cursor": None})
        if path.endswith("/timeline"):
            return httpx.Response(200, json={"items": [], "next_after": None})
        return httpx.Response(200, json=self.incidents[path.rpartition("/")[2]])

    def _listed(self, request: httpx.Request) -> list[dict[str, Any]]:
        wanted = request.url.params.get("status") != "closed"
        ids = request.url.params.get("ids", "").split(",")
        left_out = ("steps", "evidence", "commands", "due", "ladder", "countdown")
        return [
            {name: value for name, value in each.items() if name not in left_out}
            for each in self.incidents.values()
            if (each["id"] in ids if ids != [""] else each["open"] is wanted)
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
async def live(gateway: Gateway, zone_as_before: None) -> AsyncIterator[Live]:
    api = Api("http://127.0.0.1", transport=httpx.MockTransport(gateway.answer))
    async with running(Live(api)) as made:
        await _until(made, lambda: made.loaded)
        yield made
    await api.close()


async def test_what_is_loaded_tells_in_which_zone_times_are_told(live: Live) -> None:
    assert times.zone.name == "Asia/Shanghai"


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


async def test_in_a_flood_those_that_have_changed_are_asked_for_many_at_once(gateway: Gateway, live: Live) -> None:
    for number in range(1, 501):
        each = incident(number, level="I" if number == 250 else "III", revision=2)
        gateway.incidents[each["id"]] = each
        gateway.say(number=number, kind="opened", incident=each["id"])
    await _until(live, lambda: len(live.incidents) == 500)
    assert live.incidents["INC-000250"]["level"] == "I"
    assert not [path for path in gateway.asked if path.startswith("/incidents/INC-")], "none in full"
    assert gateway.asked["/incidents"] <= 10 + 2 * 500 / ASKED_AT_ONCE, "not once an entry"
    assert gateway.asked["/zones"] == 1, "where they are follows from what they are"
    assert len(live.zones[0]["open_incidents"]) == 500


async def test_a_siren_is_looked_for_once_a_change_and_by_site(gateway: Gateway, live: Live) -> None:
    gateway.incidents["INC-000001"] = incident(1, level="II")
    gateway.say(number=1, kind="opened")
    await _until(live, lambda: "INC-000001" in live.incidents)
    assert live.siren(frozenset()) == "II"
    assert live.siren(frozenset({"mall"})) == ""


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
