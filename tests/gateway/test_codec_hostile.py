"""Nothing that a sender can say to a codec of a foreign format does harm: it neither raises nor says anything without
bounds."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.port import Found
from tests.support import samples
from tests.support.codec_rig import (
    HOSTILE,
    NOW,
    assert_bounded,
    jsons,
    make,
    mutated,
    payloads,
    sample_files,
    sample_messages,
    topics,
)

EXAMPLES = int(os.environ.get("CODEC_EXAMPLES", "30"))  # of each test here; thousands for a long run

MAC = "5CCF7F3E3A1C"
RELAY = "shellypro4pm-f008d1d8b8b8"
EUI = "0101010101010101"
EVENTS = f"application/a/device/{EUI}/event"


class Target(NamedTuple):
    """A format: its options, topics that it reads, the words that mean something there, and a frame around JSON."""

    options: dict[str, Any]
    topics: list[str]
    words: list[str]
    frame: dict[str, Any]  # "JSON" stands where anything may


def _mapping(format_: str) -> Target:
    entry = {
        "topic": "plant/+name/+kind",
        "id": "{name}",
        "format": format_,
        "time": {"path": "t", "format": "unix"},
        "seq": "n",
        "online": {"path": "on"},
        "historical": {"path": "on"},
        "points": {
            "temp": {"path": "a.b[0].c", "scale": 1e300},
            "{kind}": {"path": "v", "settable": True},
            "w": {"path": "w", "words": {"ON": True}},
            "x": {"path": "x", "bit": 3},
            "whole": {},
        },
        "command": {"topic": "plant/{name}/set", "payload": "{value}"},
    }
    event = {"topic": "plant/+name/event", "id": "{name}", "event": "v", "points": {"x": {"path": "x"}}}
    answer = {"topic": "plant/+name/answer", "id": "{name}", "answer": {"id": "v", "ok": {"path": "on"}, "detail": "x"}}
    words = ["a", "b", "c", "t", "n", "on", "v", "w", "x", "ON", "online"]
    return Target(
        {"devices": [entry, event, answer]},
        ["plant/pump/state", "plant/pump/event", "plant/pump/answer"],
        words,
        {"a": {"b": [{"c": "JSON"}]}, "v": "JSON", "on": "JSON", "t": "JSON"},
    )


TARGETS = {
    "tasmota": Target(
        {},
        [
            *(f"tele/x/{word}" for word in ("SENSOR", "STATE", "LWT", "RESULT", "POWER_LOW", "INFO1")),
            *(f"stat/x/{word}" for word in ("RESULT", "POWER", "STATUS10", "STATUS3")),
            f"tasmota/discovery/{MAC}/config",
            f"tasmota/discovery/{MAC}/sensors",
        ],
        [
            "mac",
            "t",
            "ft",
            "tp",
            "rl",
            "swn",
            "state",
            "dslp",
            "dn",
            "sn",
            "ENERGY",
            "Power",
            "Total",
            "Temperature",
            "TempUnit",
            "F",
            "Switch1",
            "Button1",
            "Action",
            "ON",
            "Time",
            "Epoch",
            "StatusSNS",
            "StatusLOG",
            "TelePeriod",
            "POWER",
            "RfReceived",
            "Command",
            "Unknown",
            "ofln",
            "onln",
        ],
        {"mac": MAC, "t": "x", "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], "rl": "JSON", "sn": "JSON"}
        | {"ENERGY": "JSON", "Switch1": "JSON", "StatusSNS": "JSON", "state": "JSON"},
    ),
    "shelly": Target(
        {},
        [f"{RELAY}/{end}" for end in ("events/rpc", "online", "status/switch:0")]
        + ["boiler/events/rpc", "tocsin-shelly/rpc"],
        [
            "src",
            "method",
            "NotifyStatus",
            "NotifyFullStatus",
            "NotifyEvent",
            "params",
            "ts",
            "switch:0",
            "smoke:0",
            "events",
            "component",
            "event",
            "errors",
            "sys",
            "wakeup_period",
            "id",
            "result",
            "error",
            "output",
            "alarm",
        ],
        {"src": RELAY, "method": "NotifyFullStatus", "id": 816831551, "result": "JSON"}
        | {"params": {"ts": "JSON", "switch:0": "JSON", "events": "JSON", "sys": {"wakeup_period": "JSON"}}},
    ),
    "chirpstack": Target(
        {"payloads": [{"points": {"a": {"at": 0, "type": "f32be"}, "b": {"at": 2, "bit": 3}}}]},
        [f"{EVENTS}/{kind}" for kind in ("up", "status", "join", "ack", "txack", "log")],
        [
            "deviceInfo",
            "devEui",
            "object",
            "data",
            "fCnt",
            "fPort",
            "time",
            "rxInfo",
            "rssi",
            "tags",
            "silent_after",
            "queueItemId",
            "acknowledged",
            "margin",
            "batteryLevel",
            "context",
            "level",
            "ERROR",
            "code",
            "UPLINK_CODEC",
        ],
        {"deviceInfo": {"devEui": EUI, "tags": "JSON", "deviceName": "JSON"}, "object": "JSON", "data": "JSON"}
        | {
            "fCnt": "JSON",
            "time": "JSON",
            "rxInfo": "JSON",
            "margin": "JSON",
            "batteryLevel": "JSON",
            "context": "JSON",
        },
    ),
    "mapping": _mapping("json"),
    "mapping of text": _mapping("text"),
    "mapping of lines": _mapping("csv"),
}


@st.composite
def framed(draw: st.DrawFn, target: Target) -> bytes:
    """A message of the format, with anything in the places that matter, some of them left out."""

    def filled(part: Any) -> Any:
        if part == "JSON":
            return draw(jsons(target.words))
        if isinstance(part, dict):
            return {key: filled(each) for key, each in part.items() if draw(st.integers(0, 5))}
        return [filled(each) for each in part] if isinstance(part, list) else part

    return json.dumps(filled(target.frame)).encode()


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(random=st.data())
def test_arbitrary_messages_never_raise_and_say_bounded_things(name: str, random: st.DataObject) -> None:
    target = TARGETS[name]
    levels = sorted({level for topic in target.topics for level in topic.split("/")})
    known = st.sampled_from([topic.encode() for topic in target.topics])
    anything = st.one_of(known, known, topics(levels))
    messages = st.lists(st.tuples(anything, st.one_of(framed(target), payloads(target.words))), min_size=1, max_size=4)
    codec = make(name.split()[0], target.options)
    for topic, payload in random.draw(messages):
        assert_bounded(codec.decode(topic, payload, NOW))


@pytest.mark.parametrize("name", ["tasmota", "shelly", "chirpstack", "mapping"])
@settings(max_examples=EXAMPLES, deadline=None)
@given(random=st.data())
def test_damaged_samples_never_raise_and_say_bounded_things(name: str, random: st.DataObject) -> None:
    codec = samples.codec_of(sample_files(name)[0])
    for topic, payload in random.draw(st.lists(mutated(sample_messages(name)), min_size=1, max_size=6)):
        assert_bounded(codec.decode(topic, payload, NOW))


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_payloads_are_rejected_or_bounded_under_every_topic(name: str) -> None:
    target = TARGETS[name]
    codec = make(name.split()[0], target.options)
    for topic in target.topics:
        for payload in HOSTILE:
            assert_bounded(codec.decode(topic.encode(), payload, NOW))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(random=st.data())
def test_arbitrary_memories_are_restored_or_passed_over(name: str, random: st.DataObject) -> None:
    target = TARGETS[name]
    words = ["address", "command", "mac", "off_on", "prefix", "id", "sleeps", "application", "joins", "topic", "levels"]
    memory = random.draw(st.one_of(st.binary(max_size=40), jsons(words).map(json.dumps).map(str.encode)))
    codec = make(name.split()[0], target.options)
    codec.restore([Found("x", memory=memory)])
    assert_bounded(codec.decode(target.topics[0].encode(), json.dumps(target.frame).encode(), NOW))
    codec.encode("x", {"POWER": True, "switch:0.output": True}, "CMD-1")
