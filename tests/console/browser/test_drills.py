"""Drills in a browser: started by keys, never taken for real, stopped by what is, scored; the year; theory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from console.drill_words import DRILL_WORDS
from console.pages.drill import WORDS, spell, story
from console.pages.drills import months
from console.words import add
from gateway.child_process import dies_with
from tests.console.browser.conftest import PHONE
from tests.support.accessible import faults
from tests.support.console import SITE, SMOKE, Tower
from tests.support.places import Place

add(DRILL_WORDS)
add(WORDS)


def started(page: Page) -> str:
    """By the keyboard, from the list. → its id"""
    page.keyboard.press("n")
    page.get_by_label("Scenario").fill("fire-on-12f")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/drills/DRL-"))
    return page.url.rpartition("/")[2]


def ended(building: Tower, drill: str) -> None:
    assert building.gateway.post(f"drills/{drill}/end", by="safety-officer")[0] == 200


def test_a_drill_is_started_suspended_by_what_is_real_resumed_and_scored(  # type: ignore[no-untyped-def]
    building: Tower, place: Place, opened
) -> None:
    page = opened("/drills")
    expect(page.get_by_text("No drill is on.")).to_be_visible()
    drill = started(page)
    real = page.locator(".real-now")
    expect(real).to_contain_text("Nothing real is open")

    building.says(place.detector(), **SMOKE)
    expect(real.locator(".mini.actual")).to_contain_text(place.en)
    expect(page.get_by_role("alert").filter(has_text="Suspended for what is real")).to_contain_text("INC-")

    building.calm()
    expect(real).to_contain_text("Nothing real is open")
    page.keyboard.press("r")
    page.get_by_label("Reason (may be empty)").press("Enter")
    expect(page.locator("h1")).to_contain_text("running")
    expect(page.locator(".q-dialog")).to_have_count(0)
    page.keyboard.press("e")
    page.get_by_label("Reason (may be empty)").press("Enter")
    expect(page.locator(".verdict")).to_contain_text("80 needed")
    assert building.gateway.get(f"drills/{drill}")["stage"] == "ended"


@pytest.fixture
def player(building: Tower, tmp_path: Path) -> Iterator[None]:
    """`tocsin play-drills` beside the gateway, as a process of its own."""
    gateway = building.gateway
    command = [sys.executable, "-m", "tocsin", "play-drills", "--files", str(gateway.folder / "site.yaml")]
    command += ["--broker", building.broker.url, "--api", gateway.url, "--speed", "20"]
    with (tmp_path / "player.log").open("wb") as log:
        process = subprocess.Popen(dies_with(os.getpid(), command), stdout=log, stderr=log)
        try:
            gateway.until(lambda: gateway.get("drills/scenarios")["items"])
            yield
        finally:
            process.terminate()
            process.wait(10)
            gateway.until(lambda: not gateway.get("drills/scenarios")["items"])


def test_a_scenario_is_chosen_by_its_title_and_its_devices_are_played(  # type: ignore[no-untyped-def]
    building: Tower, player: None, opened
) -> None:
    page = opened("/drills", lang="zh")
    page.keyboard.press("n")
    dialog = page.locator(".q-dialog")
    expect(dialog).to_contain_text("其余由人员完成")
    expect(dialog.get_by_label("演练科目")).to_have_value(re.compile("12层火灾 · 火灾 · 1 分钟"))
    dialog.get_by_role("button", name="确定").click()
    page.wait_for_url(re.compile(r"/drills/DRL-"))
    drill = page.url.rpartition("/")[2]
    expect(page.locator("h1")).to_contain_text("12层火灾")
    exercise = page.locator(".mini.exercise")
    expect(exercise.first).to_contain_text("火灾")
    expect(page.locator(".real-now")).to_contain_text("无真实事件")
    ended(building, drill)
    expect(page.locator(".verdict")).to_be_visible()


def test_a_page_of_a_drill_is_framed_and_stamped_all_over_but_not_what_is_real(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/drills")
    drill = started(page)
    frame = page.locator(".exercise-frame")
    expect(frame).to_have_css("position", "fixed")
    assert frame.evaluate("e => e.getBoundingClientRect().width === innerWidth")
    layers = "(e) => Number(getComputedStyle(e).zIndex)"
    assert page.locator(".real-now").evaluate(layers) > frame.evaluate(layers)
    expect(page.locator(".exercise-bar")).to_be_visible()
    assert faults(page) == []

    phone = opened(f"/drills/{drill}", lang="zh", size=PHONE)
    expect(phone.locator(".exercise-bar")).to_contain_text("演练")
    expect(phone.locator(".real-now")).to_contain_text("当前真实状态")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ended(building, drill)


def test_a_drill_that_is_aborted_needs_a_reason(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/drills")
    started(page)
    page.keyboard.press("x")
    page.get_by_label("Reason").press("Enter")
    expect(page.get_by_text("Missing: Reason")).to_be_visible()
    page.get_by_label("Reason").fill("the lobby is crowded")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("aborted")
    expect(page.get_by_text("An aborted drill is not scored.")).to_be_visible()


def test_answers_to_the_questions_of_a_plan_are_marked_at_once(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    status, answer = building.gateway.post("drills", by="safety-officer", site=SITE, scenario="water-leak")
    assert status == 200, answer
    drill = answer["drill"]["id"]
    page = opened(f"/drills/{drill}/theory?plan=fire")
    page.get_by_label("Who answers").fill("guard")
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator(".theory-result")).to_contain_text("Not answered")
    for question in page.locator(".question").all():
        question.locator(".q-radio").nth(1).click()
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator(".theory-result")).to_contain_text("points")
    expect(page.locator(".question").first).to_contain_text("✓ right")
    assert building.gateway.get(f"drills/{drill}")["theory"][0]["person"] == "guard"
    assert faults(page) == []
    ended(building, drill)


def test_the_list_shows_what_the_year_has_to_cover_and_past_drills(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/drills")
    drill = started(page)
    ended(building, drill)
    page.goto(page.url.partition("/drills/")[0] + "/drills")
    expect(page.locator(".matrix tbody tr").first).to_contain_text("Fire")
    row = page.locator(f'tr[data-href="/drills/{drill}"]')
    expect(row).to_contain_text("ended")
    year = page.locator("h2", has_text="What the year has to cover").inner_text()
    page.keyboard.press("]")
    expect(page.locator("h2", has_text="What the year has to cover")).not_to_have_text(year)
    assert faults(page) == []


def test_the_matrix_has_what_was_held_in_its_month_and_the_month_in_which_the_next_is_due() -> None:
    held = {"drill": "DRL-000001", "at": "2026-03-15T12:00:00.000Z", "passed": True}
    row = months({"due_at": "2026-09-15T12:00:00.000Z", "held": [held]}, 2026)
    assert [bool(month["held"]) for month in row["months"]].index(True) == 2
    assert [month["due"] for month in row["months"]].index(True) == 8
    assert not any(month["due"] for month in months(row, 2025)["months"])


def test_a_burst_of_the_same_is_one_line_that_says_how_many() -> None:
    kinds = ["opened", "command_issued", "command_issued", "command_published", "command_issued", "noted"]
    entries = {at: {"position": at, "kind": kind} for at, kind in enumerate(kinds)}
    assert [(each["kind"], each["times"]) for each in story(entries)] == [
        ("noted", 1),
        ("command_issued", 3),
        ("opened", 1),
    ]


def test_what_took_long_is_said_in_minutes_and_what_was_quick_to_a_tenth() -> None:
    assert [spell(each) for each in (None, 2_500, 72_000, 180_000)] == ["–", "0:02.5", "1:12", "3:00"]
