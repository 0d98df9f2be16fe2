"""One incident in a browser: from the first alarm to the report, with what the API has of it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.console.browser.conftest import PHONE, Open
from tests.support.console import CLEAN, SMOKE, RunningConsole, Tower
from tests.support.places import Place


def test_a_fire_is_led_from_the_first_alarm_to_the_signed_report_by_keyboard_alone(
    building: Tower, place: Place, opened: Open
) -> None:
    page = opened("/")
    expect(page.get_by_text("All quiet")).to_be_visible()
    building.says(place.detector(1), **SMOKE)
    building.says(place.detector(2), **SMOKE)
    expect(page.locator("article.card .roman")).to_have_text("I")
    expect(page.locator("#siren")).to_have_attribute("data-level", "I")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => window.tocsinSounding === 'I'")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/INC-*")
    acts = page.locator(".acts")

    _press(page, "a", "Acknowledge")
    page.keyboard.type("On my way")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("duty-officer")
    page.keyboard.press("Enter")
    expect(page.locator(".timeline")).to_contain_text("On my way")
    assert page.evaluate("() => window.tocsinSounding") == "I", "a fire of level I wants two to take it"
    building.does(page.url.rpartition("/")[2], "acknowledge", by="engineering-lead", role="engineering_lead")
    page.wait_for_function("() => window.tocsinSounding === ''")
    _press(page, "p", "On site")
    _answer(page)
    expect(acts).not_to_contain_text("On site")
    _press(page, "n", "Note")
    page.keyboard.type("A burning sofa.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".timeline")).to_contain_text("A burning sofa.")

    for number in (1, 2):
        building.says(place.detector(number), **CLEAN)
    expect(page.locator(".evidence .holding")).to_have_count(0)
    done = page.locator(".steps [data-key=t]")
    while done.count():
        step = done.get_attribute("data-step")
        _press(page, "t", "Task done")
        page.keyboard.press("Control+Enter")
        expect(page.locator(f".steps [data-step={step}]")).to_have_count(0)

    _press(page, "x", "Close")
    expect(page.locator(".q-dialog")).to_contain_text("neither verified nor handed over: WO-")
    page.keyboard.press("Escape")
    _somebody_takes_the_orders(building, page)
    _press(page, "x", "Close")
    expect(page.locator(".q-dialog")).not_to_contain_text("Still missing")
    page.keyboard.type("A cigarette in the upholstery.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".head")).to_contain_text("Closed")
    expect(page.locator(".head")).to_contain_text("A cigarette in the upholstery.")

    _press(page, "r", "Report")
    page.keyboard.press("Tab")
    with page.expect_download() as downloading:
        _press_button(page, "OK")
    assert re.fullmatch(r"INC-\d+-report-en\.pdf", downloading.value.suggested_filename)
    assert downloading.value.path().read_bytes().startswith(b"%PDF")


def test_what_keeps_an_incident_from_being_closed_is_said_before_anybody_tries(building: Tower, opened: Open) -> None:
    page = _fire(building, opened)
    page.keyboard.press("x")
    dialog = page.locator(".q-dialog")
    expect(dialog).to_contain_text("still holds: Smoke above the alarm threshold")
    dialog.get_by_label("Cause").fill("Nothing yet.")
    dialog.get_by_role("button", name="OK").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Refused: still holds")
    expect(dialog.get_by_label("Cause")).to_have_value("Nothing yet.")


def test_readings_stand_as_a_chart_beside_the_plan(building: Tower, opened: Open) -> None:
    page = _fire(building, opened)
    chart = page.locator("figure.chart").first
    expect(chart).to_contain_text("01 · Smoke", timeout=15_000)
    expect(chart.locator("canvas")).to_be_visible()
    expect(page.locator(".steps .step").first).to_be_visible()


def test_messages_are_shown_with_what_became_of_them(building: Tower, opened: Open) -> None:
    page = _fire(building, opened)
    messages = page.locator(".messages li.done")
    expect(messages.first).to_contain_text("app")
    expect(messages.first).to_contain_text("done")


def test_a_command_by_hand_is_sent_and_answered(building: Tower, opened: Open) -> None:
    page = _fire(building, opened)
    page.keyboard.press("m")
    dialog = page.locator(".q-dialog")
    dialog.get_by_label("Device").click()
    page.get_by_role("option", name="siren 1").click()
    dialog.get_by_label("Command").fill("sound")
    dialog.get_by_label("Reason").fill("People sleep there.")
    dialog.get_by_label("Who acts").fill("duty-officer")
    dialog.get_by_role("button", name="OK").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".commands")).to_contain_text("done 1")


def test_it_is_assigned_to_somebody_on_duty(building: Tower, opened: Open) -> None:
    page = _fire(building, opened)
    page.keyboard.press("s")
    page.locator(".q-dialog").get_by_label("To whom").click()
    page.get_by_role("option", name="Engineering lead").click()
    page.locator(".q-dialog").get_by_role("button", name="OK").click()
    expect(page.locator(".head")).to_contain_text("engineering-lead")


def test_why_it_is_as_it_is_can_be_read(building: Tower, opened: Open) -> None:
    page = _fire(building, opened, lang="zh")
    page.keyboard.press("w")
    expect(page.locator(".q-dialog .explanation")).to_contain_text("不能关闭")


def test_the_timeline_is_searched_and_filtered(building: Tower, opened: Open) -> None:
    page = _fire(building, opened)
    building.does(page.url.rpartition("/")[2], "notes", text="The pantry of 6F.")
    entries = page.locator(".incident-timeline .entry")
    expect(entries.first).to_contain_text("The pantry of 6F.")
    page.get_by_label("Search").fill("pantry")
    expect(entries).to_have_count(1)


def test_a_report_is_had_in_the_other_language_and_another_format(
    building: Tower, console: RunningConsole, opened: Open
) -> None:
    page = _fire(building, opened)
    id = page.url.rpartition("/")[2]
    for form, lang, kind in (
        ("markdown", "zh", "incident"),
        ("html", "en", "after_action"),
        ("json", "zh", "incident"),
    ):
        answer = page.request.get(f"{console.url}/download/incidents/{id}/report?format={form}&lang={lang}&kind={kind}")
        assert answer.status == 200
        assert id in answer.text()


def test_an_incident_that_does_not_exist_is_said_to_be_missing(the_tower: Tower, opened: Open) -> None:
    page = opened("/incidents/INC-999999", lang="zh")
    expect(page.get_by_role("alert")).to_contain_text("没有事件 INC-999999")


def test_a_responder_ticks_tasks_on_a_phone_in_chinese(building: Tower, opened: Open) -> None:
    page = _fire(building, opened, lang="zh", size=PHONE)
    page.get_by_role("button", name="✓ 完成").first.click()
    page.locator(".q-dialog").get_by_role("button", name="确定").click()
    expect(page.locator(".step.done .mark").first).to_have_text("✓")
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def _fire(building: Tower, opened: Open, **options: object) -> Page:
    """The page of a pre-alarm."""
    building.says(building.place().detector(), **SMOKE)
    page = opened(f"/incidents/{building.incident(hazard='fire')['id']}", **options)
    expect(page.locator("h1")).to_be_visible()
    return page


def _press(page: Page, key: str, heading: str) -> None:
    """The dialog of that key is there."""
    expect(page.locator(".q-dialog")).to_have_count(0)
    page.keyboard.press(key)
    expect(page.locator(".q-dialog h2")).to_contain_text(heading)
    expect(page.locator(".q-dialog :focus")).to_have_count(1)


def _answer(page: Page, note: str = "") -> None:
    page.keyboard.type(note)
    page.keyboard.press("Control+Enter")


def _somebody_takes_the_orders(building: Tower, page: Page) -> None:
    for order in building.gateway.get(f"incidents/{page.url.rpartition('/')[2]}")["orders"]:
        body = {"by": "engineering-lead", "to": "the lift's makers", "reason": "beyond us"}
        assert building.gateway.post(f"orders/{order}/hand-over", **body)[0] == 200


def _press_button(page: Page, name: str) -> None:
    """Walks there with Tab."""
    button = page.locator(".q-dialog").get_by_role("button", name=name)
    for _ in range(12):
        if button.evaluate("each => each === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
