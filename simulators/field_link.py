"""One MQTT connection that stands for all devices of a site: publishes what they say, hears what they are told.

A real building has a connection a device, and a last will with each. Here one connection speaks for all, so its will
can speak for one: the first device goes `offline` when this process dies without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.link_settings import LinkSettings
from rules.instant import Instant, parse_rfc3339, rfc3339
from rules.reading import CommandResult, DeviceEvent, DeviceStatus, Reading
from simulators.field import Said

IN_FLIGHT_MAX = 200  # QoS 1 messages on their way to the broker
QUEUED_MAX = 20_000  # said while the broker is away; then what is said is lost, as with a real device's small memory
CONNECT_SECONDS_MAX = 15.0
DRAIN_SECONDS_MAX = 5.0


class Message(NamedTuple):
    topic: str
    payload: bytes
    retain: bool = False


class Command(NamedTuple):
    """As much of a command as a device looks at."""

    device: str
    id: str
    command: str
    expires_at: Instant | None


class Traffic:
    """What a connection came to so far."""

    def __init__(self) -> None:
        self.sent = 0
        self.acknowledged = 0
        self.lost = 0  # not even queued
        self.commands = 0


def encode(prefix: str, said: Said, ts: Instant) -> Message:
    """Native payload (`tocsin/v1/{site}/{device}/…`), stamped with the device's time `ts`."""
    base = f"{prefix}/{said.device}"
    if isinstance(said, DeviceStatus):
        return Message(f"{base}/status", b"online" if said.online else b"offline", retain=True)
    if isinstance(said, CommandResult):
        body: dict[str, Any] = {"id": said.id, "ok": said.ok, "detail": said.detail}
        return Message(f"{base}/command/result", msgspec.json.encode(body))
    if isinstance(said, DeviceEvent):
        body = {"ts": rfc3339(ts), "event": said.event, "attributes": said.attributes, "seq": said.seq}
        return Message(f"{base}/event", msgspec.json.encode(body))
    assert isinstance(said, Reading)
    body = {"ts": rfc3339(ts), "values": said.values, "seq": said.seq}
    return Message(f"{base}/telemetry", msgspec.json.encode(body))


def decode_command(topic: str, payload: bytes) -> Command | None:
    """None for what is no command of the native format."""
    try:
        body = msgspec.json.decode(payload, type=dict[str, Any])
        expires_at = body.get("expires_at")
        expiry = parse_rfc3339(expires_at) if isinstance(expires_at, str) else expires_at
        return Command(topic.split("/")[-2], str(body["id"]), str(body["command"]), expiry)
    except (msgspec.MsgspecError, KeyError, ValueError, IndexError):
        return None


class FieldLink:
    """`async with FieldLink(settings, prefix, site, first, on_command) as link`. `on_command` runs in the loop.

    Reconnects by itself. Raises TimeoutError or OSError when the broker cannot be reached at first.
    """

    def __init__(
        self, settings: LinkSettings, prefix: str, site: str, first: str, on_command: Callable[[Command], None]
    ) -> None:
        self.traffic = Traffic()
        self._settings = settings
        self._commands_filter = f"{prefix}/{site}/+/command"
        self._on_command = on_command
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._drained = asyncio.Event()
        self._client = client = paho.Client(CallbackAPIVersion.VERSION2, settings.client_id)
        client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            client.tls_set_context(settings.tls)
        client.will_set(f"{prefix}/{site}/{first}/status", b"offline", qos=1, retain=True)
        client.max_inflight_messages_set(IN_FLIGHT_MAX)
        client.max_queued_messages_set(QUEUED_MAX)
        client.on_connect = self._connected
        client.on_subscribe = lambda *_: self._call(self._ready.set)
        client.on_publish = lambda *_: self._call(self._acknowledged)
        client.on_message = self._received

    async def __aenter__(self) -> FieldLink:
        settings = self._settings
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                await asyncio.to_thread(self._client.connect, settings.host, settings.port, settings.keepalive_seconds)
                self._client.loop_start()
                await self._ready.wait()
        except BaseException:
            self._client.loop_stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait a while for what is under way, then say goodbye."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                await self.drained()
        except TimeoutError:
            pass  # the figures show it
        finally:
            self._client.disconnect()
            await asyncio.to_thread(self._client.loop_stop)

    def publish(self, message: Message) -> None:
        """At QoS 1, without waiting."""
        info = self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
        if info.rc == paho.MQTT_ERR_QUEUE_SIZE:
            self.traffic.lost += 1
        else:
            self.traffic.sent += 1
            self._drained.clear()

    async def drained(self) -> None:
        """Until the broker has acknowledged everything."""
        if self.traffic.acknowledged < self.traffic.sent:
            await self._drained.wait()

    # ---- called in paho's thread

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _connected(self, client: paho.Client, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe(self._commands_filter, qos=1)

    def _received(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        command = decode_command(message.topic, bytes(message.payload))
        if command is not None:
            self._call(self._told, command)

    # ---- called in the loop

    def _acknowledged(self) -> None:
        self.traffic.acknowledged += 1
        if self.traffic.acknowledged >= self.traffic.sent:
            self._drained.set()

    def _told(self, command: Command) -> None:
        self.traffic.commands += 1
        self._on_command(command)
