"""A response from the first reading to the review, over the API, with the real core and its stores."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import make_app
from api.ports import Health
from gateway.config import GatewaySettings
from gateway.core import Core
from gateway.front import Front
from gateway.library import Loaded
from gateway.news import News
from gateway.store import StoreFailed
from rules.instant import MINUTE_MS, Instant, parse_rfc3339
from rules.people import Channel, Person, Roster
from tests.support import building

PLAN = """
plans:
  - id: fire
    title: {en: Fire, zh: 火灾}
    hazard: fire
    lead: safety_officer
    team: [duty_officer, engineer]
    acknowledge: {within: 1h, ladder: [duty_officer, safety_officer]}
    first_response_within: 15min
    steps:
      - {id: see, title: {en: Go and see}, task: {role: duty_officer, within: 3min}}
      - {id: count, title: {en: Count people}, level: I, task: {role: duty_officer}}
      - {id: vents, title: {en: Open the vents}, level: I, command: {device_class: smoke_vent, command: open}}
      - {id: repair, title: {en: Check the detectors}, level: I, work_order: {kind: emergency, role: engineer}}
"""
PEOPLE = {
    "duty.officer": Person("duty.officer", "Duty officer", ("duty_officer",), "zh", ("sms",)),
    "engineering-lead": Person("engineering-lead", "Engineering lead", ("engineer",), "zh", ("sms",)),
    "chen.jun": Person("chen.jun", "Chen Jun", ("safety_officer",), "en", ("sms",)),
}
ROSTER = Roster(PEOPLE, channels={"sms": Channel()})  # which nobody delivers here
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


class House:
    """The gateway without broker and server, and a client of its API."""

    def __init__(self, folder: Path) -> None:
        self.now: Instant = parse_rfc3339("2026-11-24T08:00:00+08:00")
        self.settings = GatewaySettings(data=folder)
        loaded = Loaded(building.directory(), building.rules(building.FIRE), building.plans(PLAN), ROSTER)
        self.news = News()
        link = self.settings.link("mqtt://127.0.0.1:1")
        self.core: Core | None = Core(self.settings, link, loaded, self.clock, self.news, lambda part, fault: None)
        app = make_app(Front(self, self.clock))
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50_000))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost/api/v1")

    def clock(self) -> Instant:
        return self.now

    def health(self) -> Health:
        return Health(True, {}, "", self.now)

    def metrics(self) -> bytes:
        return b""

    def store_failed(self, error: StoreFailed) -> None:
        raise error

    def wait(self, minutes: float) -> None:
        assert self.core is not None
        self.now += round(minutes * MINUTE_MS)
        self.core.desk.advance()
        self.core.ingest.flush()

    def reading(self, device: str, **values: float) -> None:
        assert self.core is not None
        topic = f"tocsin/v1/tower-a/{device}/telemetry".encode()
        self.core.ingest.on_messages([(topic, json.dumps({"values": values}).encode(), 0, 0)], 1)
        self.core.ingest.flush()

    async def ask(self, path: str, **params: Any) -> Any:
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def do(self, path: str, by: str = "duty.officer", **body: Any) -> Any:
        answer = await self.client.post(path, json={"by": by, **body})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path: str, by: str = "duty.officer", **body: Any) -> tuple[int, str]:
        answer = await self.client.post(path, json={"by": by, **body})
        return answer.status_code, answer.json()["code"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.client.aclose()
    assert house.core is not None
    house.core.close()


FIRE = "/incidents/INC-000001"


async def _a_fire(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    house.reading("sd-2", smoke=0.2)


async def test_an_incident_goes_from_smoke_to_its_review(house: House) -> None:
    await _a_fire(house)
    incident = await house.ask(FIRE)
    assert (incident["level"], incident["plan"], incident["owner"]) == ("I", "fire", None)
    assert [step["id"] for step in incident["steps"]] == ["see", "vents", "count", "repair"]
    assert incident["due"][0]["what"] == "command"
    assert {due["what"] for due in incident["due"]} >= {"escalate", "first_response", "task"}

    done = await house.do(f"{FIRE}/acknowledge", note="on my way")
    assert done["incident"]["acknowledgements"][0]["by"] == "duty.officer"
    done = await house.do(f"{FIRE}/respond", by="engineering-lead")
    assert done["incident"]["first_response_by"] is None
    await house.do(f"{FIRE}/tasks/see/complete", note="a pan")
    await house.do(f"{FIRE}/tasks/count/skip", reason="the floor is empty")
    assert await house.refused(f"{FIRE}/tasks/see/complete") == (409, "task_ended")

    house.wait(1)
    house.reading("sd-1", smoke=0.01)
    house.reading("sd-2", smoke=0.01)
    assert await house.refused(f"{FIRE}/resolve", finding="real", cause="a pan") == (409, "orders_open")
    await _repaired(house)
    closed = (await house.do(f"{FIRE}/resolve", finding="real", cause="a pan"))["incident"]
    assert (closed["phase"], closed["awaits_review"], closed["due"]) == ("closed", True, [])

    actions = [{"text": "stove guards", "owner": "engineering-lead"}]
    done = await house.do(f"{FIRE}/review", cause="a pan", measures="put out", result="nobody hurt", actions=actions)
    assert done["incident"]["review"]["actions"] == ["CA-000001"]
    assert (await house.ask("/actions", incident="INC-000001", open="true"))["items"][0]["text"] == "stove guards"
    await house.do("/actions/CA-000001/done", by="engineering-lead")
    assert await house.refused("/actions/CA-000001/recheck", by="engineering-lead", ok=True) == (409, "same_person")
    done = await house.do("/actions/CA-000001/recheck", ok=True)
    assert done["action"]["open"] is False
    assert (await house.ask("/actions", open="true"))["items"] == []


async def _repaired(house: House) -> None:
    """Both orders of the fire, each verified on a reading of its own device."""
    for order in (await house.ask("/orders", open="true"))["items"]:
        path = f"/orders/{order['id']}"
        for step in ("accept", "survey", "repair"):
            house.wait(1)
            await house.do(f"{path}/steps", by="engineering-lead", step=step)
        house.wait(1)
        assert await house.refused(f"{path}/steps", step="verify") == (409, "not_normal")
        house.reading(order["asset"].removeprefix("tower-a/"), smoke=0.01)
        done = await house.do(f"{path}/steps", step="verify")
        assert (done["order"]["node"], done["order"]["open"]) == ("verified", False)


async def test_an_order_is_not_verified_by_a_device_that_is_only_online(house: House) -> None:
    await house.do("/orders", asset="tower-a/sd-8", fault="head is loose", summary="refit it")
    for step in ("accept", "survey", "repair"):
        await house.do("/orders/WO-000001/steps", by="engineering-lead", step=step)
    house.wait(1)
    assert house.core is not None
    house.core.ingest.on_messages([(b"tocsin/v1/tower-a/sd-8/status", b"online", 0, 0)], 1)
    assert await house.refused("/orders/WO-000001/steps", step="verify") == (409, "not_normal")
    house.reading("sd-8", smoke=0.3)
    assert await house.refused("/orders/WO-000001/steps", step="verify") == (409, "not_normal")
    house.reading("sd-8", smoke=0.01)
    assert (await house.do("/orders/WO-000001/steps", step="verify"))["order"]["node"] == "verified"


async def test_a_zone_has_no_reading_of_its_own_to_verify_an_order(house: House) -> None:
    await house.do("/orders", asset="tower-a/12F-west", fault="door jams", summary="plane it")
    for step in ("accept", "survey", "repair"):
        await house.do("/orders/WO-000001/steps", by="engineering-lead", step=step)
    assert await house.refused("/orders/WO-000001/steps", step="verify") == (409, "not_normal")
    done = await house.do("/orders/WO-000001/steps", step="verify", reason="opened and shut it ten times")
    assert done["order"]["records"][-1]["reason"] == "opened and shut it ten times"


async def test_the_same_fault_again_is_the_same_order(house: House) -> None:
    order = {"asset": "tower-a/sd-8", "fault": "head is loose", "summary": "refit it"}
    first, again = [await house.do("/orders", **order) for _ in range(2)]
    assert (again["order"]["id"], again["order"]["repeats"]) == (first["order"]["id"], 1)
    assert await house.refused("/orders", **(order | {"asset": "tower-a/sd-99"})) == (409, "unknown_asset")


async def test_a_command_that_is_repeated_by_its_key_is_carried_out_once(house: House) -> None:
    body = {"by": "duty.officer", "asset": "tower-a/sd-8", "fault": "head is loose", "summary": "refit it"}
    key = {"Idempotency-Key": "7f3a"}
    first, again = [(await house.client.post("/orders", json=body, headers=key)).json() for _ in range(2)]
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert (again["order"], again["entries"]) == (first["order"], first["entries"])


async def test_a_verification_repeated_by_its_key_is_the_same_whatever_was_measured_since(house: House) -> None:
    await house.do("/orders", asset="tower-a/sd-8", fault="head is loose", summary="refit it")
    for step in ("accept", "survey", "repair"):
        await house.do("/orders/WO-000001/steps", by="engineering-lead", step=step)
    answers = []
    for _ in range(2):
        house.wait(1)
        house.reading("sd-8", smoke=0.01)
        body, key = {"by": "duty.officer", "step": "verify"}, {"Idempotency-Key": "7f3b"}
        answers.append(await house.client.post("/orders/WO-000001/steps", json=body, headers=key))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].json()["repeated"] is True


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{FIRE}/assign", {"to": "chen.jun"}),
        ("/orders/WO-000001/assign", {"to": "chen.jun"}),
        ("/handovers/HO-000001/notes", {"text": "the key is at the desk"}),
    ],
)
async def test_a_decision_on_what_has_changed_meanwhile_is_refused(house: House, path: str, body: Any) -> None:
    await _a_fire(house)
    await house.do("/handovers", site="tower-a", incoming="chen.jun")
    subject = path.rpartition("/")[0]
    tag = (await house.client.get(subject)).headers["etag"]
    first = await house.client.post(path, json={"by": "duty.officer"} | body, headers={"If-Match": tag})
    assert first.status_code == 200, first.text
    again = await house.client.post(path, json={"by": "duty.officer"} | body, headers={"If-Match": tag})
    assert (again.status_code, again.json()["code"]) == (412, "precondition_failed")
    unknown = await house.client.post(path.replace("-000001", "-000099"), json=body, headers={"If-Match": tag})
    assert unknown.status_code == 404


async def test_a_shelf_keeps_quiet_until_somebody_ends_it(house: House) -> None:
    done = await house.do("/shelves", device="tower-a/em-1", duration_ms=600_000, reason="rewiring")
    assert (done["shelf"]["id"], done["shelf"]["ended_at"]) == ("SH-000001", None)
    assert [each["id"] for each in (await house.ask("/shelves", open="true"))["items"]] == ["SH-000001"]
    assert (await house.do("/shelves/SH-000001/end", reason="done"))["shelf"]["ended_by"] == "duty.officer"
    assert (await house.ask("/shelves", open="true"))["items"] == []
    assert (await house.ask("/shelves/SH-000001"))["ended_by"] == "duty.officer"
    assert await house.refused("/shelves/SH-000099/end") == (404, "unknown_shelf")


async def test_a_handover_knows_what_is_silent_and_wants_an_owner(house: House) -> None:
    house.reading("sd-8", smoke=0.01)
    house.reading("sd-9", smoke=0.01)
    assert house.core is not None
    house.core.screen.listening(house.now)
    house.wait(9)
    house.reading("sd-8", smoke=0.01)
    house.wait(2)
    for change in house.core.screen.advance(house.now):
        house.core.ingest.submit(change)
    await _a_fire(house)
    done = await house.do("/handovers", site="tower-a", incoming="chen.jun")
    assert "tower-a/sd-9" in done["handover"]["silent_devices"]
    assert "tower-a/sd-8" not in done["handover"]["silent_devices"]
    assert done["handover"]["open_incidents"][0] == "INC-000001"
    assert await house.refused("/handovers/HO-000001/sign") == (409, "no_owner")
    await house.do(f"{FIRE}/assign", to="chen.jun")
    await house.do("/handovers/HO-000001/sign")
    assert (await house.do("/handovers/HO-000001/sign", by="chen.jun"))["handover"]["done"] is True
    assert (await house.ask("/handovers", done="true"))["items"][0]["id"] == "HO-000001"


async def test_a_person_says_that_it_is_real_and_how_grave(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    done = await house.do(f"{FIRE}/confirm", reason="flames")
    assert (done["incident"]["confirmation"], done["incident"]["level"]) == ("confirmed", "I")
    assert (await house.do(f"{FIRE}/level", level="II", reason="it is out"))["incident"]["level"] == "II"
    assert await house.refused(f"{FIRE}/level", level="II", reason="it is out") == (409, "same_level")


async def test_a_command_by_hand_is_for_those_whom_the_plan_names(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    command = {"device": "tower-a/vent-1", "command": "open", "reason": "smoke in the corridor"}
    done = await house.do(f"{FIRE}/commands", **command)
    assert [(each["device"], each["by"]) for each in done["incident"]["commands"]] == [
        ("tower-a/vent-1", "duty.officer")
    ]
    assert await house.refused(f"{FIRE}/commands", by="the mayor", **command) == (409, "not_authorised")
    assert await house.refused(f"{FIRE}/commands", **(command | {"device": "tower-a/vent-99"})) == (
        409,
        "unknown_device",
    )


async def test_plans_and_roster_are_those_in_force(house: House) -> None:
    assert [plan["hazard"] for plan in (await house.ask("/plans"))["items"]] == ["fire"]
    assert [step["id"] for step in (await house.ask("/plans/fire", level="III"))["steps"]] == ["see"]
    assert (await house.client.get("/plans/flood")).json()["code"] == "unknown_plan"
    roster = (await house.ask("/roster"))["items"]
    assert {each["role"]: [person["id"] for person in each["people"]] for each in roster} == {
        "duty_officer": ["duty.officer"],
        "engineer": ["engineering-lead"],
        "safety_officer": ["chen.jun"],
    }
    assert (await house.ask("/roster", role="gardener", site="tower-a"))["items"] == [
        {"role": "gardener", "people": []}
    ]


async def test_the_log_of_messages_is_read_backwards_page_by_page(house: House) -> None:
    await _a_fire(house)
    house.wait(130)
    whole = (await house.ask("/notifications", limit=100))["items"]
    pages, cursor = [], None
    while True:
        page = await house.ask("/notifications", limit=1, **({"cursor": cursor} if cursor else {}))
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert whole
    assert [entry["position"] for entry in pages] == [entry["position"] for entry in whole]
    assert [entry["position"] for entry in whole] == sorted((e["position"] for e in whole), reverse=True)
    of_it = (await house.ask("/notifications", incident="INC-000001"))["items"]
    assert {entry["incident"] for entry in of_it} == {"INC-000001"}
    failed, others = [(await house.ask("/notifications", failed=each))["items"] for each in ("true", "false")]
    assert {entry["kind"] for entry in failed} == {"notice_failed"}
    assert others
    assert sorted(entry["position"] for entry in [*failed, *others]) == sorted(e["position"] for e in whole)
    assert (await house.client.get("/notifications", params={"cursor": "x"})).status_code == 422


async def test_a_photo_of_the_repair_is_kept_with_its_step(house: House) -> None:
    await house.do("/orders", asset="tower-a/sd-8", fault="head is loose", summary="refit it")
    headers = {"Content-Type": "image/png"}
    answer = await house.client.post("/attachments", params={"name": "烟感.png"}, content=PNG, headers=headers)
    kept = answer.json()
    attached = [{"name": "烟感.png", "sha256": kept["sha256"]}]
    done = await house.do("/orders/WO-000001/steps", step="accept", attachments=attached)
    assert done["order"]["records"][0]["attachments"] == [kept]
    file = await house.client.get(f"/attachments/{kept['sha256']}")
    assert (file.content, file.headers["content-type"]) == (PNG, "image/png")
    assert (await house.client.get(f"/attachments/{'0' * 64}")).json()["code"] == "unknown_attachment"


async def test_it_is_explained_why_an_incident_stays_open_and_a_device_is_quiet(house: House) -> None:
    await house.do("/shelves", device="tower-a/em-1", duration_ms=600_000, reason="rewiring")
    await _a_fire(house)
    incident = [line["text"] for line in (await house.ask(f"/explain{FIRE}"))["lines"]]
    assert "nobody has acknowledged it" in incident
    chinese = [line["text"] for line in (await house.ask(f"/explain{FIRE}", lang="zh"))["lines"]]
    assert "尚无人接警" in chinese
    device = (await house.ask("/explain/devices/tower-a/sd-1"))["lines"]
    assert device[0] == {"text": "tower-a/sd-1 (smoke_detector, tower-a/12F-east)", "depth": 0}
    assert any("smoke-high: fires" in line["text"] for line in device)
    assert (await house.client.get("/explain/incidents/INC-000099")).status_code == 404
    assert (await house.client.get("/explain/devices/tower-a/sd-99")).status_code == 404
