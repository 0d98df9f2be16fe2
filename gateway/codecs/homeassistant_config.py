"""A discovery message → what it says, with abbreviations and `~` written out. Every wrong type is named, none raised.

Sources: "MQTT", chapters "Discovery messages", "Discovery payload" and "Using Availability topics",
https://www.home-assistant.io/integrations/mqtt/.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from gateway.codecs.homeassistant_abbreviations import OF_DEVICE, OF_OPTIONS
from gateway.codecs.homeassistant_entity import About, Availability, Mode
from gateway.codecs.homeassistant_template import Refused, parse
from gateway.codecs.native import PAYLOAD_BYTES_MAX, TEXT_CHARACTERS_MAX, Undecodable
from rules.instant import DURATION_MS_MAX, SECOND_MS
from rules.reading import Rejected

TOPIC_CHARACTERS_MAX = 512  # the longest of Zigbee2MQTT's is 120
NAMES_MAX = 8  # identifiers and connections of one device; two are usual
AVAILABILITIES_MAX = 8  # a bridge and a device are usual
WORDS_MAX = 256  # options of a select
ENCODINGS = ("utf-8", "utf8", "ascii", "latin-1", "iso-8859-1", "")  # "": bytes as they are
VALUE_VARIABLES = frozenset({"value", "value_json"})

_ID = "[a-zA-Z0-9_-]{1,200}"
_TOPIC = re.compile(rf"(?P<component>[a-z_]{{1,40}})/(?:(?P<node>{_ID})/)?(?P<object>{_ID})/config")


class Where(NamedTuple):
    """What a discovery topic says: `device/ID` declares a whole device, else one component."""

    component: str
    node: str
    object_id: str


class Wrong(Exception):
    """What is wrong with a declaration; becomes Rejected, and goes no further than this format's modules."""


def where(topic: str, prefix: str) -> Where | None:
    """None: not a discovery topic."""
    match = _TOPIC.fullmatch(topic, len(prefix) + 1) if topic.startswith(f"{prefix}/") else None
    return Where(match["component"], match["node"] or "", match["object"]) if match else None


def read(payload: bytes) -> dict[str, Any] | Rejected:
    """The options of a payload, by their full names; those of components are still as sent."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        return Rejected("payload too large", f"{len(payload)} bytes; at most {PAYLOAD_BYTES_MAX}")
    try:
        found = msgspec.json.decode(payload)
    except Undecodable as error:
        return Rejected("bad json", str(error))
    if not isinstance(found, dict):
        return Rejected("wrong shape", "expected an object with the options of a component")
    return in_full(found)


def in_full(given: dict[str, Any]) -> dict[str, Any]:
    return {OF_OPTIONS.get(name, name): value for name, value in given.items()}


class Config:
    """The options of one component, asked for by name and type. Asking raises Wrong for what is not as documented."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        base = options.get("~")
        self._base = base if isinstance(base, str) else ""

    def has(self, name: str) -> bool:
        return self._options.get(name) is not None

    def disables(self, name: str) -> bool:
        """Given as null, which switches off what has a default."""
        return name in self._options and self._options[name] is None

    def text(self, name: str, otherwise: str = "", characters_max: int = TEXT_CHARACTERS_MAX) -> str:
        """Booleans and numbers are text as Home Assistant writes it: True, 1."""
        value = self._options.get(name)
        if value is None:
            return otherwise
        return _text(value, name, characters_max)

    def topic(self, name: str) -> str:
        """Empty: there is none."""
        value = self._options.get(name)
        return "" if value is None else _topic(value, name, self._base)

    def template(self, name: str, variables: frozenset[str] = VALUE_VARIABLES) -> str:
        """Empty: there is none."""
        source = self._options.get(name)
        return "" if source is None else _template(source, name, variables)

    def number(self, name: str, otherwise: float) -> float:
        value = self._options.get(name)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15:
            raise Wrong(f"{name} {_shown(value)}; expected a number")
        return float(value)

    def flag(self, name: str, otherwise: bool = False) -> bool:
        value = self._options.get(name)
        if value is None:
            return otherwise
        if not isinstance(value, bool):
            raise Wrong(f"{name} {_shown(value)}; expected true or false")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._options.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > WORDS_MAX:
            raise Wrong(f"{name} {_shown(value)}; expected a list of at most {WORDS_MAX}")
        return tuple(dict.fromkeys(_text(each, name, TEXT_CHARACTERS_MAX) for each in value))

    def qos(self) -> int:
        """Of commands: at least 1, since what a device is told here matters."""
        return 2 if self._options.get("qos") == 2 else 1

    def encoding(self) -> str:
        found = self.text("encoding", "utf-8").lower()
        if found not in ENCODINGS:
            raise Wrong(f"encoding {found!r}; expected {', '.join(each or '(none)' for each in ENCODINGS)}")
        return found

    def expire_after_ms(self) -> int | None:
        seconds = self.number("expire_after", 0)
        return min(int(seconds * SECOND_MS), DURATION_MS_MAX) if seconds > 0 else None

    def availability(self) -> tuple[Availability, ...]:
        """All topics that say whether the entity is there."""
        listed = self._options.get("availability")
        if listed is not None:
            entries = listed if isinstance(listed, list) else [listed]
            if len(entries) > AVAILABILITIES_MAX:
                raise Wrong(f"{len(entries)} availability topics; at most {AVAILABILITIES_MAX}")
            return tuple(self._available(entry) for entry in entries)
        if not self.has("availability_topic"):
            return ()
        return (
            Availability(
                self.topic("availability_topic"),
                self.template("availability_template"),
                self.text("payload_available", "online"),
                self.text("payload_not_available", "offline"),
            ),
        )

    def mode(self) -> Mode:
        found = self.text("availability_mode", Mode.LATEST.value)
        if found not in [mode.value for mode in Mode]:
            raise Wrong(f"availability_mode {found!r}; expected all, any or latest")
        return Mode(found)

    def _available(self, entry: Any) -> Availability:
        if not isinstance(entry, dict):
            raise Wrong(f"availability {_shown(entry)}; expected objects with a topic")
        options = in_full(entry)
        if options.get("topic") is None:
            raise Wrong("availability without a topic")
        asked = Config({**options, "~": self._base})
        return Availability(
            asked.topic("topic"),
            asked.template("value_template"),
            asked.text("payload_available", "online"),
            asked.text("payload_not_available", "offline"),
        )


def about(given: Any, otherwise: str) -> About:
    """Which device. `otherwise`: what it goes by where it is not said. Raises Wrong."""
    if given is None:
        return About((otherwise,))
    if not isinstance(given, dict):
        raise Wrong(f"device {_shown(given)}; expected an object")
    device = {OF_DEVICE.get(name, name): value for name, value in given.items()}
    identifiers = device.get("identifiers") or []
    names = [_text(each, "identifiers", TEXT_CHARACTERS_MAX) for each in _listed(identifiers)]
    for connection in _listed(device.get("connections") or []):
        if not isinstance(connection, list) or len(connection) != 2:
            raise Wrong(f"connections {_shown(connection)}; expected pairs such as [mac, 02:5b:26:a8:dc:12]")
        kind, value = (_text(each, "connections", TEXT_CHARACTERS_MAX // 2 - 1) for each in connection)
        names.append(f"{kind}:{value.lower() if kind == 'mac' else value}")
    if len(names) > NAMES_MAX:
        raise Wrong(f"{len(names)} identifiers and connections; at most {NAMES_MAX}")
    model = [_text(device[each], each, TEXT_CHARACTERS_MAX) for each in ("manufacturer", "model") if device.get(each)]
    title = _text(device["name"], "device name", TEXT_CHARACTERS_MAX) if device.get("name") else ""
    return About(tuple(dict.fromkeys(name for name in names if name)) or (otherwise,), title, " ".join(model))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any, name: str, characters_max: int) -> str:
    if not isinstance(value, str | int | float):
        raise Wrong(f"{name} {_shown(value)}; expected text")
    try:
        text = str(value)
    except ValueError:  # an integer of thousands of digits
        raise Wrong(f"{name} is too long a number") from None
    if len(text) > characters_max:
        raise Wrong(f"{name} has {len(text)} characters; at most {characters_max}")
    return text


def _topic(value: Any, name: str, base: str) -> str:
    text = _text(value, name, TOPIC_CHARACTERS_MAX)
    if text.startswith("~"):
        text = base + text[1:]
    if text.endswith("~"):
        text = text[:-1] + base
    if len(text) > TOPIC_CHARACTERS_MAX:
        raise Wrong(f"{name} has {len(text)} characters; at most {TOPIC_CHARACTERS_MAX}")
    if not text or "+" in text or "#" in text or "\0" in text:
        raise Wrong(f"{name} {text[:80]!r}; expected one topic, without wildcards")
    return text


def _template(value: Any, name: str, variables: frozenset[str]) -> str:
    text = _text(value, name, PAYLOAD_BYTES_MAX)
    parsed = parse(text, variables)
    if isinstance(parsed, Refused):
        raise Wrong(f"{name} {text[:80]!r} is not in the part of templates that is read: {parsed.why}")
    return text


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "is an object" if isinstance(value, dict) else "is a list"
    try:
        return repr(value)[:80]
    except ValueError:  # an integer of thousands of digits
        return "is too long a number"
