"""axe-core finds nothing serious on these pages, in either language."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.console.conftest import PHONE, WIDE, Open
from tests.support.console import SMOKE, Tower

GRAVE = ("serious", "critical")
OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize(("lang", "size"), [("en", WIDE), ("zh", PHONE)])
def test_the_wall_has_no_serious_fault(building: Tower, opened: Open, lang: str, size: tuple[int, int]) -> None:
    building.says("sd-1201", **SMOKE)
    building.reported("7F-west")
    page = opened("/", lang=lang, size=size)
    expect(page.locator("article.card")).to_have_count(2)
    assert _faults(page) == []


@pytest.mark.parametrize(("lang", "size"), [("en", WIDE), ("zh", PHONE)])
def test_an_incident_has_no_serious_fault(building: Tower, opened: Open, lang: str, size: tuple[int, int]) -> None:
    building.says("sd-1201", **SMOKE)
    page = opened(f"/incidents/{building.incident()['id']}", lang=lang, size=size)
    expect(page.locator("figure.chart").first).to_be_visible(timeout=15_000)
    assert _faults(page) == []
    page.keyboard.press("x")
    expect(page.locator(".q-dialog h2")).to_be_visible()
    expect(page.locator(".q-dialog :focus")).to_have_count(1)
    page.wait_for_function("() => getComputedStyle(document.querySelector('.q-dialog__inner')).opacity === '1'")
    # axe takes the dimmed page behind the dialog for the ground of Quasar's button; what the browser says is compared
    button = page.locator(".q-dialog button.first")
    expect(button).to_have_css("background-color", "rgb(238, 243, 247)")
    expect(button).to_have_css("color", "rgb(0, 0, 0)")
    assert [each for each in _faults(page) if '<span class="block">' not in each] == []


@pytest.mark.parametrize("path", ["/", "/sign-in", "/set-up", "/account"])
def test_a_quiet_page_has_no_serious_fault(the_tower: Tower, opened: Open, path: str) -> None:
    page = opened(path)
    expect(page.locator("body")).to_contain_text("Supplementary display")
    assert _faults(page) == []


def _faults(page: Page) -> list[str]:
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary']}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
