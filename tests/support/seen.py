"""When a page shows something: by its own clock, so that it does not matter how often a test looks."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

_WATCH = """(selector) => {
  window.tocsinSeen = new Promise((seen) => {
    const look = () => {
      if (!document.querySelector(selector)) return false;
      watch.disconnect();
      seen(Date.now());
      return true;
    };
    const watch = new MutationObserver(look);
    if (!look()) watch.observe(document, { subtree: true, childList: true, attributes: true });
  });
}"""


def watched(page: Page, selector: str) -> Callable[[], int]:
    """From now on. → what waits until it is there and says when it came: Unix milliseconds."""
    page.evaluate(_WATCH, selector)
    return lambda: int(page.evaluate("() => window.tocsinSeen"))
