"""Messages by Apprise to a real web server of this machine; and that no address is ever shown."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.notify.addresses import Addresses, UnknownChannel, read_addresses
from gateway.notify.deliver import Notifier
from gateway.notify.threads import Threads
from gateway.sender import Undelivered
from rules.effects import Notify, TellOccupants
from rules.mode import Mode
from tests.support.hook import Hook, hook

SECRET = "s3cr3t-t0ken"


@pytest.fixture
def web() -> Iterator[Hook]:
    with hook() as server:
        yield server


@pytest.fixture
def channels(tmp_path: Path, web: Hook) -> Path:
    file = tmp_path / "channels"
    file.write_text(f"# name address\nduty-app json://127.0.0.1:{web.port}/{SECRET}?+X-Key={SECRET}\n")
    return file


def edit(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text()))


def notifier(channels: Path | None, seconds_max: float = 5) -> Notifier:
    return Notifier(Addresses(channels), seconds_max)


def message(channel: str = "duty-app", urgent: bool = True) -> Notify:
    return Notify(
        "NTF-000001", Mode.ACTUAL, "duty-officer-1", channel, "LEVEL I fire", "Smoke in 12F", "INC-000001", urgent, 0, 9
    )


async def test_a_message_reaches_the_web_server_with_title_and_body(channels: Path, web: Hook) -> None:
    assert await notifier(channels).notify(message()) == "taken by duty-app"
    (posted,) = web.posted
    said = json.loads(posted.body)
    assert (said["title"], said["message"], said["type"]) == ("LEVEL I fire", "Smoke in 12F", "failure")
    assert posted.headers["X-Key"] == SECRET


async def test_occupants_get_one_notice_in_both_languages(channels: Path, web: Hook) -> None:
    texts = {"en": "Leave now.", "zh": "请立即撤离。"}
    effect = TellOccupants("OCC-000001", Mode.ACTUAL, "tower-a", texts, "INC-000001", 0, 9, "duty-app")
    await notifier(channels).tell_occupants(effect)
    assert json.loads(web.posted[0].body)["message"] == "请立即撤离。\n\nLeave now."


async def test_a_refusal_says_the_number_of_the_answer_and_nothing_more(channels: Path, web: Hook) -> None:
    web.status, web.answer = 503, SECRET.encode()
    with pytest.raises(Undelivered) as refused:
        await notifier(channels).notify(message())
    assert str(refused.value) == "duty-app: it did not take it (HTTP 503)"
    assert refused.value.again


async def test_of_several_addresses_all_have_to_take_it(channels: Path, web: Hook) -> None:
    edit(channels, lambda text: text + "duty-app json://127.0.0.1:9/nobody\n")
    with pytest.raises(Undelivered, match="1 of 2 addresses did not take it"):
        await notifier(channels).notify(message())
    assert len(web.posted) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the channels file has no address of duty-app"),
        ("duty-app nonsense://x\n", "an address of duty-app is none that Apprise understands"),
        (f"duty-app json://x {SECRET}\n", "the channels file cannot be used: line 1: expected a channel's name"),
        (f"\nduty-app {SECRET}\n", "the channels file cannot be used: line 2: expected a channel's name"),
    ],
)
async def test_an_address_that_cannot_be_used_is_not_tried_again(channels: Path, text: str, why: str) -> None:
    edit(channels, lambda _: text)
    with pytest.raises(Undelivered, match=why) as refused:
        await notifier(channels).notify(message())
    assert not refused.value.again
    assert SECRET not in str(refused.value)


async def test_without_a_channels_file_the_reason_names_the_setting() -> None:
    with pytest.raises(Undelivered, match=r"notify\.channels_file"):
        await notifier(None).notify(message())


async def test_a_file_that_was_changed_is_read_anew(channels: Path, web: Hook) -> None:
    sender = notifier(channels)
    await sender.notify(message())
    edit(channels, lambda text: text.replace(f"/{SECRET}", "/other-path"))
    await sender.notify(message())
    assert [posted.path.partition("?")[0] for posted in web.posted] == [f"/{SECRET}", "/other-path"]


async def test_a_channel_that_says_nothing_is_given_up_in_time(channels: Path, web: Hook) -> None:
    web.go.clear()
    sender = notifier(channels, seconds_max=1)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(Undelivered):
        await sender.notify(message())
    assert asyncio.get_running_loop().time() - begun < 4


async def test_no_address_is_ever_logged(channels: Path, web: Hook, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sender = notifier(channels)
    await sender.begin()
    await sender.notify(message())
    web.status = 500
    with pytest.raises(Undelivered):
        await sender.notify(message())
    edit(channels, lambda _: f"duty-app nonsense://{SECRET}\n")
    await sender.begin()
    assert "an address of duty-app is none that Apprise understands" in caplog.text
    assert SECRET not in caplog.text


async def test_only_so_many_calls_are_made_at_once() -> None:
    threads, running, most, lock, go = Threads(3, "test"), 0, 0, threading.Lock(), threading.Event()

    def call() -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go.wait(10)
        with lock:
            running -= 1
        return most

    calls = [asyncio.create_task(threads.call(call)) for _ in range(10)]
    await asyncio.sleep(0.05)
    go.set()
    assert max(await asyncio.gather(*calls)) == 3


async def test_a_call_that_is_given_up_keeps_its_thread_until_it_ends() -> None:
    threads, go = Threads(1, "test"), threading.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(threads.call(lambda: go.wait(10)), 0.05)
    waiting = asyncio.create_task(threads.call(lambda: "done"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    go.set()
    assert await waiting == "done"


async def test_what_a_call_raises_is_raised_where_it_is_awaited() -> None:
    def call() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await Threads(1, "test").call(call)


def test_a_line_is_a_name_and_an_address() -> None:
    text = "# comment\n\na json://one\nb json://two#fragment\na json://three\n"
    assert read_addresses(text) == {"a": ["json://one", "json://three"], "b": ["json://two#fragment"]}


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnknownChannel, match="cannot be read: No such file"):
        Addresses(tmp_path / "none").of("x")
    assert Addresses(tmp_path / "none").names() == []
