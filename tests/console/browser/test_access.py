"""Signing in at a gateway with users: the first admin, a wrong password, another password, and out again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import Open, console_of
from tests.support.console import RunningConsole, Tower, tower
from tests.support.servers import mosquitto_program, require

PASSWORD, OTHER = "a long pass phrase", "another long pass phrase"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tower]:
    """Nobody may do anything there before there is a user."""
    require("mosquitto", mosquitto_program())
    with tower(tmp_path_factory.mktemp("closed"), access={"open_until_first_user": False}) as made:
        yield made


@pytest.fixture(scope="module")
def console(closed: Tower, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    with console_of(closed, tmp_path_factory.mktemp("console")) as made:
        yield made


def test_the_first_admin_is_made_signs_in_changes_the_password_and_signs_out(closed: Tower, opened: Open) -> None:
    page = opened("/")
    page.wait_for_url("**/sign-in")
    page.get_by_role("link", name="Make the first admin").click()
    secret = (closed.gateway.data / "setup-secret").read_text().strip()
    page.get_by_label("Secret").fill(secret)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD + "!")
    page.get_by_role("button", name="Make the admin").click()
    expect(page.get_by_role("alert")).to_contain_text("not the same")
    page.get_by_label("Password again").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".wall")).to_be_visible()
    expect(page.locator(".who")).to_contain_text("ada")

    page.keyboard.press("@")
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_label("New password").fill(OTHER)
    page.get_by_label("Password again").fill(OTHER)
    page.keyboard.press("Enter")
    expect(page.get_by_text("The password is changed")).to_be_visible()
    page.get_by_role("link", name="Sign out").click()
    page.wait_for_url("**/sign-in")

    _sign_in(page, PASSWORD)
    expect(page.get_by_role("alert")).to_contain_text("Not signed in")
    _sign_in(page, OTHER)
    expect(page.locator(".wall")).to_be_visible()


def test_without_signing_in_no_page_is_shown(closed: Tower, opened: Open) -> None:
    for path in ("/", "/incidents/INC-000001", "/account"):
        page = opened(path, lang="zh")
        page.wait_for_url("**/sign-in")
        expect(page.get_by_role("button", name="登录")).to_be_visible()


def _sign_in(page: Page, password: str) -> None:
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
