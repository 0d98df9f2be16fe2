"""Readings over time, shifts, reports by people, maintenance windows, messages not understood, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.duty_port import CommandOf
from api.ports import DeadLetter
from api.readings_port import Aggregate, ReadingsQuery, Series
from rules.duty import Shift
from rules.incident import CommandStage, CommandState
from rules.instant import HOUR_MS, parse_rfc3339
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Refused
from rules.people import Absence
from rules.requests import ClearDeadLetters, EndReport, PersonCommand, PutOnShelf, ReportIncident, WithdrawCommand
from rules.signal import Signal
from tests.api.fake_desk import FakeDesk, device
from tests.api.fake_response import START

READINGS = "/api/v1/devices/tower-a/sd-1203/readings"
RANGE = "from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z"


@pytest.fixture(autouse=True)
def _known(desk: FakeDesk) -> None:
    desk.device_states = [device("sd-1203")]


# ---- readings


async def test_readings_of_the_last_hour_come_in_steps_that_a_screen_can_show(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    found = (await client.get(READINGS)).json()
    (asked,) = desk.readings_asked
    assert (asked.until - asked.since, asked.aggregate) == (HOUR_MS, Aggregate.AVG)
    assert HOUR_MS / asked.step_ms <= 500
    assert found["series"][0]["metric"] == "smoke"
    assert found["series"][0]["points"][0][1] == 0.1
    assert found["complete"]


async def test_a_range_step_aggregate_and_metrics_are_taken_as_said(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    await client.get(f"{READINGS}?{RANGE}&step=5min&agg=max&metric=smoke,alarm&mode=exercise")
    since = parse_rfc3339("2026-11-24T00:00:00Z")
    assert desk.readings_asked == [
        ReadingsQuery(
            "tower-a/sd-1203", since, since + 24 * HOUR_MS, 300_000, Aggregate.MAX, ["smoke", "alarm"], Mode.EXERCISE
        )
    ]


async def test_what_could_not_be_looked_through_in_time_says_where_to_go_on(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.complete_until = parse_rfc3339("2026-11-24T06:00:00Z")
    found = (await client.get(f"{READINGS}?{RANGE}&step=5min")).json()
    assert (found["complete"], found["complete_until"]) == (False, "2026-11-24T06:00:00.000Z")


@pytest.mark.parametrize(
    "query",
    [
        f"{RANGE}&step=1s",
        f"{RANGE}&step=5",
        f"{RANGE}&step=0s",
        f"{RANGE}&agg=median",
        "from=2026-11-25T00:00:00Z&to=2026-11-24T00:00:00Z",
        "from=2024-11-25T00:00:00Z&to=2026-11-24T00:00:00Z&step=1d",
    ],
)
async def test_too_many_points_or_no_range_are_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"{READINGS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_readings_that_say_who_somebody_is_are_masked(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.series = [Series("card", [(START, "1234")])]
    found = (await client.get(f"{READINGS}?agg=last")).json()
    assert found["series"][0]["points"][0][1].startswith("masked-")


# ---- shifts


async def test_shifts_and_absences_of_a_range_are_shown_with_who_stands_in(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    at = parse_rfc3339("2026-11-24T08:00:00Z")
    desk.known_shifts = [Shift("duty_officer", "tower-a", at, at + HOUR_MS, "b", "B", "a")]
    desk.known_absences = [Absence("a", at, at + HOUR_MS), Absence("c", at, at + HOUR_MS)]
    (shift,) = (await client.get(f"/api/v1/shifts?{RANGE}")).json()["items"]
    assert (shift["person"], shift["stands_in_for"], shift["since"]) == ("b", "a", "2026-11-24T08:00:00.000Z")
    absences = (await client.get(f"/api/v1/absences?{RANGE}&person=a")).json()["items"]
    assert [each["person"] for each in absences] == ["a"]


async def test_who_is_on_duty_can_be_asked_of_another_moment(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    await client.get("/api/v1/roster?at=2026-11-24T08:00:00Z&role=duty_officer&site=tower-a")
    assert desk.duties == [(parse_rfc3339("2026-11-24T08:00:00Z"), "duty_officer", "tower-a")]


@pytest.mark.parametrize("path", ["shifts", "absences"])
async def test_a_calendar_is_of_a_week_or_of_a_quarter_at_most(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/api/v1/{path}")).status_code == 200
    assert (await client.get(f"/api/v1/{path}?from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z")).status_code == 422


# ---- commands of people


COMMANDS: list[tuple[str, dict[str, Any], PersonCommand]] = [
    (
        "/incidents",
        {"zone": "tower-a/12F-east", "hazard": "fire", "level": "II", "note": "smoke", "signal": "supervisory"},
        ReportIncident(
            by="duty",
            zone="tower-a/12F-east",
            hazard="fire",
            level=Level.II,
            note="smoke",
            signal=Signal.SUPERVISORY,
        ),
    ),
    ("/incidents/INC-000001/over", {"note": " out "}, EndReport(incident="INC-000001", by="duty", note="out")),
    (
        "/incidents/INC-000001/commands/CMD-000007/withdraw",
        {"reason": "jammed"},
        WithdrawCommand(incident="INC-000001", by="duty", command="CMD-000007", reason="jammed"),
    ),
    (
        "/dead-letters/clear",
        {"reason": "set up now", "fault": "bad json"},
        ClearDeadLetters(by="duty", reason="set up now", fault="bad json"),
    ),
    (
        "/maintenance-windows",
        {"device": "tower-a/sd-1203", "duration_ms": 60_000, "reason": "cleaning", "second": "engineer"},
        PutOnShelf(
            by="duty",
            reason="cleaning",
            duration_ms=60_000,
            device="tower-a/sd-1203",
            second="engineer",
            maintenance=True,
        ),
    ),
]


@pytest.mark.parametrize(("path", "body", "command"), COMMANDS, ids=[path for path, _, _ in COMMANDS])
async def test_what_a_person_does_reaches_the_desk_as_one_command_once(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any], command: PersonCommand
) -> None:
    desk.opened()
    headers = {"Idempotency-Key": "once"}
    for repeated in (False, True):
        answer = await client.post(f"/api/v1{path}", json={"by": "duty", **body}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["repeated"] is repeated
    assert desk.asked == [command]


@pytest.mark.parametrize(("path", "body"), [(path, body) for path, body, _ in COMMANDS])
async def test_a_refusal_is_told_with_its_reason(
    client: httpx.AsyncClient, desk: FakeDesk, path: str, body: dict[str, Any]
) -> None:
    desk.opened()
    desk.refusal = Refused("not_so", "it cannot be done")
    answer = await client.post(f"/api/v1{path}", json={"by": "duty", **body})
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (409, "not_so", "it cannot be done")


async def test_a_maintenance_window_is_of_one_device_or_one_zone(client: httpx.AsyncClient) -> None:
    body = {"duration_ms": 60_000, "reason": "cleaning"}
    for named in ({}, {"device": "tower-a/sd-1203", "zone": "tower-a/12F-east"}):
        assert (await client.post("/api/v1/maintenance-windows", json=body | named)).status_code == 422


async def test_maintenance_windows_are_apart_from_other_shelves(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.shelved()
    body = {"zone": "tower-a/12F-east", "duration_ms": 60_000, "reason": "cleaning"}
    made = (await client.post("/api/v1/maintenance-windows", json=body)).json()["shelf"]["id"]
    assert [each["id"] for each in (await client.get("/api/v1/maintenance-windows")).json()["items"]] == [made]
    assert (await client.get(f"/api/v1/maintenance-windows/{made}")).json()["maintenance"]
    for path in ("/api/v1/maintenance-windows/SH-000001", "/api/v1/maintenance-windows/SH-000099"):
        assert (await client.get(path)).json()["code"] == "unknown_shelf"
    ended = await client.post("/api/v1/maintenance-windows/SH-000001/end", json={})
    assert (ended.status_code, ended.json()["code"]) == (404, "unknown_shelf")


# ---- what is sent to devices, and what was not understood


async def test_commands_are_listed_with_what_became_of_them(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    for number, stage in enumerate((CommandStage.DONE, CommandStage.WITHDRAWN), 1):
        command = CommandState(f"CMD-{number:06d}", "tower-a/door-1", "release", "doors", stage, START, START)
        desk.known_commands.append(
            CommandOf("INC-000001", "tower-a", "tower-a/12F-east", "fire", Mode.ACTUAL, True, command)
        )
    (found,) = (await client.get("/api/v1/commands?stage=withdrawn")).json()["items"]
    assert (found["incident"], found["command"]["id"], found["command"]["stage"]) == (
        "INC-000001",
        "CMD-000002",
        "withdrawn",
    )


async def test_a_message_that_was_not_understood_is_found_by_the_id_of_the_list(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.letters = [DeadLetter("tocsin/v1/tower-a/烟/telemetry", "unknown device", "d", "{}", 3, START, START)]
    (listed,) = (await client.get("/api/v1/dead-letters")).json()["items"]
    assert (await client.get(f"/api/v1/dead-letters/{listed['id']}")).json() == listed
    for other in ("bm9uZQ", "%%%", "x"):
        answer = await client.get(f"/api/v1/dead-letters/{other}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_dead_letter")
