"""The wall in a browser: what is worst, where, since when, and whether what is seen can be relied on."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.console import SMOKE, Tower


def test_a_new_alarm_stands_on_the_wall_with_its_place(building: Tower, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/")
    expect(page.get_by_text("All quiet")).to_be_visible()
    building.says("sd-1201", **SMOKE)
    card = page.locator("article.card")
    expect(card).to_contain_text("12F east")
    expect(card).to_contain_text("sd-1201")
    expect(card.locator(".roman")).to_have_text("II")
