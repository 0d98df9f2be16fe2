"""Work orders in a browser: one is taken through its four nodes by the keyboard, with a photo of the repair."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import PHONE
from tests.support.accessible import faults
from tests.support.console import CLEAN, SITE, Tower

PHOTO = {"name": "chamber.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(64)}


@pytest.fixture
def order(building: Tower) -> Iterator[str]:
    """Nobody has accepted it yet; when the test is over it is cancelled, if it still stands there."""
    body = {"by": "front-desk", "asset": f"{SITE}/sd-0501", "fault": "dirty", "summary": "Clean the chamber"}
    status, answer = building.gateway.post("orders", **body)
    assert status == 200, answer
    id = str(answer["order"]["id"])
    yield id
    if building.gateway.get(f"orders/{id}")["node"] != "verified":
        building.gateway.post(f"orders/{id}/steps", by="front-desk", step="cancel", reason="the test is over")


def step(page: Page, key: str, node: str) -> None:
    """By its key, with a note, sent from the keyboard."""
    page.keyboard.press(key)
    page.get_by_label("Note (may be empty)").fill(f"done: {node}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text(node)
    expect(page.locator(".q-dialog")).to_have_count(0)


def test_an_order_goes_from_acceptance_to_verification_by_keys_with_a_photo(  # type: ignore[no-untyped-def]
    building: Tower, opened, order: str
) -> None:
    page = opened("/orders")
    page.locator(f'[data-href="/orders/{order}"]').press("Enter")
    page.wait_for_url(re.compile(order))
    step(page, "a", "accepted")
    step(page, "s", "surveyed")

    page.keyboard.press("r")
    page.locator("input[type=file]").set_input_files(PHOTO)
    expect(page.get_by_text("kept: chamber.png")).to_be_visible()
    page.get_by_label("Note (may be empty)").fill("chamber cleaned")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_contain_text("repaired")
    expect(page.locator(".q-dialog")).to_have_count(0)

    building.says("sd-0501", **CLEAN)
    page.keyboard.press("v")
    page.get_by_label("Without a normal reading: why").fill("tested with spray on site")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("verified")
    kept = building.gateway.get(f"orders/{order}")["records"]
    assert [each["step"] for each in kept] == ["accept", "survey", "repair", "verify"]
    with page.expect_download() as file:
        page.evaluate("e => { e.target = ''; e.download = ''; e.click() }", page.query_selector("a.file"))
    assert file.value.path().read_bytes() == PHOTO["buffer"]
    assert faults(page) == []


def test_a_repair_that_did_not_help_is_rejected_with_a_reason_and_goes_back(  # type: ignore[no-untyped-def]
    building: Tower, opened, order: str
) -> None:
    for each in ("accept", "survey", "repair"):
        assert building.gateway.post(f"orders/{order}/steps", by="engineer-1", step=each)[0] == 200
    page = opened(f"/orders/{order}")
    page.keyboard.press("j")
    page.get_by_label("Why it is not accepted").fill("it still smells")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).not_to_contain_text("repaired")
    expect(page.locator(".records")).to_contain_text("it still smells")


def test_the_board_shows_a_new_order_by_itself_on_a_phone_in_chinese(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/orders", lang="zh", size=PHONE)
    expect(page.locator(".lane").first).to_contain_text("报修受理")
    body = {"by": "front-desk", "asset": f"{SITE}/sd-0502", "fault": "dirty", "summary": "更换探测器"}
    id = building.gateway.post("orders", **body)[1]["order"]["id"]
    card = page.locator(f'[data-href="/orders/{id}"]')
    expect(card).to_contain_text("更换探测器")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    building.gateway.post(f"orders/{id}/steps", by="front-desk", step="cancel", reason="the test is over")
    expect(card).to_have_count(0)
    assert faults(page) == []
