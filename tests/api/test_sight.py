"""What a user of one site sees and does: nothing of any other, and no card holder in the clear."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.auth import Principal
from api.errors import ProblemRaised
from api.events_port import Happened
from api.identity_port import AccessQuery
from api.permissions import Permission, Role
from api.ports import DeadLetter, Refused
from api.privacy import PERSONAL, Masks
from api.sight import Sight
from gateway.identity.users import Users
from rules.requests import Acknowledge, ClearDeadLetters, FillHandover, OpenOrder, PutOnShelf
from rules.timeline import Kind
from tests.api.conftest import Client
from tests.api.fake_desk import FakeDesk, device, zone
from tests.api.fake_response import START
from tests.support.identity import add_user, bearer

ELSEWHERE = {"site": "tower-b", "zone": "tower-b/1F", "first_out": "tower-b/sd-1"}
NOT_THERE = [
    "/api/v1/incidents/INC-000002",
    "/api/v1/incidents/INC-000002/timeline",
    "/api/v1/incidents/INC-000002/stream",
    "/api/v1/explain/incidents/INC-000002",
    "/api/v1/orders/WO-000002",
    "/api/v1/actions/CA-000002",
    "/api/v1/shelves/SH-000002",
    "/api/v1/handovers/HO-000002",
    "/api/v1/devices/tower-b/sd-1",
    "/api/v1/devices/tower-b/sd-1/readings",
    "/api/v1/devices/tower-b/sd-1/events",
    "/api/v1/explain/devices/tower-b/sd-1",
    "/api/v1/notifications?incident=INC-000002",
]
LISTS = ["incidents", "orders", "actions", "handovers", "devices", "zones", "dead-letters"]


def _furnish(desk: FakeDesk) -> None:
    """One of each at tower-a, whose number is 1, and one at tower-b."""
    desk.opened()
    desk.opened(**ELSEWHERE)
    desk.ordered()
    desk.ordered(site="tower-b", zone="tower-b/1F", asset="tower-b/sd-1")
    desk.to_correct()
    desk.to_correct(site="tower-b", incident="INC-000002")
    desk.shelved()
    desk.shelved(device="tower-b/sd-1")
    desk.handing_over()
    desk.handing_over(site="tower-b")
    desk.device_states = [device("sd-1203"), device("sd-1", site="tower-b", id="tower-b/sd-1")]
    desk.zone_states = [zone("12F-east"), zone("1F", "tower-b")]
    desk.letters = [
        DeadLetter(f"tocsin/v1/{site}/x/telemetry", "not_json", "", '{"card": "C00123"', 1, START, START)
        for site in ("tower-a", "tower-b")
    ]


@pytest.fixture
async def of_tower_a(client_for: Client, desk: FakeDesk, users: Users) -> httpx.AsyncClient:
    """A supervisor of one site, who may also read what nobody understood."""
    await add_user(users, "rob", Role.SUPERVISOR, sites=frozenset({"tower-a"}))
    _furnish(desk)
    client = client_for(identity=users)
    client.headers.update(await bearer(users, "rob"))
    return client


@pytest.mark.parametrize("name", LISTS)
async def test_lists_hold_what_is_at_the_callers_sites_alone(of_tower_a: httpx.AsyncClient, name: str) -> None:
    answer = await of_tower_a.get(f"/api/v1/{name}")
    assert len(answer.json()["items"]) == 1
    assert "tower-b" not in answer.text


async def test_a_shelf_that_keeps_a_rule_quiet_everywhere_is_shown_to_all(
    of_tower_a: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.shelved(device=None, rule="smoke-high")
    shelves = (await of_tower_a.get("/api/v1/shelves")).json()["items"]
    assert [each["id"] for each in shelves] == ["SH-000003", "SH-000001"]
    ended = await of_tower_a.post("/api/v1/shelves/SH-000003/end", json={"reason": "done"})
    assert ended.json()["code"] == "forbidden"


@pytest.mark.parametrize("path", NOT_THERE)
async def test_what_is_elsewhere_is_not_there_and_that_it_was_asked_for_is_on_record(
    of_tower_a: httpx.AsyncClient, users: Users, path: str
) -> None:
    answer = await of_tower_a.get(path)
    assert (answer.status_code, answer.json()["code"][:8]) == (404, "unknown_")
    (line,) = (await users.access_log(AccessQuery(what="out_of_sight"))).items
    assert (line.who, line.about) == ("rob", f"GET {path.partition('?')[0]}")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("incidents/INC-000002/acknowledge", {}),
        ("incidents/INC-000002/resolve", {"finding": "real", "cause": "x"}),
        ("incidents/INC-000001/commands", {"device": "tower-b/sd-1", "command": "release", "reason": "x"}),
        ("orders", {"asset": "tower-b/sd-1", "fault": "broken", "summary": "x"}),
        ("orders/WO-000002/assign", {"to": "somebody"}),
        ("actions/CA-000002/done", {}),
        ("shelves", {"device": "tower-b/sd-1", "reason": "x", "duration_ms": 3_600_000}),
        ("shelves/SH-000002/end", {"reason": "x"}),
        ("handovers", {"site": "tower-b", "incoming": "somebody"}),
        ("handovers/HO-000002/sign", {}),
    ],
)
async def test_nothing_can_be_done_elsewhere(
    of_tower_a: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any]
) -> None:
    answer = await of_tower_a.post(f"/api/v1/{path}", json=body)
    expected = 404 if "0000" in path and "device" not in body else 409  # what a body names and is not there
    assert (answer.status_code, answer.json()["code"][:8]) == (expected, "unknown_"), answer.text
    assert desk.asked == []


async def test_what_is_at_the_callers_own_site_can_be_done(of_tower_a: httpx.AsyncClient, desk: FakeDesk) -> None:
    assert (await of_tower_a.post("/api/v1/incidents/INC-000001/acknowledge", json={})).status_code == 200
    assert len(desk.asked) == 1


def _sight(desk: FakeDesk, *sites: str, masks: Masks | None = None) -> Sight:
    caller = Principal("rob", permissions=frozenset(Permission), sites=frozenset(sites))
    return Sight(desk, caller, masks or Masks(b"key"), lambda about: None)


async def test_a_stream_leaves_out_what_is_elsewhere_and_what_concerns_all_sites(desk: FakeDesk) -> None:
    first, second = desk.opened(), desk.opened(**ELSEWHERE)
    desk.write(None, Kind.STARTED)
    desk.write(None, Kind.PENDING, device="tower-b/sd-1")
    desk.write(None, Kind.PENDING, device="tower-a/sd-1203")
    desk.write(second, Kind.NOTED, facts={"text": "there"})
    desk.write(first, Kind.NOTED, facts={"text": "here"})
    entries = _sight(desk, "tower-a").watch(after=0)
    seen = [(await anext(entries)).position for _ in range(3)]
    assert seen == [1, 5, 7]


@pytest.mark.parametrize(
    "command",
    [
        PutOnShelf(by="rob", reason="x", duration_ms=1, rule="smoke-high"),
        ClearDeadLetters(by="rob", reason="x"),
        FillHandover(by="rob", site="", incoming="eve"),
    ],
)
async def test_a_command_that_names_no_place_is_for_those_who_see_all_sites(desk: FakeDesk, command: Any) -> None:
    with pytest.raises(ProblemRaised) as refused:
        await _sight(desk, "tower-a").carry_out(command)
    assert refused.value.code.value == "forbidden"


async def test_every_place_that_a_command_names_has_to_be_the_callers(desk: FakeDesk) -> None:
    desk.opened()
    desk.opened(**ELSEWHERE)
    sight = _sight(desk, "tower-a")
    for command in (
        OpenOrder(by="rob", asset="tower-a/x", fault="f", summary="s", incident="INC-000002"),
        Acknowledge(by="rob", incident="INC-000002"),
    ):
        refused = await sight.carry_out(command)
        assert isinstance(refused, Refused)
        assert refused.code == "unknown_incident"
    assert desk.asked == []


async def test_what_of_the_port_is_not_named_answers_those_who_see_all_sites_alone(desk: FakeDesk) -> None:
    with pytest.raises(ProblemRaised):
        _sight(desk, "tower-a").backtests  # noqa: B018 (asking for it is what is refused)
    everywhere = Sight(desk, Principal("ada"), Masks(b"key"), lambda about: None)
    assert await everywhere.backtests() == []


# ---- card holders


async def test_card_holders_are_masked_wherever_they_could_stand(desk: FakeDesk) -> None:
    incident = desk.opened()
    desk.write(incident, Kind.NOTED, facts={"card": "C00123", "door": "B1-2"})
    desk.device_states = [device("door-12", values={"badge": "C00123", "open": True})]
    desk.letters = [DeadLetter("tocsin/v1/tower-a/x", "r", "", r"{\"card\": \"C00123\", \"x\": 1", 1, START, START)]
    sight = _sight(desk, "tower-a")
    mask = Masks(b"key").value("C00123")
    entry = (await sight.timeline("INC-000001")).items[-1]
    assert entry.facts == {"card": mask, "door": "B1-2"}
    assert (await sight.device("tower-a/door-12")).values == {"badge": mask, "open": True}
    letter = (await sight.dead_letters()).items[0]
    assert "C00123" not in letter.first_bytes
    assert "x" in letter.first_bytes


def test_a_mask_is_the_same_for_the_same_card_and_cannot_be_tried_out_without_the_key() -> None:
    one, other = Masks(b"key"), Masks(b"other key")
    assert one.value("C00123") == one.value("C00123") != one.value("C00124")
    assert one.value("C00123") != other.value("C00123")
    assert one.values(dict.fromkeys(PERSONAL, "C00123")) == dict.fromkeys(PERSONAL, one.value("C00123"))


async def test_who_looks_at_card_holders_does_so_with_a_reason_on_the_access_log(
    client_for: Client, desk: FakeDesk, users: Users
) -> None:
    await add_user(users, "rob", Role.SUPERVISOR)
    await add_user(users, "eve", Role.OPERATOR)
    desk.device_states = [device("door-12")]
    desk.happened = [Happened(START - 1000, "access_denied", {"card": "C00123", "door": "B1-2"})]
    client = client_for(identity=users)
    rob, eve = await bearer(users, "rob"), await bearer(users, "eve")
    path = "/api/v1/devices/tower-a/door-12/events"
    masked = (await client.get(path, headers=rob)).json()["items"][0]["attributes"]
    assert masked["card"].startswith("masked-")
    assert (await client.post(f"{path}/unmask", json={"reason": "forced"}, headers=eve)).status_code == 403
    assert (await client.post(f"{path}/unmask", json={"reason": " "}, headers=rob)).status_code == 422
    assert (await users.access_log(AccessQuery(what="unmasked"))).items == []
    shown = await client.post(f"{path}/unmask", json={"reason": "door forced at night"}, headers=rob)
    assert shown.json()["items"][0]["attributes"] == {"card": "C00123", "door": "B1-2"}
    (line,) = (await users.access_log(AccessQuery(what="unmasked"))).items
    assert (line.who, line.why, line.about.partition(" ")[0]) == ("rob", "door forced at night", "tower-a/door-12")
