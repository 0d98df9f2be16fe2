"""The link against a scripted broker, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import mqtt5
import pytest

from gateway.broker_process import free_port
from gateway.link import BACKOFF_SECONDS_MAX, Link, LinkSettings, backoff_seconds
from gateway.link_connection import GREETING_SECONDS_MAX
from tests.support.encoders import publish
from tests.support.fake_broker import CONNECT, DISCONNECT, PINGREQ, PUBACK, SUBSCRIBE, FakeBroker
from tests.support.listening import Listener, listening
from tests.support.virtual_time import virtual_time

PINGRESP = b"\xd0\x00"


def _settings(broker: FakeBroker, **others: Any) -> LinkSettings:
    return LinkSettings("127.0.0.1", broker.port, "gateway", **{"topics": ("tocsin/#",), **others})


def _messages(*packet_ids: int) -> bytes:
    return b"".join(publish("3.1.1", b"tocsin/a", b"%d" % packet_id, packet_id) for packet_id in packet_ids)


@virtual_time
async def test_messages_are_handed_on_in_order_and_acknowledged_in_one_write():
    async with FakeBroker() as broker, listening(_settings(broker)) as listener:
        peer = await broker.accept()
        await peer.greet()
        peer.send(_messages(7, 8, 9))
        await listener.heard(3)
        assert listener.link.connected
        assert listener.payloads == [b"7", b"8", b"9"]
        assert listener.link.acknowledge(listener.generations[0], [7, 8, 9])
        assert [await peer.expect(PUBACK) for _ in range(3)] == [b"\0\x07", b"\0\x08", b"\0\x09"]


@virtual_time
async def test_a_puback_for_an_earlier_connection_is_never_sent():
    async with FakeBroker() as broker, listening(_settings(broker)) as listener:
        first = await broker.accept()
        await first.greet()
        first.send(_messages(1))
        await listener.heard(1)
        first.drop()
        await listener.state(False)
        assert not listener.link.connected
        assert not listener.link.acknowledge(listener.generations[0], [1])
        second = await broker.accept()
        await second.greet()
        second.send(_messages(1))
        await listener.heard(2)
        assert listener.generations[1] > listener.generations[0]
        assert not listener.link.acknowledge(listener.generations[0], [1])
        assert listener.link.acknowledge(listener.generations[1], [1])
        await second.expect(PUBACK)
        second.send(PINGRESP)
        assert await second.read() == (PINGREQ, b"")  # and no second PUBACK before it


@virtual_time
async def test_no_more_is_read_while_too_much_is_unacknowledged():
    async with FakeBroker() as broker, listening(_settings(broker, inflight_max=4)) as listener:
        peer = await broker.accept()
        await peer.greet()
        peer.send(_messages(1, 2, 3, 4, 5))
        await listener.heard(5)
        peer.send(_messages(6, 7))
        await asyncio.sleep(3600)
        assert listener.packet_ids == [1, 2, 3, 4, 5]
        listener.link.acknowledge(1, [1, 2])
        await asyncio.sleep(3600)
        assert listener.packet_ids == [1, 2, 3, 4, 5]
        listener.link.acknowledge(1, [3])
        await listener.heard(7)
        assert listener.packet_ids == [1, 2, 3, 4, 5, 6, 7]


@virtual_time
async def test_messages_at_qos_0_do_not_count_as_unacknowledged():
    async with FakeBroker() as broker, listening(_settings(broker, inflight_max=4)) as listener:
        peer = await broker.accept()
        await peer.greet()
        for count in (10, 20):
            peer.send(publish("3.1.1", b"tocsin/a", b"x") * 10)
            await listener.heard(count)


@virtual_time
async def test_a_quiet_broker_is_asked_before_the_keepalive_is_over():
    async with FakeBroker() as broker, listening(_settings(broker, keepalive_seconds=40)) as listener:
        peer = await broker.accept()
        await peer.greet()
        loop = asyncio.get_running_loop()
        for asked_at in (30, 60, 90):
            await peer.expect(PINGREQ)
            assert loop.time() == pytest.approx(asked_at)
            peer.send(PINGRESP)
        await asyncio.sleep(1)
        assert listener.states == [(True, "new session")]


@virtual_time
async def test_a_broker_that_does_not_answer_is_given_up():
    async with FakeBroker() as broker, listening(_settings(broker, keepalive_seconds=40)) as listener:
        peer = await broker.accept()
        await peer.greet()
        assert await listener.state(False) == "the broker does not answer any more"
        assert listener.state_times[-1] == pytest.approx(60)
        await (await broker.accept()).greet()
        await listener.state(True)


@virtual_time
async def test_silence_proves_nothing_while_we_do_not_read():
    settings = {"inflight_max": 1, "keepalive_seconds": 40}
    async with FakeBroker() as broker, listening(_settings(broker, **settings)) as listener:
        peer = await broker.accept()
        await peer.greet()
        peer.send(_messages(1, 2))
        await listener.heard(2)
        await asyncio.sleep(1000)
        listener.link.acknowledge(1, [1, 2])
        peer.send(_messages(3))
        await listener.heard(3)
        assert listener.states == [(True, "new session")]


@virtual_time
async def test_a_broker_that_accepts_and_says_nothing_is_given_up():
    async with FakeBroker() as broker, listening(_settings(broker)) as listener:
        peer = await broker.accept()
        await peer.expect(CONNECT)
        assert await listener.state(False) == f"the broker did not answer within {GREETING_SECONDS_MAX:g} s"


@virtual_time
async def test_a_long_replay_before_the_suback_is_waited_for():
    async with FakeBroker() as broker, listening(_settings(broker, inflight_max=1)) as listener:
        peer = await broker.accept()
        await peer.expect(CONNECT)
        peer.send(b"\x20\x02\x01\x00" + _messages(1, 2))
        await listener.heard(2)
        await asyncio.sleep(5 * GREETING_SECONDS_MAX)
        listener.link.acknowledge(1, [1, 2])
        await peer.expect(SUBSCRIBE)
        peer.send(b"\x90\x03\x00\x01\x01")
        assert await listener.state(True) == "session goes on"


@virtual_time
async def test_the_link_comes_back_later_and_later_and_never_later_than_the_limit():
    settings = LinkSettings("127.0.0.1", free_port("127.0.0.1"), "gateway", topics=("a",))
    async with listening(settings) as listener:
        await listener.until(lambda link: len(link.states) == 9)
        times = listener.state_times
        gaps = [round(later - earlier, 3) for earlier, later in itertools.pairwise(times)]
        assert gaps == [0.25, 0.5, 1, 2, 4, 8, BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MAX]
        assert "cannot reach the broker" in listener.states[0][1]


@virtual_time
async def test_only_a_connection_that_lasted_makes_the_next_one_come_soon_again():
    async with FakeBroker() as broker, listening(_settings(broker)) as listener:
        waits = []
        for lasts in (1, 1, 20, 1):
            peer = await broker.accept()
            waits.append(round(asyncio.get_running_loop().time() - sum(listener.state_times[-1:]), 3))
            await peer.greet()
            await listener.state(True)
            await asyncio.sleep(lasts)
            peer.drop()
            await listener.state(False)
        assert waits == [0, 0.25, 0.5, 0.25]


def test_chance_spreads_the_upper_half_of_the_wait():
    assert [backoff_seconds(3, chance) for chance in (0, 0.5, 1)] == [0.5, 0.75, 1.0]
    assert backoff_seconds(10_000, 1) == BACKOFF_SECONDS_MAX


@virtual_time
async def test_a_refusal_is_reported_by_name_and_tried_again():
    async with FakeBroker() as broker, listening(_settings(broker)) as listener:
        peer = await broker.accept()
        peer.send(b"\x20\x02\x00\x04")
        assert await listener.state(False) == "the broker refuses the connection: bad user name or password"
        await (await broker.accept()).greet()
        await listener.state(True)


@virtual_time
async def test_a_topic_that_is_refused_is_named_and_the_others_are_listened_to():
    settings = {"topics": ("tocsin/#", "secret/#", "weak/#")}
    async with FakeBroker() as broker, listening(_settings(broker, **settings)) as listener:
        peer = await broker.accept()
        await peer.greet(suback=b"\x90\x05\x00\x01\x01\x80\x00")
        said = await listener.state(True)
        assert "refuses the subscription to 'secret/#'" in said
        assert "'weak/#' at QoS 0 only" in said
        assert listener.link.refused == ("secret/#",)
        peer.send(_messages(1))
        await listener.heard(1)


@virtual_time
async def test_when_every_topic_is_refused_there_is_no_connection():
    async with FakeBroker() as broker, listening(_settings(broker, protocol="5")) as listener:
        peer = await broker.accept()
        denied = mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED]).write()
        await peer.greet(denied, mqtt5.ConnAckPacket().write())
        assert await listener.state(False) == "the broker refuses the subscription to 'tocsin/#': not authorized"
        assert not listener.link.connected


@virtual_time
async def test_a_broker_that_breaks_the_protocol_is_left_without_a_word():
    async with FakeBroker() as broker, listening(_settings(broker)) as listener:
        peer = await broker.accept()
        await peer.greet()
        peer.send(b"\x34\x06\x00\x01t\x00\x01x")
        assert "broke the protocol: PUBLISH at QoS 2" in await listener.state(False)
        assert await peer.read() == (0, b"")  # no DISCONNECT: the will is to be published
        await (await broker.accept()).greet()
        await listener.state(True)


@virtual_time
async def test_the_brokers_last_words_are_reported_in_5():
    async with FakeBroker() as broker, listening(_settings(broker, protocol="5")) as listener:
        peer = await broker.accept()
        await peer.greet(
            mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]).write(), _KEEPALIVE_8
        )
        await peer.expect(PINGREQ)
        assert asyncio.get_running_loop().time() == pytest.approx(6)  # by the broker's keep-alive, not ours
        peer.send(mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER).write())
        assert await listener.state(False) == "the broker closed the connection: session taken over"


_KEEPALIVE_8 = mqtt5.ConnAckPacket(server_keep_alive=8).write()


@virtual_time
async def test_an_unexpected_fault_does_not_end_the_link(monkeypatch: pytest.MonkeyPatch):
    loop = asyncio.get_running_loop()

    async def fails(*arguments: object, **options: object) -> None:
        monkeypatch.undo()
        raise RuntimeError("the loop is tired")

    async with FakeBroker() as broker:
        monkeypatch.setattr(loop, "create_connection", fails)
        async with listening(_settings(broker)) as listener:
            assert "the loop is tired" in await listener.state(False)
            await (await broker.accept()).greet()
            await listener.state(True)


@virtual_time
async def test_cancelling_says_goodbye():
    async with FakeBroker() as broker:
        async with listening(_settings(broker)) as listener:
            peer = await broker.accept()
            await peer.greet()
            await listener.state(True)
        assert await peer.read() == (DISCONNECT, b"")
        assert listener.states == [(False, "stopped")]
        assert not listener.link.acknowledge(1, [1])


@virtual_time
async def test_cancelling_does_not_wait_for_a_dead_broker():
    async with FakeBroker() as broker:
        async with listening(_settings(broker)):
            pass
        assert asyncio.get_running_loop().time() < 3


@virtual_time
async def test_a_fault_in_what_takes_the_messages_ends_the_connection_and_not_the_link():
    async with FakeBroker() as broker:
        listener = Listener(_settings(broker))
        faults: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

        def fails(messages: object, generation: int) -> None:
            raise RuntimeError("no room")

        link = Link(_settings(broker), fails, listener._on_state)
        task = asyncio.create_task(link.run())
        peer = await broker.accept()
        await peer.greet()
        peer.send(_messages(1))
        assert "no room" in await listener.state(False)
        await (await broker.accept()).greet()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert [str(fault) for fault in faults] == ["no room"]
