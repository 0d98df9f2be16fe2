from __future__ import annotations

import itertools
from typing import Any

import mqtt5
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.wire import DUP, OVERSIZE, OVERSIZE_PAYLOAD_BYTES, PACKET_BYTES_MIN, RETAIN, Message, Reader
from gateway.wire_packets import (
    DISCONNECT_BYTES,
    PINGREQ_BYTES,
    ConnAck,
    Disconnect,
    PingResp,
    ProtocolError,
    SubAck,
    connect,
    pubacks,
    subscribe,
)
from tests.support.encoders import CONNACK, publish

VERSIONS = ("3.1.1", "5")
QOS_BITS = 0b110

topics = st.text(st.characters(codec="utf-8", exclude_characters="\0+#"), min_size=1, max_size=40).map(str.encode)
sizes = st.one_of(st.integers(0, 300), st.sampled_from([16_370, 16_384, 20_000]))
payloads = st.builds(lambda seed, size: (seed * (size // len(seed) + 1))[:size], st.binary(min_size=1), sizes)
properties_5 = st.fixed_dictionaries(
    {},
    optional={
        "message_expiry_interval": st.integers(0, 2**32 - 1),
        "content_type": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
        "correlation_data": st.binary(max_size=200),
        "user_properties": st.lists(st.tuples(st.just("key"), st.just("v" * 30)), max_size=6),
        "subscription_ids": st.just([7]),
    },
)
messages = st.tuples(topics, payloads, st.integers(0, 65_535), st.booleans(), st.booleans(), properties_5)


def _greeted(version: Any, packet_bytes_max: int = 1024 * 1024) -> Reader:
    reader = Reader(version, packet_bytes_max)
    assert reader.feed(CONNACK[version]) == []
    assert reader.controls == [ConnAck(session_present=False, code=0, reason="")]
    reader.controls.clear()
    return reader


def _expected(message: tuple[bytes, bytes, int, bool, bool, Any]) -> Message:
    topic, payload, packet_id, retain, dup, _ = message
    return topic, payload, packet_id, retain * RETAIN | dup * DUP | bool(packet_id) << 1


def _encoded(version: str, message: tuple[bytes, bytes, int, bool, bool, Any]) -> bytes:
    topic, payload, packet_id, retain, dup, properties = message
    others = properties if version == "5" else {}
    return publish(version, topic, payload, packet_id, retain=retain, dup=dup, **others)


def _feed_in_pieces(reader: Reader, data: bytes, cuts: list[int]) -> list[Message]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [message for start, stop in itertools.pairwise(edges) for message in reader.feed(data[start:stop])]


@given(st.sampled_from(VERSIONS), st.lists(messages, max_size=8), st.lists(st.integers(0, 2**20), max_size=12))
def test_whatever_the_cut_the_same_messages_come_out(version, sent, cuts):
    data = b"".join(_encoded(version, message) for message in sent)
    assert _feed_in_pieces(_greeted(version), data, cuts) == [_expected(message) for message in sent]


@given(st.sampled_from(VERSIONS), st.lists(messages, min_size=1, max_size=3))
def test_one_byte_at_a_time_is_enough(version, sent):
    sent = [(topic, payload[:200], *others) for topic, payload, *others in sent]
    data = b"".join(_encoded(version, message) for message in sent)
    reader = _greeted(version)
    assert [m for byte in data for m in reader.feed(bytes([byte]))] == [_expected(message) for message in sent]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [0, 100, 127, 128, 16_383, 16_384, 100_000, 2_097_152])
def test_a_payload_of_every_length_of_the_length_is_read(version, size):
    reader = _greeted(version, 4 * 1024 * 1024)
    data = publish(version, b"t", b"x" * size, 9)
    assert reader.feed(data + data) == [(b"t", b"x" * size, 9, 2)] * 2


@pytest.mark.parametrize("version", VERSIONS)
def test_control_packets_between_messages_are_found(version):
    reader = _greeted(version)
    suback = b"\x90\x04\x00\x01\x01\x80"
    if version == "5":
        codes = [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE, mqtt5.SubAckReasonCode.UNSPECIFIED_ERROR]
        suback = mqtt5.SubAckPacket(1, codes, reason_str="some").write()
    message = publish(version, b"a/b", b"1", 3)
    assert len(reader.feed(message + suback + message + b"\xd0\x00" + message)) == 3
    assert reader.controls == [SubAck(1, b"\x01\x80"), PingResp()]


@pytest.mark.parametrize(
    ("code", "reason"), [(1, "unacceptable protocol version"), (4, "bad user name or password"), (5, "not authorized")]
)
@pytest.mark.parametrize("version", VERSIONS)  # an old broker refuses MQTT 5 in the old words
def test_a_refusal_says_why_in_3_1_1(version, code, reason):
    reader = Reader(version)
    reader.feed(bytes([0x20, 2, 0, code]))
    assert reader.controls == [ConnAck(session_present=False, code=code, reason=reason)]


def test_a_refusal_says_why_in_5_with_the_brokers_own_words():
    reader = Reader("5")
    reason = mqtt5.ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD
    reader.feed(mqtt5.ConnAckPacket(reason_code=reason, reason_str="expired", server_reference="other").write())
    assert reader.controls == [ConnAck(False, 0x86, "bad user name or password (expired)")]


def test_the_brokers_own_keepalive_is_heeded_in_5():
    reader = Reader("5")
    greeting = mqtt5.ConnAckPacket(
        session_present=True,
        server_keep_alive=7,
        assigned_client_id="x",
        max_packet_size=1000,
        user_properties=[("some", "thing")],
        topic_alias_max=3,
    )
    reader.feed(greeting.write())
    assert reader.controls == [ConnAck(True, 0, "", keepalive_seconds=7)]


def test_a_disconnect_in_5_says_why():
    reader = _greeted("5")
    reader.feed(mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER).write())
    reader.feed(b"\xe0\x00")
    assert reader.controls == [Disconnect(0x8E, "session taken over"), Disconnect(0, "no reason given")]


@pytest.mark.parametrize(
    ("version", "data", "fault"),
    [
        ("3.1.1", b"\x34\x06\x00\x01t\x00\x01x", "PUBLISH at QoS 2"),
        ("5", b"\x34\x07\x00\x01t\x00\x01\x00x", "PUBLISH at QoS 2"),
        ("3.1.1", b"\x36\x06\x00\x01t\x00\x01x", "PUBLISH at QoS 3"),
        ("3.1.1", b"\x32\x03\x00\x01t", "ends within its topic or packet identifier"),
        ("3.1.1", b"\x30\x04\x00\x09ab", "ends within its topic or packet identifier"),
        ("3.1.1", b"\x30\x00", "PUBLISH of 0 bytes"),
        ("3.1.1", b"\x30\x03\x00\x00x", "without a topic"),
        ("5", b"\x30\x07\x00\x00\x03\x23\x00\x01x", "no topic alias"),
        ("3.1.1", b"\x32\x05\x00\x01t\x00\x00", "packet identifier 0"),
        ("5", b"\x30\x03\x00\x01t", "properties longer than the packet"),
        ("5", b"\x30\x05\x00\x01t\x09x", "properties longer than the packet"),
        ("3.1.1", b"\x30\xff\xff\xff\xff\x01", "more than four bytes"),
        ("3.1.1", CONNACK["3.1.1"], "a second CONNACK"),
        ("3.1.1", b"\x90\x02\x00\x01", "SUBACK of 2 bytes"),
        ("3.1.1", b"\x91\x03\x00\x01\x01", "SUBACK with the reserved header bits 0x1"),
        ("3.1.1", b"\xd0\x01x", "unexpected PINGRESP of 1 bytes"),
        ("3.1.1", b"\xe0\x00", "unexpected DISCONNECT"),
        ("5", b"\xe0\x04\x00\x02\x7f\x00", "DISCONNECT with the unknown property 0x7f"),
        ("5", b"\xe0\x05\x00\x03\x1f\x00\x09", "DISCONNECT with the property 0x1f cut off"),
        ("3.1.1", b"\x00\x00", "reserved packet"),
        ("5", b"\xf0\x00", "unexpected AUTH"),
        ("3.1.1", b"\x90\xff\xff\xff\x7f", "SUBACK of 268435455 bytes"),
    ],
)
def test_a_broken_packet_is_named_with_what_is_wrong(version, data, fault):
    reader = _greeted(version)
    with pytest.raises(ProtocolError, match=fault):
        reader.feed(data)


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_may_come_before_the_greeting(version):
    with pytest.raises(ProtocolError, match="PUBLISH before CONNACK"):
        Reader(version).feed(publish(version, b"t", b"x", 1))


@given(st.sampled_from(VERSIONS), st.lists(st.binary(max_size=40), max_size=6), st.booleans())
@example("5", [b"\x20\x02\x00"], False)
@example("3.1.1", [b"\x30\x80\x00\x00"], True)  # a length of 0 in two bytes
@example("5", [b"\x20\x03\x00\x00\x05"], False)
def test_garbage_never_raises_anything_but_a_protocol_error(version, chunks, greeted):
    reader = _greeted(version) if greeted else Reader(version)
    try:
        for chunk in chunks:
            reader.feed(chunk)
    except ProtocolError as error:
        assert str(error)  # noqa: PT017 - that it is the only kind of error is the test


@given(st.sampled_from(VERSIONS), st.sampled_from([0x20, 0x30, 0x32, 0x3B, 0x90, 0xD0, 0xE0]), st.binary(max_size=60))
def test_a_well_framed_packet_of_garbage_is_a_message_a_control_or_a_protocol_error(version, first, body):
    reader = _greeted(version)
    try:
        found = len(reader.feed(bytes([first, len(body)]) + body)) + len(reader.controls)
    except ProtocolError:
        return
    assert found == 1


@given(st.sampled_from(VERSIONS), messages, st.integers(1, 5), st.lists(st.integers(0, 2**20), max_size=6))
def test_an_oversize_message_leaves_a_record_and_the_next_one_is_read(version, message, times, cuts):
    topic, payload, packet_id, *others = message
    big = (topic, (payload or b"-") * (PACKET_BYTES_MIN * times // len(payload or b"-") + 1), packet_id, *others)
    data = b"".join(_encoded(version, each) for each in (message, big, message))
    found = _feed_in_pieces(_greeted(version, PACKET_BYTES_MIN), data, cuts)
    record = (topic, big[1][:OVERSIZE_PAYLOAD_BYTES], packet_id, _expected(big)[3] | OVERSIZE)
    assert [found[0][0], found[1], found[2][0]] == [topic, record, topic]
    assert len(found) == 3


def test_an_oversize_message_is_not_kept_in_memory():
    reader = _greeted("3.1.1", PACKET_BYTES_MIN)
    head = b"\x32\xff\xff\xff\x7f\x00\x04huge\x00\x07"
    left = 268_435_455 - 8
    assert reader.feed(head) == []
    chunk = b"z" * 250_000
    held = 0
    while left > len(chunk):
        assert reader.feed(chunk) == []
        held = max(held, len(reader._held))
        left -= len(chunk)
    assert held < len(chunk) + 70_000
    assert reader.feed(b"z" * left) == [(b"huge", b"z" * OVERSIZE_PAYLOAD_BYTES, 7, 2 | OVERSIZE)]


def test_a_message_with_more_properties_than_are_looked_at_keeps_its_topic_and_id():
    reader = _greeted("5", PACKET_BYTES_MIN)
    pairs = [("k" * 60_000, "v" * 60_000)] * 2
    assert reader.feed(publish("5", b"t", b"payload", 5, user_properties=pairs)) == [(b"t", b"", 5, 2 | OVERSIZE)]


def test_a_limit_below_the_least_is_refused():
    with pytest.raises(ValueError, match="packet_bytes_max 100 is below 16384"):
        Reader("5", 100)


def test_connect_in_3_1_1_is_what_the_standard_prints():
    told = connect("3.1.1", "gw", username="u", password="p", clean=False, keepalive_seconds=30, will=("w", b"x", True))
    assert told == b"\x10\x1a\x00\x04MQTT\x04\xec\x00\x1e\x00\x02gw\x00\x01w\x00\x01x\x00\x01u\x00\x01p"
    assert connect("3.1.1", "gw") == b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x1e\x00\x02gw"


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
    st.none() | st.sampled_from(["消防", "x" * 300]),
    st.booleans(),
    st.none() | st.tuples(st.sampled_from(["gateway/state"]), st.binary(max_size=200), st.booleans()),
    st.integers(1, 65_535),
)
def test_connect_in_5_says_what_was_asked_for(client_id, secret, clean, will, number):
    packet, size = mqtt5.read(
        data := connect(
            "5",
            client_id,
            username=secret,
            password=secret,
            clean=clean,
            keepalive_seconds=number,
            will=will,
            session_expiry_seconds=1_209_600,
            receive_maximum=number,
        )
    )
    assert size == len(data)
    assert packet == mqtt5.ConnectPacket(
        client_id,
        username=secret,
        password=secret and secret.encode(),
        clean_start=clean,
        will=will and mqtt5.Will(will[0], payload=will[1], qos=mqtt5.QoS.AT_LEAST_ONCE, retain=will[2]),
        keep_alive=number,
        session_expiry_interval=0 if clean else 1_209_600,
        receive_max=number,
    )


def test_subscribe_asks_for_every_topic_at_qos_1_with_its_retained_messages():
    assert subscribe("3.1.1", 1, ["a/#", "b"]) == b"\x82\x0c\x00\x01\x00\x03a/#\x01\x00\x01b\x01"
    packet, _ = mqtt5.read(subscribe("5", 1, ["a/#", "b"]))
    filters = [
        mqtt5.TopicFilter(
            topic,
            max_qos=mqtt5.QoS.AT_LEAST_ONCE,
            retain_as_published=False,
            retain_handling=mqtt5.RetainHandling.SEND_ALWAYS,
        )
        for topic in ("a/#", "b")
    ]
    assert packet == mqtt5.SubscribePacket(1, filters)


@given(st.lists(st.integers(1, 65_535), max_size=50))
def test_the_pubacks_of_a_batch_are_one_piece(ids):
    data = pubacks(ids)
    read = []
    while data:
        packet, size = mqtt5.read(data)
        read.append(packet)
        data = data[size:]
    assert read == [mqtt5.PubAckPacket(packet_id) for packet_id in ids]


def test_qos_0_gets_no_puback():
    assert pubacks([0, 5, 0]) == b"\x40\x02\x00\x05"


def test_ping_and_goodbye_are_what_a_broker_reads():
    assert isinstance(mqtt5.read(PINGREQ_BYTES)[0], mqtt5.PingReqPacket)
    assert mqtt5.read(DISCONNECT_BYTES)[0] == mqtt5.DisconnectPacket()


def test_a_client_id_that_is_too_long_for_mqtt_is_refused():
    with pytest.raises(ValueError, match="70000 bytes do not fit"):
        connect("3.1.1", "x" * 70_000)
