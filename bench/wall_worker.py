"""Opens walls of a console in one browser and asks them how fast they react: `python -m bench.wall_worker URL N`.

Says `open` when all are; on SIGTERM a line of JSON: {"react_ms": [...], "shown": what each wall counts}.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
from contextlib import suppress

from playwright.async_api import Page, async_playwright

READY_MS_MAX = 60_000
# From a key to the dialog that it opens, with the way to the console's process and back; and closed again.
_REACT = """() => new Promise((told) => {
  const begun = performance.now();
  const seen = () => document.querySelector(".q-dialog #asked");
  const watch = new MutationObserver(() => { if (seen()) done(); });
  const done = () => { watch.disconnect(); told(performance.now() - begun); };
  watch.observe(document.body, { childList: true, subtree: true });
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "r", bubbles: true }));
})"""


async def main(url: str, walls: int) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages = [await _opened(await (await browser.new_context()).new_page(), url) for _ in range(walls)]
        sys.stdout.write("open\n")
        sys.stdout.flush()
        react_ms: list[float] = []
        asking = asyncio.create_task(_ask(pages, react_ms))
        await over.wait()
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        shown = [await page.locator(".sum-words").inner_text() for page in pages]
        sys.stdout.write(json.dumps({"react_ms": react_ms, "shown": shown}) + "\n")
        sys.stdout.flush()
        await browser.close()


async def _opened(page: Page, url: str) -> Page:
    page.set_default_timeout(READY_MS_MAX)
    await page.goto(url, wait_until="load")
    await page.locator(".all-quiet, article.card").first.wait_for()
    return page


async def _ask(pages: list[Page], react_ms: list[float]) -> None:
    while True:
        for page in pages:
            react_ms.append(await page.evaluate(_REACT))
            await page.keyboard.press("Escape")
            await page.locator(".q-dialog").wait_for(state="detached")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
