"""Whatever is published below Homie's domain: nothing raises, grows without bound or is lost on a restart."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.codecs.homie import Options, make
from gateway.codecs.homie_declared import STATES_4
from gateway.codecs.homie_device import ATTRIBUTES_MAX, EXTRAS_MAX
from gateway.codecs.homie_payload import DATATYPES
from tests.support.codec_fuzz import Message, anything, as_json, mutations, play
from tests.support.codec_messages import NOW

DEVICES = ["a", "b", "5/a", "5/b", "5/c"]
PROPERTIES = ["n/p", "n/q", "m/p"]
PAYLOADS = [
    "true",
    "false",
    "1",
    "-7.5",
    "",
    "\0",
    "on",
    "rgb,1,2,3",
    "PT5M",
    "2026-11-24T08:00:00Z",
    "[1]",
    "x" * 300,
    "NaN",
]
FORMATS = ["", "0:10", ":5", "0:10:2", "on,off", "rgb,hsv", "a:b", "1:0", ",", "rgb"]

_property: dict[str, st.SearchStrategy[Any]] = {
    "datatype": st.sampled_from([*DATATYPES, "percent", None]),
    "format": st.sampled_from(FORMATS),
    "settable": st.sampled_from([True, False, "true"]),
    "retained": st.booleans(),
    "unit": st.sampled_from(["W", "%", 7]),
}
_properties = st.dictionaries(
    st.sampled_from(["p", "q", "X"]),
    st.one_of(st.fixed_dictionaries({}, optional=_property), anything),
    max_size=3,
)
_nodes = st.dictionaries(
    st.sampled_from(["n", "m", "N"]),
    st.one_of(
        st.fixed_dictionaries({"properties": _properties}, optional={"$profile": st.just(["homie-sensor-power/1/0"])}),
        anything,
    ),
    max_size=3,
)
_documents = st.fixed_dictionaries(
    {"homie": st.sampled_from(["5.0", "5.1", "4.0", 5])},
    optional={"nodes": st.one_of(_nodes, anything), "name": anything, "root": st.sampled_from(["a", "b", "X", 1])},
).map(as_json)
_description_messages = st.tuples(
    st.sampled_from(DEVICES[2:]).map(lambda device: f"homie/{device}/$description"),
    st.one_of(_documents, st.just(b"")),
    st.booleans(),
)
_attribute_messages = st.one_of(
    st.tuples(
        st.builds(lambda device, path: f"homie/{device}/{path}", st.sampled_from("ab"), st.sampled_from([each])),
        texts.map(str.encode),
        st.just(True),
    )
    for each, texts in {
        "$homie": st.sampled_from(["4.0.0", "3.0.1", "2.0", ""]),
        "$nodes": st.sampled_from(["n", "n,m", "N", ""]),
        "n/$properties": st.sampled_from(["p", "p,q", "P", ""]),
        "m/$properties": st.sampled_from(["p", ""]),
        "n/p/$datatype": st.sampled_from([*DATATYPES, "x", ""]),
        "n/q/$datatype": st.sampled_from([*DATATYPES, "x", ""]),
        "n/p/$format": st.sampled_from(FORMATS),
        "n/p/$settable": st.sampled_from(["true", "false", "x"]),
        "n/p/$retained": st.sampled_from(["true", "false", "x"]),
        "$stats/interval": st.sampled_from(["60", "0", "x"]),
    }.items()
)
_value_topics = st.builds(
    lambda device, path, end: f"homie/{device}/{path}{end}",
    st.sampled_from(DEVICES),
    st.sampled_from([*PROPERTIES, "$state", "$alert/x", "$stats/uptime", "$log/warn", "N/p"]),
    st.sampled_from(["", "", "", "/$target", "/set"]),
)
_value_messages = st.tuples(
    _value_topics,
    st.one_of(st.sampled_from([*PAYLOADS, *STATES_4]).map(str.encode), st.binary(max_size=30)),
    st.booleans(),
)
_wild_messages = st.tuples(
    st.one_of(st.text(max_size=30), st.text(alphabet="homie/5$ab", max_size=30)), st.binary(max_size=60), st.booleans()
)
_declarations = st.one_of(_description_messages, _attribute_messages)
_messages: st.SearchStrategy[list[Message]] = st.lists(
    st.one_of(_declarations, _value_messages, _wild_messages), max_size=30
)
SOUND = [
    as_json({"homie": "5.0", "nodes": {"n": {"properties": {"p": {"datatype": "float", "format": "0:10:2"}}}}}),
    as_json(
        {"homie": "5.0", "root": "a", "children": ["c"], "nodes": {"n": {"$profile": ["x/1/0"], "properties": {}}}}
    ),
]


@given(_messages)
@example([("homie/5/a/$description", b'{"homie": "5.0", "nodes": ' + b"[" * 5_000, False)])
@example([("homie/5/a/$description", json.dumps({"homie": "5.0", "name": "x" * 60_000}).encode(), False)])
@example([("homie/5/a/$description", b'{"homie": "5.0", "name": "\\ud800"}', False)])
@example([("homie/a/$nodes", ",".join(map(str, range(2_000))).encode(), False), ("homie/a/$homie", b"4.0", False)])
def test_no_message_raises_or_has_an_answer_without_bound(messages: list[Message]) -> None:
    codec = make(Options(devices_max=3))
    play(codec, messages)
    devices = codec._known.devices
    assert len(devices) <= 3
    assert all(len(each.extras) <= EXTRAS_MAX and len(each.attributes) <= ATTRIBUTES_MAX for each in devices.values())
    assert codec._known.size == sum(each.size for each in devices.values()) >= 0


@given(st.lists(st.tuples(st.just("homie/5/a/$description"), mutations(SOUND), st.booleans()), max_size=10))
def test_no_damaged_description_raises(messages: list[Message]) -> None:
    play(make(Options()), messages)


@given(st.lists(st.one_of(_declarations, _value_messages), max_size=20))
def test_after_a_restart_the_same_messages_have_the_same_answers(messages: list[Message]) -> None:
    codec, again = make(Options()), make(Options())
    again.restore(play(codec, messages).values())
    again._early = deepcopy(codec._early)
    for name, device in codec._known.devices.items():  # what the broker has retained
        restored = again._known.get_or_add(name)
        assert not isinstance(restored, str)
        restored.state, restored.attributes = device.state, dict(device.attributes)
        restored.raised = dict(device.raised)
        restored.extras = dict(device.extras) if device.declared is None else restored.extras
    for device_id in DEVICES:
        for path in (*PROPERTIES, "$state", "$alert/x"):
            for payload in (*PAYLOADS, "lost", "ready"):
                topic = f"homie/{device_id}/{path}".encode()
                if path == "$state" and not payload:
                    continue
                assert codec.decode(topic, payload.encode(), NOW) == again.decode(topic, payload.encode(), NOW)
        for path in PROPERTIES:
            point = {path.replace("/", "."): True}
            assert codec.encode(device_id, point, "") == again.encode(device_id, point, "")


@given(_messages)
def test_removing_all_devices_leaves_nothing_behind(messages: list[Message]) -> None:
    codec = make(Options())
    play(codec, messages)
    play(
        codec,
        [(f"homie/{'5/' * (version == 5)}{name}/$state", b"", False) for version, name in list(codec._known.devices)],
    )
    assert (codec._known.devices, codec._known._below, codec._known.size) == ({}, {}, 0)
