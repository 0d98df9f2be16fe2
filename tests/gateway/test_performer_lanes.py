"""The lanes of the outbox: attempts, retries, receipts; and that nothing slow or broken holds up anything else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import now_ms
from gateway.lane import Lane
from gateway.link_settings import LinkSettings, link_settings_from_url
from gateway.performer import Performer
from gateway.sender import Delivery, Patience, Undelivered, not_set_up
from gateway.store import Group, Store
from rules.effects import Effect, Notify, PublishCommand
from rules.events import CommandPublished, EffectTried, Event
from rules.mode import Mode
from tests.support.servers import Mosquitto
from tests.support.waiting import until

PATIENT = Patience(attempts_max=3, seconds_max=5, at_once_max=2, wait_ms_min=20, wait_ms_max=40)
HOUR_MS = 3_600_000


class FakeDesk:
    """Takes events; what is over leaves the outbox with the commit, as the engine has it."""

    def __init__(self, store: Store) -> None:
        self.store, self.events = store, list[Event]()
        self._over: list[str] = []

    def submit(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, CommandPublished) or (isinstance(event, EffectTried) and event.last):
            self._over.append(event.id)

    def commit(self) -> None:
        self.store.commit(Group(outbox_drop=self._over))
        self._over = []

    @property
    def tries(self) -> list[tuple[str, bool, int, bool, str]]:
        return [
            (each.id, each.ok, each.attempt, each.last, each.detail)
            for each in self.events
            if isinstance(each, EffectTried)
        ]


class Post:
    """A sender that keeps what it was given, and answers by what `does` says."""

    def __init__(self, does: Callable[[Any], Awaitable[str]] | None = None) -> None:
        self.given: list[str] = []
        self.at_once = self.at_once_most = 0
        self._does = does

    async def send(self, effect: Any) -> str:
        self.given.append(effect.id)
        self.at_once += 1
        self.at_once_most = max(self.at_once_most, self.at_once)
        try:
            return await self._does(effect) if self._does else "taken"
        finally:
            self.at_once -= 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/tocsin.sqlite") as opened:
        yield opened


def message(number: int, *, urgent: bool = False, lives_ms: int = HOUR_MS) -> Notify:
    now = now_ms()
    return Notify(
        f"NTF-{number:06d}", Mode.ACTUAL, "duty-officer-1", "app", "title", "body", None, urgent, now, now + lives_ms
    )


def command(number: int) -> PublishCommand:
    now = now_ms()
    id = f"CMD-{number:06d}"
    return PublishCommand(id, Mode.ACTUAL, "tower-a/vent-1", "open", {}, "INC-000001", now, now + HOUR_MS)


def put(store: Store, *effects: Effect) -> None:
    store.commit(Group(outbox_put=list(effects)))


@asynccontextmanager
async def lane(store: Store, post: Post, patience: Patience = PATIENT) -> AsyncIterator[tuple[Lane, FakeDesk]]:
    desk = FakeDesk(store)
    running = Lane("Notify", Delivery(post.send, patience), desk, store, now_ms)  # type: ignore[arg-type]
    task = asyncio.create_task(running.run())
    try:
        yield running, desk
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended


async def test_what_is_delivered_comes_back_with_its_receipt_and_leaves_the_outbox(store: Store) -> None:
    put(store, message(1))
    async with lane(store, Post()) as (running, desk):
        await until(lambda: desk.events)
        assert desk.tries == [("NTF-000001", True, 1, True, "taken")]
        assert store.outbox_due(now_ms(), 10) == []
        assert (running.delivered, running.failed) == (1, 0)


async def test_what_fails_is_tried_again_and_the_last_attempt_says_so(store: Store) -> None:
    async def away(effect: Any) -> str:
        raise Undelivered("away")

    put(store, message(1))
    async with lane(store, Post(away)) as (_, desk):
        await until(lambda: len(desk.events) == 3)
        assert [(attempt, last) for _, _, attempt, last, _ in desk.tries] == [(1, False), (2, False), (3, True)]
        assert {detail for *_, detail in desk.tries} == {"away"}
        assert store.outbox_due(now_ms() + HOUR_MS, 10) == []


async def test_attempts_so_far_outlive_a_restart(store: Store) -> None:
    async def away(effect: Any) -> str:
        raise Undelivered("away")

    put(store, message(1))
    async with lane(store, Post(away)) as (_, desk):
        await until(lambda: len(desk.events) == 1)
    async with lane(store, Post(away)) as (_, desk):
        await until(lambda: any(each.last for each in desk.events if isinstance(each, EffectTried)))
        assert desk.tries[0][2] > 1


async def test_what_no_attempt_can_better_is_not_tried_again(store: Store) -> None:
    put(store, message(1))
    async with lane(store, Post(not_set_up)) as (_, desk):
        await until(lambda: desk.events)
        ((_, ok, attempt, last, detail),) = desk.tries
        assert (ok, attempt, last) == (False, 1, True)
        assert detail == "nothing is set up for this in the gateway's settings"


async def test_a_broken_sender_stops_nothing_and_its_words_are_not_shown(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(effect: Any) -> str:
        if effect.id == "NTF-000001":
            raise ZeroDivisionError("json://user:s3cr3t@host")
        return "taken"

    put(store, message(1), message(2))
    async with lane(store, Post(broken)) as (_, desk):
        await until(lambda: len(desk.events) == 4)
    assert ("NTF-000002", True, 1, True, "taken") in desk.tries
    assert ("NTF-000001", False, 3, True, "the sender failed: ZeroDivisionError") in desk.tries
    assert "s3cr3t" not in caplog.text


async def test_one_that_says_nothing_is_given_up_after_its_time(store: Store) -> None:
    put(store, message(1))
    silent = Post(lambda effect: asyncio.Event().wait())  # type: ignore[arg-type, return-value]
    async with lane(store, silent, PATIENT._replace(seconds_max=0.05, attempts_max=1)) as (_, desk):
        await until(lambda: desk.events)
        assert desk.tries == [("NTF-000001", False, 1, True, "no answer within 0.05 s")]


async def test_only_so_many_are_sent_at_once_and_the_urgent_first(store: Store) -> None:
    go = asyncio.Event()

    async def wait(effect: Any) -> str:
        await go.wait()
        return "taken"

    put(store, *(message(number) for number in range(1, 6)), message(6, urgent=True))
    post = Post(wait)
    async with lane(store, post) as (_, desk):
        await until(lambda: len(post.given) == 2)
        go.set()
        await until(lambda: len(desk.events) == 6)
    assert post.given[0] == "NTF-000006"
    assert post.at_once_most == 2
    assert sorted(post.given) == [f"NTF-{number:06d}" for number in range(1, 7)]


async def test_what_has_expired_is_left_to_the_engine(store: Store) -> None:
    put(store, message(1, lives_ms=-1), message(2))
    post = Post()
    async with lane(store, post) as (_, desk):
        await until(lambda: desk.events)
    assert post.given == ["NTF-000002"]


async def test_a_lane_does_its_own_kind_alone_and_wakes_when_told(store: Store) -> None:
    put(store, command(1))
    post = Post()
    async with lane(store, post) as (running, desk):
        await asyncio.sleep(0.05)
        assert post.given == []
        put(store, message(1))
        running.wake()
        await until(lambda: desk.events)
    assert [due.effect.id for due in store.outbox_due(now_ms(), 10)] == ["CMD-000001"]


async def test_what_does_not_begin_well_sends_all_the_same(store: Store) -> None:
    async def begin() -> None:
        raise OSError("no such file")

    put(store, message(1))
    desk = FakeDesk(store)
    delivery = Delivery(Post().send, PATIENT, begin)
    task = asyncio.create_task(Lane("Notify", delivery, desk, store, now_ms).run())  # type: ignore[arg-type]
    await until(lambda: desk.events)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_waits_double_up_to_their_limit() -> None:
    assert [PATIENT.wait_ms(attempts) for attempts in (1, 2, 3, 50)] == [20, 40, 40, 40]


# ---- beside the commands


def _settings(broker: Mosquitto) -> LinkSettings:
    return link_settings_from_url(broker.url, "performer-test")


@asynccontextmanager
async def performing(
    store: Store, settings: LinkSettings, deliveries: dict[type[Effect], Delivery]
) -> AsyncIterator[tuple[Performer, FakeDesk]]:
    desk, connected = FakeDesk(store), asyncio.Event()

    def changed(up: bool, reason: str) -> None:
        if up:
            connected.set()

    performer = Performer(desk, store, settings, lambda: ["tower-a"], now_ms, changed, deliveries)  # type: ignore[arg-type]
    task = asyncio.create_task(performer.run())
    await asyncio.wait_for(connected.wait(), 10)
    try:
        yield performer, desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_commands_go_out_at_once_while_every_notifier_hangs(
    store: Store, mosquitto: Callable[..., Mosquitto]
) -> None:
    hanging = Post(lambda effect: asyncio.Event().wait())  # type: ignore[arg-type, return-value]
    deliveries: dict[type[Effect], Delivery] = {Notify: Delivery(hanging.send, PATIENT._replace(seconds_max=60))}
    async with performing(store, _settings(mosquitto()), deliveries) as (performer, desk):
        put(store, *(message(number) for number in range(1, 400)))
        performer.wake()
        await until(lambda: len(hanging.given) == 2)
        begun = asyncio.get_running_loop().time()
        put(store, *(command(number) for number in range(1, 20)))
        performer.wake()
        await until(lambda: performer.published == 19)
        assert asyncio.get_running_loop().time() - begun < 1
    assert next(event.id for event in desk.events if isinstance(event, CommandPublished)) == "CMD-000001"


async def test_messages_go_out_while_there_is_no_broker(store: Store) -> None:
    post, desk = Post(), FakeDesk(store)
    settings = link_settings_from_url("mqtt://127.0.0.1:9", "performer-test")
    deliveries: dict[type[Effect], Delivery] = {Notify: Delivery(post.send, PATIENT)}
    performer = Performer(desk, store, settings, lambda: ["tower-a"], now_ms, deliveries=deliveries)  # type: ignore[arg-type]
    put(store, message(1), command(1))
    task = asyncio.create_task(performer.run())
    await until(lambda: desk.tries)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert performer.deliveries == {"Notify": (1, 0)}
    assert [due.effect.id for due in store.outbox_due(now_ms(), 10)] == ["CMD-000001"]


async def test_a_store_that_fails_ends_the_performer(store: Store) -> None:
    class Failing(FakeDesk):
        def commit(self) -> None:
            raise OSError("disk full")

    deliveries: dict[type[Effect], Delivery] = {Notify: Delivery(Post().send, PATIENT)}
    settings = link_settings_from_url("mqtt://127.0.0.1:9", "performer-test")
    desk = Failing(store)
    performer = Performer(desk, store, settings, list, now_ms, deliveries=deliveries)  # type: ignore[arg-type]
    put(store, message(1))
    with pytest.raises(OSError, match="disk full"):
        await asyncio.wait_for(performer.run(), 10)


@pytest.fixture(autouse=True)
def _quiet_log() -> None:
    logging.getLogger("tocsin.performer").setLevel(logging.INFO)
