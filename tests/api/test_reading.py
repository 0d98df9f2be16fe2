"""What can be read: incidents, timelines, devices, zones, dead letters."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.ports import DeadLetter
from api.schemas import At, Wire
from api.settings import ApiSettings
from rules.instant import rfc3339
from rules.level import Level
from rules.mode import Mode
from rules.signal import Signal
from rules.timeline import Kind
from tests.api.conftest import Client
from tests.api.fake_desk import START, FakeDesk, device, zone


class AliveSince(Wire):
    at: At


INCIDENTS = "/api/v1/incidents"


async def _json(client: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _ids(client: httpx.AsyncClient, path: str, **params: Any) -> list[str]:
    return [item["id"] for item in (await _json(client, path, **params))["items"]]


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_instants_read_as_everywhere_else(instant: int) -> None:
    assert AliveSince.model_validate({"at": instant}).at == rfc3339(instant)


async def test_an_incident_is_shown_with_words_roman_levels_and_utc_times(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.opened()
    incident = await _json(client, f"{INCIDENTS}/INC-000001")
    assert incident["level"] == "I"
    assert (incident["phase"], incident["signal"], incident["mode"]) == ("activated", "alarm", "actual")
    assert incident["opened_at"] == "2026-11-24T05:01:00.120Z"
    assert (incident["open"], incident["sources_normal"]) == (True, False)
    assert incident["evidence"][0]["values"] == {"smoke": 0.182, "alarm": True}


async def test_incidents_come_newest_first(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    for _ in range(3):
        desk.opened()
    assert await _ids(client, INCIDENTS) == ["INC-000003", "INC-000002", "INC-000001"]


@pytest.mark.parametrize(
    ("name", "value", "fields"),
    [
        ("site", "tower-b", {"site": "tower-b"}),
        ("zone", "tower-a/B1-west", {"zone": "tower-a/B1-west"}),
        ("level", "II", {"level": Level.II}),
        ("signal", "trouble", {"signal": Signal.TROUBLE}),
        ("mode", "exercise", {"mode": Mode.EXERCISE}),
        ("hazard", "lift", {"hazard": "lift"}),
    ],
)
async def test_incidents_are_filtered(
    client: httpx.AsyncClient, desk: FakeDesk, name: str, value: str, fields: dict[str, Any]
) -> None:
    desk.opened()
    wanted = desk.opened(**fields)
    assert await _ids(client, INCIDENTS, **{name: value}) == [wanted.id]


async def test_closed_incidents_are_left_out_when_open_ones_are_asked_for(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    closed, still = desk.opened(evidence=[]), desk.opened()
    await client.post(f"{INCIDENTS}/{closed.id}/resolve", json={"finding": "real", "cause": "a fire"})
    assert await _ids(client, INCIDENTS, open="true") == [still.id]
    assert await _ids(client, INCIDENTS, phase="closed") == [closed.id]


async def test_incidents_of_a_span_include_its_beginning_and_not_its_end(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    for _ in range(3):
        desk.opened()  # at 05:01, 05:02, 05:03, each and 120 ms
    span = {"since": "2026-11-24T13:02:00.120+08:00", "until": "2026-11-24T05:03:00.120Z"}
    assert await _ids(client, INCIDENTS, **span) == ["INC-000002"]


async def test_pages_of_incidents_follow_the_cursor_to_the_end(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    for _ in range(5):
        desk.opened()
    first = await _json(client, INCIDENTS, limit=3)
    rest = await _json(client, INCIDENTS, limit=3, cursor=first["next_cursor"])
    assert [item["id"] for item in rest["items"]] == ["INC-000002", "INC-000001"]
    assert rest["next_cursor"] is None


async def test_the_etag_of_an_incident_is_its_revision(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.opened(revision=6)
    answer = await client.get(f"{INCIDENTS}/INC-000001")
    assert answer.headers["etag"] == '"7"'


async def test_a_timeline_reads_in_the_language_asked_for(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.opened()
    chinese = await _json(client, f"{INCIDENTS}/INC-000001/timeline", lang="zh")
    assert chinese["items"][0]["text"].startswith("I级火灾报警")
    assert chinese["items"][0]["facts"]["level"] == "I"


async def test_a_timeline_names_devices_as_people_do(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.titled = {"tower-a/sd-1203": {"en": "Detector 3 on floor 12", "zh": "12层3号探测器"}}
    desk.write(desk.opened(), Kind.CLEARED, device="tower-a/sd-1203", facts={"title_zh": "感烟探测器报警"})
    timeline = await _json(client, f"{INCIDENTS}/INC-000001/timeline", lang="zh")
    assert timeline["items"][1]["text"].endswith("12层3号探测器")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de, en;q=0.5, zh;q=0.4", "en"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("fr", "en"),
        (";q=x,,=", "en"),
    ],
)
async def test_without_one_the_browsers_languages_decide(
    client: httpx.AsyncClient, desk: FakeDesk, header: str, language: str
) -> None:
    desk.opened()
    answer = await client.get(f"{INCIDENTS}/INC-000001/timeline", headers={"Accept-Language": header})
    assert answer.headers["content-language"] == language


async def test_without_either_the_gateways_own_language_decides(client_for: Client, desk: FakeDesk) -> None:
    desk.opened()
    answer = await client_for(ApiSettings(language="zh")).get(f"{INCIDENTS}/INC-000001/timeline")
    assert answer.headers["content-language"] == "zh"


async def test_a_timeline_is_read_on_from_the_last_number(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    incident = desk.opened()
    for number in range(4):
        desk.write(incident, Kind.NOTED, by="engineer", facts={"text": str(number)})
    path = f"{INCIDENTS}/INC-000001/timeline"
    first = await _json(client, path, limit=3)
    assert first["next_after"] == 3
    rest = await _json(client, path, limit=3, after=3)
    assert ([entry["number"] for entry in rest["items"]], rest["next_after"]) == ([4, 5], None)


@pytest.mark.parametrize("path", ["", "/timeline", "/stream"])
@pytest.mark.parametrize("incident", ["INC-000099", "42", "INC-1", "INC-000001%00", "inc-000001"])
async def test_an_unknown_incident_is_not_found(client: httpx.AsyncClient, incident: str, path: str) -> None:
    answer = await client.get(f"{INCIDENTS}/{incident}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_incident")


async def test_devices_are_shown_with_their_latest_values(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.device_states = [device("sd-1", firing=["smoke-high"]), device("sd-2", silent=True, last_seen_at=None)]
    devices = (await _json(client, "/api/v1/devices"))["items"]
    assert devices[0]["values"] == {"smoke": 0.02, "alarm": False}
    assert devices[0]["last_seen_at"] == "2026-11-24T05:00:00.120Z"
    assert devices[0]["firing"] == ["smoke-high"]
    assert (devices[1]["silent"], devices[1]["last_seen_at"]) == (True, None)


async def test_devices_are_filtered_and_paged(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.device_states = [device(f"sd-{number}", silent=number % 2 == 1) for number in range(6)]
    assert await _ids(client, "/api/v1/devices", silent="true", limit=2) == ["tower-a/sd-1", "tower-a/sd-3"]
    assert await _ids(client, "/api/v1/devices", silent="true", limit=2, cursor="2") == ["tower-a/sd-5"]
    assert await _ids(client, "/api/v1/devices", device_class="heat_detector") == []


async def test_one_device_is_found_by_site_and_name(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.device_states = [device("sd-1")]
    assert (await _json(client, "/api/v1/devices/tower-a/sd-1"))["id"] == "tower-a/sd-1"


@pytest.mark.parametrize("name", ["sd-9", "%0Asd-1", "a" * 200])
async def test_an_unknown_device_is_not_found(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/api/v1/devices/tower-a/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")


async def test_zones_show_their_worst_open_incident(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.zone_states = [zone("12F-east"), zone("B1", site="tower-b")]
    zones = (await _json(client, "/api/v1/zones", site="tower-a"))["items"]
    assert [(item["id"], item["level"], item["open_incidents"]) for item in zones] == [
        ("tower-a/12F-east", "I", ["INC-000001"])
    ]


async def test_dead_letters_are_listed_by_topic_and_reason(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.letters = [DeadLetter(f"t/{number}", "bad json", "", "{", 3, START, START) for number in range(3)]
    page = await _json(client, "/api/v1/dead-letters", limit=2)
    assert page["items"][0]["last_at"] == "2026-11-24T05:00:00.120Z"
    assert (len(page["items"]), page["next_cursor"]) == (2, "2")


async def test_sites_have_their_time_zone_and_kinds_of_devices_their_commands(client: httpx.AsyncClient) -> None:
    sites = (await client.get("/api/v1/sites")).json()["items"]
    assert {each["id"]: each["timezone"] for each in sites} == {"tower-a": "Asia/Shanghai", "tower-b": "Asia/Shanghai"}
    (kind,) = (await client.get("/api/v1/device-classes")).json()["items"]
    assert kind["commands"] == {"sound": {"en": "Sound the alarm"}}
