"""Whatever is published below Home Assistant's prefix: nothing raises, grows without bound or is lost on a restart."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.codecs.homeassistant import Options, make
from gateway.codecs.homeassistant_abbreviations import OF_OPTIONS
from gateway.codecs.homeassistant_components import BUILDERS
from gateway.codecs.homeassistant_known import BYTES_MAX
from rules.reading import Rejected
from tests.support.codec_fuzz import Message, anything, as_json, mutations, play
from tests.support.codec_messages import NOW

STATES = [f"homeassistant/s/{name}" for name in "abc"]
TEMPLATES = [
    "{{ value_json.a }}",
    "{{ value_json['a'] | float }}",
    "{{ value }}",
    "{{ value_json.a.b[0] | d(1) }}",
    "{% x %}",
]
PAYLOADS = [
    b"ON",
    b"OFF",
    b"online",
    b"offline",
    b"1",
    b"21.5",
    b"None",
    b"",
    b"open",
    b"LOCKED",
    b'{"a": 1}',
    b'{"a": true}',
]
COMPONENTS = [*BUILDERS, "device", "camera", "spaceship"]

_templates = st.one_of(st.sampled_from(TEMPLATES), st.text(alphabet="{}%value_json.|[]'a0 ", max_size=30))
_sound: dict[str, st.SearchStrategy[Any]] = {
    "device": st.fixed_dictionaries(
        {}, optional={"ids": st.sampled_from(["d1", ["d1", "d2"], ["d3"]]), "name": st.just("n")}
    ),
    "state_topic": st.sampled_from([*STATES, "~/a", "elsewhere"]),
    "command_topic": st.sampled_from(["homeassistant/set", STATES[0]]),
    "availability": st.lists(st.fixed_dictionaries({"topic": st.sampled_from(STATES)}), max_size=3),
    "availability_mode": st.sampled_from(["all", "any", "latest"]),
    "value_template": _templates,
    "command_template": _templates,
    "device_class": st.sampled_from(["smoke", "power", "door", "enum"]),
    "unit_of_measurement": st.sampled_from(["W", "%"]),
    "options": st.just(["a", "b"]),
    "off_delay": st.just(3),
    "expire_after": st.integers(0, 100),
    "reports_position": st.booleans(),
    "automation_type": st.just("trigger"),
    "type": st.just("press"),
    "topic": st.sampled_from(STATES),
    "~": st.just("homeassistant/s"),
    "platform": st.sampled_from(COMPONENTS),
}
_names = st.sampled_from(sorted({*_sound, *OF_OPTIONS, *OF_OPTIONS.values()}))
_configs = st.builds(
    lambda sound, wild: {**sound, **wild},
    st.fixed_dictionaries({}, optional=_sound),
    st.dictionaries(_names, anything, max_size=3),
)
_devices = st.builds(
    lambda config, parts: {**config, "components": parts},
    _configs,
    st.one_of(anything, st.dictionaries(st.sampled_from("pqr"), st.one_of(_configs, anything), max_size=3)),
)
_config_topics = st.builds(
    lambda component, object_id: f"homeassistant/{component}/{object_id}/config",
    st.sampled_from(COMPONENTS),
    st.sampled_from(["x", "y", "n/x", "n/y", "a b"]),
)
_config_messages = st.tuples(
    _config_topics, st.one_of(_configs.map(as_json), _devices.map(as_json), st.just(b"")), st.booleans()
)
_state_messages = st.tuples(
    st.sampled_from([*STATES, "homeassistant/status", "homeassistant/set", "elsewhere"]),
    st.one_of(st.sampled_from(PAYLOADS), anything.map(as_json)),
    st.booleans(),
)
_wild_messages = st.tuples(
    st.one_of(st.text(max_size=30), _config_topics, st.sampled_from(STATES)),
    st.one_of(st.binary(max_size=60), anything.map(as_json)),
    st.booleans(),
)
_messages: st.SearchStrategy[list[Message]] = st.lists(
    st.one_of(_config_messages, _state_messages, _wild_messages), max_size=25
)
SOUND = [
    as_json({"dev": {"ids": ["d1"], "cns": [["mac", "aa"]]}, "stat_t": STATES[0], "val_tpl": "{{ value_json.a }}"}),
    as_json({"dev": {"ids": "d"}, "cmps": {"x": {"p": "sensor", "unit_of_meas": "V"}}, "stat_t": STATES[0]}),
    as_json({"stat_t": STATES[0], "avty": [{"t": STATES[1], "pl_avail": "1"}], "avty_mode": "all", "exp_aft": 60}),
]


@given(_messages)
@example([("homeassistant/sensor/x/config", b'{"state_topic": "homeassistant/s/a", "expire_after": 1e300}', False)])
@example([("homeassistant/sensor/x/config", b'{"state_topic": ' + b"9" * 5_000 + b"}", False)])
@example(
    [("homeassistant/number/x/config", b'{"state_topic": "homeassistant/s/a", "min": ' + b"9" * 400 + b"}", False)]
)
@example([("homeassistant/sensor/x/config", b'{"device_class": "\\ud800"}', False)])
@example([("homeassistant/device/x/config", b'{"cmps":' * 5_000, False)])
def test_no_message_raises_or_has_an_answer_without_bound(messages: list[Message]) -> None:
    codec = make(Options(devices_max=3))
    play(codec, messages)
    assert len(codec._known.devices) <= 3
    assert codec._known.size <= BYTES_MAX


@given(st.lists(st.tuples(_config_topics, mutations(SOUND), st.booleans()), max_size=10))
def test_no_damaged_declaration_raises(messages: list[Message]) -> None:
    play(make(Options()), messages)


@given(st.lists(st.one_of(_config_messages, _state_messages), max_size=20))
def test_after_a_restart_the_same_messages_have_the_same_answers(messages: list[Message]) -> None:
    codec, again = make(Options()), make(Options())
    again.restore(play(codec, messages).values())
    for name, device in codec._known.devices.items():  # what the broker has retained
        again._known.devices[name]._seen = deepcopy(device._seen)
        again._known.devices[name]._last = deepcopy(device._last)
    for topic in STATES:
        for payload in PAYLOADS:
            before = codec.decode(topic.encode(), payload, NOW)
            after = again.decode(topic.encode(), payload, NOW)
            assert sorted(map(repr, before)) == sorted(map(repr, after))
    for native_id, device in codec._known.devices.items():
        for point in [each.point for entity in device.entities.values() for each in entity.orders]:
            for value in (True, 5.0, "open"):
                before_, after_ = (each.encode(native_id, {point: value}, "") for each in (codec, again))
                assert before_ == after_ or (isinstance(before_, Rejected) and isinstance(after_, Rejected))


@given(st.lists(_config_messages, max_size=15))
def test_deleting_all_declarations_leaves_nothing_behind(messages: list[Message]) -> None:
    codec = make(Options())
    play(codec, messages)
    play(codec, [(topic, b"", False) for topic, _, _ in messages])
    known = codec._known
    left = (known.devices, known.listeners, known.watchers, known._names, known._of, known._declared, known._orders)
    assert [len(each) for each in left] == [0] * 7
    assert known.size == 0
