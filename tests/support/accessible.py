"""What axe-core finds wrong with a page: only what it calls serious or critical."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")


def faults(page: Page) -> list[str]:
    """`rule: the first elements`, one a rule that is broken."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}" for each in found if each["impact"] in GRAVE
    ]
