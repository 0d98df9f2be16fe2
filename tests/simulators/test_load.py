"""The load generator: its packets are what brokers and codecs take, its bounds hold, its figures are true."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs import native
from gateway.wire import Reader
from simulators.devices import CLASSES
from simulators.load import LoadFailed, Plan, publish
from simulators.load_frames import Frames, LoadDevice, fleet, quiet_payloads
from tests.support.servers import Mosquitto, Nats

DEVICES = [LoadDevice("tower", f"device-{index}", device_class) for index, device_class in enumerate(CLASSES)]
NOON = 1_795_953_600_000
CONNACK = b"\x20\x02\x00\x00"


@given(chunks=st.lists(st.integers(1, 300), min_size=1, max_size=6), total=st.integers(1, 40))
def test_a_reader_of_mqtt_takes_every_packet_whatever_the_chunks(chunks: list[int], total: int) -> None:
    devices = [LoadDevice("tower", f"d-{index}", CLASSES[index % len(CLASSES)]) for index in range(total)]
    frames, reader = Frames(devices, first_seq=7), Reader("3.1.1")
    reader.feed(CONNACK)
    messages = [message for chunk in chunks for message in reader.feed(frames.take(chunk, NOON))]
    assert len(messages) == sum(chunks)
    for number, (topic, payload, packet_id, flags) in enumerate(messages):
        reading = json.loads(payload)
        assert topic.decode() == f"tocsin/v1/tower/d-{number % total}/telemetry"
        assert reading["seq"] == 7 + number // total
        assert reading["ts"] == NOON
        assert packet_id == number % 65_535 + 1
        assert not flags & 1


@pytest.mark.parametrize("device_class", CLASSES)
def test_payloads_of_a_class_are_equally_long_and_differ(device_class: str) -> None:
    payloads = [payload % (NOON, 1) for payload in quiet_payloads(device_class)]
    assert len({len(payload) for payload in payloads}) == 1
    assert payloads == [payload % (NOON, 1) for payload in quiet_payloads(device_class)]


@pytest.mark.parametrize("device_class", CLASSES)
def test_the_native_codec_takes_them_and_they_hold_nothing_but_quiet(device_class: str) -> None:
    for payload in quiet_payloads(device_class):
        reading = native.decode_telemetry(payload % (NOON, 7))
        assert reading.seq == 7
        assert reading.values
        assert not any(reading.values.get(name) for name in ("alarm", "fault", "entrapment", "forced", "held_open"))
        assert not reading.values.get("smoke", 0) > 0.05  # type: ignore[operator]


def test_a_fleet_is_the_devices_of_its_site_file() -> None:
    devices = fleet(1_000)
    assert len(devices) == len({device.name for device in devices}) == 1_000
    assert {device.device_class for device in devices} == set(CLASSES)


def test_a_paced_plan_owes_the_first_message_at_once_and_the_last_before_the_end() -> None:
    plan = Plan(rate_per_s=100, count=200, seconds=None, in_flight_max=10)
    assert [plan.due(0.0), plan.due(0.5), plan.due(1.995), plan.due(9.0)] == [1, 51, 200, 200]


async def test_every_message_of_the_load_reaches_a_subscriber_on_mosquitto(mosquitto: Callable[..., Mosquitto]) -> None:
    broker = mosquitto("max_queued_messages 0", "max_inflight_messages 0")
    count, seen, complete, ready = 3_000, Counter[str](), threading.Event(), threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)

    def receive(_client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        seen[message.topic] += 1
        assert json.loads(message.payload)["values"]
        if seen.total() == count:
            complete.set()

    client.on_message = receive
    client.on_subscribe = lambda *_: ready.set()
    client.connect("127.0.0.1", broker.port)
    client.subscribe("tocsin/v1/+/+/telemetry", qos=1)
    client.loop_start()
    try:
        await asyncio.to_thread(ready.wait, 10)
        sent = await publish(broker.url, DEVICES, count=count, connections=2)
        assert await asyncio.to_thread(complete.wait, 20)
    finally:
        client.disconnect()
        client.loop_stop()
    assert sent.sent == sent.acknowledged == count
    assert set(seen.values()) == {count // len(DEVICES)}


async def test_the_load_runs_on_the_embedded_broker(nats: Callable[..., Nats]) -> None:
    sent = await publish(nats().url, DEVICES, rate_per_s=2_000, seconds=0.2)
    assert sent.sent == sent.acknowledged == 400
    assert sent.seconds >= 0.19


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_broker_that(answers: Answer) -> AsyncIterator[str]:
    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    async with server:
        yield f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_never_more_in_flight_than_allowed() -> None:
    most = 0

    async def acknowledge_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        await reader.read(1_000)
        writer.write(CONNACK)
        packets, unanswered = Reader("3.1.1"), list[int]()
        packets.feed(CONNACK)
        while data := await reader.read(65_536):
            try:
                unanswered += [packet_id for _, _, packet_id, _ in packets.feed(data)]
            except Exception:  # DISCONNECT, which no client receives
                break
            most = max(most, len(unanswered))
            kept = 0 if unanswered[-1:] == [2_000] else len(unanswered) // 2
            answered, unanswered = unanswered[: len(unanswered) - kept], unanswered[len(unanswered) - kept :]
            acks = b"".join(b"\x40\x02" + packet_id.to_bytes(2, "big") for packet_id in answered)
            writer.write(acks[:3])  # a packet cut in two
            await writer.drain()
            writer.write(acks[3:])
        writer.close()

    async with a_broker_that(acknowledge_half) as url:
        sent = await publish(url, DEVICES, count=2_000, in_flight_max=50)
    assert sent.acknowledged == 2_000
    assert 25 < most <= 50


@pytest.mark.parametrize(
    ("hello", "answer", "fault"),
    [
        (b"\x20\x02\x00\x05", b"", "refused the connection"),
        (b"\x20\x02\x00\x00", b"\x40\x02\x00\x09", "not the acknowledgements of what was sent"),
        (b"\x20\x02\x00\x00", None, "closed the connection after 0 acknowledgements"),
    ],
    ids=["refuses", "acknowledges-what-was-not-sent", "hangs-up"],
)
async def test_a_broker_at_fault_is_named(hello: bytes, answer: bytes | None, fault: str) -> None:
    async def misbehave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        writer.write(hello)
        if answer is not None:
            await reader.read(100)
            writer.write(answer)
            await reader.read()
        writer.close()

    async with a_broker_that(misbehave) as url:
        with pytest.raises(LoadFailed, match=fault):
            await publish(url, DEVICES, count=10)


async def test_a_load_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="would never end"):
        await publish("mqtt://127.0.0.1:1", DEVICES)
