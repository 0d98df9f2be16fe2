"""Rules, versions and trials over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.port_basics import TooBusy
from api.rules_port import BacktestState, FileProblem, Posted, PostedFile
from api.settings import ApiSettings
from rules.dry_run import Heard
from rules.firings import Firing
from rules.instant import parse_rfc3339
from rules.mode import Mode
from rules.timeline import Kind
from tests.api.conftest import TOKEN, Client
from tests.api.fake_desk import FakeDesk
from tests.api.fake_rules import VERSION

FILE = {"name": "rules/fire.yaml", "text": "rules: []\n"}
BACKTEST = {"files": [FILE], "from": "2026-11-17T00:00:00Z", "to": "2026-11-24T00:00:00Z"}
PROBLEM = FileProblem("rules/fire.yaml", 4, "rules[0].level", "'V' is no level", "rules/fire.yaml:4 …: 'V' is no level")


@pytest.fixture(autouse=True)
def _ruled(desk: FakeDesk) -> None:
    desk.ruled()


# ---- rules and versions


async def test_rules_are_listed_by_id_page_by_page_with_the_version_in_force(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/rules?limit=2")).json()
    rest = (await client.get(f"/api/v1/rules?limit=2&cursor={first['next_cursor']}")).json()
    assert [each["id"] for each in (*first["items"], *rest["items"])] == ["call-point", "fire-confirmed", "smoke-high"]
    assert first["version"] == VERSION
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("hazard=fire", 3),
        ("hazard=gas", 0),
        ("kind=confirmation", 1),
        ("device_class=call_point", 1),
    ],
)
async def test_rules_can_be_asked_for_by_what_they_are_about(client: httpx.AsyncClient, query: str, found: int) -> None:
    assert len((await client.get(f"/api/v1/rules?{query}")).json()["items"]) == found


async def test_a_rule_is_shown_as_a_file_would_have_it_and_by_whom_it_is_counted(client: httpx.AsyncClient) -> None:
    rule = (await client.get("/api/v1/rules/smoke-high")).json()
    assert rule["written"]["when"] == {"metric": "smoke", "above": 0.15}
    assert rule["confirmed_by"] == ["fire-confirmed"]
    assert rule["level"] is None


async def test_a_cursor_that_no_page_has_given_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/rules?cursor=nonsense")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.cursor")


async def test_a_version_comes_with_its_content_and_the_files_as_they_were_written(client: httpx.AsyncClient) -> None:
    (stay,) = (await client.get("/api/v1/versions")).json()["items"]
    assert stay["until"] is None
    version = (await client.get(f"/api/v1/versions/{stay['version'][:12]}")).json()
    assert version["version"] == VERSION
    assert set(version["content"]["detections"]) == {"smoke-high", "call-point"}
    assert version["files"]["rules/fire.yaml"].startswith("# ours\n")


@pytest.mark.parametrize("version", ["3f2a", "nonsense-of-words", "f" * 64, "f" * 65])
async def test_a_version_that_never_was_is_not_found(client: httpx.AsyncClient, version: str) -> None:
    answer = await client.get(f"/api/v1/versions/{version}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_version")


# ---- files


async def test_a_checked_file_is_answered_with_the_lines_of_its_faults(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.problems = [PROBLEM]
    answer = await client.post("/api/v1/files/check", json={"files": [FILE], "beside": "library"})
    found = answer.json()
    assert (answer.status_code, found["ok"]) == (200, False)
    assert found["problems"][0] == {
        "file": "rules/fire.yaml",
        "line": 4,
        "path": "rules[0].level",
        "message": "'V' is no level",
        "text": PROBLEM.text,
    }
    assert desk.posted == [Posted([PostedFile(**FILE)], "library")]


@pytest.mark.parametrize(
    "name", ["../gateway.yaml", "/etc/passwd.yaml", "rules/fire.txt", "a//b.yaml", ".hidden.yaml", ""]
)
async def test_a_file_is_named_by_no_path_that_leads_elsewhere(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/api/v1/files/check", json={"files": [{"name": name, "text": ""}]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.files.0.name")


@pytest.mark.parametrize("files", [[], [FILE, FILE], [{"name": f"{n}.yaml", "text": ""} for n in range(21)]])
async def test_no_files_the_same_twice_or_too_many_are_refused(client: httpx.AsyncClient, files: Any) -> None:
    assert (await client.post("/api/v1/files/check", json={"files": files})).status_code == 422


async def test_when_too_much_is_tried_at_once_the_caller_is_told_to_come_again(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.broken = TooBusy("9 checks and dry runs are under way or waiting")
    answer = await client.post("/api/v1/files/check", json={"files": [FILE]})
    assert (answer.status_code, answer.json()["code"]) == (503, "too_busy")
    assert answer.headers["retry-after"]


# ---- dry run


def reading(**fields: Any) -> dict[str, Any]:
    return {"device": "tower-a/sd-1", "at": "2026-11-24T05:00:00Z", "values": {"smoke": 0.3}} | fields


async def test_a_dry_run_takes_readings_events_and_statuses_in_order(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    body = {
        "readings": [
            reading(),
            reading(at="2026-11-24T05:00:01Z", event="duress", values={"card": "7"}),
            {"device": "tower-a/sd-1", "at": "2026-11-24T05:00:02Z", "online": False},
        ],
        "lasts": "5min",
        "mode": "exercise",
    }
    answer = await client.post("/api/v1/rules/dry-run", json=body)
    assert answer.status_code == 200, answer.text
    (question,) = desk.dry_runs
    at = parse_rfc3339("2026-11-24T05:00:00Z")
    assert question.heard == [
        Heard("tower-a/sd-1", at, {"smoke": 0.3}),
        Heard("tower-a/sd-1", at + 1_000, {"card": "7"}, event="duress"),
        Heard("tower-a/sd-1", at + 2_000, online=False),
    ]
    assert (question.posted, question.lasts_ms, question.mode) == (None, 300_000, Mode.EXERCISE)


async def test_what_a_dry_run_found_is_shown_in_the_language_asked_for(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.rehearsed.entries.append(desk.write(None, Kind.ACKNOWLEDGED, by="duty"))
    answer = await client.post("/api/v1/rules/dry-run?lang=zh", json={"readings": [reading()]})
    assert answer.json()["entries"][0]["text"].endswith("已接警")
    assert answer.headers["content-language"] == "zh"


async def test_card_numbers_are_masked_in_what_is_tried(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.rehearsed.firings.append(Firing("denied", "tower-a/ac-1", 0, None, {"card": "1234"}, False))
    desk.backtested()
    tried = (await client.post("/api/v1/rules/dry-run", json={"readings": [reading()]})).json()
    tested = (await client.get("/api/v1/backtests/BT-000001")).json()
    for firing in (tried["firings"][0], tested["compared"]["candidate"]["firings"][0]):
        assert firing["values"]["card"].startswith("masked-")


async def test_a_dry_run_of_files_with_faults_tries_nothing(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.problems = [PROBLEM]
    found = (await client.post("/api/v1/rules/dry-run", json={"files": [FILE], "readings": [reading()]})).json()
    assert (found["ok"], found["begins"], len(found["problems"])) == (False, None, 1)


@pytest.mark.parametrize(
    "readings",
    [
        [],
        [reading(values={})],
        [reading(online=True)],
        [reading(at="yesterday")],
        [reading(values={"smoke": [1]})],
        [reading(), reading(at="2026-11-24T04:59:59Z")],
        [reading(), reading(at="2026-12-02T05:00:00Z")],
    ],
)
async def test_readings_that_make_no_dry_run_are_refused(client: httpx.AsyncClient, readings: Any) -> None:
    assert (await client.post("/api/v1/rules/dry-run", json={"readings": readings})).status_code == 422


# ---- backtests


async def test_a_backtest_is_begun_and_can_be_asked_for(client: httpx.AsyncClient) -> None:
    begun = await client.post("/api/v1/backtests", json=BACKTEST)
    assert (begun.status_code, begun.json()["state"]) == (202, "waiting")
    found = await client.get(begun.headers["location"])
    assert (found.status_code, found.json()["id"]) == (200, begun.json()["id"])
    assert (found.json()["from"], found.json()["to"]) == ("2026-11-17T00:00:00.000Z", "2026-11-24T00:00:00.000Z")


async def test_a_backtest_that_was_asked_for_twice_with_one_key_is_one(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    ids = [(await client.post("/api/v1/backtests", json=BACKTEST, headers=headers)).json()["id"] for _ in range(2)]
    assert ids[0] == ids[1]


async def test_a_backtest_says_in_one_line_what_would_have_been(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    desk.backtested()
    compared = (await client.get("/api/v1/backtests/BT-000001")).json()["compared"]
    assert compared["summary"] == "would have fired 1 time; the running rules fired 0 times; 0 of them the same"
    assert compared["only_candidate"] == [0]


async def test_backtests_are_listed_without_what_they_came_to_and_can_be_ended(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.backtested(BacktestState.RUNNING)
    assert (await client.get("/api/v1/backtests")).json()["items"][0]["compared"] is None
    assert (await client.delete("/api/v1/backtests/BT-000001")).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    "span", [("2026-11-24", "2026-11-24"), ("2026-11-24", "2026-11-23"), ("2026-01-01", "2026-06-01")]
)
async def test_a_backtest_of_no_range_or_too_long_a_one_is_refused(
    client: httpx.AsyncClient, span: tuple[str, str]
) -> None:
    body = {"files": [FILE], "from": f"{span[0]}T00:00:00Z", "to": f"{span[1]}T00:00:00Z"}
    assert (await client.post("/api/v1/backtests", json=body)).status_code == 422


# ---- the journal


async def test_nobody_has_looked_whether_the_journal_is_whole_until_somebody_does(
    client_for: Client, guarded: ApiSettings
) -> None:
    client = client_for(guarded)
    client.headers["Authorization"] = f"Bearer {TOKEN}"
    assert (await client.get("/api/v1/audit/verify")).json()["state"] == "never"
    begun = (await client.post("/api/v1/audit/verify", json={"by": "somebody else"})).json()
    assert (begun["state"], begun["asked_by"]) == ("running", "duty.officer")
    assert (await client.get("/api/v1/audit/verify")).json()["state"] == "running"
