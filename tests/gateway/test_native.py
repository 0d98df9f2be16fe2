"""Tocsin's own payloads: read as they are meant, or refused with a reason; never raised."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.codecs.native import (
    OURS,
    PAYLOAD_BYTES_MAX,
    TEXT_CHARACTERS_MAX,
    VALUES_MAX,
    Kind,
    address,
    decode,
    instant,
)
from rules.mode import Mode
from rules.reading import CommandResult, DeviceEvent, DeviceStatus, Reading, Rejected

NOW = 1_795_500_000_000
REASONS = {"unknown topic", "topic is not utf-8", "payload too large", "wrong shape", "bad json"}

_levels = st.one_of(
    st.sampled_from([b"tocsin", b"tocsin-exercise", b"v1", b"tower-a", b"telemetry", b"event", b"status", b"command"]),
    st.binary(max_size=8),
)
_topics = st.lists(_levels, max_size=8).map(b"/".join)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=10)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
_messages = st.fixed_dictionaries(
    {},
    optional={
        "values": _json,
        "ts": _json,
        "seq": _json,
        "event": _json,
        "attributes": _json,
        "id": _json,
        "ok": _json,
    },
)
_payloads = st.one_of(
    st.binary(max_size=200), _json.map(json.dumps).map(str.encode), _messages.map(json.dumps).map(str.encode)
)


@given(_topics, _payloads)
@example(b"tocsin/v1/a/b/telemetry", b"[" * 100_000)
@example(b"tocsin/v1/a/b/event", b'{"event":' + b'{"a":' * 50_000)
@example(b"tocsin/v1/a/b/telemetry", b'{"values": {"a": ' + b"9" * 5_000 + b"}}")
@example(b"tocsin/v1/a/b/telemetry", b'{"values": {}, "ts": 1e308}')
@example(b"tocsin/v1/a/b/telemetry", b'{"values": {}, "ts": "0001-01-01T00:00:00+23:59"}')
@example(b"tocsin/v1/a/b/telemetry", b'{"values": {}, "ts": "9999-12-31T23:59:59-23:59"}')
def test_nothing_that_a_sender_can_say_raises(topic: bytes, payload: bytes) -> None:
    found = decode(topic, payload, NOW)
    if isinstance(found, Rejected):
        assert found.reason in REASONS
    elif isinstance(found, Reading):
        assert all(math.isfinite(value) for value in found.values.values() if isinstance(value, float))


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.one_of(st.floats(-1e9, 1e9), st.booleans(), st.text(max_size=20)),
        max_size=8,
    ),
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**41),
)
def test_a_reading_comes_out_as_it_was_sent(values: dict[str, Any], seq: int, ts: int) -> None:
    payload = json.dumps({"values": values, "seq": seq, "ts": ts}).encode()
    found = decode(b"tocsin/v1/tower-a/sd-1/telemetry", payload, NOW)
    assert found == Reading(Mode.ACTUAL, "tower-a/sd-1", ts, NOW, values, seq)


@pytest.mark.parametrize(
    ("topic", "mode", "kind"),
    [
        (b"tocsin/v1/a/b/telemetry", Mode.ACTUAL, Kind.TELEMETRY),
        (b"tocsin-exercise/v1/a/b/event", Mode.EXERCISE, Kind.EVENT),
        (b"tocsin-test/v1/a/b/status", Mode.TEST, Kind.STATUS),
        (b"tocsin/v1/a/b/command/result", Mode.ACTUAL, Kind.RESULT),
        (b"tocsin/v1/a/b/command", Mode.ACTUAL, Kind.OURS),
        (f"tocsin/v1/a/{OURS}/status".encode(), Mode.ACTUAL, Kind.OURS),
    ],
)
def test_the_topic_says_the_mode_the_device_and_the_kind(topic: bytes, mode: Mode, kind: Kind) -> None:
    found = address(topic)
    assert not isinstance(found, Rejected)
    assert (found.mode, found.kind) == (mode, kind)


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        ("2026-11-23T08:00:00.120Z", 1_795_420_800_120),
        ("2026-11-23T16:00:00.120+08:00", 1_795_420_800_120),
        ("2026-11-23T08:00:00.120", NOW),  # no zone: nobody knows when that is
        (1_795_420_800_120, 1_795_420_800_120),
        (1_795_420_800_120.9, 1_795_420_800_120),
        (None, NOW),
        ("yesterday", NOW),
        ({}, NOW),
    ],
)
def test_a_time_is_rfc_3339_or_unix_milliseconds_else_the_received_time_stands_in(ts: Any, expected: int) -> None:
    payload = json.dumps({"values": {"smoke": 0.4}, "ts": ts}).encode()
    found = decode(b"tocsin/v1/a/b/telemetry", payload, NOW)
    assert isinstance(found, Reading)
    assert (found.at, found.received_at, found.values) == (expected, NOW, {"smoke": 0.4})


def test_events_statuses_and_answers_are_read() -> None:
    event = decode(b"tocsin/v1/a/b/event", b'{"event": "denied", "attributes": {"card": "7"}, "seq": 3}', NOW)
    assert event == DeviceEvent(Mode.ACTUAL, "a/b", NOW, NOW, "denied", {"card": "7"}, 3)
    assert decode(b"tocsin/v1/a/b/status", b"offline", NOW, retained=True) == DeviceStatus(
        Mode.ACTUAL, "a/b", NOW, False, True
    )
    answer = decode(b"tocsin/v1/a/b/command/result", b'{"id": "C-1", "ok": true, "detail": "open"}', NOW)
    assert answer == CommandResult(Mode.ACTUAL, "a/b", NOW, "C-1", True, "open")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"values": {"%s": 1}}' % (b"m" * (TEXT_CHARACTERS_MAX + 1)), "wrong shape"),
        (json.dumps({"values": {f"m{n}": 1 for n in range(VALUES_MAX + 1)}}).encode(), "wrong shape"),
        (b'{"values": "' + b"x" * PAYLOAD_BYTES_MAX + b'"}', "payload too large"),
        (b'{"values": {"smoke": NaN}}', "bad json"),
    ],
)
def test_what_is_too_much_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    found = decode(b"tocsin/v1/a/b/telemetry", payload, NOW)
    assert isinstance(found, Rejected)
    assert found.reason == reason


def test_an_event_without_a_word_is_none() -> None:
    for payload in (b'{"event": ""}', b'{"event": "", "ts": "never"}'):
        found = decode(b"tocsin/v1/a/b/event", payload, NOW)
        assert isinstance(found, Rejected)
        assert found.reason == "wrong shape"


@pytest.mark.parametrize("topic", [b"tocsin/v1/a/b/" + b"x" * 60_000, b"tocsin/" + b"v" * 60_000 + b"/a/b/telemetry"])
def test_a_topic_without_end_is_named_by_its_beginning(topic: bytes) -> None:
    found = address(topic)
    assert isinstance(found, Rejected)
    assert len(found.detail) < 200


def test_a_number_that_is_no_time_is_no_instant() -> None:
    assert instant(None) is None
    assert instant(1.5) == 1
