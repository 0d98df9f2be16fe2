"""Pages of figures and rules in a browser, before a gateway whose meters have a past."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import PHONE, TRIED
from tests.support.accessible import faults
from tests.support.console import NEVER_SILENT, Tower

COMPUTED_MS = 60_000  # the first time, the gateway reads all that the meters said in two days; on a loaded machine


def until_it_fits(page: Page) -> None:
    """Nothing runs over to the right, once its style sheets are there."""
    page.wait_for_function("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


# ---- energy


def test_the_load_of_a_day_stands_beside_the_day_before_with_peak_and_night(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/energy")
    expect(page.get_by_role("button", name="24 h")).to_be_visible()
    page.keyboard.press("d")
    tiles = page.locator(".tiles")
    expect(tiles).to_contain_text("than the period before", timeout=COMPUTED_MS)
    expect(tiles).to_contain_text("kWh")
    expect(tiles.locator(".tile", has_text="Night share")).to_contain_text("%")
    expect(page.get_by_role("img", name="Load, kW").locator("canvas")).to_be_visible()
    expect(page.get_by_role("img", name="Days beside one another").locator("canvas")).to_be_visible(timeout=COMPUTED_MS)
    expect(page.locator(".busy")).to_be_hidden()
    assert faults(page) == []

    whole = float(tiles.locator(".tile b").first.inner_text().replace(",", ""))
    page.get_by_role("button", name="12F core meter 1").click()
    expect(page.get_by_label("Building, zone or meter")).to_have_value("12F core meter 1")
    expect(page.locator(".table tbody tr")).to_have_count(1, timeout=COMPUTED_MS)
    of_one = float(tiles.locator(".tile b").first.inner_text().replace(",", ""))
    assert 0 < of_one < whole / 5


def test_a_month_of_all_meters_is_answered_at_once(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/energy")
    expect(page.locator(".table tbody tr").first).to_be_visible(timeout=COMPUTED_MS)
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="31 d")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".busy")).to_be_hidden(timeout=COMPUTED_MS)
    expect(page.locator(".problem")).to_be_empty()
    expect(page.locator(".table tbody tr").first).to_be_visible()


# ---- figures


def test_the_alarms_stand_beside_their_targets_and_drills_are_said_to_be_left_out(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    building.reported("12F-east")
    page = opened("/kpis")
    expect(page.locator(".tile.met").first).to_contain_text("target: at most")
    expect(page.get_by_text("drills and tests are left out")).to_be_visible()
    expect(page.get_by_role("img", name="Alarms by day").locator("canvas")).to_be_visible()
    assert faults(page) == []
    page.keyboard.press("w")
    expect(page.get_by_role("button", name="7 d")).to_have_attribute("aria-pressed", "true")


def test_the_response_is_told_by_stage_level_and_hazard(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    incident = building.reported("12F-east")
    building.does(incident, "acknowledge")
    page = opened("/kpis")
    expect(page.get_by_role("button", name="Response")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator(".table caption", has_text="By hazard")).to_be_visible()
    expect(page.locator(".table tbody tr", has_text="Water leak").first).to_contain_text("acknowledged")
    assert faults(page) == []


# ---- rules and plans


def test_a_change_of_a_rule_is_checked_compared_and_judged_by_what_is_stored(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/rules?rule=smoke-high")
    expect(page.locator(".written")).to_contain_text("above: 0.15")
    assert faults(page) == []
    page.keyboard.press("e")
    text = page.get_by_label("Text (YAML)")
    expect(text).to_have_value(re.compile("smoke-high"))
    written = text.input_value()
    text.fill(written.replace("0.15", "0.001").replace("0.08", "0.0005"))

    answer = page.locator(".trial-answer")
    page.get_by_role("button", name="Check").click()
    expect(answer).to_contain_text("It is written well", timeout=COMPUTED_MS)
    page.get_by_role("button", name="Compare with what is in force").click()
    expect(answer.locator(".removed")).to_contain_text(["above: 0.15", "below: 0.08"])
    expect(answer.locator(".added")).to_contain_text(["above: 0.001", "below: 0.0005"])

    page.get_by_role("button", name="Backtest").click()
    expect(answer).to_contain_text("Only this file fires", timeout=COMPUTED_MS)
    expect(answer).to_contain_text(TRIED)
    assert faults(page) == []


def test_faults_of_a_pasted_file_come_with_their_line(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/rules?view=try")
    page.get_by_label("Text (YAML)").fill("rules:\n  - id: x\n    device_class: smoke_detektor\n")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".problems")).to_contain_text("rules/trial.yaml:", timeout=COMPUTED_MS)
    expect(page.locator(".problems")).to_contain_text("rules[0].when")


def test_readings_that_are_typed_are_played_to_what_is_in_force(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/rules?view=try")
    page.get_by_label("Readings").fill("+0s tower-a/sd-1203 smoke=0.3\n+5s tower-a/sd-1202 smoke=0.3")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator(".trial-answer")).to_contain_text("smoke-high", timeout=COMPUTED_MS)
    expect(page.locator(".trial-answer")).to_contain_text("Fire · tower-a/12F-east")
    page.get_by_label("Readings").fill("smoke everywhere")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_text("Line 1 is not a reading")).to_be_visible()


def test_a_plan_says_what_is_done_at_each_level(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/rules?view=plans")
    expect(page.locator(".plan-steps li", has_text="Release the doors")).to_be_visible()
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Level III")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".plan-steps li", has_text="Release the doors")).to_have_count(0)
    assert faults(page) == []


def test_the_version_in_force_has_its_text(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/rules?view=versions")
    expect(page.locator(".table", has_text="Versions of the rules")).to_contain_text("in force")
    page.get_by_role("button", name="Text").first.click()
    expect(page.locator(".written").first).to_contain_text(NEVER_SILENT.strip())  # the tower's own rule file
    assert faults(page) == []


@pytest.mark.parametrize(
    "path", ["/energy", "/kpis", "/kpis?view=response", "/rules", "/rules?view=plans", "/rules?view=try"]
)
def test_on_a_phone_in_chinese_every_page_fits_and_is_legible(building: Tower, opened, path: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(path, lang="zh", size=PHONE)
    expect(page.locator(".page .table, .page .tree, .plan-steps, .trial").first).to_be_visible(timeout=COMPUTED_MS)
    until_it_fits(page)
    assert faults(page) == []
