"""Which points the components of MQTT discovery have: where each is heard, where it is told, and in which words.

Sources: the page of each component, e.g. "MQTT binary sensor",
https://www.home-assistant.io/integrations/binary_sensor.mqtt/, and so for alarm_control_panel, button, climate, cover,
device_tracker, event, fan, humidifier, light, lock, number, scene, select, sensor, siren, switch, text, valve and
water_heater; https://www.home-assistant.io/integrations/device_trigger.mqtt/ and …/tag.mqtt/. Left alone, because no
rule of a building reads them: camera, image, lawn_mower, notify, update, vacuum.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.codecs.homeassistant_config import Config, Wrong
from gateway.codecs.homeassistant_entity import Reads
from gateway.codecs.homeassistant_points import Points
from rules.reading import Value
from rules.site import MetricKind

PANEL_STATES = (
    *("disarmed", "armed_home", "armed_away", "armed_night", "armed_vacation", "armed_custom_bypass"),
    *("pending", "triggered", "arming", "disarming"),
)
_PANEL_ORDERS = {  # state that is wanted → option with its payload, default
    "disarmed": ("payload_disarm", "DISARM"),
    "armed_home": ("payload_arm_home", "ARM_HOME"),
    "armed_away": ("payload_arm_away", "ARM_AWAY"),
    "armed_night": ("payload_arm_night", "ARM_NIGHT"),
    "armed_vacation": ("payload_arm_vacation", "ARM_VACATION"),
    "armed_custom_bypass": ("payload_arm_custom_bypass", "ARM_CUSTOM_BYPASS"),
    "triggered": ("payload_trigger", "TRIGGER"),
}
_TEXTUAL_SENSORS = ("date", "timestamp", "enum", "uptime")
_NUMBERS = {  # component → its further numbers: point, heard with, told with, unit
    "climate": (
        ("current_temperature", "current_temperature", "", "temperature_unit"),
        ("current_humidity", "current_humidity", "", "%"),
        ("temperature", "temperature_state", "temperature_command", "temperature_unit"),
    ),
    "water_heater": (
        ("current_temperature", "current_temperature", "", "temperature_unit"),
        ("temperature", "temperature_state", "temperature_command", "temperature_unit"),
    ),
    "humidifier": (
        ("current_humidity", "current_humidity", "", "%"),
        ("target_humidity", "target_humidity_state", "target_humidity_command", "%"),
    ),
    "fan": (("percentage", "percentage_state", "percentage_command", ""),),
}
_TEXTS = {  # component → its further words: point, heard with, told with, option that lists them
    "climate": (
        ("mode", "mode_state", "mode_command", "modes"),
        ("fan_mode", "fan_mode_state", "fan_mode_command", "fan_modes"),
        ("action", "action", "", ""),
    ),
    "water_heater": (("mode", "mode_state", "mode_command", "modes"),),
    "humidifier": (("mode", "mode_state", "mode_command", "modes"),),
    "fan": (("preset_mode", "preset_mode_state", "preset_mode_command", "preset_modes"),),
}


def find(component: str, name: str, config: Config) -> Points | None:
    """`name`: of the entity's point, and in front of the names of further ones. None: not one of those that are read.
    Raises Wrong for options that are not as documented."""
    builder = BUILDERS.get(component)
    if builder is None:
        return None
    found = Points(name, config)
    builder(found)
    found.close()
    return found


def _binary_sensor(found: Points) -> None:
    config = found.config
    point = found.add(MetricKind.BOOLEAN)
    words: dict[str, Value] = {config.text("payload_off", "OFF"): False, config.text("payload_on", "ON"): True}
    momentary = config.number("off_delay", 0) > 0
    found.hear(point, "state_topic", "value_template", Reads.WORDS, words=words, momentary=momentary)


def _sensor(found: Points) -> None:
    config = found.config
    unit, device_class = config.text("unit_of_measurement"), config.text("device_class")
    options = config.texts("options")
    if options or device_class in _TEXTUAL_SENSORS:
        point = found.add(MetricKind.STRING, values=options)
        found.hear(point, "state_topic", "value_template", Reads.TEXT, words={each: each for each in options})
    elif unit or device_class or config.has("state_class"):
        point = found.add(MetricKind.NUMBER, unit=unit)
        found.hear(point, "state_topic", "value_template", Reads.NUMBER)
    else:
        point = found.add(None)
        found.hear(point, "state_topic", "value_template", Reads.ANY)


def _on_off(template: str, command_template: str = "command_template") -> Callable[[Points], None]:
    """Components that are on or off. `template`: the option for reading the state."""

    def build(found: Points) -> None:
        config = found.config
        point = found.add(MetricKind.BOOLEAN)
        on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
        states: dict[str, Value] = {config.text("state_off") or off: False, config.text("state_on") or on: True}
        found.hear(point, "state_topic", template, Reads.WORDS, words=states)
        found.tell(point, "command_topic", command_template, words={"true": on, "false": off})
        _further(found)

    return build


def _siren(found: Points) -> None:
    """The state is a word or an object with the member `state`; so is the command, where no template says otherwise."""
    config = found.config
    point = found.add(MetricKind.BOOLEAN)
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    states: dict[str, Value] = {config.text("state_off") or off: False, config.text("state_on") or on: True}
    found.hear(point, "state_topic", "state_value_template", Reads.WORDS, words=states, member="state")
    if config.has("command_off_template"):
        found.complaints.append("command_off_template: two templates for one siren are not read; it is not settable")
        return
    member = "" if config.has("command_template") else "state"
    words = {"true": on, "false": off}
    found.tell(point, "command_topic", "command_template", _variables("state"), words=words, member=member)


def _light(found: Points) -> None:
    config = found.config
    schema = config.text("schema", "basic")
    if schema == "basic":
        _on_off("state_value_template", "")(found)
    elif schema == "json":
        point = found.add(MetricKind.BOOLEAN)
        found.hear(point, "state_topic", "", Reads.WORDS, words={"OFF": False, "ON": True}, member="state")
        found.tell(point, "command_topic", "", words={"true": "ON", "false": "OFF"}, member="state")
    elif schema == "template":
        point = found.add(MetricKind.BOOLEAN)
        found.hear(point, "state_topic", "state_template", Reads.WORDS, words={"off": False, "on": True})
    else:
        raise Wrong(f"schema {schema!r}; expected basic, json or template")


def _lock(found: Points) -> None:
    config = found.config
    states: dict[str, Value] = {
        config.text("state_locked", "LOCKED"): "locked",
        config.text("state_locking", "LOCKING"): "locking",
        config.text("state_unlocked", "UNLOCKED"): "unlocked",
        config.text("state_unlocking", "UNLOCKING"): "unlocking",
        config.text("state_jammed", "JAMMED"): "jammed",
    }
    words = {"locked": config.text("payload_lock", "LOCK"), "unlocked": config.text("payload_unlock", "UNLOCK")}
    if config.has("payload_open"):
        states[config.text("state_open", "OPEN")] = "open"
        states[config.text("state_opening", "OPENING")] = "opening"
        words["open"] = config.text("payload_open")
    point = found.add(MetricKind.STRING, values=tuple(str(state) for state in states.values()))
    found.hear(point, "state_topic", "value_template", Reads.WORDS, words=states)
    refused = "it asks for a code (code_format), and a code is not known here" if config.has("code_format") else ""
    found.tell(point, "command_topic", "command_template", words=words, refused=refused)


def _alarm_control_panel(found: Points) -> None:
    config = found.config
    point = found.add(MetricKind.STRING, values=PANEL_STATES)
    states: dict[str, Value] = {state: state for state in PANEL_STATES}
    found.hear(point, "state_topic", "value_template", Reads.WORDS, words=states)
    asked = [each for each in ("arm", "disarm", "trigger") if config.flag(f"code_{each}_required", True)]
    refused = (
        f"it asks for a code to {', '.join(asked)}; a code is not known here" if config.has("code") and asked else ""
    )
    words = {state: config.text(option, default) for state, (option, default) in _PANEL_ORDERS.items()}
    found.tell(point, "command_topic", "command_template", _variables("action"), words=words, refused=refused)


def _button(found: Points) -> None:
    point = found.add(MetricKind.BOOLEAN)
    found.tell(point, "command_topic", "command_template", words={"true": found.config.text("payload_press", "PRESS")})


def _scene(found: Points) -> None:
    point = found.add(MetricKind.BOOLEAN)
    found.tell(point, "command_topic", "", words={"true": found.config.text("payload_on", "ON")})


def _valve(found: Points) -> None:
    config = found.config
    states = _states_of_a_closure(config, ("open", "opening", "closed", "closing"))
    if not config.flag("reports_position"):
        point = found.add(MetricKind.STRING, values=("open", "opening", "closed", "closing"))
        found.hear(point, "state_topic", "value_template", Reads.WORDS, words=states, member="state")
        found.tell(point, "command_topic", "command_template", words=_orders_of_a_closure(config, ""))
        return
    ends = {"closed": config.number("position_closed", 0), "open": config.number("position_open", 100)}
    state = found.add(MetricKind.STRING, values=("open", "opening", "closed", "closing"))
    words = {"words": states, "member": "state", "lenient": True}
    found.hear(state, "state_topic", "value_template", Reads.WORDS, **words)
    _position(found, "state_topic", "value_template", "command_topic", "command_template", ends, member="position")


def _cover(found: Points) -> None:
    config = found.config
    states = _states_of_a_closure(config, ("open", "opening", "closed", "closing", "stopped"))
    point = found.add(MetricKind.STRING, values=("open", "opening", "closed", "closing", "stopped"))
    found.hear(point, "state_topic", "value_template", Reads.WORDS, words=states)
    found.tell(point, "command_topic", "", words=_orders_of_a_closure(config, "STOP"))
    ends = {"closed": config.number("position_closed", 0), "open": config.number("position_open", 100)}
    _position(found, "position_topic", "position_template", "set_position_topic", "set_position_template", ends)


def _position(
    found: Points, heard: str, read: str, told: str, written: str, ends: dict[str, float], member: str = ""
) -> None:
    """In percent, whatever the device counts in."""
    if ends["open"] == ends["closed"]:
        raise Wrong(f"position_open and position_closed are both {ends['open']:g}; expected two numbers")
    point = found.add(MetricKind.NUMBER, "position", unit="%", minimum=0.0, maximum=100.0)
    found.hear(point, heard, read, Reads.POSITION, member=member, lenient=bool(member), **ends)
    found.tell(point, told, written, frozenset({"value", "position"}), number=True, scaled=True, **ends)


def _states_of_a_closure(config: Config, states: tuple[str, ...]) -> dict[str, Value]:
    return {config.text(f"state_{state}", state): state for state in states}


def _orders_of_a_closure(config: Config, stop: str) -> dict[str, str]:
    words = {
        "open": "" if config.disables("payload_open") else config.text("payload_open", "OPEN"),
        "closed": "" if config.disables("payload_close") else config.text("payload_close", "CLOSE"),
        "stopped": "" if config.disables("payload_stop") else config.text("payload_stop", stop),
    }
    return {state: payload for state, payload in words.items() if payload}


def _number(found: Points) -> None:
    config = found.config
    low, high, unit = config.number("min", 1), config.number("max", 100), config.text("unit_of_measurement")
    point = found.add(MetricKind.NUMBER, unit=unit, minimum=low, maximum=high)
    found.hear(point, "state_topic", "value_template", Reads.NUMBER)
    found.tell(point, "command_topic", "command_template", number=True)


def _select(found: Points) -> None:
    options = found.config.texts("options")
    point = found.add(MetricKind.STRING, values=options)
    found.hear(point, "state_topic", "value_template", Reads.TEXT, words={each: each for each in options})
    found.tell(point, "command_topic", "command_template", words={each: each for each in options})


def _words(found: Points) -> None:
    point = found.add(MetricKind.STRING)
    found.hear(point, "state_topic", "value_template", Reads.TEXT)
    found.tell(point, "command_topic", "command_template")


def _device_tracker(found: Points) -> None:
    config = found.config
    states: dict[str, Value] = {
        config.text("payload_home", "home"): "home",
        config.text("payload_not_home", "not_home"): "not_home",
    }
    point = found.add(MetricKind.STRING)
    found.hear(point, "state_topic", "value_template", Reads.WORDS, words=states, lenient=True)


def _event(found: Points) -> None:
    point = found.add(MetricKind.STRING, values=found.config.texts("event_types"))
    words: dict[str, Value] = {each: each for each in found.config.texts("event_types")}
    found.hear(point, "state_topic", "value_template", Reads.EVENT, words=words)


def _trigger(found: Points) -> None:
    config = found.config
    if config.text("automation_type") != "trigger":
        raise Wrong(f"automation_type {config.text('automation_type')!r}; expected trigger")
    event, subtype = config.text("type"), config.text("subtype")
    if not event:
        raise Wrong("a trigger without a type")
    point = found.add(MetricKind.STRING, values=(event,))
    words: dict[str, Value] = {config.text("payload"): event} if config.has("payload") else {}
    attributes: dict[str, Value] = {"type": event, **({"subtype": subtype} if subtype else {})}
    found.hear(point, "topic", "value_template", Reads.TRIGGER, words=words, attributes=attributes)


def _tag(found: Points) -> None:
    point = found.add(MetricKind.STRING)
    found.hear(point, "topic", "value_template", Reads.TAG)


def _climate(found: Points) -> None:
    _further(found)


def _further(found: Points) -> None:
    """The numbers and words that a component has beside its main point."""
    config = found.config
    component = found.name.partition(".")[0]
    degrees = {"C": "°C", "F": "°F"}.get(config.text("temperature_unit", "C"), "")
    for part, heard, told, unit in _NUMBERS.get(component, ()):
        point = found.add(MetricKind.NUMBER, part, unit=degrees if unit == "temperature_unit" else unit)
        found.hear(point, f"{heard}_topic", _template_of(config, heard), Reads.NUMBER)
        if told:
            found.tell(point, f"{told}_topic", f"{told}_template", number=True)
    for part, heard, told, listed in _TEXTS.get(component, ()):
        values = config.texts(listed) if listed else ()
        point = found.add(MetricKind.STRING, part, values=values)
        found.hear(
            point, f"{heard}_topic", _template_of(config, heard), Reads.TEXT, words={each: each for each in values}
        )
        if told:
            found.tell(point, f"{told}_topic", f"{told}_template", words={each: each for each in values})


def _template_of(config: Config, heard: str) -> str:
    """`percentage_state_topic` goes with `percentage_value_template`, `mode_state_topic` with `mode_state_template`."""
    value = f"{heard.removesuffix('_state')}_value_template"
    return value if config.has(value) else f"{heard}_template"


def _variables(also: str) -> frozenset[str]:
    return frozenset({"value", also})


BUILDERS: dict[str, Callable[[Points], None]] = {
    "alarm_control_panel": _alarm_control_panel,
    "binary_sensor": _binary_sensor,
    "button": _button,
    "climate": _climate,
    "cover": _cover,
    "device_automation": _trigger,
    "device_tracker": _device_tracker,
    "event": _event,
    "fan": _on_off("state_value_template"),
    "humidifier": _on_off("state_value_template"),
    "light": _light,
    "lock": _lock,
    "number": _number,
    "scene": _scene,
    "select": _select,
    "sensor": _sensor,
    "siren": _siren,
    "switch": _on_off("value_template"),
    "tag": _tag,
    "text": _words,
    "valve": _valve,
    "water_heater": _climate,
}
LEFT_ALONE = frozenset(
    ("camera", "date", "datetime", "image", "infrared", "lawn_mower", "notify", "remote", "time", "update", "vacuum")
)
