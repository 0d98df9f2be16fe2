"""The audit in a browser: the journal verified, what was said found again, who was refused, who was told."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.console.browser.conftest import PHONE
from tests.support.accessible import faults
from tests.support.console import SMOKE, Tower
from tests.support.places import Place


def test_the_journal_is_verified_by_a_key_and_says_who_asked(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/audit")
    expect(page.locator(".journal-state")).to_contain_text("Not verified")
    page.keyboard.press("v")
    journal = page.locator(".journal.whole")
    expect(journal).to_contain_text("every record is as it was written")
    expect(journal).to_contain_text("control-room")
    assert int(journal.locator("dd").first.inner_text().replace(",", "")) > 0
    assert faults(page) == []


def test_an_incident_is_found_by_what_somebody_said_about_it(building: Tower, place: Place, opened) -> None:  # type: ignore[no-untyped-def]
    building.says(place.detector(), **SMOKE)
    incident = building.incident(hazard="fire")["id"]
    building.does(incident, "notes", text="the kettle in the pantry boiled dry")
    page = opened("/audit")
    page.keyboard.press("/")
    page.keyboard.type("kettle pantry")
    expect(page.locator(".found tbody tr")).to_have_count(1)
    expect(page.locator(".found")).to_contain_text(incident)
    page.get_by_label("Words of an incident or of its timeline").fill("no such thing was ever said")
    expect(page.locator(".found")).to_contain_text("Nothing found.")


def test_who_was_refused_stands_on_the_access_log(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    assert building.gateway.ask("/api/v1/users")[0] == 403
    page = opened("/audit")
    page.keyboard.press("l")
    page.wait_for_url(re.compile("tab=access"))
    row = page.locator(".found tbody tr", has_text="GET /api/v1/users")
    expect(row.first).to_contain_text("refused")
    assert faults(page) == []


def test_who_was_told_what_is_listed_on_a_phone_in_chinese(building: Tower, place: Place, opened) -> None:  # type: ignore[no-untyped-def]
    building.says(place.detector(), **SMOKE)
    incident = building.incident(hazard="fire")["id"]
    building.gateway.until(lambda: building.gateway.get("notifications", incident=incident)["items"])
    page = opened("/audit?tab=messages", lang="zh", size=PHONE)
    expect(page.locator(".found")).to_contain_text(incident)
    expect(page.get_by_role("link", name="通知记录")).to_have_attribute("aria-current", "page")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
