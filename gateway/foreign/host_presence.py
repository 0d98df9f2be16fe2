"""Sparkplug's host certificate: says on a connection of its own that Tocsin is there, and by its will that it is not.

A connection has one will, and that of the command lane is the gateway's status; hence a second one. What is said, and
when, is `gateway.codecs.sparkplug_host`'s.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol, runtime_checkable

import aiomqtt

from gateway.clock import Clock
from gateway.codecs import sparkplug_host as certificates
from gateway.codecs.port import Ask, Codec, Publish
from gateway.ending import stop_if_told
from gateway.link import backoff_seconds
from gateway.link_settings import LinkSettings
from rules.instant import Instant

ANSWER_SECONDS_MAX = 5.0  # of the broker

log = logging.getLogger("tocsin.foreign")


@runtime_checkable
class Host(Protocol):
    """A codec whose devices wait for a host, and say all anew when they are asked."""

    host_id: str

    def rebirths(self, now: Instant) -> list[Ask]: ...


class HostPresence:
    """`run` it as a task; `connected_at` is the time that both certificates of the present connection have."""

    def __init__(
        self, host_id: str, settings: LinkSettings, clock: Clock, chance: Callable[[], float] = random.random
    ) -> None:
        self.host_id, self._settings, self._clock, self._chance = host_id, settings, clock, chance
        self.connected_at: Instant | None = None

    async def run(self) -> None:
        """Until cancelled, connecting again whenever the connection is lost."""
        failures = 0
        while True:
            at = self._clock()
            try:
                async with self._client(certificates.will(self.host_id, at)) as client:
                    self.connected_at, failures = at, 0
                    try:
                        stop_if_told()
                        await self._be_there(client, at)
                    except asyncio.CancelledError:
                        with suppress(aiomqtt.MqttError):  # the broker may be gone before us
                            await _say(client, certificates.will(self.host_id, max(at, self._clock())))
                        raise
            except aiomqtt.MqttError as error:
                failures += 1
                log.warning("Sparkplug host %s cannot say that it is there: %s", self.host_id, error)
                await asyncio.sleep(backoff_seconds(failures, self._chance()))
            finally:
                self.connected_at = None

    async def _be_there(self, client: aiomqtt.Client, at: Instant) -> None:
        birth = certificates.birth(self.host_id, at)
        await client.subscribe(birth.topic, qos=1)
        await _say(client, birth)
        async for message in client.messages:
            stop_if_told()
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if certificates.is_contradicted(self.host_id, str(message.topic).encode(), payload):
                await _say(client, birth)

    def _client(self, will: Publish) -> aiomqtt.Client:
        settings = self._settings
        is_5 = settings.protocol == "5"
        others: dict[str, Any] = {} if is_5 else {"clean_session": True}
        return aiomqtt.Client(
            settings.host,
            settings.port,
            identifier=f"{settings.client_id}-host",
            username=settings.username,
            password=settings.password,
            protocol=aiomqtt.ProtocolVersion.V5 if is_5 else aiomqtt.ProtocolVersion.V311,
            tls_context=settings.tls,
            timeout=ANSWER_SECONDS_MAX,
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
            **others,
        )


async def _say(client: aiomqtt.Client, message: Publish) -> None:
    await client.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)


def presences(codecs: Iterable[Codec], settings: LinkSettings, clock: Clock) -> list[HostPresence]:
    """One for each host id that the codecs have."""
    ids = dict.fromkeys(each.host_id for each in codecs if isinstance(each, Host) and each.host_id)
    return [HostPresence(each, settings, clock) for each in ids]
