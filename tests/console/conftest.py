"""A tower on a real gateway, the console as a process before it, and Chromium. Started once a module."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.console import RunningConsole, Tower, tower
from tests.support.hook import hook
from tests.support.servers import mosquitto_program, require

WIDE, WALL, PHONE = (1280, 800), (1920, 1080), (390, 844)
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
EXPECT_MS = 10_000  # a loaded CI machine; usually a page answers in a tenth of a second

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def the_tower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tower]:
    require("mosquitto", mosquitto_program())
    with hook() as phones, tower(tmp_path_factory.mktemp("tower"), phones.url) as made:
        yield made


@pytest.fixture
def building(the_tower: Tower) -> Iterator[Tower]:
    """The tower of the module, and calm again when the test ends."""
    yield the_tower
    the_tower.calm()


@pytest.fixture(scope="module")
def console(the_tower: Tower, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    made = RunningConsole(tmp_path_factory.mktemp("console"), the_tower.gateway.url)
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log[-4000:]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    require("chromium", program)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=user-gesture-required"]
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
        context.set_default_timeout(EXPECT_MS)
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
    """What needs a browser is `make test-console`: it takes minutes beside the other tests."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
