"""Opens walls of a console in one browser and asks them how fast they react.

`python -m bench.wall_worker URL N FOLDER NICENESS` says `open` when all are; SIGUSR1: what was asked so far does not
count; on SIGTERM a line of JSON: {"react_ms": [...], "shown": what each wall counts}.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from playwright.async_api import Page, async_playwright

READY_MS_MAX = 60_000
ASKED_SECONDS = 0.2  # between two questions
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
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_chromium(), args=["--no-sandbox"], ignore_default_args=["--disable-dev-shm-usage"]
        )
        pages = [await _opened(await (await browser.new_context()).new_page(), url) for _ in range(walls)]
        sys.stdout.write("open\n")
        sys.stdout.flush()
        react_ms: list[float] = []
        loop.add_signal_handler(signal.SIGUSR1, react_ms.clear)
        asking = asyncio.create_task(_ask(pages, react_ms))
        await over.wait()
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
        shown = [await page.locator(".sum-words").inner_text() for page in pages]
        sys.stdout.write(json.dumps({"react_ms": react_ms, "shown": shown}) + "\n")
        sys.stdout.flush()
        await browser.close()


def _chromium() -> Path:
    """As a program. It is a session of its own, which the kernel may weigh as one (sched(7), autogroup)."""
    made, niceness = Path(sys.argv[3]) / f"chromium-{sys.argv[4]}", sys.argv[4]
    weigh = f"echo {niceness} 2>/dev/null >/proc/self/autogroup"
    made.write_text(f'#!/bin/sh\n{weigh}\nexec nice -n {niceness} {shutil.which("chromium")} "$@"\n')
    made.chmod(0o700)
    return made


async def _opened(page: Page, url: str) -> Page:
    page.set_default_timeout(READY_MS_MAX)
    await page.goto(url, wait_until="load")
    await page.locator(".all-quiet, article.card").first.wait_for()
    return page


async def _ask(pages: list[Page], react_ms: list[float]) -> None:
    for page in cycle(pages):
        react_ms.append(await page.evaluate(_REACT))
        await page.keyboard.press("Escape")
        await page.locator(".q-dialog").wait_for(state="detached")
        await asyncio.sleep(ASKED_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
