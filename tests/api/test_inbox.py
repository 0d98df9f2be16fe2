"""Devices of other formats over the API: found, looked at, given a place."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.ports import Refused
from rules.requests import AssignDevice, IgnoreDevice, UnassignDevice
from rules.site import Source, SourcePoint
from tests.api.fake_desk import FakeDesk
from tests.api.operations import FOUND

PLACE = {"by": "eng", "zone": "tower-a/12F-east", "name": "sd-9", "device_class": "smoke_detector", "reason": "new"}
HERE = f"/api/v1/inbox/{FOUND.id}"


@pytest.fixture
def found(desk: FakeDesk) -> FakeDesk:
    desk.found = {(FOUND.codec, FOUND.native_id): FOUND}
    return desk


async def _post(client: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await client.post(f"{HERE}/{path}", json=body)


async def test_a_device_is_listed_with_its_points_and_asked_for_by_its_id(
    client: httpx.AsyncClient, found: FakeDesk
) -> None:
    (item,) = (await client.get("/api/v1/inbox", params={"assigned": "false"})).json()["items"]
    assert (item["codec"], item["native_id"], item["device"]) == ("z2m", "0x00158d0001dc126a", None)
    assert item["points"][0]["metric"] == "alarm"
    assert (await client.get(f"/api/v1/inbox/{item['id']}")).json() == item
    assert (await client.get("/api/v1/inbox", params={"assigned": "true"})).json()["items"] == []


@pytest.mark.parametrize("id_", ["%F0%9F%94%A5", "bm9uZQ", "ejJtADB4OQ"])
async def test_what_was_not_found_is_not_there(client: httpx.AsyncClient, found: FakeDesk, id_: str) -> None:
    answer = await client.get(f"/api/v1/inbox/{id_}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_inbox_device")
    answer = await client.post(f"/api/v1/inbox/{id_}/assign", json=PLACE)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_inbox_device")


async def test_a_place_is_asked_for_with_all_that_a_site_file_could_say(
    client: httpx.AsyncClient, found: FakeDesk
) -> None:
    more = {
        "title": "Corridor",
        "silent_after": "25h",
        "rated": {"power_w": 3680},
        "points": {"smoke": {"metric": "alarm", "words": {"ON": True}}, "v": {"metric": "battery", "scale": 0.1}},
        "events": {"hold": "test_button"},
        "commands": {"silence": {"warning.mode": "stop"}},
    }
    answer = await _post(client, "assign", **PLACE, **more)
    assert (answer.status_code, answer.json()["found"]["device"]) == (200, "tower-a/sd-9")
    (command,) = found.asked
    assert command == AssignDevice(
        by="eng",
        device="tower-a/sd-9",
        zone="tower-a/12F-east",
        device_class="smoke_detector",
        reason="new",
        title={"en": "Corridor", "zh": "Corridor"},
        rated={"power_w": 3680.0},
        silent_after_ms=25 * 3_600_000,
        source=Source(
            "z2m",
            "0x00158d0001dc126a",
            {"smoke": SourcePoint("alarm", words={"ON": True}), "v": SourcePoint("battery", scale=0.1)},
            {"hold": "test_button"},
            {"silence": {"warning.mode": "stop"}},
            silence_announced=False,
        ),
    )


async def test_the_same_key_gives_a_device_its_place_once(client: httpx.AsyncClient, found: FakeDesk) -> None:
    answers = [await client.post(f"{HERE}/assign", json=PLACE, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.json()["repeated"] for answer in answers] == [False, True]
    assert len(found.asked) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "sd/9"),
        ("name", ""),
        ("zone", ""),
        ("reason", " "),
        ("device_class", "No Class"),
        ("silent_after", "soon"),
        ("rated", {"power_w": -1}),
        ("points", {"smoke": {"metric": "alarm", "bit": 64}}),
        ("points", {"": {"metric": "alarm"}}),
        ("points", {f"p{number}": {"metric": "alarm"} for number in range(65)}),
        ("commands", {"sound": {"alarm": None}}),
        ("plan", "x"),
    ],
)
async def test_what_no_assignment_may_say_is_named(
    client: httpx.AsyncClient, found: FakeDesk, field: str, value: Any
) -> None:
    answer = await _post(client, "assign", **PLACE | {field: value})
    assert answer.status_code == 422
    assert field in answer.json()["errors"][0]["field"]
    assert found.asked == []


async def test_a_place_is_taken_and_a_device_left_out(client: httpx.AsyncClient, found: FakeDesk) -> None:
    assert (await _post(client, "unassign", by="eng", reason="taken down")).status_code == 200
    assert (await _post(client, "ignore", by="eng")).json()["found"]["ignored"] is True
    assert (await _post(client, "ignore", by="eng", ignored=False)).json()["found"]["ignored"] is False
    assert [type(each) for each in found.asked] == [UnassignDevice, IgnoreDevice, IgnoreDevice]


async def test_a_refusal_says_why(client: httpx.AsyncClient, found: FakeDesk) -> None:
    found.refusal = Refused("already_assigned", "z2m/0x1 is tower-a/sd-1")
    answer = await _post(client, "assign", **PLACE)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_assigned")
