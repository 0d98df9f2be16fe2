"""Reports, exports and figures over HTTP."""

from __future__ import annotations

import csv
import io

import httpx
import msgspec
import pytest

from rules.instant import DAY_MS
from rules.mode import Mode
from rules.timeline import Kind
from tests.api.fake_desk import FakeDesk
from tests.support import reported

REPORT = "/api/v1/incidents/INC-000001/report"
CSV = "/api/v1/incidents/INC-000001/timeline.csv"


@pytest.fixture
def told(desk: FakeDesk) -> FakeDesk:
    desk.told["INC-000001"] = reported.facts()
    return desk


@pytest.mark.parametrize(
    ("format", "media_type", "begins"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("markdown", "text/markdown; charset=utf-8", b"# Incident report"),
        ("json", "application/json", b"{"),
    ],
)
async def test_a_report_comes_in_the_format_that_was_asked_for(
    client: httpx.AsyncClient, told: FakeDesk, format: str, media_type: str, begins: bytes
) -> None:
    answer = await client.get(REPORT, params={"format": format, "lang": "en"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content.startswith(begins)
    assert "INC-000001-report-en." in answer.headers["content-disposition"]


async def test_a_browser_shows_a_report_that_can_do_nothing(client: httpx.AsyncClient, told: FakeDesk) -> None:
    answer = await client.get(REPORT)
    assert answer.headers["content-disposition"].startswith("inline;")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "attachment;" in (await client.get(REPORT, params={"download": "true"})).headers["content-disposition"]


async def test_the_language_of_a_report_is_the_readers(client: httpx.AsyncClient, told: FakeDesk) -> None:
    chinese = await client.get(REPORT, headers={"Accept-Language": "zh-CN"})
    assert "突发事件处置报告" in chinese.text
    assert chinese.headers["content-language"] == "zh"
    asked = await client.get(REPORT, params={"kind": "after_action", "lang": "en"})
    assert "After-action report" in asked.text


async def test_no_report_names_a_card_holder(client: httpx.AsyncClient, told: FakeDesk) -> None:
    evidence = msgspec.structs.replace(reported.incident().evidence[0], values={"card": "4711-0815"})
    incident = reported.incident(evidence=[evidence])
    denied = reported.entries(incident)[1]
    entry = msgspec.structs.replace(denied, facts={"title_en": "Refused", "card": "4711-0815"})
    told.told["INC-000001"] = reported.facts(incident, entries=(entry,))
    for format in ("html", "markdown", "json"):
        answer = await client.get(REPORT, params={"format": format})
        assert "masked" in answer.text
        assert "4711-0815" not in answer.text


async def test_a_timeline_opens_in_a_spreadsheet_without_doing_anything_there(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    incident = desk.opened(mode=Mode.EXERCISE)
    desk.write(incident, Kind.NOTED, by="=cmd|' /C calc'!A0", facts={"text": '=HYPERLINK("http://x","y")'})
    answer = await client.get(CSV, params={"lang": "zh"})
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    head, opened, noted = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[:3] == ["序号", "时间（UTC）", "时间（当地）"]
    assert opened[2] == "2026-11-24 13:00:01+0800"
    assert opened[4] == "exercise"
    assert noted[7] == "'=cmd|' /C calc'!A0"
    assert all(cell[:1] not in ("=", "+", "-", "@") for cell in noted)


async def test_a_timeline_of_many_pages_is_exported_whole(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    incident = desk.opened()
    for number in range(1_100):
        desk.write(incident, Kind.NOTED, by="duty.officer", facts={"text": f"note {number}"})
    answer = await client.get(CSV)
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 1_102)]


async def test_figures_are_of_the_time_and_site_that_were_asked_for(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    asked = {"since": "2026-11-01T00:00:00+08:00", "until": "2026-11-08T00:00:00+08:00", "site": "tower-a"}
    for path in ("alarms", "response", "energy"):
        answer = await client.get(f"/api/v1/kpis/{path}", params=asked)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["since"], answer.json()["until"]) == (
            "2026-10-31T16:00:00.000Z",
            "2026-11-07T16:00:00.000Z",
        )
    assert {query.site for query in desk.figures_asked} == {"tower-a"}


async def test_without_a_time_figures_are_of_the_last_days(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    await client.get("/api/v1/kpis/alarms")
    since, until = desk.figures_asked[0].times(reported.NOW, 30 * DAY_MS)
    assert until - since == 30 * DAY_MS
    assert reported.NOW <= until <= reported.NOW + 15 * 60_000


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("alarms", {"since": "2026-01-01T00:00:00Z", "until": "2026-06-01T00:00:00Z"}, "at most 92 days"),
        ("response", {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since before until"),
        ("energy", {"since": "2026-02-01T00:00:01Z"}, "not the beginning of a quarter"),
        ("energy", {"since": "2026-01-01T00:00:00Z", "until": "2027-02-15T00:00:00Z"}, "at most 366 days"),
        ("alarms", {"since": "0001-01-01T00:00:00Z"}, "between 1971 and 2099"),
    ],
)
async def test_a_time_too_long_or_odd_is_refused_with_what_was_expected(
    client: httpx.AsyncClient, path: str, params: dict[str, str], expected: str
) -> None:
    answer = await client.get(f"/api/v1/kpis/{path}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert expected in answer.text


async def test_too_many_meters_are_refused_with_how_many_may_be_asked_for(
    client: httpx.AsyncClient, desk: FakeDesk
) -> None:
    desk.too_much = "900 meters for 31 days; expected at most 400 days of meters"
    answer = await client.get("/api/v1/kpis/energy")
    assert answer.status_code == 422
    assert desk.too_much in answer.json()["detail"]


async def test_figures_are_of_the_sites_that_the_caller_sees(desk: FakeDesk) -> None:
    from api.auth import Principal
    from api.ports import UnknownIncident
    from api.privacy import Masks
    from api.report_port import FiguresQuery
    from api.sight import Sight

    desk.told["INC-000001"] = reported.facts()
    sight = Sight(desk, Principal("east", sites=frozenset({"tower-b"})), Masks(b"k"), lambda about: None)  # type: ignore[arg-type]
    await sight.alarm_figures(FiguresQuery(site="tower-a"))
    assert desk.figures_asked[0].sites == {"tower-b"}
    assert not desk.figures_asked[0].covers("tower-a")
    with pytest.raises(UnknownIncident):
        await sight.report_facts("INC-000001")
