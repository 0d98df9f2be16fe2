"""A tower with a past on a real gateway, the console as a process before it, and Chromium. Started once for all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from gateway.clock import now_ms
from tests.support.console import RunningConsole, Tower, tower
from tests.support.hook import hook
from tests.support.past import directory_of, write_past
from tests.support.places import Place
from tests.support.servers import mosquitto_program, require

WIDE, WALL, PHONE = (1280, 800), (1920, 1080), (390, 844)
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
SHOWN_MS_MAX = 30_000  # on a machine that runs other tests beside; usually a page answers in a tenth of a second
PAST_DAYS = 2
TRIED = "sd-1204"  # the detector that rules are tried on: no test makes it smoke
CHAINED = (
    "The above exception was the direct cause",
    "During handling of the above exception",
)  # one fault, told twice
GONE = "RuntimeError: No response returned."  # Starlette, of a browser that left before its page was made

Open = Callable[..., Page]


@pytest.fixture(scope="package")
def the_tower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tower]:
    """Its meters, and the detectors that a rule is tried on, have been telling for two days."""
    require("mosquitto", mosquitto_program())
    folder = tmp_path_factory.mktemp("tower")
    directory = directory_of(folder / "site")
    write_past(folder / "gateway" / "data" / "telemetry", directory, now_ms(), PAST_DAYS, (TRIED,))
    with hook() as phones, tower(folder, phones.url) as made:
        yield made


@pytest.fixture
def building(the_tower: Tower) -> Iterator[Tower]:
    """The tower of all tests, and calm again when the test ends."""
    yield the_tower
    the_tower.calm()


@pytest.fixture
def place(the_tower: Tower) -> Place:
    """Where nobody else has had a fire lately."""
    return the_tower.place()


@pytest.fixture(scope="package")
def console(the_tower: Tower, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with console_of(the_tower, tmp_path_factory.mktemp("console")) as made:
        yield made


@contextmanager
def console_of(before: Tower, folder: Path) -> Iterator[RunningConsole]:
    """`tocsin console` before a tower. Nothing may go wrong in it."""
    made = RunningConsole(folder, before.gateway.url)
    made.start()
    yield made
    made.stop()
    faults = made.log.count("Traceback") - sum(made.log.count(each) for each in CHAINED)
    assert faults == made.log.count(GONE), made.log[-4000:]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    require("chromium", program)
    expect.set_options(timeout=SHOWN_MS_MAX)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=user-gesture-required", "--mute-audio"]
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """`contexts(lang="zh", size=PHONE)`: a browser of somebody's own, closed with the test."""
    made: list[BrowserContext] = []

    def make(lang: str = "en", size: tuple[int, int] = WIDE) -> BrowserContext:
        width, height = size
        context = browser.new_context(
            locale=LOCALES[lang], viewport={"width": width, "height": height}, accept_downloads=True
        )
        context.set_default_timeout(SHOWN_MS_MAX)
        made.append(context)
        return context

    yield make
    for each in made:
        each.close()


@pytest.fixture
def opened(contexts: Callable[..., BrowserContext], request: pytest.FixtureRequest) -> Iterator[Open]:
    """`page = opened("/", lang="zh", size=PHONE)`: in a browser of its own. No script of a page may fail."""
    faults: list[str] = []

    def open_page(path: str = "/", lang: str = "en", size: tuple[int, int] = WIDE, url: str = "") -> Page:
        url = url or request.getfixturevalue("console").url
        page = contexts(lang, size).new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url + path, wait_until="domcontentloaded")
        return page

    yield open_page
    assert faults == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m "not browser"` leaves out what needs one."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
