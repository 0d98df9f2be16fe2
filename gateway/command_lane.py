"""The lane of the outbox that has right of way: publishes commands, and brings back what became of it as events.

A command leaves the outbox only with the commit of its result. After a crash it may be published twice; its id is
its idempotency key at the device. One that has expired is not published at all: the engine gives it up by its own
deadline. How a device of another format is told is its codec's; what only sets a point may be said twice, too.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import aiomqtt

from gateway.clock import Clock, monotonic_s
from gateway.codecs.native import OURS, TREE_OF
from gateway.codecs.port import Publish
from gateway.desk import Desk
from gateway.ending import stop_if_told
from gateway.histogram import ROUND_TRIP_S, Histogram
from gateway.link import backoff_seconds
from gateway.link_settings import LinkSettings
from gateway.store import Due, Store
from rules.codec import encode
from rules.effects import PublishCommand
from rules.events import CommandFailed, CommandPublished
from rules.instant import SECOND_MS, Instant, rfc3339
from rules.mode import Mode
from rules.reading import Rejected

Encode = Callable[[PublishCommand], "list[Publish] | Rejected | None"]
"""A device's own messages for a command; why it cannot be told so; None: it speaks the native tree."""

ASKED_MAX = 1_000  # messages of codecs that wait for the broker
AT_ONCE_MAX = 200  # commands published side by side: more would fill the broker's window for us
PUBLISH_SECONDS_MAX = 5.0  # without a PUBACK by then it is tried again
RETRY_MS_MIN, RETRY_MS_MAX = SECOND_MS // 2, 5 * SECOND_MS  # commands live for half a minute

UNDER_WAY_MAX = 1_000  # commands whose answers are waited for; what is more is not measured

KIND = PublishCommand.__name__

log = logging.getLogger("tocsin.performer")


class CommandLane:
    """`run` it as a task; `wake` it when effects were committed. `changed(connected, reason)` tells of its state."""

    def __init__(
        self,
        desk: Desk,
        store: Store,
        settings: LinkSettings,
        sites: Callable[[], Sequence[str]],
        clock: Clock,
        changed: Callable[[bool, str], None] = lambda connected, reason: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance()` is in 0 … 1 and spreads the reconnects of many gateways."""
        self._desk, self._store, self._settings, self._sites = desk, store, settings, sites
        self._clock, self._changed, self._chance = clock, changed, chance
        self._awake = asyncio.Event()
        self._fresh: list[PublishCommand] = []  # committed since the last look into the outbox
        self._asked: list[Publish] = []  # what codecs want to say, no commands
        self.encode: Encode = lambda effect: None
        self._under_way: dict[str, float] = {}  # published, and not answered yet
        self.round_trip_s = Histogram(ROUND_TRIP_S)
        self.published = self.failed = 0

    def say(self, messages: Sequence[Publish]) -> None:
        """Best effort: what does not reach the broker is asked again by whoever needs it."""
        self._asked += messages[: ASKED_MAX - len(self._asked)]
        self._awake.set()

    def wake(self, commands: Sequence[PublishCommand] = ()) -> None:
        """`commands`: those just committed, which so need not be read back before they go out."""
        self._fresh += commands[: AT_ONCE_MAX + 1 - len(self._fresh)]  # with one too many the outbox is read
        self._awake.set()

    async def run(self) -> None:
        """Publishes until cancelled, connecting again whenever the connection is lost."""
        failures = 0
        while True:
            try:
                async with self._client() as client:
                    self._changed(True, "connected")
                    failures = 0
                    try:
                        stop_if_told()
                        await self._say(client, "online")
                        await self._perform(client)
                    except asyncio.CancelledError:
                        with suppress(aiomqtt.MqttError):  # the broker may be gone before us
                            await self._say(client, "offline")
                        raise
            except aiomqtt.MqttError as error:
                failures += 1
                log.warning("commands cannot be published: %s", error)
                self._changed(False, str(error))
                await asyncio.sleep(backoff_seconds(failures, self._chance()))

    def _client(self) -> aiomqtt.Client:
        settings = self._settings
        version = aiomqtt.ProtocolVersion.V5 if settings.protocol == "5" else aiomqtt.ProtocolVersion.V311
        others: dict[str, Any] = {} if settings.protocol == "5" else {"clean_session": True}
        sites = self._sites()
        return aiomqtt.Client(
            settings.host,
            settings.port,
            identifier=f"{settings.client_id}-commands",
            username=settings.username,
            password=settings.password,
            protocol=version,
            tls_context=settings.tls,
            timeout=PUBLISH_SECONDS_MAX,
            will=aiomqtt.Will(_status_topic(sites[0]), "offline", qos=1, retain=True) if sites else None,
            max_inflight_messages=AT_ONCE_MAX,
            **others,
        )

    async def _say(self, client: aiomqtt.Client, status: str) -> None:
        for site in self._sites():
            await client.publish(_status_topic(site), status, qos=1, retain=True)

    async def _perform(self, client: aiomqtt.Client) -> None:
        while True:
            stop_if_told()
            now = self._clock()
            due = self._due(now)
            if self._asked:
                asked, self._asked = self._asked, []
                await asyncio.gather(*(self._publish_all(client, [each], each.topic) for each in asked))
            if due:
                due, messages = self._told(due)
                results = await asyncio.gather(
                    *(self._publish_all(client, some, each.effect.id) for each, some in zip(due, messages, strict=True))
                )
                self._settle(due, results)
                if due and not any(results):
                    raise aiomqtt.MqttError("no command was acknowledged by the broker")
            else:
                await self._rest(now)

    def _due(self, now: Instant) -> list[Due]:
        """What is fresh, else what the outbox holds. Who reads it knows of all that was fresh by then."""
        fresh, self._fresh = self._fresh, []
        if not fresh or len(fresh) > AT_ONCE_MAX:
            return [each for each in self._store.outbox_due(now, AT_ONCE_MAX, KIND) if each.effect.expires_at > now]
        return [Due(effect, 0, now) for effect in fresh if effect.expires_at > now]

    async def _rest(self, now: Instant) -> None:
        next_try = self._store.outbox_next(now, KIND)
        wait_s = None if next_try is None else max(0.05, (next_try - now) / 1000)  # an expired one waits for the engine
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._awake.wait()
        self._awake.clear()

    def _told(self, due: list[Due]) -> tuple[list[Due], list[list[Publish]]]:
        """What is to be published for each; those that cannot be told at all are failed at once."""
        told: list[Due] = []
        messages: list[list[Publish]] = []
        for each in due:
            effect = each.effect
            if not isinstance(effect, PublishCommand):
                continue
            own = self.encode(effect)
            if isinstance(own, Rejected):
                self.failed += 1
                self._desk.submit(CommandFailed(effect.id, f"{own.reason}: {own.detail}", each.attempts + 1))
                continue
            told.append(each)
            messages.append([Publish(command_topic(effect), command_payload(effect))] if own is None else own)
        if len(told) < len(due):
            self._desk.commit()
        return told, messages

    async def _publish_all(self, client: aiomqtt.Client, messages: Sequence[Publish], what: str) -> bool:
        """In their order."""
        try:
            for each in messages:
                await client.publish(each.topic, each.payload, qos=each.qos, retain=each.retain)
        except (aiomqtt.MqttError, ValueError) as error:  # ValueError: no topic of MQTT, which a codec should know
            log.warning("%s not published: %s", what, error)
            return False
        return True

    def _settle(self, due: list[Due], results: list[bool]) -> None:
        now = self._clock()
        for each, done in zip(due, results, strict=True):
            if done:
                self.published += 1
                self._under_way[each.effect.id] = monotonic_s()
                self._desk.submit(CommandPublished(each.effect.id, each.attempts + 1))
            else:
                self.failed += 1
                wait_ms = min(RETRY_MS_MAX, RETRY_MS_MIN * 2**each.attempts)
                self._store.outbox_retry(each.effect.id, each.attempts + 1, now + wait_ms)
        while len(self._under_way) > UNDER_WAY_MAX:
            del self._under_way[next(iter(self._under_way))]
        self._desk.commit()

    def answered(self, command: str) -> None:
        """Its device has said what became of it."""
        began_s = self._under_way.pop(command, None)
        if began_s is not None:
            self.round_trip_s.observe(monotonic_s() - began_s)


def command_topic(effect: PublishCommand) -> str:
    """An exercise's command goes to the exercise tree and nowhere else."""
    site, _, name = effect.device.partition("/")
    return f"{TREE_OF[effect.mode]}/v1/{site}/{name}/command"


def command_payload(effect: PublishCommand) -> bytes:
    return encode(
        {
            "id": effect.id,
            "command": effect.command,
            "args": effect.args,
            "incident": effect.incident,
            "mode": effect.mode.value,
            "expires_at": rfc3339(effect.expires_at),
        }
    )


def _status_topic(site: str) -> str:
    return f"{TREE_OF[Mode.ACTUAL]}/v1/{site}/{OURS}/status"
