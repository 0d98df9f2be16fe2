"""The wall in a browser: what is worst, where, since when, and whether what is seen can be relied on."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.console.conftest import PHONE, Open
from tests.support.console import SMOKE, Line, RunningConsole, Tower

SECONDS_MAX = 5.0  # within which a page that may be old says so
SOUNDING = "() => window.tocsinSounding"


def test_a_new_alarm_stands_on_the_wall_with_its_place(building: Tower, opened: Open) -> None:
    page = opened("/")
    expect(page.get_by_text("All quiet")).to_be_visible()
    building.says("sd-1201", **SMOKE)
    card = page.locator("article.card")
    expect(card).to_contain_text("12F east")
    expect(card).to_contain_text("sd-1201")
    expect(card.locator(".roman")).to_have_text("II")
    expect(card.locator(".due")).to_contain_text("−0")
    expect(page.locator("g.cell.level-II .sign")).to_have_text("★ II")
    card.click()
    expect(page.locator("h1")).to_contain_text("Fire")


def test_sound_begins_with_a_new_alarm_and_ends_with_its_acknowledgement_alone(building: Tower, opened: Open) -> None:
    page = opened("/")
    page.locator("main.wall").click()  # a browser is silent until somebody has touched it
    building.says("sd-0901", **SMOKE)
    incident = building.incident(hazard="fire")["id"]
    page.wait_for_function("() => window.tocsinSounding === 'II'")
    building.does(incident, "notes", text="Somebody is looking.")
    page.get_by_text("Somebody is looking.").wait_for()
    assert page.evaluate(SOUNDING) == "II"
    building.does(incident, "acknowledge", role="duty_officer")
    page.wait_for_function("() => window.tocsinSounding === ''")


def test_a_browser_that_may_not_sound_says_so(building: Tower, opened: Open) -> None:
    page = opened("/")
    building.says("sd-0901", **SMOKE)
    expect(page.locator(".muted-note")).to_be_visible()
    page.keyboard.press("Shift")
    expect(page.locator(".muted-note")).to_be_hidden()
    page.wait_for_function("() => window.tocsinSounding === 'II'")


def test_a_person_reports_what_no_device_has_seen(building: Tower, opened: Open) -> None:
    page = opened("/")
    page.keyboard.press("r")
    dialog = page.locator(".q-dialog")
    dialog.get_by_label("Where").fill("7F west")
    page.get_by_role("option", name="7F west · tower", exact=True).click()
    dialog.get_by_label("What was seen").fill("Smoke under the door of 703.")
    dialog.get_by_role("button", name="OK").click()
    expect(page.locator(".head .place")).to_contain_text("7F west")
    expect(page.locator(".timeline")).to_contain_text("Smoke under the door of 703.")


def test_where_the_gateway_falls_silent_the_page_says_within_five_seconds_that_it_may_be_old(
    the_tower: Tower, opened: Open, tmp_path: Path
) -> None:
    with Line(int(the_tower.gateway.url.rpartition(":")[2])) as line:
        console = RunningConsole(tmp_path / "console", line.url)
        console.start()
        try:
            page = opened("/", url=console.url)
            _until_fresh(page)
            line.cut()
            _until_stale(page)
            line.mend()
            _until_fresh(page)
        finally:
            console.stop()


def test_where_the_console_itself_dies_the_page_says_within_five_seconds_that_it_may_be_old(
    the_tower: Tower, opened: Open, tmp_path: Path
) -> None:
    console = RunningConsole(tmp_path / "console", the_tower.gateway.url)
    console.start()
    try:
        page = opened("/", url=console.url)
        _until_fresh(page)
        console.kill()
        _until_stale(page)
        expect(page.locator("#stale-seconds")).to_contain_text("s old")
        console.start()
        _until_fresh(page)
    finally:
        console.stop()


def test_a_network_that_was_cut_comes_back_with_what_happened_meanwhile(
    building: Tower, console: RunningConsole, opened: Open
) -> None:
    with Line(console.port) as line:
        page = opened("/", url=line.url)
        _until_fresh(page)
        line.cut()
        _until_stale(page)
        building.says("sd-0301", **SMOKE)
        building.incident(hazard="fire")
        line.mend()
        expect(page.locator("article.card")).to_contain_text("3F east", timeout=30_000)
        _until_fresh(page)


def test_two_browsers_see_the_same_change_within_a_second(building: Tower, opened: Open) -> None:
    one, other = opened("/"), opened("/", lang="zh")
    building.says("sd-0301", **SMOKE)
    for page in (one, other):
        page.locator("article.card").wait_for()
    incident = building.incident(hazard="fire")["id"]
    begun = time.monotonic()
    building.does(incident, "acknowledge", role="duty_officer")
    for page in (one, other):
        page.locator("article.card .taken").wait_for()
    assert time.monotonic() - begun < 1.0
    expect(one.locator("article.card")).to_contain_text("Responding")
    expect(other.locator("article.card")).to_contain_text("处置中")


def test_a_responder_reads_the_wall_on_a_phone(building: Tower, opened: Open) -> None:
    building.says("sd-1201", **SMOKE)
    building.incident(hazard="fire")
    page = opened("/", lang="zh", size=PHONE)
    expect(page.locator("article.card")).to_contain_text("12层东区")
    assert _is_as_wide_as_its_screen(page)
    page.locator("article.card").click()
    expect(page.get_by_role("button", name="确认接警")).to_be_in_viewport()
    assert _is_as_wide_as_its_screen(page)


def test_the_arrows_walk_through_the_incidents_and_what_is_drawn_anew_keeps_the_place(
    building: Tower, opened: Open
) -> None:
    page = opened("/")
    first = building.reported("2F-east")
    second = building.reported("4F-east")
    for incident in (first, second):
        page.locator(f"#card-{incident}").wait_for()
    focused = "() => document.activeElement.dataset.open"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == second, "the newest stands first"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == first
    building.does(second, "notes", text="The carpet is wet.")
    page.get_by_text("The carpet is wet.").wait_for()
    assert page.evaluate(focused) == first
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{first}")


def _until_fresh(page: Page) -> None:
    expect(page.locator(".top .clock")).not_to_have_text("--:--:--", timeout=30_000)
    expect(page.locator("body")).not_to_have_class("stale", timeout=30_000)
    expect(page.locator(".stale-note")).to_be_hidden(timeout=30_000)


def _until_stale(page: Page) -> None:
    """In a frame round the whole page and words on top of it."""
    begun = time.monotonic()
    expect(page.locator(".stale-note")).to_be_visible(timeout=10_000)
    assert time.monotonic() - begun < SECONDS_MAX
    expect(page.locator(".stale-note")).to_contain_text("NO CONNECTION")


def _is_as_wide_as_its_screen(page: Page) -> bool:
    """Nothing has to be pushed sideways to be read."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"))
