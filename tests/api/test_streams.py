"""The timeline as it grows."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.app import close_streams, make_app
from api.identity_port import Change
from api.permissions import Role
from api.rendered import Rendered
from api.settings import ApiSettings
from api.subscription import FAILED, SIGNED_OUT, SLOW, Subscription
from gateway.identity.users import Users
from rules.timeline import Entry, Kind
from tests.api.fake_desk import FakeDesk
from tests.api.fake_response import START
from tests.api.stream_client import StreamClient
from tests.support.identity import HERE, SetClock, add_user, bearer, users_in

ALL = "/api/v1/stream"


async def test_a_stream_opens_at_once_and_tells_when_to_come_back(desk: FakeDesk) -> None:
    async with StreamClient(make_app(desk), ALL) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert await stream.event() == {"retry": "3000"}


async def test_a_stream_is_not_held_back_to_be_compressed(desk: FakeDesk) -> None:
    desk.opened()
    async with StreamClient(make_app(desk), ALL, query="after=0", headers={"Accept-Encoding": "gzip"}) as stream:
        assert "content-encoding" not in stream.headers
        assert (await stream.entry())["position"] == 1


async def test_a_new_entry_arrives_with_its_position_its_kind_and_its_text(desk: FakeDesk) -> None:
    desk.opened()
    async with StreamClient(make_app(desk), ALL) as stream:
        await stream.event()
        await desk.until_watched_by(1)
        desk.opened()
        event = await stream.event()
    assert (event["id"], event["event"]) == ("2", "opened")
    assert json.loads(event["data"])["text"].startswith("LEVEL I fire alarm")


async def test_a_stream_resumes_after_the_last_event_it_has_seen(desk: FakeDesk) -> None:
    for _ in range(3):
        desk.opened()
    async with StreamClient(make_app(desk), ALL, headers={"Last-Event-ID": "1"}) as stream:
        assert [(await stream.entry())["position"] for _ in range(2)] == [2, 3]


async def test_last_event_id_prevails_over_after(desk: FakeDesk) -> None:
    for _ in range(3):
        desk.opened()
    async with StreamClient(make_app(desk), ALL, query="after=0", headers={"Last-Event-ID": "2"}) as stream:
        assert (await stream.entry())["position"] == 3


async def test_a_stream_can_begin_at_a_position_without_a_header(desk: FakeDesk) -> None:
    desk.opened()
    async with StreamClient(make_app(desk), ALL, query="after=0&lang=zh") as stream:
        assert (await stream.entry())["text"].startswith("I级火灾报警")
        assert stream.headers["content-language"] == "zh"


@pytest.mark.parametrize("position", ["x", "-1", "1.5", "9223372036854775808", "²"])
async def test_a_last_event_id_that_is_none_is_refused(client: httpx.AsyncClient, position: str) -> None:
    answer = await client.get(ALL, headers=[(b"last-event-id", position.encode())])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.last-event-id"


async def test_the_stream_of_an_incident_holds_its_entries_alone(desk: FakeDesk) -> None:
    first, second = desk.opened(), desk.opened()
    desk.write(first, Kind.NOTED, by="engineer", facts={"text": "one"})
    desk.write(second, Kind.NOTED, by="engineer", facts={"text": "two"})
    async with StreamClient(make_app(desk), f"/api/v1/incidents/{second.id}/stream", query="after=0") as stream:
        assert [(await stream.entry())["position"] for _ in range(2)] == [2, 4]


async def test_the_stream_of_an_unknown_incident_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/incidents/INC-000099/stream")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_incident")


async def test_a_quiet_stream_is_kept_alive_by_comments(desk: FakeDesk) -> None:
    async with StreamClient(make_app(desk, ApiSettings(stream_heartbeat_seconds=0.001)), ALL) as stream:
        await stream.event()
        assert await stream.event() == {"": "still here"}


async def test_a_client_that_does_not_read_is_told_why_and_closed(desk: FakeDesk) -> None:
    app = make_app(desk, ApiSettings(stream_queue_entries=2, stream_stall_seconds=0))
    async with StreamClient(app, ALL) as stream:
        await stream.event()
        stream.stop_reading()
        await desk.until_watched_by(1)
        for _ in range(50):
            desk.opened()
        await desk.until_watched_by(0)  # nothing more is taken from the desk for it
        stream.read_on()
        events = [event async for event in stream]
    assert [event["event"] for event in events[:-1]] == ["opened"] * (len(events) - 1)
    assert len(events) <= 4  # one in flight, two in the queue, and the end
    assert json.loads(events[-1]["data"])["code"] == "slow_client"
    assert len(app.state.streams) == 0


async def test_a_client_that_is_merely_far_behind_gets_everything(desk: FakeDesk) -> None:
    for _ in range(300):
        desk.opened()
    async with StreamClient(make_app(desk, ApiSettings(stream_queue_entries=2)), ALL, query="after=0") as stream:
        assert [(await stream.entry())["position"] for _ in range(300)] == list(range(1, 301))


async def test_no_more_than_the_set_number_of_streams_is_open(desk: FakeDesk) -> None:
    app = make_app(desk, ApiSettings(streams_max=1))
    async with StreamClient(app, ALL), StreamClient(app, ALL) as second:
        assert second.status == 503
        assert second.headers["retry-after"] == "5"
        assert json.loads(await second.body())["code"] == "too_many_streams"
    async with StreamClient(app, ALL) as third:
        assert third.status == 200


async def test_a_client_that_leaves_leaves_nothing_behind(desk: FakeDesk) -> None:
    app = make_app(desk)
    async with StreamClient(app, ALL) as stream:
        await stream.event()
        await desk.until_watched_by(1)
    assert desk.watching == 0
    assert len(app.state.streams) == 0


async def test_streams_end_with_a_reason_when_the_gateway_stops_and_no_other_opens(desk: FakeDesk) -> None:
    app = make_app(desk)
    async with StreamClient(app, ALL) as stream:
        await stream.event()
        close_streams(app)
        event = await stream.event()
        assert (event["event"], json.loads(event["data"])["code"]) == ("end", "shutting_down")
        assert await stream.body() == b""
    async with StreamClient(app, ALL) as late:
        assert (late.status, json.loads(await late.body())["code"]) == (503, "shutting_down")


async def test_a_stream_ends_when_the_desk_closes(desk: FakeDesk) -> None:
    async with StreamClient(make_app(desk), ALL) as stream:
        await stream.event()
        await desk.until_watched_by(1)
        desk.close()
        assert (await stream.event())["event"] == "end"


async def test_a_desk_that_fails_ends_the_stream_without_its_secrets(
    desk: FakeDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.broken = RuntimeError("password of the store")
    async with StreamClient(make_app(desk), ALL) as stream:
        await stream.event()
        event = await stream.event()
    assert json.loads(event["data"]) == {"code": FAILED.code, "reason": FAILED.reason}
    assert "a stream could not be read on" in caplog.text


async def test_a_reader_costs_no_more_memory_than_its_queue(desk: FakeDesk) -> None:
    for _ in range(100):
        desk.opened()
    subscription = Subscription(desk.watch(after=0), queue_entries=5, stall_seconds=0)
    await subscription.pump()
    assert subscription.waiting == 5
    assert [item async for item in subscription.read()][-1] == SLOW


async def test_a_stream_over_a_real_server_resumes_and_ends_with_it(desk: FakeDesk) -> None:
    app = make_app(desk)
    desk.opened()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, ws="none", log_level="warning", proxy_headers=False))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}{ALL}"
        async with (
            httpx.AsyncClient() as client,
            client.stream("GET", address, headers={"Last-Event-ID": "0"}) as answer,
        ):
            lines = answer.aiter_lines()
            assert await _line(lines, "id: ") == "1"
            desk.opened()
            assert await _line(lines, "id: ") == "2"
            close_streams(app)
            assert json.loads(await _line(lines, 'data: {"code"', keep=len("data: ")))["code"] == "shutting_down"
        server.should_exit = True
        await serving


async def _line(lines: AsyncIterator[str], start: str, keep: int | None = None) -> str:
    async for line in lines:
        if line.startswith(start):
            return line[len(start) if keep is None else keep :]
    raise AssertionError(f"the stream ended before a line {start!r}")


async def test_one_caller_cannot_take_all_streams_of_the_others(desk: FakeDesk) -> None:
    app = make_app(desk, ApiSettings(streams_max=3, streams_per_user_max=1))
    async with StreamClient(app, ALL), StreamClient(app, ALL) as second:
        assert second.status == 503
        assert "1 of local are open" in json.loads(await second.body())["detail"]


NOBODY = Change(frozenset({Role.VIEWER}), None, None, frozenset(), None, disabled=True)


async def test_a_stream_lasts_as_long_as_whoever_reads_it_may(desk: FakeDesk, users: Users) -> None:
    await add_user(users, "ada", Role.ADMIN)
    await add_user(users, "grace", Role.VIEWER)
    app = make_app(desk, ApiSettings(stream_heartbeat_seconds=0.01), users)
    theirs, others = [await bearer(users, name) for name in ("grace", "ada")]
    async with StreamClient(app, ALL, headers=theirs) as stream, StreamClient(app, ALL, headers=others) as other:
        await users.change_account("grace", NOBODY, None, "ada", "has left", HERE)
        said = [each for each in [each async for each in stream] if "data" in each]  # to its end
        assert [(each["event"], json.loads(each["data"])["code"]) for each in said] == [("end", SIGNED_OUT.code)]
        desk.opened()
        assert (await other.entry())["position"] == 1


async def test_a_stream_ends_with_its_token(desk: FakeDesk, tmp_path: Path) -> None:
    clock = SetClock()
    users = users_in(tmp_path, clock)
    await add_user(users, "ada", Role.ADMIN)
    app = make_app(desk, ApiSettings(stream_heartbeat_seconds=0.01), users)
    async with StreamClient(app, ALL, headers=await bearer(users, "ada")) as stream:
        clock.now += 3_600_000
        assert await anext(each async for each in stream if each.get("event") == "end")
    await users.close()


async def test_what_is_written_out_once_for_all_is_never_what_another_reader_may_not_see() -> None:
    rendered = Rendered()
    plain = Entry(position=1, incident=None, number=0, at=START, kind=Kind.NOTED, facts={"card": "4711"})
    masked = Entry(position=1, incident=None, number=0, at=START, kind=Kind.NOTED, facts={"card": "masked-1"})
    events = [rendered.event(entry, "en", {}).decode() for entry in (plain, masked, plain)]
    assert ["4711" in event for event in events] == [True, False, True]
