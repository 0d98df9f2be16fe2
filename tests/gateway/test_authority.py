"""CAP messages to authorities: into a folder, whole or not at all, and by HTTP with a receipt."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.authority.deliver import Authority, AuthorityPost
from gateway.sender import Undelivered
from rules.effects import SendToAuthority
from rules.mode import Mode
from tests.support.hook import Hook, hook

DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?>\n<alert><headline>火灾</headline></alert>\n'
TOKEN = "t0ken-of-the-brigade"


@pytest.fixture
def web() -> Iterator[Hook]:
    with hook() as server:
        yield server


def cap(
    mode: Mode = Mode.ACTUAL, to: str = "fire_brigade", identifier: str = "tower-a.INC-000001.AUT-000002"
) -> SendToAuthority:
    return SendToAuthority("AUT-000002", mode, to, identifier, DOCUMENT, "INC-000001", 0, 9)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def post(url: str | None = None, folder: Path | None = None, *, exercise: bool = False) -> AuthorityPost:
    return AuthorityPost({"fire_brigade": Authority(url, folder, TOKEN, exercise)}, 2)


async def test_a_message_is_posted_as_cap_with_the_token_and_its_own_key(web: Hook) -> None:
    receipt = await post(f"{web.url}/cap").send(cap())
    assert receipt == "200 thank you"
    (posted,) = web.posted
    assert posted.path == "/cap"
    assert posted.body.decode() == DOCUMENT
    assert posted.headers["Content-Type"] == "application/cap+xml; charset=utf-8"
    assert posted.headers["Authorization"] == f"Bearer {TOKEN}"
    assert posted.headers["Idempotency-Key"] == "AUT-000002"


@pytest.mark.parametrize(("status", "again"), [(500, True), (503, True), (429, True), (404, False), (302, False)])
async def test_an_answer_that_is_no_yes_says_whether_to_try_again(web: Hook, status: int, again: bool) -> None:
    web.status, web.answer = status, b"not now"
    with pytest.raises(Undelivered, match=f"answered {status} not now") as refused:
        await post(web.url).send(cap())
    assert refused.value.again is again


async def test_of_a_long_answer_the_beginning_is_the_receipt(web: Hook) -> None:
    web.answer = b"a line\n" * 50_000
    receipt = await post(web.url).send(cap())
    assert receipt.startswith("200 a line a line")
    assert len(receipt) < 220


async def test_an_authority_that_is_away_is_tried_again_and_its_address_not_shown() -> None:
    with pytest.raises(Undelivered) as refused:
        await post("http://127.0.0.1:9/secret-path").send(cap())
    assert str(refused.value) == "fire_brigade cannot be reached: ConnectError"
    assert refused.value.again


async def test_an_authority_that_says_nothing_is_given_up(web: Hook) -> None:
    web.go.clear()
    with pytest.raises(Undelivered, match="cannot be reached: ReadTimeout"):
        await post(web.url).send(cap())


async def test_no_address_and_no_token_is_logged(web: Hook, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await post(f"{web.url}/secret-path").send(cap())
    assert "secret-path" not in caplog.text
    assert TOKEN not in caplog.text


async def test_a_folder_holds_each_message_under_its_identifier(tmp_path: Path) -> None:
    receipt = await post(folder=tmp_path / "out").send(cap())
    (file,) = files(tmp_path / "out")
    assert file.name == "tower-a.INC-000001.AUT-000002.xml"
    assert file.read_text(encoding="utf-8") == DOCUMENT
    assert receipt == f"written: {file.name}"


async def test_the_same_message_twice_is_one_file(tmp_path: Path) -> None:
    await post(folder=tmp_path).send(cap())
    await post(folder=tmp_path).send(cap())
    assert len(files(tmp_path)) == 1


async def test_no_identifier_leads_out_of_the_folder(tmp_path: Path) -> None:
    await post(folder=tmp_path / "out").send(cap(identifier="../../etc/passwd"))
    assert [path.parent.name for path in files(tmp_path)] == ["out"]


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Undelivered, match="cannot be written: Not a directory") as refused:
        await post(folder=tmp_path / "file" / "out").send(cap())
    assert refused.value.again


async def test_an_authority_that_nobody_set_up_is_not_tried_again() -> None:
    with pytest.raises(Undelivered, match="the settings name no authority coast_guard") as refused:
        await post("http://127.0.0.1:9").send(cap(to="coast_guard"))
    assert not refused.value.again


@pytest.mark.parametrize(("mode", "exercise"), [(Mode.EXERCISE, False), (Mode.TEST, False), (Mode.TEST, True)])
async def test_whatever_was_decided_no_exercise_leaves_past_the_settings(web: Hook, mode: Mode, exercise: bool) -> None:
    with pytest.raises(Undelivered, match=f"takes no messages of mode {mode.value}") as refused:
        await post(web.url, exercise=exercise).send(cap(mode))
    assert not refused.value.again
    assert web.posted == []


async def test_an_exercise_goes_to_an_authority_that_takes_part(web: Hook) -> None:
    assert await post(web.url, exercise=True).send(cap(Mode.EXERCISE)) == "200 thank you"
