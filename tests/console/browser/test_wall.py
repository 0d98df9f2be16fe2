"""The wall in a browser: what is worst, where, since when, and whether what is seen can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from gateway.clock import now_ms
from tests.console.browser.conftest import PHONE, Open
from tests.support.console import SMOKE, Line, RunningConsole, Tower
from tests.support.places import Place
from tests.support.seen import watched

STALE_MS_MAX = 5_000  # within which a page that may be old says so
CHANGE_MS_MAX = 1_000  # within which everybody sees what somebody has done
CHANGES = 3
ZONE = "Asia/Shanghai"  # of the site
SOUNDING = "() => window.tocsinSounding"


def test_a_new_alarm_stands_on_the_wall_with_its_place(building: Tower, place: Place, opened: Open) -> None:
    page = opened("/")
    expect(page.get_by_text("All quiet")).to_be_visible()
    building.says(place.detector(), **SMOKE)
    card = page.locator("article.card")
    expect(card).to_contain_text(place.en)
    expect(card).to_contain_text(place.detector())
    expect(card.locator(".roman")).to_have_text("II")
    expect(card.locator(".due")).to_contain_text("−0")
    expect(page.locator("g.cell.level-II .sign")).to_have_text("★ II")
    card.click()
    expect(page.locator("h1")).to_contain_text("Fire")


def test_sound_begins_with_a_new_alarm_and_ends_with_its_acknowledgement_alone(
    building: Tower, place: Place, opened: Open
) -> None:
    page = opened("/")
    page.keyboard.press("Shift")  # a browser is silent until somebody has touched it
    building.reported(place.zone, level="III")
    page.locator("article.card").wait_for()
    assert page.evaluate(SOUNDING) == "", "level III is shown, not sounded"
    building.says(place.detector(), **SMOKE)
    incident = building.incident(hazard="fire")["id"]
    page.wait_for_function("() => window.tocsinSounding === 'II'")
    building.does(incident, "notes", text="Somebody is looking.")
    page.get_by_text("Somebody is looking.").wait_for()
    assert page.evaluate(SOUNDING) == "II"
    building.does(incident, "acknowledge", role="duty_officer")
    page.wait_for_function("() => window.tocsinSounding === ''")


def test_a_browser_that_may_not_sound_says_so(building: Tower, place: Place, opened: Open) -> None:
    page = opened("/")
    building.says(place.detector(), **SMOKE)
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
            _is_stale_in_time(page, line.cut)
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
        _is_stale_in_time(page, console.kill)
        expect(page.locator("#stale-seconds")).to_contain_text("s old")
        console.start()
        _until_fresh(page)
    finally:
        console.stop()


def test_a_network_that_was_cut_comes_back_with_what_happened_meanwhile(
    building: Tower, place: Place, console: RunningConsole, opened: Open
) -> None:
    with Line(console.port) as line:
        page = opened("/", url=line.url)
        _until_fresh(page)
        _is_stale_in_time(page, line.cut)
        building.says(place.detector(), **SMOKE)
        building.incident(hazard="fire")
        line.mend()
        expect(page.locator("article.card")).to_contain_text(place.en)
        _until_fresh(page)


def test_two_browsers_see_the_same_change_within_a_second(building: Tower, place: Place, opened: Open) -> None:
    pages = opened("/"), opened("/", lang="zh")
    incident = building.reported(place.zone, level="III")
    for page in pages:
        page.locator(f"#card-{incident}").wait_for()
    took_ms: list[int] = []
    for level in ("II", "I", "II")[:CHANGES]:
        seen = [watched(page, f"#card-{incident}.level-{level}") for page in pages]
        begun = now_ms()
        building.does(incident, "level", level=level, reason="seen from the stairs")
        took_ms.append(max(when() for when in seen) - begun)
    assert min(took_ms) < CHANGE_MS_MAX, f"{took_ms}: of several, as other tests may hold one up"
    building.does(incident, "acknowledge", role="duty_officer")
    expect(pages[0].locator("article.card")).to_contain_text("Responding")
    expect(pages[1].locator("article.card")).to_contain_text("处置中")


def test_a_responder_reads_the_wall_on_a_phone(building: Tower, place: Place, opened: Open) -> None:
    building.says(place.detector(), **SMOKE)
    building.incident(hazard="fire")
    page = opened("/", lang="zh", size=PHONE)
    expect(page.locator("article.card")).to_contain_text(place.zh)
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
    assert page.evaluate(focused) == first, "what waits longest stands first"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) == second
    building.does(first, "notes", text="The carpet is wet.")
    page.get_by_text("The carpet is wet.").wait_for()
    assert page.evaluate(focused) == second
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/incidents/{second}")


def test_the_clock_is_that_of_the_site_wherever_the_browser_is(building: Tower, opened: Open) -> None:
    page = opened("/")
    expect(page.locator(".top .clock")).to_have_attribute("title", ZONE)
    page.wait_for_function(
        """zone => document.querySelector(".top .clock").textContent.slice(0, 5)
          === new Date().toLocaleTimeString("en-GB", { timeZone: zone }).slice(0, 5)""",
        arg=ZONE,
    )


def _until_fresh(page: Page) -> None:
    expect(page.locator(".top .clock")).not_to_have_text("--:--:--")
    expect(page.locator("body")).not_to_have_class("stale")
    expect(page.locator(".stale-note")).to_be_hidden()


def _is_stale_in_time(page: Page, what_happens: Callable[[], None]) -> None:
    """In a frame round the whole page and words on top of it."""
    stale = watched(page, "body.stale")
    begun = now_ms()
    what_happens()
    assert stale() - begun < STALE_MS_MAX
    expect(page.locator(".stale-note")).to_be_visible()
    expect(page.locator(".stale-note")).to_contain_text("NO CONNECTION")


def _is_as_wide_as_its_screen(page: Page) -> bool:
    """Nothing has to be pushed sideways to be read."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"))
