"""Everything a broken, misconfigured or malicious sender can say, said to a running gateway: nothing raised, nothing
grows, each counted and findable."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import aiomqtt
import pytest

from gateway.wire_packets import connect
from tests.support.encoders import publish
from tests.support.field_client import retained, say, send
from tests.support.gateway import ROOT, RunningGateway
from tests.support.servers import Mosquitto

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
TELEMETRY = "tocsin/v1/example/sd-101/telemetry"
BOGUS_TOPICS = 10_000
DEEP = 1_000
MEGABYTE = 1024 * 1024
RSS_KIB_MAX = 25 * 1024  # of growth over all of it; the flood of topics alone would be more if they were kept
YEARS_50_S = 50 * 365 * 86_400

MARKER = ("tocsin/v1/example/sd-103/telemetry", b'{"values": {"smoke": 0.01}}')  # what came before is counted by then

BAD: list[tuple[str, bytes, str]] = [  # topic, payload, the reason under which it is found
    (TELEMETRY, b"", "bad json"),
    (TELEMETRY, b'{"values": {"smoke": 0.1', "bad json"),
    (TELEMETRY, b"\xff\xfe\x00garbage", "bad json"),
    (TELEMETRY, b'{"values": {"smoke": NaN}}', "bad json"),
    (TELEMETRY, b'{"values": {"smoke": Infinity}}', "bad json"),
    (TELEMETRY, b'{"values": {"smoke": -Infinity}}', "bad json"),
    (TELEMETRY, b'{"values": {"smoke": 1e999}}', "wrong shape"),
    (TELEMETRY, b'{"values": ' + b"[" * DEEP + b"]" * DEEP + b"}", "wrong shape"),
    (TELEMETRY, b'{"nested": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b', "values": {}, ', "bad json"),
    (TELEMETRY, b"[]", "wrong shape"),
    (TELEMETRY, b'"text"', "wrong shape"),
    (TELEMETRY, b'{"values": {"smoke": null}}', "wrong shape"),
    (TELEMETRY, b'{"values": {"smoke": [1]}}', "wrong shape"),
    (TELEMETRY, b'{"values": {"smoke": 0.1}, "seq": -1}', "wrong shape"),
    (TELEMETRY, b'{"values": {"smoke": 0.1}, "seq": "7"}', "wrong shape"),
    (TELEMETRY, b'{"values": {"smoke": "0.9"}}', "wrong type"),
    (TELEMETRY, b'{"values": {"alarm": 1}}', "wrong type"),
    (TELEMETRY, b'{"values": {"smoke": 99}}', "out of range"),
    (TELEMETRY, b'{"values": {"smokee": 0.9}}', "unknown metric"),
    (TELEMETRY, b'{"values": {' + b",".join(b'"m%d": 1' % n for n in range(300)) + b"}}", "wrong shape"),
    (TELEMETRY, b'{"values": {"smoke": 0.1}, "ts": "yesterday"}', "implausible time"),
    ("tocsin/v1/example/sd-101/event", b'{"event": "fire_dance"}', "unknown event"),
    ("tocsin/v1/example/sd-101/event", b'{"event": 7}', "wrong shape"),
    ("tocsin/v1/example/sd-101/status", b"asleep", "wrong shape"),
    ("tocsin/v1/example/sd-101/command/result", b"{}", "wrong shape"),
    ("tocsin/v1/example/nobody/telemetry", b'{"values": {}}', "unknown device"),
    ("tocsin/v1/elsewhere/sd-101/telemetry", b'{"values": {}}', "unknown site"),
    ("tocsin/v1/example/sd-101/telemetry/extra", b"{}", "unknown topic"),
    ("tocsin/v1", b"{}", "unknown topic"),
    ("tocsin-exercise/v1//", b"{}", "unknown topic"),
]


@pytest.fixture
def running(mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway]) -> Any:
    broker = mosquitto("max_packet_size 4000000")
    made = gateway(SITE, broker.url)
    made.start()
    yield made, broker
    assert made.ask("/readyz")[0] == 200
    assert made.get("devices/example/sd-102")["values"] == {}
    say(broker, "example/sd-102", {"values": {"smoke": 0.02}})
    made.until(lambda: made.get("devices/example/sd-102")["values"] == {"smoke": 0.02})  # it works as ever
    assert made.stop() == 0
    assert "Traceback" not in made.log


def _letters(running: RunningGateway) -> dict[tuple[str, str], int]:
    """(topic, reason) → count"""
    return {(each["topic"], each["reason"]): each["count"] for each in running.all("dead-letters", limit=200)}


async def _publish(broker: Mosquitto, messages: list[tuple[str, bytes]]) -> None:
    async with aiomqtt.Client(broker.host, broker.port, timeout=30, max_queued_outgoing_messages=0) as client:
        for topic, payload in messages:
            await client.publish(topic, payload, qos=1)


async def test_every_bad_message_is_counted_and_found_as_a_dead_letter(running: Any) -> None:
    gateway, broker = running
    await _publish(broker, [(topic, payload) for topic, payload, _ in BAD])
    expected: dict[tuple[str, str], int] = {}
    for topic, _, reason in BAD:
        expected[topic, reason] = expected.get((topic, reason), 0) + 1
    await _publish(broker, [MARKER])
    gateway.until(lambda: gateway.get("devices/example/sd-103")["values"])
    assert _letters(gateway) == expected
    metrics = gateway.metrics()
    for reason in {reason for _, _, reason in BAD}:
        counted = sum(count for (_, of), count in expected.items() if of == reason)
        assert metrics[f'tocsin_dead_letters_total{{reason="{reason}"}}'] == counted
    assert gateway.get("incidents")["items"] == []


async def test_a_megabyte_is_refused_and_the_connection_stays(running: Any) -> None:
    gateway, broker = running
    payload = b'{"values": {"smoke": 0.1}, "padding": "' + b"x" * MEGABYTE + b'"}'
    await _publish(broker, [(TELEMETRY, payload), ("tocsin/v1/example/sd-101/status", b"y" * MEGABYTE)])
    found = gateway.until(lambda: len(letters := _letters(gateway)) == 2 and letters)
    assert {reason for _, reason in found} == {"payload too large"}
    assert gateway.log.count("listening, ") == 1


async def test_ten_thousand_bogus_topics_leave_no_trace_in_memory(running: Any) -> None:
    gateway, broker = running
    before = gateway.rss_kib()
    shapes = (
        "tocsin/v1/example/no-{}/telemetry",
        "tocsin/v1/nowhere-{}/sd-1/telemetry",
        "tocsin-test/v1/{}/{}",
        "tocsin/v1/{}",
    )
    topics = [shapes[number % len(shapes)].format(number, number) for number in range(BOGUS_TOPICS)]
    await _publish(broker, [(topic, b'{"values": {"smoke": 1}}') for topic in topics])
    await _publish(broker, [MARKER])
    gateway.until(lambda: gateway.get("devices/example/sd-103")["values"])
    found = sum(_letters(gateway).values())
    assert found == BOGUS_TOPICS
    counted = sum(value for name, value in gateway.metrics().items() if name.startswith("tocsin_dead_letters_total"))
    assert counted == BOGUS_TOPICS
    grown = gateway.rss_kib() - before
    assert grown < RSS_KIB_MAX, grown


async def test_an_alarm_with_a_clock_fifty_years_off_counts_and_the_clock_is_found(running: Any) -> None:
    gateway, broker = running
    for device, ts in (("sd-101", "1974-11-23T08:00:00Z"), ("sd-201", "2090-01-01T00:00:00Z"), ("sd-103", 10**300)):
        say(broker, f"example/{device}", {"ts": ts, "values": {"smoke": 0.5}})
    gateway.until(lambda: len(gateway.get("incidents")["items"]) == 3)
    letters = _letters(gateway)
    assert {device.split("/")[3] for device, reason in letters if reason == "implausible time"} == {
        "sd-101",
        "sd-201",
        "sd-103",
    }
    assert set(letters.values()) == {1}


async def test_duplicate_keys_and_retained_junk_do_no_harm(running: Any) -> None:
    gateway, broker = running
    send(broker, "tocsin/v1/example/mcp-101/telemetry", "junk", "-r")
    send(broker, "tocsin/v1/example/sd-101/status", "junk", "-r")
    send(broker, TELEMETRY, '{"values": {"smoke": 0.01, "smoke": 0.5}, "values": {"smoke": 0.02, "smoke": 0.6}}')
    assert gateway.until(lambda: gateway.get("incidents")["items"])[0]["evidence"][0]["values"] == {"smoke": 0.6}
    gateway.restart()
    gateway.until(lambda: sum(_letters(gateway).values()) >= 4)  # the broker sends them with every subscription
    assert {reason for _, reason in _letters(gateway)} == {"bad json", "wrong shape"}
    assert retained(broker, "$SYS/broker/version")
    assert not any(topic.startswith("$SYS") for topic, _ in _letters(gateway))


async def test_a_topic_that_is_no_utf8_ends_its_sender_and_nothing_else(running: Any) -> None:
    gateway, broker = running
    with socket.create_connection((broker.host, broker.port), timeout=20) as sender:
        sender.sendall(connect("3.1.1", "vandal"))
        assert sender.recv(4) == b"\x20\x02\x00\x00"
        sender.sendall(publish("3.1.1", b"tocsin/v1/\xff\xfe/\x00/telemetry", b"{}", 1))
        answer = sender.recv(4)
    assert answer in (b"", b"\x40\x02\x00\x01")  # Mosquitto closes; a broker that does not is the link's own test
    assert gateway.ask("/healthz")[0] == 200
