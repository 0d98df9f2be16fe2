"""axe-core (npm; the copy in axe-playwright-python) finds nothing serious on any page: wide in English, on a phone in
Chinese, with dialogs open. The pages of users and tokens are looked at where there are users (`test_users`)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import PHONE, WIDE, Open
from tests.support.accessible import faults
from tests.support.console import SITE, SMOKE, RunningConsole, Tower
from tests.support.places import Place

PAGES = (
    "/",
    "/orders",
    "/devices",
    "/energy",
    "/rules",
    "/rules?view=plans",
    "/rules?view=versions",
    "/rules?view=try",
    "/drills",
    "/handover",
    "/kpis",
    "/kpis?view=response",
    "/audit",
    "/audit?tab=access",
    "/audit?tab=messages",
    "/account",
    "/sign-in",
    "/set-up",
    "/incidents/INC-999999",
)
LOOKS = [pytest.param("en", WIDE, id="wide"), pytest.param("zh", PHONE, id="phone")]
COMPUTED_MS = 60_000  # the page of energy reads two days of all meters


@pytest.mark.parametrize(("lang", "size"), LOOKS)
def test_no_page_has_a_serious_fault_and_every_one_fits(
    the_tower: Tower, console: RunningConsole, opened: Open, lang: str, size: tuple[int, int]
) -> None:
    page = opened("/sign-in", lang=lang, size=size)
    found = {}
    for path in PAGES:
        page.goto(console.url + path, wait_until="load")
        expect(page.locator(".content")).to_be_visible()
        expect(page.locator(".busy").filter(visible=True)).to_have_count(0, timeout=COMPUTED_MS)
        found[path] = [*faults(page), *_runs_over(page)]
    assert {path: some for path, some in found.items() if some} == {}


@pytest.mark.parametrize(("lang", "size"), LOOKS)
def test_neither_has_the_wall_in_alarm_nor_an_incident_nor_its_dialogs(
    building: Tower, place: Place, opened: Open, lang: str, size: tuple[int, int]
) -> None:
    building.says(place.detector(), **SMOKE)
    building.reported(building.place().zone)
    page = opened("/", lang=lang, size=size)
    expect(page.locator("article.card")).to_have_count(2)
    assert [*faults(page), *_runs_over(page)] == []

    page.goto(page.url + f"incidents/{building.incident(hazard='fire')['id']}")
    expect(page.locator("figure.chart").first).to_be_visible()
    assert [*faults(page), *_runs_over(page)] == []
    for key in "xam":
        page.keyboard.press(key)
        dialog = page.locator(".q-dialog")
        expect(dialog.locator("h2")).to_be_visible()
        expect(dialog.locator(":focus")).to_have_count(1)
        page.wait_for_function("() => getComputedStyle(document.querySelector('.q-dialog__inner')).opacity === '1'")
        assert faults(page) == [], key
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


@pytest.mark.parametrize(("lang", "size"), LOOKS)
def test_neither_has_a_drill_nor_an_order_nor_a_handover(
    building: Tower, console: RunningConsole, opened: Open, lang: str, size: tuple[int, int]
) -> None:
    gateway = building.gateway
    drill = gateway.post("drills", by="safety-officer", site=SITE, scenario="water-leak")[1]["drill"]["id"]
    body = {"by": "front-desk", "asset": f"{SITE}/sd-0301", "fault": "dirty", "summary": "Clean the chamber"}
    order = gateway.post("orders", **body)[1]["order"]["id"]
    body = {"by": "duty-officer", "site": SITE, "incoming": "night-officer"}
    handover = gateway.post("handovers", **body)[1]["handover"]["id"]
    try:
        page = opened("/drills", lang=lang, size=size)
        found = {}
        for path in (f"/drills/{drill}", f"/drills/{drill}/theory?plan=fire", f"/orders/{order}", "/orders"):
            page.goto(console.url + path, wait_until="load")
            expect(page.locator(".content")).to_be_visible()
            found[path] = [*faults(page), *_runs_over(page)]
        page.goto(f"{console.url}/handover/{handover}", wait_until="load")
        expect(page.locator(".signature").first).to_be_visible()
        found["/handover"] = [*faults(page), *_runs_over(page)]
        assert {path: some for path, some in found.items() if some} == {}
    finally:
        gateway.post(f"drills/{drill}/abort", by="safety-officer", reason="the test is over")
        gateway.post(f"orders/{order}/steps", by="front-desk", step="cancel", reason="the test is over")


def _runs_over(page: Page) -> list[str]:
    """Nothing has to be pushed sideways to be read."""
    wide, room = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    return [f"runs over: {wide} px on {room}"] if wide > room else []
