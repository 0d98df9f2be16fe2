"""A shift handover in a browser: filled by itself, noted, signed by both, kept, and fit for paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import PHONE
from tests.support.accessible import faults
from tests.support.console import SITE, Tower


def chosen(page: Page, label: str, number: int) -> None:
    """One of those who may sign; who is offered depends on the hour."""
    page.get_by_label(label).click()
    page.get_by_role("option").nth(number).click()
    expect(page.get_by_role("option")).to_have_count(0)


def begun(page: Page) -> None:
    page.keyboard.press("n")
    chosen(page, "Outgoing", 0)
    chosen(page, "Incoming", 1)
    page.get_by_role("button", name="OK").click()
    expect(page.locator(".q-dialog")).to_have_count(0)


@pytest.fixture
def order(building: Tower) -> Iterator[str]:
    """One that is open; when the test is over all are somebody else's, so that incidents can be closed."""
    body = {"by": "front-desk", "asset": f"{SITE}/sd-0501", "fault": "dirty", "summary": "Clean the chamber"}
    status, answer = building.gateway.post("orders", **body)
    assert status == 200, answer
    yield str(answer["order"]["id"])
    for each in building.gateway.all("orders", open="true"):
        body = {"by": "engineering-lead", "to": "a contractor", "reason": "the test is over"}
        status, answer = building.gateway.post(f"orders/{each['id']}/hand-over", **body)
        assert status == 200, answer


def test_a_handover_fills_itself_takes_a_note_and_is_done_when_both_have_signed(  # type: ignore[no-untyped-def]
    building: Tower, opened, order: str
) -> None:
    incident = building.reported("12F-east")
    page = opened("/handover")
    begun(page)
    expect(page.locator(".handover")).to_contain_text(incident)
    expect(page.locator(".handover")).to_contain_text("NOBODY HAS IT")
    expect(page.locator(".handover")).to_contain_text("Clean the chamber")

    page.keyboard.press("t")
    page.get_by_label("Text").fill("the key of riser 12 is at the desk")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".ho-note")).to_contain_text("the key of riser 12")
    expect(page.locator(".q-dialog")).to_have_count(0)

    for signatures in (1, 2):
        page.keyboard.press("s")
        page.get_by_role("button", name="OK").click()
        expect(page.locator(".signature.signed")).to_have_count(signatures)
        expect(page.locator(".q-dialog")).to_have_count(0)
    expect(page.locator("h1")).to_contain_text("Signed by both")
    assert building.gateway.get("handovers")["items"][0]["done"]
    assert faults(page) == []

    page.reload()
    expect(page.get_by_text("No handover waits for a signature.")).to_be_visible()
    page.locator(".past tbody tr").first.press("Enter")
    expect(page.locator(".signature.signed")).to_have_count(2)


def test_what_somebody_else_does_to_a_handover_shows_by_itself(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/handover", lang="zh", size=PHONE)
    body = {"by": "duty-officer", "site": SITE, "incoming": "night-officer"}
    handover = building.gateway.post("handovers", **body)[1]["handover"]["id"]
    expect(page.locator("h1")).to_contain_text(handover)
    expect(page.locator(".signature").first).to_contain_text("待签字")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    building.gateway.post(f"handovers/{handover}/sign", by="duty-officer")
    expect(page.locator(".signature").first).to_contain_text("已签字")


def test_on_paper_a_handover_is_black_on_white_without_buttons(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    body = {"by": "duty-officer", "site": SITE, "incoming": "night-officer"}
    handover = building.gateway.post("handovers", **body)[1]["handover"]["id"]
    page = opened(f"/handover/{handover}")
    expect(page.locator("h1")).to_contain_text(handover)
    page.emulate_media(media="print")
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.get_by_role("button", name="Sign")).to_be_hidden()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator("h1")).to_have_css("color", "rgb(0, 0, 0)")
