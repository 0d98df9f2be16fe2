"""Signing in: passwords, sessions, refresh tokens, lock-outs, the first admin."""

from __future__ import annotations

import asyncio
import logging
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.errors import Code, NotDone
from api.identity_port import AccessQuery, Whence
from api.permissions import Permission, Role
from gateway.identity.core import Lives
from gateway.identity.lockout import ATTEMPTS_A_MINUTE, FAILURES_MAX, LOCKED_MS
from gateway.identity.passwords import WAITING_MAX, Passwords
from gateway.identity.secret_files import KEY_FILE, SETUP_FILE, signing_key
from gateway.identity.users import Users
from tests.support.identity import ELSEWHERE, HERE, PASSWORD, SetClock, add_user, change, users_in

HOUR_MS = 3_600_000
WRONG = "wrong horse battery"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def users(tmp_path: Path, clock: SetClock) -> AsyncIterator[Users]:
    """grace is an operator, ada an admin."""
    users = users_in(tmp_path, clock)
    await add_user(users, "ada", Role.ADMIN)
    await add_user(users, "grace", Role.OPERATOR)
    yield users
    await users.close()


async def _refused(users: Users, name: str, password: str, whence: Whence = HERE) -> NotDone:
    with pytest.raises(NotDone) as refused:
        await users.sign_in(name, password, whence)
    return refused.value


async def _log(users: Users) -> list[tuple[str, str, str]]:
    """(what, who, about), the newest first."""
    page = await users.access_log(AccessQuery())
    return [(each.what, each.who, each.about) for each in page.items]


def _known(users: Users, access_token: str) -> bool:
    return users.principal(access_token) is not None


# ---- passwords


async def test_who_signs_in_may_do_what_the_role_may_for_ten_minutes(users: Users, clock: SetClock) -> None:
    issued = await users.sign_in("grace", PASSWORD, HERE)
    principal = users.principal(issued.access_token)
    assert principal is not None
    assert (principal.name, principal.account) == ("grace", "grace")
    assert principal.may(Permission.ACKNOWLEDGE)
    assert not principal.may(Permission.MANAGE_USERS)
    assert issued.expires_in_s == 600
    clock.now += 600_000
    assert not _known(users, issued.access_token)


async def test_a_wrong_password_and_a_wrong_name_are_refused_in_the_same_words(users: Users) -> None:
    wrong, nobody = await _refused(users, "grace", WRONG), await _refused(users, "nobody", PASSWORD)
    assert (wrong.code, wrong.reason) == (nobody.code, nobody.reason) == (Code.INVALID_GRANT, wrong.reason)
    assert (await _log(users))[:2] == [("sign_in_failed", "", "nobody"), ("sign_in_failed", "", "grace")]


async def test_a_user_without_a_password_cannot_sign_in_with_one(users: Users) -> None:
    await users.add_account("linus", change(Role.VIEWER), None, "ada", "", HERE)
    for password in ("", PASSWORD):
        assert (await _refused(users, "linus", password)).code is Code.INVALID_GRANT


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaaaaaa", "x" * 257, "my name is Grace ok"])
async def test_a_password_that_is_easily_guessed_is_not_taken(users: Users, password: str) -> None:
    with pytest.raises(NotDone) as refused:
        await users.set_password("grace", password, "ada", "", HERE)
    assert refused.value.code is Code.WEAK_PASSWORD
    await users.sign_in("grace", PASSWORD, HERE)


async def test_another_password_ends_every_session(users: Users) -> None:
    issued = await users.sign_in("grace", PASSWORD, HERE)
    await users.change_password("grace", PASSWORD, PASSWORD[::-1], HERE)
    assert not _known(users, issued.access_token)
    with pytest.raises(NotDone):
        await users.refresh(issued.refresh_token, HERE)
    await users.sign_in("grace", PASSWORD[::-1], HERE)
    assert (await _refused(users, "grace", PASSWORD)).code is Code.INVALID_GRANT


async def test_whoever_does_not_know_the_old_password_gives_no_new_one(users: Users) -> None:
    with pytest.raises(NotDone):
        await users.change_password("grace", WRONG, PASSWORD[::-1], HERE)
    await users.sign_in("grace", PASSWORD, HERE)


async def test_a_hash_of_yesterdays_cost_is_made_anew_when_its_user_signs_in(tmp_path: Path) -> None:
    users = users_in(tmp_path)
    await add_user(users, "grace", Role.VIEWER)
    await users.close()
    dearer = users_in(tmp_path, passwords=Passwords(time_cost=2, memory_kib=8))
    await dearer.sign_in("grace", PASSWORD, HERE)
    await dearer.close()
    assert b"$m=8,t=2,p=1$" in (tmp_path / "identity.sqlite").read_bytes()


async def test_the_event_loop_goes_on_while_passwords_are_hashed_and_only_so_many_wait() -> None:
    passwords = Passwords(time_cost=2, memory_kib=16 * 1024)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    asked = [asyncio.create_task(passwords.hashed(PASSWORD)) for _ in range(WAITING_MAX + 3)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    counting.cancel()
    passwords.close()
    refused = [each.code for each in done if isinstance(each, NotDone)]
    assert refused == [Code.TOO_MANY_SIGN_INS] * 3
    assert turns > 1_000


# ---- sessions


async def test_a_refresh_token_brings_another_and_is_good_once(users: Users, clock: SetClock) -> None:
    first = await users.sign_in("grace", PASSWORD, HERE)
    second = await users.refresh(first.refresh_token, HERE)
    clock.now += HOUR_MS
    third = await users.refresh(second.refresh_token, HERE)
    assert _known(users, third.access_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3


async def test_a_refresh_token_that_comes_again_ends_the_session_of_whoever_has_its_successor(users: Users) -> None:
    stolen = await users.sign_in("grace", PASSWORD, HERE)
    thief = await users.refresh(stolen.refresh_token, ELSEWHERE)
    with pytest.raises(NotDone) as refused:
        await users.refresh(stolen.refresh_token, HERE)
    assert refused.value.code is Code.INVALID_GRANT
    assert not _known(users, thief.access_token)
    assert not _known(users, stolen.access_token)
    with pytest.raises(NotDone):
        await users.refresh(thief.refresh_token, ELSEWHERE)
    assert "refresh_token_reused" in [what for what, *_ in await _log(users)]


async def test_a_stolen_token_ends_no_other_session_of_its_user(users: Users) -> None:
    other, stolen = await users.sign_in("grace", PASSWORD, HERE), await users.sign_in("grace", PASSWORD, HERE)
    await users.refresh(stolen.refresh_token, HERE)
    with pytest.raises(NotDone):
        await users.refresh(stolen.refresh_token, HERE)
    assert _known(users, (await users.refresh(other.refresh_token, HERE)).access_token)


async def test_two_that_refresh_at_once_do_not_both_get_a_session(users: Users) -> None:
    issued = await users.sign_in("grace", PASSWORD, HERE)
    both = await asyncio.gather(*(users.refresh(issued.refresh_token, HERE) for _ in range(2)), return_exceptions=True)
    assert sum(isinstance(each, NotDone) for each in both) == 1


async def test_whoever_signs_out_is_out_at_once(users: Users) -> None:
    issued = await users.sign_in("grace", PASSWORD, HERE)
    await users.sign_out(issued.refresh_token, HERE)
    assert not _known(users, issued.access_token)
    with pytest.raises(NotDone):
        await users.refresh(issued.refresh_token, HERE)
    await users.sign_out("no such token", HERE)


async def test_a_session_that_nobody_uses_ends_and_none_lasts_longer_than_a_week(tmp_path: Path) -> None:
    clock = SetClock()
    users = users_in(tmp_path, clock, Lives(refresh_ms=HOUR_MS, session_ms=2 * HOUR_MS))
    await add_user(users, "grace", Role.VIEWER)
    unused = await users.sign_in("grace", PASSWORD, HERE)
    used = await users.sign_in("grace", PASSWORD, HERE)
    clock.now += HOUR_MS - 1
    used = await users.refresh(used.refresh_token, HERE)
    clock.now += 1
    with pytest.raises(NotDone):
        await users.refresh(unused.refresh_token, HERE)
    clock.now += HOUR_MS - 2
    used = await users.refresh(used.refresh_token, HERE)
    clock.now += 2
    with pytest.raises(NotDone):
        await users.refresh(used.refresh_token, HERE)
    await users.close()


async def test_sessions_and_their_ends_outlive_a_restart(users: Users, tmp_path: Path, clock: SetClock) -> None:
    open_one, ended = await users.sign_in("grace", PASSWORD, HERE), await users.sign_in("grace", PASSWORD, HERE)
    await users.sign_out(ended.refresh_token, HERE)
    again = users_in(tmp_path, clock)
    await again.look()
    assert _known(again, open_one.access_token)
    assert not _known(again, ended.access_token)
    await again.close()


# ---- what tokens are


@pytest.mark.parametrize(
    "forged",
    ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.", "é.é.é", "tocsin_", "tocsin_" + "x" * 43],
)
async def test_what_is_no_token_is_nobodys(users: Users, forged: str) -> None:
    assert users.principal(forged) is None


async def test_a_token_signed_with_another_key_or_altered_is_nobodys(users: Users, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = users_in(tmp_path / "other")
    await add_user(other, "ada", Role.ADMIN)
    foreign = (await other.sign_in("ada", PASSWORD, HERE)).access_token
    await other.close()
    assert users.principal(foreign) is None
    head, body, _ = foreign.split(".")
    own = (await users.sign_in("grace", PASSWORD, HERE)).access_token
    assert users.principal(f"{head}.{body}.{own.rpartition('.')[2]}") is None


async def test_a_refresh_token_is_no_access_token(users: Users) -> None:
    issued = await users.sign_in("grace", PASSWORD, HERE)
    assert users.principal(issued.refresh_token) is None


def test_the_signing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert signing_key(tmp_path) == key


@pytest.mark.parametrize(("text", "mode"), [("00" * 32, 0o640), ("00" * 31, 0o600), ("not hexadecimal", 0o600)])
def test_a_signing_key_that_others_can_read_or_that_is_none_is_refused_unshown(
    tmp_path: Path, text: str, mode: int
) -> None:
    (tmp_path / KEY_FILE).write_text(text)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(ValueError, match=KEY_FILE) as refused:
        signing_key(tmp_path)
    assert text not in str(refused.value)


async def test_no_password_no_token_and_no_hash_is_in_the_log_or_in_the_clear(
    users: Users, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    issued = await users.sign_in("grace", PASSWORD, HERE)
    _, secret = await users.make_api_token("grace", "wall", frozenset({Permission.READ}), None, 1, HERE)
    await _refused(users, "grace", WRONG)
    await users.refresh(issued.refresh_token, HERE)
    kept = (tmp_path / "identity.sqlite").read_bytes()
    for each in (PASSWORD, WRONG, issued.access_token, issued.refresh_token, secret):
        assert each not in caplog.text
        assert each.encode() not in kept
    assert stat.S_IMODE((tmp_path / "identity.sqlite").stat().st_mode) == 0o600


# ---- lock-outs


async def test_after_five_wrong_passwords_a_name_is_locked_longer_each_time(users: Users, clock: SetClock) -> None:
    for lock_ms in (LOCKED_MS, 2 * LOCKED_MS):
        for _ in range(FAILURES_MAX):
            assert (await _refused(users, "grace", WRONG)).code is Code.INVALID_GRANT
        locked = await _refused(users, "grace", PASSWORD)
        assert (locked.code, locked.retry_after_s) == (Code.LOCKED_OUT, lock_ms // 1000)
        clock.now += lock_ms
    await users.sign_in("grace", PASSWORD, HERE)


async def test_nobody_elsewhere_can_lock_a_user_out_of_where_they_have_signed_in(users: Users) -> None:
    await users.sign_in("grace", PASSWORD, HERE)
    for _ in range(FAILURES_MAX):
        await _refused(users, "grace", WRONG, ELSEWHERE)
    assert (await _refused(users, "grace", PASSWORD, ELSEWHERE)).code is Code.LOCKED_OUT
    await users.sign_in("grace", PASSWORD, HERE)


async def test_a_lock_out_does_not_tell_which_names_exist(users: Users) -> None:
    for _ in range(FAILURES_MAX):
        await _refused(users, "nobody", WRONG)
    assert (await _refused(users, "nobody", WRONG)).code is Code.LOCKED_OUT


async def test_an_address_gets_so_many_attempts_a_minute_whoever_it_names(users: Users, clock: SetClock) -> None:
    for number in range(ATTEMPTS_A_MINUTE):
        await _refused(users, f"user-{number}", WRONG)
    refused = await _refused(users, "grace", PASSWORD)
    assert (refused.code, refused.retry_after_s) == (Code.TOO_MANY_SIGN_INS, 60 // ATTEMPTS_A_MINUTE)
    await users.sign_in("grace", PASSWORD, ELSEWHERE)
    clock.now += 60_000 // ATTEMPTS_A_MINUTE
    await users.sign_in("grace", PASSWORD, HERE)


async def test_an_admin_ends_a_lock_out(users: Users) -> None:
    for _ in range(FAILURES_MAX):
        await _refused(users, "grace", WRONG)
    await users.end_sessions("grace", "ada", "on the telephone", HERE)
    await users.sign_in("grace", PASSWORD, HERE)


# ---- the first admin


async def test_the_first_admin_is_made_with_the_secret_of_a_file_that_is_then_gone(tmp_path: Path) -> None:
    users = users_in(tmp_path)
    await users.look()
    file = tmp_path / SETUP_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = file.read_text().strip()
    with pytest.raises(NotDone):
        await users.set_up(secret[:-1], "ada", PASSWORD, HERE)
    assert not users.users_exist
    await users.set_up(secret, "ada", PASSWORD, HERE)
    assert users.users_exist
    assert not file.exists()
    with pytest.raises(NotDone):
        await users.set_up(secret, "eve", PASSWORD, HERE)
    assert (await users.account("ada")).roles == {Role.ADMIN}
    await users.close()


async def test_two_that_set_up_at_once_do_not_both_become_admin(tmp_path: Path) -> None:
    users = users_in(tmp_path)
    await users.look()
    secret = (tmp_path / SETUP_FILE).read_text().strip()
    both = [users.set_up(secret, name, PASSWORD, HERE) for name in ("ada", "eve")]
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(each, NotDone) for each in done) == 1
    await users.close()


async def test_a_gateway_without_users_knows_nobody_by_default(tmp_path: Path) -> None:
    users = users_in(tmp_path)
    await users.look()
    assert await users.accounts() == []
    for name in ("admin", "root", "tocsin", "local"):
        for password in ("admin", "", "tocsin", "password"):
            with pytest.raises(NotDone):
                await users.sign_in(name, password, Whence(f"198.51.100.{len(name)}{len(password)}"))
    await users.close()
