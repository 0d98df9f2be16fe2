"""Users in a browser, before a gateway of their own: made, changed, disabled; tokens shown once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser.conftest import console_of
from tests.support.accessible import faults
from tests.support.console import RunningConsole, tower

PASSWORD = "correct horse battery"
ADMIN = "ada"


@pytest.fixture(scope="module")
def with_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console before a tower that has one user, an admin."""
    with tower(tmp_path_factory.mktemp("users")) as made:
        secret = Path(made.gateway.data / "setup-secret").read_text().strip()
        body = {"secret": secret, "name": ADMIN, "password": PASSWORD}
        status, answer = made.gateway.post("login/setup", **body)
        assert status == 200, answer
        with console_of(made, tmp_path_factory.mktemp("console")) as console:
            yield console


def signed_in(page: Page, name: str = ADMIN, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_contain_text(name)


def at(page: Page, console: RunningConsole, path: str) -> None:
    page.goto(console.url + path, wait_until="domcontentloaded")


def test_a_user_is_made_signs_in_and_is_disabled(with_users: RunningConsole, opened) -> None:  # type: ignore[no-untyped-def]
    page = opened("/sign-in", url=with_users.url)
    signed_in(page)
    at(page, with_users, "/users")
    expect(page.locator(".sheet")).to_contain_text(ADMIN)
    page.keyboard.press("n")
    page.get_by_label("Name, for good").fill("grace")
    page.get_by_label("Password, 12").fill("another pass phrase")
    page.get_by_label("Roles").click()
    page.get_by_role("option", name="operator").click()
    page.locator("#asked").click()  # beside the list, which closes it
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.locator(".sheet")).to_contain_text("grace")
    expect(page.locator(".q-dialog")).to_have_count(0)
    assert faults(page) == []

    hers = opened("/sign-in", url=with_users.url)
    signed_in(hers, "grace", "another pass phrase")
    expect(hers.get_by_role("link", name="9 Users")).to_have_count(0)

    at(page, with_users, "/users/grace")
    page.keyboard.press("x")
    page.get_by_label("Reason").fill("left the company")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("DISABLED")
    at(hers, with_users, "/orders")
    hers.wait_for_url(re.compile("/sign-in"))


def test_a_password_that_is_too_short_is_refused_and_nothing_typed_is_lost(  # type: ignore[no-untyped-def]
    with_users: RunningConsole, opened
) -> None:
    page = opened("/sign-in", url=with_users.url)
    signed_in(page)
    at(page, with_users, f"/users/{ADMIN}")
    page.keyboard.press("p")
    page.get_by_label("Password, 12").fill("short")
    page.get_by_label("Reason").fill("a test")
    page.keyboard.press("Enter")
    expect(page.locator(".problem")).to_contain_text("Refused")
    expect(page.get_by_label("Reason")).to_have_value("a test")


def test_the_secret_of_a_token_is_shown_once_and_a_token_can_be_revoked(  # type: ignore[no-untyped-def]
    with_users: RunningConsole, opened
) -> None:
    page = opened("/sign-in", url=with_users.url)
    signed_in(page)
    at(page, with_users, "/tokens")
    page.keyboard.press("n")
    page.get_by_label("Name").fill("wall-screen")
    page.keyboard.press("Enter")
    expect(page.locator(".secret-once code")).not_to_be_empty()
    expect(page.locator(".sheet")).to_contain_text("wall-screen")
    expect(page.locator(".q-dialog")).to_have_count(0)
    assert faults(page) == []
    page.reload()
    expect(page.locator(".sheet")).to_contain_text("wall-screen")
    expect(page.locator(".secret-once")).to_have_count(0)
    page.get_by_role("button", name="Revoke wall-screen").click()
    expect(page.get_by_role("button", name="OK", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".sheet")).to_contain_text("revoked")
