"""What axe-core finds wrong with a page: only what it calls serious or critical."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
NODES_SHOWN = 3


def faults(page: Page) -> list[str]:
    """`rule: what is wrong with the first elements`, one a rule that is broken. A dialog that fades is let go first."""
    page.wait_for_function("![...document.querySelectorAll('.q-dialog')].some(each => !each.children.length)")
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {_where(each)}" for each in found if each["impact"] in GRAVE]


def _where(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"][:NODES_SHOWN]
    return "; ".join(f"{node['html'][:200]} {' '.join(node['failureSummary'].split())}" for node in nodes)
