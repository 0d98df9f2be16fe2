"""The page of devices in a browser: found, looked at, kept quiet with a reason, and what nobody understood."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import PHONE
from tests.support.accessible import faults
from tests.support.console import CLEAN, SITE, SMOKE, Tower
from tests.support.field_client import send

REACTS_SECONDS = 3.0  # on a loaded CI machine; usually a tenth of it


@pytest.fixture
def heard(building: Tower) -> Iterator[Tower]:
    """One detector that has said something."""
    building.says("sd-1203", temperature=21.5, **CLEAN)
    building.gateway.until(lambda: building.gateway.get(f"devices/{SITE}/sd-1203")["values"])
    yield building
    for shelf in building.gateway.get("shelves", open="true")["items"]:
        building.gateway.post(f"shelves/{shelf['id']}/end", by="duty-officer", reason="the test is over")


def opens(page: Page, device: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(device)
    page.locator(".device-row", has_text=device).click()


def test_a_device_is_found_by_keyboard_and_shows_what_it_says_with_its_limits(heard: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/devices")
    expect(page.get_by_role("button", name="all 408")).to_be_visible()
    opens(page, "sd-1203")
    panel = page.locator(".device-panel")
    expect(panel.locator("h1")).to_have_text("12F east smoke detector 3")
    expect(panel.locator(".values")).to_contain_text("21.5")
    expect(panel.get_by_role("img", name="Smoke, dB/m · highest of each step").locator("canvas")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".device-row.here").press("d")
    expect(panel.get_by_role("button", name="24 h")).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith(f"?device={SITE}/sd-1203")
    assert faults(page) == []


def test_a_device_is_shelved_with_a_reason_and_the_shelf_is_ended(heard: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(f"/devices?device={SITE}/lift-1")
    expect(page.locator(".device-panel h1")).to_have_text("Lift 1")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Shelve: lift-1")).to_be_visible()
    page.get_by_label("Reason").fill("the maker's engineer is in the shaft")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.locator(".shelf-note")).to_contain_text("the maker's engineer is in the shaft")
    expect(page.get_by_role("button", name="shelved 1")).to_be_visible()
    shelf = heard.gateway.get("shelves", open="true")["items"][0]
    assert (shelf["device"], shelf["maintenance"]) == (f"{SITE}/lift-1", False)
    expect(page.locator(".q-dialog")).to_have_count(0)
    page.keyboard.press("e")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.locator(".shelf-note")).to_have_count(0)
    assert heard.gateway.get("shelves", open="true")["items"] == []


def test_what_the_gateway_refuses_is_said_and_nothing_typed_is_lost(heard: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(f"/devices?device={SITE}/sd-1203")
    expect(page.locator(".device-panel h1")).to_be_visible()
    page.keyboard.press("m")
    page.get_by_label("Reason").fill("cleaning the head")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.locator(".q-dialog .problem")).to_contain_text("Refused")  # smoke detection wants a second person
    expect(page.get_by_label("Reason")).to_have_value("cleaning the head")
    page.get_by_label("Second person").fill("engineering-lead")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.locator(".shelf-note")).to_contain_text("maintenance")
    assert heard.gateway.get("maintenance-windows", open="true")["items"][0]["second"] == "engineering-lead"


def test_a_device_that_fires_is_marked_at_once_and_says_why(heard: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(f"/devices?device={SITE}/sd-1203")
    expect(page.locator(".device-panel h1")).to_be_visible()
    heard.says("sd-1203", **SMOKE)
    expect(page.get_by_role("button", name="fire now 1")).to_be_visible()
    expect(page.locator(".device-row.here")).to_contain_text("▲ fires")
    incident = heard.incident(hazard="fire")["id"]
    expect(page.locator(".device-panel").get_by_role("link", name=incident)).to_be_visible()
    page.keyboard.press("y")
    expect(page.locator(".why")).to_contain_text("smoke-high: fires")


def test_messages_nobody_understood_are_seen_and_cleared_with_a_reason(heard: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    send(heard.broker, f"tocsin/v1/{SITE}/boiler-7/telemetry", '{"values": {"heat": 3}}')
    heard.gateway.until(lambda: heard.gateway.get("dead-letters")["items"])
    page = opened("/devices")
    page.get_by_role("button", name="Messages not understood").click()
    letter = page.locator(".letter", has_text="boiler-7")
    expect(letter).to_contain_text("heat")
    assert faults(page) == []
    letter.get_by_role("button", name="Clear").click()
    page.get_by_label("Why they are cleared").fill("the boiler is set up now")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_text("Everything was understood")).to_be_visible()
    assert heard.gateway.get("dead-letters")["items"] == []


def test_four_hundred_devices_stay_quick_to_search_and_to_unfold(heard: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/devices")
    expect(page.locator(".floor-row").first).to_be_visible()
    begun = time.monotonic()
    page.get_by_role("button", name="12F").click()
    expect(page.locator(".device-row", has_text="sd-1203")).to_be_visible()
    assert time.monotonic() - begun < REACTS_SECONDS
    page.keyboard.press("/")
    begun = time.monotonic()
    page.keyboard.type("siren")
    expect(page.locator(".floor.open")).to_have_count(20)
    assert time.monotonic() - begun < REACTS_SECONDS


def test_on_a_phone_in_chinese_the_device_comes_first_and_nothing_runs_over(heard: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened(f"/devices?device={SITE}/sd-1203", lang="zh", size=PHONE)
    expect(page.locator(".device-panel h1")).to_have_text("12层东区感烟探测器3号")
    expect(page.locator(".values")).to_contain_text("烟雾浓度")
    device, tree = page.locator(".device-panel").bounding_box(), page.locator(".tree").bounding_box()
    assert device
    assert tree
    assert device["y"] < tree["y"]
    page.wait_for_function(f"document.documentElement.scrollWidth <= {PHONE[0]}")
    assert faults(page) == []
