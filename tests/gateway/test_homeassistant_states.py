"""States, events and availability of devices that declared themselves as Home Assistant's discovery has it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.codecs.homeassistant import HomeAssistant, Options, make
from gateway.codecs.port import Found, Gone, Happened, Heard, Said
from rules.reading import Rejected
from tests.support.codec_messages import REASONS, only, points, tell, those, values, why

STATE, THERE, BRIDGE = "homeassistant/z1/state", "homeassistant/z1/there", "homeassistant/bridge"


@pytest.fixture
def codec() -> HomeAssistant:
    return make(Options())


def declare(codec: HomeAssistant, component: str, object_id: str = "x", **options: Any) -> list[Any]:
    given = {"device": {"ids": "z1"}, "state_topic": STATE, **options}
    return tell(codec, f"homeassistant/{component}/{object_id}/config", given, retained=True)


# Values


@pytest.mark.parametrize(
    ("component", "options", "payload", "value"),
    [
        ("binary_sensor", {}, "ON", True),
        ("binary_sensor", {"payload_on": "1", "payload_off": "0"}, "0", False),
        ("binary_sensor", {"payload_on": True, "value_template": "{{ value_json.s }}"}, '{"s": true}', True),
        ("binary_sensor", {"payload_off": False, "value_template": "{{ value_json.s }}"}, '{"s": false}', False),
        ("binary_sensor", {"payload_on": 1, "value_template": "{{ value_json.s }}"}, '{"s": 1}', True),
        ("binary_sensor", {}, "None", None),
        ("binary_sensor", {"payload_off": "None"}, "None", False),
        ("sensor", {"unit_of_measurement": "V"}, "230.5", 230.5),
        ("sensor", {"unit_of_measurement": "V"}, "-1e3", -1000.0),
        ("sensor", {"state_class": "measurement"}, "7", 7.0),
        ("sensor", {"unit_of_measurement": "V"}, "None", None),
        ("sensor", {}, "3.5", 3.5),
        ("sensor", {}, "idle", "idle"),
        ("sensor", {"device_class": "enum", "options": ["idle", "busy"]}, "busy", "busy"),
        ("sensor", {"device_class": "timestamp"}, "2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z"),
        ("switch", {}, "OFF", False),
        ("switch", {"state_on": "on", "state_off": "off"}, "on", True),
        ("switch", {"payload_on": "1"}, "1", True),
        ("siren", {}, '{"state": "ON", "tone": "bell", "volume_level": 0.5}', True),
        ("siren", {}, "OFF", False),
        ("siren", {"state_value_template": "{{ value_json.s }}"}, '{"s": "ON"}', True),
        ("light", {}, "ON", True),
        ("light", {"schema": "json"}, '{"state": "OFF", "brightness": 3}', False),
        ("light", {"schema": "template", "state_template": "{{ value_json.s }}"}, '{"s": "on"}', True),
        ("lock", {}, "LOCKED", "locked"),
        ("lock", {}, "UNLOCKING", "unlocking"),
        ("lock", {"state_unlocked": "offen"}, "offen", "unlocked"),
        ("alarm_control_panel", {}, "triggered", "triggered"),
        ("alarm_control_panel", {}, "armed_away", "armed_away"),
        ("valve", {}, "closed", "closed"),
        ("valve", {"state_open": "OPEN"}, "OPEN", "open"),
        ("valve", {}, '{"state": "opening"}', "opening"),
        ("cover", {}, "stopped", "stopped"),
        ("number", {"min": 0, "max": 10}, "5", 5.0),
        ("select", {"options": ["a", "b"]}, "b", "b"),
        ("text", {}, "hello", "hello"),
        ("fan", {}, "ON", True),
        ("device_tracker", {"payload_home": "H"}, "H", "home"),
    ],
)
def test_a_state_says_what_the_documentation_says_it_does(
    codec: HomeAssistant, component: str, options: Any, payload: str, value: Any
) -> None:
    declare(codec, component, **options)
    assert tell(codec, STATE, payload) == [Said("z1", {f"{component}.x": value})]


def test_a_valve_that_reports_its_position_says_it_in_percent(codec: HomeAssistant) -> None:
    declare(codec, "valve", reports_position=True, position_closed=40, position_open=140)
    assert values(tell(codec, STATE, "40")) == {"valve.x.position": 0.0}
    assert values(tell(codec, STATE, '{"state": "opening", "position": 90}')) == {
        "valve.x": "opening",
        "valve.x.position": 50.0,
    }
    assert values(tell(codec, STATE, "closing")) == {"valve.x": "closing"}


def test_a_position_may_run_the_other_way_round(codec: HomeAssistant) -> None:
    declare(codec, "cover", position_topic="homeassistant/p", position_open=0, position_closed=100)
    assert values(tell(codec, "homeassistant/p", "40")) == {"cover.x.position": 60.0}


def test_further_values_of_a_thermostat_are_points_of_their_own(codec: HomeAssistant) -> None:
    topics = {"current_temperature_topic": "homeassistant/t", "mode_state_topic": "homeassistant/m", "modes": ["heat"]}
    found = only(declare(codec, "climate", temperature_unit="F", **topics), Found)
    assert points(found)["climate.x.current_temperature"].unit == "°F"
    assert values(tell(codec, "homeassistant/t", "70")) == {"climate.x.current_temperature": 70.0}
    assert values(tell(codec, "homeassistant/m", "heat")) == {"climate.x.mode": "heat"}


def test_one_payload_says_the_values_of_several_points_at_once(codec: HomeAssistant) -> None:
    """As Zigbee2MQTT publishes it: one object on one topic for all of a device."""
    declare(
        codec, "binary_sensor", "smoke", value_template="{{ value_json.smoke }}", payload_on=True, payload_off=False
    )
    declare(codec, "sensor", "battery", value_template="{{ value_json.battery }}", unit_of_measurement="%")
    said = tell(codec, STATE, {"battery": 78.43, "linkquality": 55, "smoke": False})
    assert said == [Said("z1", {"binary_sensor.smoke": False, "sensor.battery": 78.43})]


def test_a_part_that_a_payload_leaves_out_says_nothing_of_its_point(codec: HomeAssistant) -> None:
    declare(
        codec, "binary_sensor", "smoke", value_template="{{ value_json.smoke }}", payload_on=True, payload_off=False
    )
    declare(codec, "sensor", "battery", value_template="{{ value_json.battery }}", unit_of_measurement="%")
    assert tell(codec, STATE, {"battery": 78}) == [Said("z1", {"sensor.battery": 78.0})]
    assert tell(codec, STATE, {"linkquality": 3}) == []


def test_one_bad_part_of_a_payload_does_not_cost_the_others(codec: HomeAssistant) -> None:
    declare(
        codec, "binary_sensor", "smoke", value_template="{{ value_json.smoke }}", payload_on=True, payload_off=False
    )
    declare(codec, "sensor", "battery", value_template="{{ value_json.battery }}", unit_of_measurement="%")
    outputs = tell(codec, STATE, {"battery": "low", "smoke": True})
    assert values(outputs) == {"binary_sensor.smoke": True}
    assert why(outputs) == "sensor.battery 'low'; expected a finite number"


@pytest.mark.parametrize(
    ("component", "options", "payload", "reason"),
    [
        ("binary_sensor", {}, b"on", "wrong shape"),
        ("binary_sensor", {}, b"maybe", "wrong shape"),
        ("binary_sensor", {}, b"\xff\xfe", "wrong shape"),
        ("sensor", {"unit_of_measurement": "V"}, b"nan", "wrong shape"),
        ("sensor", {"unit_of_measurement": "V"}, b"inf", "wrong shape"),
        ("sensor", {"unit_of_measurement": "V"}, b"-Infinity", "wrong shape"),
        ("sensor", {"unit_of_measurement": "V"}, b"1e999", "wrong shape"),
        ("sensor", {"unit_of_measurement": "V"}, b"1_000", "wrong shape"),
        ("sensor", {"unit_of_measurement": "V"}, b"unavailable", "wrong shape"),
        ("sensor", {"value_template": "{{ value_json.a }}"}, b"{", "bad json"),
        ("sensor", {"value_template": "{{ value_json.a }}"}, b'{"a": NaN}', "bad json"),
        ("sensor", {"value_template": "{{ value_json.a }}"}, b'{"a":' * 3_000, "bad json"),
        ("sensor", {"value_template": "{{ value_json.a }}"}, b'{"a": {"b": 1}}', "wrong shape"),
        ("sensor", {}, b"x" * 300, "wrong shape"),
        ("sensor", {}, b"x" * 1_000_000, "payload too large"),
        ("sensor", {"options": ["a"]}, b"b", "wrong shape"),
        ("lock", {}, b"ajar", "wrong shape"),
        ("siren", {}, b"LOUD", "wrong shape"),
        ("event", {"event_types": ["press"]}, b"press", "bad json"),
        ("event", {"event_types": ["press"]}, b'{"event_type": "hold"}', "wrong shape"),
        ("event", {"event_types": ["press"]}, b'{"type": "press"}', "wrong shape"),
        ("event", {"event_types": ["press"]}, b"[]", "wrong shape"),
    ],
)
def test_a_payload_that_makes_no_sense_is_refused_with_a_fixed_reason(
    codec: HomeAssistant, component: str, options: Any, payload: bytes, reason: str
) -> None:
    declare(codec, component, **options)
    outputs = tell(codec, STATE, payload)
    assert reason in REASONS
    assert [type(each) for each in outputs] == [Rejected]
    assert only(outputs, Rejected).reason == reason


def test_an_empty_payload_is_ignored_as_home_assistant_does(codec: HomeAssistant) -> None:
    declare(codec, "sensor", unit_of_measurement="V")
    assert tell(codec, STATE, "") == []


def test_attributes_are_no_values(codec: HomeAssistant) -> None:
    declare(codec, "sensor", json_attributes_topic="homeassistant/attributes", unit_of_measurement="V")
    assert tell(codec, "homeassistant/attributes", {"a": 1}) == []


def test_a_state_in_another_encoding_is_read_in_it(codec: HomeAssistant) -> None:
    declare(codec, "sensor", encoding="latin-1")
    assert values(tell(codec, STATE, "Tür".encode("latin-1"))) == {"sensor.x": "Tür"}


def test_expire_after_is_the_limit_of_silence_the_shortest_of_all_components(codec: HomeAssistant) -> None:
    assert only(declare(codec, "sensor", "a", expire_after=600), Found).silent_after_ms == 600_000
    assert only(declare(codec, "sensor", "b", expire_after=60), Found).silent_after_ms == 60_000
    assert only(declare(codec, "sensor", "c"), Found).silent_after_ms == 60_000


def test_without_expire_after_there_is_no_limit_of_the_devices_own(codec: HomeAssistant) -> None:
    assert only(declare(codec, "sensor", expire_after=0), Found).silent_after_ms is None


# Events


def test_an_event_happens_with_its_attributes(codec: HomeAssistant) -> None:
    declare(codec, "event", event_types=["press", "hold"])
    outputs = tell(codec, STATE, {"event_type": "press", "duration": 0.1, "deep": {"a": 1}, "who": "Wei"})
    assert outputs == [Happened("z1", "press", {"point": "event.x", "duration": 0.1, "who": "Wei"})]


def test_a_trigger_happens_when_its_payload_comes_and_not_with_another(codec: HomeAssistant) -> None:
    trigger = {"automation_type": "trigger", "topic": "homeassistant/button", "type": "button_short_press"}
    declare(codec, "device_automation", payload="short", subtype="button_1", **trigger)
    happened = tell(codec, "homeassistant/button", "short")
    attributes = {"point": "device_automation.x", "subtype": "button_1"}
    assert happened == [Happened("z1", "button_short_press", attributes)]
    assert tell(codec, "homeassistant/button", "long") == []


def test_a_card_at_a_reader_is_an_event_with_the_tag(codec: HomeAssistant) -> None:
    declare(codec, "tag", topic="homeassistant/reader", value_template="{{ value_json.uid }}")
    assert tell(codec, "homeassistant/reader", {"uid": "E9F35959"}) == [Happened("z1", "tag.x", {"tag": "E9F35959"})]


def test_a_retained_event_is_historical_and_cannot_raise(codec: HomeAssistant) -> None:
    declare(codec, "event", event_types=["press"])
    assert only(tell(codec, STATE, {"event_type": "press"}, retained=True), Happened).historical


def test_a_sensor_that_tells_its_beginning_alone_is_a_state_and_an_event(codec: HomeAssistant) -> None:
    """`off_delay` needs a clock: the state stays until the device says otherwise, so that no alarm is passed over."""
    declare(codec, "binary_sensor", off_delay=30)
    assert tell(codec, STATE, "ON") == [Said("z1", {"binary_sensor.x": True}), Happened("z1", "binary_sensor.x")]
    assert tell(codec, STATE, "OFF") == [Said("z1", {"binary_sensor.x": False})]


# Retained, early, foreign


def test_a_retained_state_is_said_so_that_an_active_condition_is_seen_at_the_start(codec: HomeAssistant) -> None:
    declare(codec, "binary_sensor", "smoke", device_class="smoke")
    assert values(tell(codec, STATE, "ON", retained=True)) == {"binary_sensor.smoke": True}


def test_a_state_that_comes_before_its_declaration_is_said_with_it(codec: HomeAssistant) -> None:
    assert tell(codec, STATE, "ON", retained=True) == []
    assert values(declare(codec, "binary_sensor", "smoke")) == {"binary_sensor.smoke": True}


def test_a_state_that_comes_between_two_declarations_is_said_with_both(codec: HomeAssistant) -> None:
    template = "{{ value_json.%s }}"
    declare(codec, "sensor", "a", value_template=template % "a")
    assert values(tell(codec, STATE, {"a": 1, "b": 2}, retained=True)) == {"sensor.a": 1.0}
    assert values(declare(codec, "sensor", "b", value_template=template % "b")) == {"sensor.b": 2.0}


def test_the_newest_of_the_states_before_a_declaration_counts(codec: HomeAssistant) -> None:
    tell(codec, STATE, "ON", retained=True)
    tell(codec, STATE, "OFF")
    assert values(declare(codec, "binary_sensor")) == {"binary_sensor.x": False}


def test_an_event_before_its_declaration_is_historical(codec: HomeAssistant) -> None:
    tell(codec, STATE, {"event_type": "press"})
    assert only(declare(codec, "event", event_types=["press"]), Happened).historical


def test_home_assistants_own_birth_and_will_concern_nobody(codec: HomeAssistant) -> None:
    assert tell(codec, "homeassistant/status", "online") == []


def test_a_command_that_comes_back_concerns_nobody(codec: HomeAssistant) -> None:
    declare(codec, "switch", command_topic="homeassistant/z1/set")
    assert tell(codec, "homeassistant/z1/set", "ON") == []


def test_a_topic_that_is_no_text_is_refused(codec: HomeAssistant) -> None:
    (rejected,) = codec.decode(b"homeassistant/\xff", b"", 0)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "topic is not utf-8"


def test_a_large_payload_on_an_undeclared_topic_is_refused_not_kept(codec: HomeAssistant) -> None:
    assert only(tell(codec, "homeassistant/z9/x", "x" * 1_000_000), Rejected).reason == "payload too large"


def test_undeclared_topics_wait_up_to_a_limit_and_are_then_refused(codec: HomeAssistant) -> None:
    outputs = [tell(codec, f"homeassistant/z9/{number}", "1") for number in range(2_100)]
    assert outputs[2_047] == []
    assert only(outputs[2_048], Rejected).reason == "unknown topic"


# Availability


def said_of(*payloads: tuple[str, str], mode: str) -> list[bool | None]:
    """What is heard after each of the payloads on the bridge's and the device's own topic."""
    codec = make(Options())
    declare(codec, "sensor", availability=[{"topic": BRIDGE}, {"topic": THERE}], availability_mode=mode)
    heard = [those(tell(codec, topic, payload), Heard) for topic, payload in payloads]
    return [each[0].online if each else None for each in heard]


ON, OFF = "online", "offline"


def test_mode_all_is_online_when_every_topic_says_so_and_offline_with_the_first_that_does_not() -> None:
    steps = [(BRIDGE, ON), (THERE, ON), (THERE, OFF), (THERE, ON), (BRIDGE, OFF)]
    assert said_of(*steps, mode="all") == [None, True, False, True, False]


def test_mode_any_is_online_with_the_first_topic_that_says_so_and_offline_when_none_does() -> None:
    steps = [(BRIDGE, OFF), (THERE, ON), (THERE, OFF), (BRIDGE, ON)]
    assert said_of(*steps, mode="any") == [None, True, False, True]


def test_mode_latest_goes_by_the_topic_that_spoke_last() -> None:
    steps = [(BRIDGE, ON), (THERE, OFF), (BRIDGE, ON), (BRIDGE, OFF)]
    assert said_of(*steps, mode="latest") == [True, False, True, False]


def test_latest_is_the_mode_where_none_is_given(codec: HomeAssistant) -> None:
    declare(codec, "sensor", availability=[{"topic": BRIDGE}, {"topic": THERE}])
    assert tell(codec, THERE, "offline") == [Heard("z1", False)]


def test_availability_in_words_of_the_devices_own(codec: HomeAssistant) -> None:
    words = {"payload_available": "Online", "payload_not_available": "Offline"}
    declare(codec, "sensor", availability_topic=THERE, **words)
    assert tell(codec, THERE, "Online") == [Heard("z1", True)]
    assert tell(codec, THERE, "Offline", retained=True) == [Heard("z1", False)]
    assert why(tell(codec, THERE, "online")) == "availability 'online'; expected 'Online' or 'Offline'"
    assert tell(codec, THERE, "") == []


def test_availability_through_a_template(codec: HomeAssistant) -> None:
    declare(codec, "sensor", availability=[{"topic": THERE, "value_template": "{{ value_json.state }}"}])
    assert tell(codec, THERE, {"state": "offline"}) == [Heard("z1", False)]
    assert only(tell(codec, THERE, "offline"), Rejected).reason == "bad json"


def test_availability_through_the_template_beside_a_single_topic(codec: HomeAssistant) -> None:
    declare(codec, "sensor", availability_topic=THERE, availability_template="{{ value | lower }}")
    assert tell(codec, THERE, "OFFLINE") == [Heard("z1", False)]


def test_availability_that_comes_before_the_declaration_counts(codec: HomeAssistant) -> None:
    tell(codec, THERE, "offline", retained=True)
    assert only(declare(codec, "sensor", availability_topic=THERE), Heard) == Heard("z1", False)


def test_availability_that_came_between_two_declarations_counts_for_the_second(codec: HomeAssistant) -> None:
    declare(codec, "sensor", "a", availability_topic=THERE)
    tell(codec, THERE, "offline")
    assert only(declare(codec, "sensor", "b", availability_topic=THERE), Heard) == Heard("z1", False)


def test_a_device_is_online_while_one_of_its_components_is_and_the_values_of_the_others_count_no_longer(
    codec: HomeAssistant,
) -> None:
    declare(codec, "sensor", "a", availability_topic="homeassistant/a")
    declare(codec, "sensor", "b", availability_topic="homeassistant/b")
    tell(codec, "homeassistant/a", "online")
    tell(codec, "homeassistant/b", "online")
    assert tell(codec, "homeassistant/b", "offline") == [Heard("z1", True), Said("z1", {"sensor.b": None})]
    assert tell(codec, "homeassistant/a", "offline") == [Heard("z1", False)]
    assert tell(codec, "homeassistant/a", "online") == [Heard("z1", True), Said("z1", {"sensor.b": None})]


def test_events_of_an_absent_component_are_no_values_that_could_count_no_longer(codec: HomeAssistant) -> None:
    declare(codec, "sensor", "a", availability_topic="homeassistant/a")
    declare(codec, "event", "b", availability_topic="homeassistant/b", event_types=["press"])
    tell(codec, "homeassistant/a", "online")
    assert tell(codec, "homeassistant/b", "offline") == [Heard("z1", True)]


def test_one_bridge_that_is_lost_takes_all_its_devices_with_it(codec: HomeAssistant) -> None:
    for device in ("d1", "d2"):
        declare(codec, "sensor", device, device={"ids": device}, availability_topic=BRIDGE)
    assert tell(codec, BRIDGE, "offline") == [Heard("d1", False), Heard("d2", False)]


def test_a_component_without_availability_neither_makes_nor_ends_a_presence(codec: HomeAssistant) -> None:
    declare(codec, "sensor", "a", availability_topic=THERE)
    declare(codec, "sensor", "b")
    assert tell(codec, THERE, "offline") == [Heard("z1", False)]


def test_a_device_that_is_deleted_is_heard_of_no_more(codec: HomeAssistant) -> None:
    declare(codec, "sensor", availability_topic=THERE)
    assert tell(codec, "homeassistant/sensor/x/config", "") == [Gone("z1")]
    assert tell(codec, THERE, "offline") == []
