"""Whether the gateway does its work, as a probe and a monitoring system ask."""

from __future__ import annotations

import httpx

from api.ports import Health
from api.settings import ApiSettings
from tests.api.conftest import TOKEN, Client
from tests.api.fake_desk import START, FakeDesk

AWAY = Health(False, {"broker": "connection refused by 10.0.0.5:1883", "store": "ok"}, "0.1.0", START)


async def test_alive_says_nothing_of_the_parts(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.state = AWAY
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


async def test_ready_names_the_parts(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "parts": {"broker": "ok", "store": "ok"},
        "version": "0.1.0",
        "started_at": "2026-11-24T05:00:00.120Z",
    }


async def test_not_ready_is_503_and_says_what_is_wrong(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.state = AWAY
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (503, AWAY.parts)


async def test_probes_need_no_token_and_learn_no_addresses(
    client_for: Client, desk: FakeDesk, guarded: ApiSettings
) -> None:
    desk.state = AWAY
    client = client_for(guarded, peer="192.0.2.7", host="192.0.2.1")
    assert (await client.get("/healthz")).status_code == 200
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"broker": "not ok", "store": "ok"})


async def test_with_a_token_ready_says_what_is_wrong(client_for: Client, desk: FakeDesk, guarded: ApiSettings) -> None:
    desk.state = AWAY
    answer = await client_for(guarded).get("/readyz", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.json()["parts"] == AWAY.parts


async def test_metrics_are_served_as_prometheus_expects_them(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.content.startswith(await desk.metrics())
    assert b'tocsin_api_requests_total{method="GET",status="2xx"}' in (await client.get("/metrics")).content
    assert b"tocsin_event_streams 0.0" in answer.content
