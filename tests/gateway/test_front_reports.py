"""Reports and figures over the API, with the real core and its stores."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.report_port import TooMuchAsked
from gateway.kpis.energy import check_bounds
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, rfc3339
from tests.gateway.test_front_response import FIRE, House
from tests.support import building


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.client.aclose()
    assert house.core is not None
    house.core.close()


async def _fire(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    house.reading("sd-2", smoke=0.2)
    house.wait(0.5)
    await house.do(f"{FIRE}/acknowledge", note="on my way")
    house.wait(3)
    await house.do(f"{FIRE}/respond", by="engineering-lead")


async def _report(house: House, **params: str) -> dict[str, Any]:
    answer = await house.client.get(f"{FIRE}/report", params={"format": "json", "lang": "en", **params})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _section(report: dict[str, Any], id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(section for section in report["sections"] if section["id"] == id)
    return found


def _rows(report: dict[str, Any], id: str) -> list[list[str]]:
    return [[cell["text"] for cell in row] for row in _section(report, id)["blocks"][0]["rows"]]


async def test_a_report_tells_times_against_the_limits_of_the_plan_that_was_followed(house: House) -> None:
    await _fire(house)
    report = await _report(house)
    times = {row[0]: row[3:] for row in _rows(report, "times")}
    assert times["Acknowledged"] == ["30 s", "1 h", "response plan", "kept"]
    assert times["First responder on site"] == ["3 min 30 s", "15 min", "response plan", "kept"]
    assert times["Task: Go and see"] == ["running", "3 min", "response plan", "MISSED"]
    assert report["interim"] is True
    assert report["timezone"] == "Asia/Shanghai (UTC+08:00)"


async def test_a_report_rests_on_the_last_entry_of_the_journal(house: House) -> None:
    await _fire(house)
    assert house.core is not None
    index, hash_ = house.core.store.head()
    footing = (await _report(house))["footing"]
    assert footing == {"index": index, "hash": hash_.hex()}


async def test_people_are_named_as_the_roster_names_them(house: House) -> None:
    await _fire(house)
    assert _rows(await _report(house), "people")[0][:2] == ["Duty officer", "duty officer"]


async def test_a_report_of_no_incident_is_not_found(house: House) -> None:
    answer = await house.client.get("/incidents/INC-000099/report")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_incident")


async def test_pdf_comes_from_a_child_and_is_archival(house: House) -> None:
    await _fire(house)
    answer = await house.client.get(f"{FIRE}/report", params={"format": "pdf", "lang": "en"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-1.7")
    assert b"pdfaid:part" in answer.content


async def test_alarm_figures_count_what_was_annunciated_and_not_the_drill(house: House) -> None:
    await _fire(house)
    assert house.core is not None
    drill = json.dumps({"values": {"smoke": 0.3}}).encode()
    house.core.ingest.on_messages([(b"tocsin-exercise/v1/tower-a/sd-3/telemetry", drill, 0, 0)], 1)
    house.core.ingest.flush()
    assert "exercise" in {each["mode"] for each in (await house.ask("/incidents"))["items"]}
    figures = await house.ask("/kpis/alarms")
    assert {(each["device"], each["annunciated"]) for each in figures["top"] if each["rule"] == "smoke-high"} == {
        ("tower-a/sd-1", 1),
        ("tower-a/sd-2", 1),
    }
    assert figures["until"] == rfc3339(-(-house.now // (15 * MINUTE_MS)) * 15 * MINUTE_MS)
    elsewhere = await house.ask("/kpis/alarms", site="tower-b")
    assert elsewhere["annunciated"] == 0


async def test_response_figures_know_the_limits_of_each_plan(house: House) -> None:
    await _fire(house)
    figures = await house.ask("/kpis/response")
    stages = {stage["id"]: stage for stage in figures["overall"]["stages"]}
    assert stages["acknowledge"]["median_ms"] == 30_000
    assert (stages["first_response"]["kept"], stages["first_response"]["limited"]) == (1, 1)
    assert "fire" in [group["name"] for group in figures["by_hazard"]]
    assert figures["orders"][0]["name"] == "emergency"


async def test_energy_is_what_the_counter_rose_by_and_night_is_told_apart(house: House) -> None:
    """From 08:00 on: two kilowatts, told every ten minutes for a day."""
    for _ in range(24 * 6 + 1):
        house.reading("em-1", power_w=2_000.0)
        house.now += 10 * MINUTE_MS
    now = house.now - house.now % (15 * MINUTE_MS)
    figures = await house.ask("/kpis/energy", since=rfc3339(now - DAY_MS), until=rfc3339(now), device="tower-a/em-1")
    (meter,) = figures["meters"]
    assert meter["by"] == "power"
    assert meter["energy_kwh"] == pytest.approx(48, rel=0.01)
    assert meter["night_share"] == pytest.approx(8 / 24, abs=0.01)
    assert meter["mean_w"] == pytest.approx(2_000, rel=0.01)
    assert len(meter["intervals"]) in (24, 25)
    assert figures["zones"][0]["name"] == building.directory().devices["tower-a/em-1"].zone


async def test_what_flowed_between_two_days_is_part_of_one_of_them(house: House) -> None:
    """Told every 40 minutes: what flows around midnight UTC lies between a reading of each day."""
    begins = house.now - house.now % DAY_MS
    for number in range(3 * 36):
        house.now = begins + number * 40 * MINUTE_MS + 20 * MINUTE_MS
        house.reading("em-1", power_w=600.0, energy_kwh=100.0 + number)
    since, until = begins + DAY_MS, begins + 2 * DAY_MS
    figures = await house.ask("/kpis/energy", since=rfc3339(since), until=rfc3339(until), device="tower-a/em-1")
    assert figures["meters"][0]["energy_kwh"] == pytest.approx(36, abs=0.01)


def test_too_many_meters_for_too_long_are_refused() -> None:
    with pytest.raises(TooMuchAsked, match="400 meters for 11 days; expected at most 4000"):
        check_bounds(400, HOUR_MS, (0, 11 * DAY_MS))
    with pytest.raises(TooMuchAsked, match="take a longer step"):
        check_bounds(24, 15 * MINUTE_MS, (0, 31 * DAY_MS))
    check_bounds(45, HOUR_MS, (0, 7 * DAY_MS))
