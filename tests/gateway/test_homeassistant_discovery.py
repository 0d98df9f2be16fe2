"""Devices that declare themselves as Home Assistant has it: found, grouped, typed; what is wrong is told."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.codecs import homeassistant_abbreviations as abbreviations
from gateway.codecs.homeassistant import COMPLAINTS_MAX, HomeAssistant, Options, make
from gateway.codecs.homeassistant_components import BUILDERS, LEFT_ALONE
from gateway.codecs.homeassistant_known import LISTENERS_MAX, POINTS_MAX
from gateway.codecs.port import Found, Gone, Heard, Said
from rules.reading import Rejected
from rules.site import MetricKind
from tests.support.codec_messages import only, points, tell, those, values, why

DEVICE = {"identifiers": ["z1"], "name": "Smoke 12F", "manufacturer": "Heiman", "model": "HS1SA"}
STATE = "homeassistant/z1/state"


@pytest.fixture
def codec() -> HomeAssistant:
    return make(Options())


def declare(codec: HomeAssistant, component: str, object_id: str, **options: Any) -> list[Any]:
    given = {"device": DEVICE, "state_topic": STATE, **options}
    return tell(codec, f"homeassistant/{component}/z1/{object_id}/config", given, retained=True)


def test_the_motion_sensor_of_the_documentation_is_found_and_heard(codec: HomeAssistant) -> None:
    config = {"name": "garden", "device_class": "motion", "state_topic": "homeassistant/binary_sensor/garden/state"}
    found = only(tell(codec, "homeassistant/binary_sensor/garden/config", config), Found)
    assert (found.native_id, found.title, found.device_class) == ("binary_sensor/garden", "garden", "")
    assert points(found)["binary_sensor.garden"].kind is MetricKind.BOOLEAN
    heard = tell(codec, "homeassistant/binary_sensor/garden/state", "ON")
    assert heard == [Said("binary_sensor/garden", {"binary_sensor.garden": True})]


def test_components_with_the_same_identifier_are_points_of_one_device(codec: HomeAssistant) -> None:
    declare(codec, "binary_sensor", "smoke", device_class="smoke")
    found = only(declare(codec, "sensor", "battery", device_class="battery", unit_of_measurement="%"), Found)
    assert (found.native_id, found.title, found.model) == ("z1", "Smoke 12F", "Heiman HS1SA")
    assert list(points(found)) == ["binary_sensor.smoke", "sensor.battery"]


def test_further_components_need_to_name_the_device_only(codec: HomeAssistant) -> None:
    declare(codec, "binary_sensor", "smoke", device_class="smoke")
    found = only(declare(codec, "sensor", "battery", device={"ids": "z1"}), Found)
    assert (found.title, found.model, len(found.points)) == ("Smoke 12F", "Heiman HS1SA", 2)


def test_a_device_known_by_its_mac_address_is_the_same_device(codec: HomeAssistant) -> None:
    both = {"identifiers": ["esp-1"], "connections": [["mac", "02:5B:26:A8:DC:12"]]}
    declare(codec, "binary_sensor", "smoke", device=both)
    found = only(declare(codec, "sensor", "rssi", device={"cns": [["mac", "02:5b:26:a8:dc:12"]]}), Found)
    assert (found.native_id, len(found.points)) == ("esp-1", 2)


def test_a_renamed_device_keeps_its_native_id_and_its_points(codec: HomeAssistant) -> None:
    before = only(declare(codec, "binary_sensor", "smoke"), Found)
    after = only(declare(codec, "binary_sensor", "smoke", device={**DEVICE, "name": "Kitchen"}, name="Rauch"), Found)
    assert (after.native_id, list(points(after))) == (before.native_id, list(points(before)))
    assert after.title == "Kitchen"


def test_the_order_of_declarations_does_not_change_what_is_found() -> None:
    configs = [("binary_sensor", "smoke"), ("sensor", "battery"), ("siren", "horn")]
    found = []
    for order in (configs, configs[::-1]):
        codec = make(Options())
        found.append([declare(codec, *each, command_topic="homeassistant/z1/set") for each in order][-1][0])
    assert found[0] == found[1]


def test_a_declaration_that_comes_again_says_nothing_new(codec: HomeAssistant) -> None:
    assert those(declare(codec, "binary_sensor", "smoke"), Found)
    assert declare(codec, "binary_sensor", "smoke") == []


def test_an_empty_payload_deletes_the_component_and_with_the_last_one_the_device(codec: HomeAssistant) -> None:
    declare(codec, "binary_sensor", "smoke")
    declare(codec, "sensor", "battery")
    found = only(tell(codec, "homeassistant/binary_sensor/z1/smoke/config", ""), Found)
    assert list(points(found)) == ["sensor.battery"]
    assert tell(codec, "homeassistant/sensor/z1/battery/config", "") == [Gone("z1")]
    assert tell(codec, "homeassistant/sensor/z1/battery/config", "") == []
    assert not those(tell(codec, STATE, "ON"), Said)


def test_abbreviated_options_are_the_same_as_those_in_full(codec: HomeAssistant) -> None:
    short = {
        "dev": {"ids": ["z1"], "mf": "Heiman", "mdl": "HS1SA", "name": "Smoke 12F", "sw": "1", "sn": "2", "hw": "3"},
        "dev_cla": "smoke",
        "stat_t": STATE,
        "val_tpl": "{{ value_json.smoke }}",
        "pl_on": "yes",
        "pl_off": "no",
        "exp_aft": 60,
        "avty_t": "homeassistant/z1/there",
        "pl_avail": "up",
        "pl_not_avail": "down",
        "uniq_id": "z1_smoke",
        "o": {"name": "x"},
    }
    full = {
        "device": DEVICE,
        "device_class": "smoke",
        "state_topic": STATE,
        "value_template": "{{ value_json.smoke }}",
        "payload_on": "yes",
        "payload_off": "no",
        "expire_after": 60,
        "availability_topic": "homeassistant/z1/there",
        "payload_available": "up",
        "payload_not_available": "down",
        "unique_id": "z1_smoke",
    }
    topic = "homeassistant/binary_sensor/z1/smoke/config"
    assert tell(codec, topic, short) == tell(make(Options()), topic, full)


def test_no_abbreviation_stands_for_two_options_and_none_for_another_abbreviation() -> None:
    for table in (abbreviations.OF_OPTIONS, abbreviations.OF_DEVICE):
        assert not set(table) & set(table.values())
    doubled = ["components", "target_humidity_state_template"]  # two spellings are in the field
    options = list(abbreviations.OF_OPTIONS.values())
    assert sorted({each for each in options if options.count(each) > 1}) == doubled


@pytest.mark.parametrize(
    ("topic", "written_out"),
    [
        ("~/state", "homeassistant/base/state"),
        ("state/~", "state/homeassistant/base"),
        ("~", "homeassistant/base"),
        ("a/~/b", "a/~/b"),
    ],
)
def test_a_tilde_at_the_beginning_or_end_of_a_topic_is_the_base_topic(topic: str, written_out: str) -> None:
    codec = make(Options(state_topics=("state/#", "a/#")))
    declare(codec, "binary_sensor", "smoke", **{"~": "homeassistant/base", "state_topic": topic})
    assert values(tell(codec, written_out, "ON")) == {"binary_sensor.smoke": True}


def test_a_tilde_in_the_topics_of_an_availability_list_is_the_base_topic_too(codec: HomeAssistant) -> None:
    base = {"~": "homeassistant/base", "state_topic": "~/state", "availability": [{"topic": "~/there"}]}
    declare(codec, "binary_sensor", "smoke", **base)
    assert len(tell(codec, "homeassistant/base/there", "online")) == 1


def test_a_device_declares_all_its_components_in_one_message(codec: HomeAssistant) -> None:
    config = {
        "dev": {"ids": "ea33", "name": "Kitchen", "mf": "Bla electronics", "mdl": "xya"},
        "o": {"name": "bla2mqtt"},
        "cmps": {
            "temp": {"p": "sensor", "dev_cla": "temperature", "unit_of_meas": "°C", "val_tpl": "{{ value_json.t }}"},
            "smoke": {"p": "binary_sensor", "dev_cla": "smoke", "val_tpl": "{{ value_json.smoke }}", "pl_on": True},
            "cam": {"p": "camera", "t": "homeassistant/x"},
        },
        "state_topic": "homeassistant/kitchen/state",
        "availability_topic": "homeassistant/kitchen/there",
    }
    found = only(tell(codec, "homeassistant/device/ea33/config", config), Found)
    assert {name: point.metric for name, point in points(found).items()} == {
        "binary_sensor.smoke": "alarm",
        "sensor.temp": "temperature",
    }
    said = tell(codec, "homeassistant/kitchen/state", {"t": 21.5, "smoke": True})
    assert values(said) == {"sensor.temp": 21.5, "binary_sensor.smoke": True}
    assert tell(codec, "homeassistant/device/ea33/config", "") == [Gone("ea33")]


def test_a_component_given_with_nothing_but_its_platform_is_removed(codec: HomeAssistant) -> None:
    parts: dict[str, Any] = {"a": {"p": "sensor", "stat_cla": "measurement"}, "b": {"p": "sensor", "unit_of_meas": "V"}}
    config = {"dev": {"ids": "k"}, "o": {"name": "x"}, "cmps": parts, "state_topic": "homeassistant/k"}
    tell(codec, "homeassistant/device/k/config", config)
    found = those(
        tell(codec, "homeassistant/device/k/config", {**config, "cmps": {**parts, "b": {"p": "sensor"}}}), Found
    )
    assert list(points(found[-1])) == ["sensor.a"]


def test_a_component_that_moves_to_its_devices_message_stays_the_same_point(codec: HomeAssistant) -> None:
    """The documented migration: `migrate_discovery`, the new declaration, the old topic cleaned up."""
    single, device = "homeassistant/sensor/0AFFD2/bla2/config", "homeassistant/device/0AFFD2/config"
    about = {"identifiers": ["0AFFD2"], "name": "Test device"}
    state = {"state_topic": "homeassistant/foobar", "unique_id": "bla_sensor001"}
    before = only(tell(codec, single, {"device": about, **state}), Found)
    assert tell(codec, single, {"migrate_discovery": True}) == []
    tell(codec, device, {"device": about, "o": {"name": "x"}, "cmps": {"bla2": {"p": "sensor", **state}}})
    assert tell(codec, single, "") == []
    assert list(points(before)) == list(values(tell(codec, "homeassistant/foobar", "7"))) == ["sensor.bla2"]


def test_two_nodes_of_a_device_with_objects_of_the_same_name_are_two_points(codec: HomeAssistant) -> None:
    for node in ("left", "right"):
        config = {"device": DEVICE, "state_topic": f"homeassistant/{node}"}
        found = only(tell(codec, f"homeassistant/switch/{node}/relay/config", config), Found)
    assert list(points(found)) == ["switch.relay", "switch.right.relay"]
    assert values(tell(codec, "homeassistant/right", "ON")) == {"switch.right.relay": True}


@pytest.mark.parametrize("component", sorted(BUILDERS))
def test_every_component_that_is_read_is_found_with_its_documented_topics(codec: HomeAssistant, component: str) -> None:
    options = {
        "command_topic": "homeassistant/z1/set",
        "topic": "homeassistant/z1/tag",
        "automation_type": "trigger",
        "type": "button_short_press",
        "subtype": "button_1",
        "mode_state_topic": "homeassistant/z1/mode",
        "options": ["a", "b"],
        "event_types": ["press"],
    }
    found = only(declare(codec, component, "x", **options), Found)
    assert found.points


@pytest.mark.parametrize("component", sorted(LEFT_ALONE))
def test_components_that_no_rule_reads_are_passed_over_in_silence(codec: HomeAssistant, component: str) -> None:
    assert declare(codec, component, "x") == []


# What is wrong


def test_a_state_topic_that_nobody_listens_to_is_reported_beside_the_device() -> None:
    codec = make(Options(state_topics=("zigbee2mqtt/+",)))
    outputs = declare(codec, "sensor", "x", state_topic="tele/plug/SENSOR", availability_topic="zigbee2mqtt/a/b")
    assert those(outputs, Found)
    assert only(outputs, Rejected).reason == "unknown topic"
    assert "declared, but not listened to: tele/plug/SENSOR, zigbee2mqtt/a/b; expected a filter" in why(outputs)
    assert not those(declare(codec, "sensor", "y", state_topic="zigbee2mqtt/a"), Rejected)


@pytest.mark.parametrize(
    ("options", "part_of_the_reason"),
    [
        ({"state_topic": "a/+/b"}, "expected one topic, without wildcards"),
        ({"state_topic": 7}, "not listened to"),
        ({"state_topic": ["a"]}, "expected text"),
        ({"state_topic": ""}, "expected one topic"),
        ({"state_topic": "a" * 600}, "characters; at most"),
        ({"state_topic": None}, "no state_topic and no command_topic"),
        ({"value_template": "{% if value %}1{% endif %}"}, "statements"),
        ({"value_template": "{{ value | regex_findall('x') }}"}, "is not read"),
        ({"payload_on": {"a": 1}}, "expected text"),
        ({"payload_on": "x" * 300}, "characters; at most"),
        ({"expire_after": "soon"}, "expected a number"),
        ({"availability_mode": "most"}, "expected all, any or latest"),
        ({"availability": [{"payload_available": "x"}]}, "availability without a topic"),
        ({"availability": ["x"]}, "expected objects with a topic"),
        ({"availability": [{"topic": "a"}] * 9}, "at most 8"),
        ({"encoding": "rot13"}, "encoding 'rot13'"),
        ({"device": "z1"}, "expected an object"),
        ({"device": {"connections": ["mac"]}}, "expected pairs"),
        ({"device": {"identifiers": [f"i{n}" for n in range(20)]}}, "at most 8"),
    ],
)
def test_a_declaration_with_something_wrong_says_what_and_what_was_expected(
    codec: HomeAssistant, options: Any, part_of_the_reason: str
) -> None:
    assert part_of_the_reason in why(declare(codec, "binary_sensor", "x", **options))


def test_one_wrong_component_does_not_cost_the_others_of_its_device(codec: HomeAssistant) -> None:
    parts = {"bad": {"p": "sensor", "val_tpl": "{% x %}"}, "odd": {"p": "spaceship", "x": 1}, "none": {"x": 1}, "no": 1}
    good = {"good": {"p": "sensor", "unit_of_meas": "V"}}
    config = {"dev": {"ids": "k"}, "cmps": {**parts, **good}, "state_topic": "homeassistant/k"}
    outputs = tell(codec, "homeassistant/device/k/config", config)
    assert list(points(only(outputs, Found))) == ["sensor.good"]
    assert len(those(outputs, Rejected)) == 4


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{", "bad json"),
        (b"\xff", "bad json"),
        (b'{"a": NaN}', "bad json"),
        (b"[" * 100_000, "payload too large"),
        (b'{"a":' * 10_000, "bad json"),
        (b"x" * 1_000_000, "payload too large"),
        (b"[1]", "wrong shape"),
        (b'"text"', "wrong shape"),
        (b"null", "wrong shape"),
    ],
)
def test_a_declaration_that_is_no_object_is_refused_with_a_fixed_reason(
    codec: HomeAssistant, payload: bytes, reason: str
) -> None:
    outputs = tell(codec, "homeassistant/sensor/x/config", payload)
    assert only(outputs, Rejected).reason == reason


@pytest.mark.parametrize(
    "topic", ["homeassistant/sensor/a b/config", "homeassistant/a/b/c/d/config", "homeassistant/config"]
)
def test_a_malformed_discovery_topic_is_refused(codec: HomeAssistant, topic: str) -> None:
    assert only(tell(codec, topic, {"state_topic": "homeassistant/x"}), Rejected).reason == "unknown topic"


# Bounds


def test_more_devices_than_allowed_are_refused_and_the_known_ones_stay() -> None:
    codec = make(Options(devices_max=2))
    for device in ("a", "b"):
        declare(codec, "sensor", device, device={"ids": device})
    outputs = tell(codec, "homeassistant/sensor/c/config", {"device": {"ids": "c"}, "state_topic": STATE})
    assert "2 devices are known; at most 2 (devices_max)" in why(outputs)
    assert len(those(tell(codec, STATE, "7"), Said)) == 2


def test_a_device_has_so_many_points_and_no_more(codec: HomeAssistant) -> None:
    for number in range(POINTS_MAX):
        declare(codec, "sensor", f"s{number}", state_topic=f"homeassistant/z1/{number}")
    assert "at most 256" in why(declare(codec, "sensor", "more", state_topic="homeassistant/z1/more"))


def test_one_topic_speaks_of_so_many_points_and_no_more(codec: HomeAssistant) -> None:
    for number in range(LISTENERS_MAX + 1):
        outputs = declare(codec, "sensor", f"s{number}", device={"ids": f"d{number}"})
    assert "speaks of 256 points or devices; at most 256" in why(outputs)


def test_a_name_that_no_site_file_could_hold_is_refused(codec: HomeAssistant) -> None:
    assert "characters; at most 200" in why(declare(codec, "binary_sensor", "x" * 190))


def test_one_bridge_decides_of_the_presence_of_many_devices(codec: HomeAssistant) -> None:
    """Zigbee2MQTT names its bridge's state in each entity of each device."""
    for number in range(600):
        declare(codec, "sensor", f"s{number}", device={"ids": f"d{number}"}, state_topic=f"homeassistant/d{number}",
                availability_topic="homeassistant/bridge")  # fmt: skip
    outputs = tell(codec, "homeassistant/bridge", "offline")
    assert outputs == [Heard(native_id, False) for native_id in sorted(f"d{number}" for number in range(600))]


def test_one_message_causes_a_few_dead_letters_at_most(codec: HomeAssistant) -> None:
    parts = {f"c{number}": {"p": "spaceship", "x": number} for number in range(200)}
    outputs = tell(codec, "homeassistant/device/k/config", {"dev": {"ids": "k"}, "cmps": parts})
    assert len(those(outputs, Rejected)) <= COMPLAINTS_MAX


def test_declaring_and_deleting_again_and_again_leaves_nothing_behind(codec: HomeAssistant) -> None:
    for number in range(300):
        there = f"homeassistant/there/{number}"
        declare(codec, "sensor", "x", device={"ids": f"d{number}"}, availability_topic=there)
        tell(codec, there, "online")
        tell(codec, "homeassistant/sensor/z1/x/config", "")
    known = codec._known
    left = (known.devices, known.listeners, known.watchers, known._names, known._of, known._declared, known._orders)
    assert [len(each) for each in left] == [0] * 7
    assert known.size == 0
    assert len(codec._availability) <= 2


# Settings


def test_it_listens_to_the_prefix_and_to_the_filters_that_are_listed() -> None:
    options = Options(prefix="ha", state_topics=("zigbee2mqtt/#", "ha/x/#", "tele/+/SENSOR", "zigbee2mqtt/#"))
    assert make(options).topics() == ("ha/#", "zigbee2mqtt/#", "tele/+/SENSOR")
    assert make(Options()).topics() == ("homeassistant/#",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prefix": "ha/#"}, "without wildcards"),
        ({"prefix": "/ha"}, "without wildcards"),
        ({"prefix": ""}, "at least 1 character"),
        ({"state_topics": ["a#"]}, "is not a filter"),
        ({"state_topics": ["a/#/b"]}, "is not a filter"),
        ({"state_topics": ["a"] * 65}, "at most 64 items"),
        ({"devices_max": 0}, "greater than or equal to 1"),
        ({"topic": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        Options.model_validate(options)
