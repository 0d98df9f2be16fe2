"""Lists as consoles ask for them: in short, by words and by status; the board; and what they cost others."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from api.turnstile import AT_ONCE, Turnstile
from rules.incident import Phase
from rules.order import Node
from tests.api.fake_desk import FakeDesk

INCIDENTS = "/api/v1/incidents"
LEAK = {"en": "Water on the floor", "zh": "地面漏水"}


async def _items(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_summary_has_what_a_list_shows_and_not_what_is_heavy(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.opened()
    (full,) = await _items(client, INCIDENTS)
    (summary,) = await _items(client, INCIDENTS, view="summary")
    next_due = summary.pop("next_due")
    assert summary.items() <= full.items()
    assert full.keys() - summary.keys() >= {"evidence", "commands", "steps", "due"}
    assert next_due == (full["due"][0] if full["due"] else None)


async def test_incidents_are_asked_for_by_their_ids(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    for _ in range(3):
        desk.opened()
    found = await _items(client, INCIDENTS, view="summary", ids="INC-000001,INC-000003,INC-000099")
    assert [each["id"] for each in found] == ["INC-000003", "INC-000001"]
    answer = await client.get(INCIDENTS, params={"ids": ",".join(["x"] * 201)})
    assert answer.status_code == 422


async def test_words_are_looked_for_in_any_language(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.opened()
    desk.opened(title=LEAK)
    assert [each["id"] for each in await _items(client, INCIDENTS, text="漏水")] == ["INC-000002"]
    assert [each["id"] for each in await _items(client, INCIDENTS, text="smoke")] == ["INC-000001"]


@pytest.mark.parametrize("text", ["", "  ", "?!", "a" * 201, "a\x00"])
async def test_a_text_without_a_word_or_too_long_a_one_is_refused(client: httpx.AsyncClient, text: str) -> None:
    answer = await client.get(INCIDENTS, params={"text": text})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.text")


@pytest.mark.parametrize(("status", "expected"), [("open", [2, 1]), ("unacknowledged", [1]), ("closed", [3])], ids=str)
async def test_a_status_is_one_word_for_what_people_ask_most(
    client: httpx.AsyncClient, desk: FakeDesk, status: str, expected: list[int]
) -> None:
    for phase in (Phase.ACTIVATED, Phase.RESPONDING, Phase.CLOSED):
        desk.opened(phase=phase)
    found = await _items(client, INCIDENTS, status=status)
    assert [int(each["id"][-1]) for each in found] == expected


async def test_a_status_and_what_it_stands_for_contradict_each_other(client: httpx.AsyncClient) -> None:
    answer = await client.get(INCIDENTS, params={"status": "open", "open": "false"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_the_board_has_four_columns_with_counts_and_the_overdue_first(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.ordered()
    desk.ordered(overdue=True)
    desk.ordered(node=Node.REPAIRED)
    desk.ordered(node=Node.VERIFIED)
    board = (await client.get("/api/v1/orders/board", params={"limit": 1})).json()
    assert {name: (column["count"], column["overdue"]) for name, column in board.items()} == {
        "acceptance": (2, 1),
        "survey": (0, 0),
        "repair": (0, 0),
        "verification": (1, 0),
    }
    assert [each["id"] for each in board["acceptance"]["items"]] == ["WO-000002"]


class Slow:
    """An app that answers when it is told to, and whose answers take as long to be sent as it is told."""

    def __init__(self) -> None:
        self.working, self.most = 0, 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.working += 1
        self.most = max(self.most, self.working)
        await self.go.wait()
        self.working -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})


def _scope(method: str, path: str) -> Scope:
    return {"type": "http", "method": method, "path": path}


async def _nothing() -> Message:
    raise AssertionError("nothing is received")


async def test_questions_queue_and_streams_commands_and_probes_do_not() -> None:
    app = Slow()
    turnstile = Turnstile(app)

    async def send(message: Message) -> None: ...

    asked = [("GET", "/api/v1/incidents")] * 5
    free = [("GET", "/api/v1/stream"), ("POST", "/api/v1/incidents/INC-000001/notes"), ("GET", "/healthz")]
    tasks = [asyncio.create_task(turnstile(_scope(*each), _nothing, send)) for each in (*asked, *free)]
    await asyncio.sleep(0)
    assert app.working == AT_ONCE + len(free)
    app.go.set()
    await asyncio.gather(*tasks)
    assert app.most == AT_ONCE + len(free)


async def test_a_client_that_does_not_take_its_answer_keeps_nobody_waiting() -> None:
    app = Slow()
    turnstile = Turnstile(app)
    never = asyncio.Event()

    async def stalled(message: Message) -> None:
        if message["type"] == "http.response.body":
            await never.wait()

    async def send(message: Message) -> None: ...

    app.go.set()
    stuck = asyncio.create_task(turnstile(_scope("GET", "/api/v1/incidents"), _nothing, stalled))
    async with asyncio.timeout(5):
        for _ in range(AT_ONCE + 1):
            await turnstile(_scope("GET", "/api/v1/incidents"), _nothing, send)
    never.set()
    await stuck
