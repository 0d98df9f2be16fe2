"""The link against real brokers: what is not acknowledged comes again, what is does not, and in order."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest
import uvloop

from gateway.link import Link, LinkSettings, link_settings_from_url, tls_context
from gateway.wire import DUP, RETAIN
from tests.support.listening import listening
from tests.support.servers import Mosquitto, Server

MESSAGES = 2_000
SECONDS_MAX = 30.0  # for anything a broker is asked to do here; usually well under a second


@pytest.fixture(params=["mosquitto 3.1.1", "mosquitto 5", "nats 3.1.1"])
def broker_and_protocol(request: pytest.FixtureRequest) -> tuple[Any, str]:
    name, protocol = request.param.split()
    options = {"persistence": True} if name == "mosquitto" else {}
    return request.getfixturevalue(name)(**options), protocol


def _settings(broker: Any, protocol: Any = "3.1.1", **others: Any) -> LinkSettings:
    return link_settings_from_url(broker.url, "gateway", **{"protocol": protocol, "topics": ("tocsin/#",), **others})


async def _publish(broker: Any, payloads: Iterable[bytes], **others: Any) -> None:
    async with aiomqtt.Client(broker.host, broker.port, timeout=SECONDS_MAX, **others) as client:
        for payload in payloads:
            await client.publish("tocsin/tower-a/reading", payload, qos=1)


def _numbers(count: int, start: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(start, start + count)]


@asynccontextmanager
async def _within_time() -> Any:
    async with asyncio.timeout(SECONDS_MAX):
        yield


def _break(link: Link) -> None:
    """The network fails: no DISCONNECT, nothing that is still on its way arrives."""
    connection = link._connection
    assert connection is not None
    connection.abort("the cable is cut")


async def _settled(broker: Any, listener: Any) -> None:
    """The broker has read our PUBACKs: it answers, on the same connection, what we sent after them."""
    await _publish(broker, [b"settled"])
    await listener.until(lambda link: b"settled" in link.payloads)


async def test_two_thousand_messages_come_in_order(broker_and_protocol: tuple[Any, str]):
    broker, protocol = broker_and_protocol
    async with _within_time(), listening(_settings(broker, protocol), acknowledges=True) as listener:
        await listener.state(True)
        await _publish(broker, _numbers(MESSAGES))
        await listener.heard(MESSAGES)
        assert listener.payloads == _numbers(MESSAGES)


async def test_what_was_not_acknowledged_comes_again_after_a_break(broker_and_protocol: tuple[Any, str]):
    broker, protocol = broker_and_protocol
    async with _within_time(), listening(_settings(broker, protocol)) as listener:
        await listener.state(True)
        await _publish(broker, _numbers(10))
        await listener.heard(10)
        assert listener.link.acknowledge(1, listener.packet_ids[:4])
        await _settled(broker, listener)
        _break(listener.link)
        await listener.state(False)
        first = len(listener.messages)
        await listener.heard(first + 7)
        assert listener.payloads[first:] == [*_numbers(6, start=4), b"settled"]
        assert set(listener.generations[first:]) == {2}
        assert all(flags & DUP for _, _, _, flags in listener.messages[first:])


async def test_a_gateway_that_was_away_gets_what_came_meanwhile(broker_and_protocol: tuple[Any, str]):
    broker, protocol = broker_and_protocol
    async with _within_time():
        async with listening(_settings(broker, protocol), acknowledges=True) as listener:
            await listener.state(True)
        await _publish(broker, _numbers(50))
        async with listening(_settings(broker, protocol), acknowledges=True) as listener:
            await listener.heard(50)
            assert listener.payloads == _numbers(50)
            assert await listener.state(True) == "session goes on"


async def test_the_link_comes_back_when_the_broker_does(broker_and_protocol: tuple[Any, str]):
    broker, protocol = broker_and_protocol
    async with _within_time(), listening(_settings(broker, protocol), acknowledges=True) as listener:
        await listener.state(True)
        await _publish(broker, [b"before"])
        await listener.heard(1)
        await asyncio.to_thread(broker.restart)
        await listener.state(False)
        await listener.state(True)
        await _publish(broker, [b"after"])
        await listener.until(lambda link: b"after" in link.payloads)


async def test_a_will_is_published_when_the_link_breaks_and_not_when_it_says_goodbye(
    broker_and_protocol: tuple[Any, str],
):
    broker, protocol = broker_and_protocol
    settings = _settings(broker, protocol, will=("tocsin/gateway/state", b"offline", True))
    async with _within_time(), aiomqtt.Client(broker.host, broker.port) as observer:
        await observer.subscribe("tocsin/gateway/state", qos=1)
        async with listening(settings) as listener:
            await listener.state(True)
        async with listening(settings) as listener:
            await listener.state(True)
            await observer.publish("tocsin/gateway/state", b"online", qos=1)
            _break(listener.link)
            heard = [(await anext(aiter(observer.messages))).payload for _ in range(2)]
            assert heard == [b"online", b"offline"]


async def test_retained_messages_come_with_every_connection_and_say_so(broker_and_protocol: tuple[Any, str]):
    broker, protocol = broker_and_protocol
    async with _within_time(), aiomqtt.Client(broker.host, broker.port) as client:
        await client.publish("tocsin/tower-a/sd-1/state", b"online", qos=1, retain=True)
        for _ in range(2):
            async with listening(_settings(broker, protocol), acknowledges=True) as listener:
                await listener.heard(1)
                assert listener.messages[0][3] & RETAIN
                assert listener.payloads == [b"online"]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_tls_with_a_client_certificate(mosquitto: Callable[..., Mosquitto], protocol: str):
    broker = mosquitto("use_identity_as_username true", tls=True)
    context = tls_context(broker.ca_file, *broker.client_files("gateway"))
    await _round_trip(broker, protocol, context)
    assert "u'gateway'" in broker.log


async def _round_trip(broker: Mosquitto, protocol: str, context: ssl.SSLContext) -> None:
    async with _within_time(), listening(_settings(broker, protocol, tls=context), acknowledges=True) as listener:
        await listener.state(True)
        await _publish(broker, _numbers(500), tls_context=context)
        await listener.heard(500)
        assert listener.payloads == _numbers(500)


def test_uvloop_does_as_asyncio_does(mosquitto: Callable[..., Mosquitto], nats: Callable[..., Server]):
    secure = mosquitto(tls=True)
    context = tls_context(secure.ca_file, *secure.client_files("gateway"))

    async def main() -> None:
        await _round_trip(secure, "5", context)
        for broker in (mosquitto(persistence=True), nats()):
            await test_two_thousand_messages_come_in_order((broker, "3.1.1"))
            await test_the_link_comes_back_when_the_broker_does((broker, "3.1.1"))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def test_a_missing_client_certificate_and_an_unknown_authority_are_reported(mosquitto: Callable[..., Mosquitto]):
    broker = mosquitto(tls=True)
    for context, fault in [
        (tls_context(broker.ca_file), "certificate required"),
        (tls_context(), "certificate verify failed"),
    ]:
        async with _within_time(), listening(_settings(broker, tls=context)) as listener:
            assert fault in (await listener.state(False)).lower().replace("_", " ")


@pytest.mark.parametrize(("protocol", "fault"), [("3.1.1", "not authorized"), ("5", "not authorized")])
async def test_a_wrong_password_is_reported_by_name(mosquitto: Callable[..., Mosquitto], protocol: str, fault: str):
    broker = mosquitto(users={"gateway": "right"})
    async with _within_time():
        async with listening(_settings(broker, protocol, username="gateway", password="wrong")) as listener:
            assert await listener.state(False) == f"the broker refuses the connection: {fault}"
        async with listening(_settings(broker, protocol, username="gateway", password="right")) as listener:
            await listener.state(True)


async def test_a_broker_without_mqtt_5_says_so(nats: Callable[..., Server]):
    async with _within_time(), listening(_settings(nats(), "5")) as listener:
        assert await listener.state(False) == "the broker refuses the connection: unacceptable protocol version"


@pytest.mark.parametrize(("inflight_max", "protocol"), [(100, "5"), (100, "3.1.1")])
async def test_a_slow_gateway_gets_no_more_than_it_can_hold(
    mosquitto: Callable[..., Mosquitto], inflight_max: int, protocol: str
):
    broker = mosquitto("max_inflight_messages 0")
    async with _within_time(), listening(_settings(broker, protocol, inflight_max=inflight_max)) as listener:
        await listener.state(True)
        await _publish(broker, _numbers(MESSAGES))
        done = 0
        while done < MESSAGES:
            await listener.heard(min(done + 50, MESSAGES))
            ids = listener.packet_ids[done:]
            listener.link.acknowledge(1, ids)
            done += len(ids)
        assert listener.payloads == _numbers(MESSAGES)


async def test_the_embedded_broker_loses_nothing_it_has_accepted_when_it_is_killed(nats: Callable[..., Server]):
    broker = nats()
    async with _within_time():
        async with listening(_settings(broker), acknowledges=True) as listener:
            await listener.state(True)
        await _publish(broker, _numbers(500))
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        async with listening(_settings(broker), acknowledges=True) as listener:
            await listener.heard(500)
            assert listener.payloads == _numbers(500)
