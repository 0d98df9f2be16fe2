"""A message on a state topic → what it says of the points that are heard there."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.codecs.homeassistant_config import VALUE_VARIABLES
from gateway.codecs.homeassistant_entity import Availability, Listen, Reads
from gateway.codecs.homeassistant_template import Missing, Refused, parse, render
from gateway.codecs.native import TEXT_CHARACTERS_MAX, VALUES_MAX, Undecodable
from gateway.codecs.port import Happened
from rules.reading import Rejected, Value

UNKNOWN = "None"  # a state that nobody knows: what was known counts no longer
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?")
Outcome = dict[str, Value | None] | Happened | Rejected | None  # None: says nothing of this point


class Message:
    """One payload; its JSON is read once, for whichever templates want it."""

    def __init__(self, payload: bytes, retained: bool) -> None:
        self.payload = payload
        self.retained = retained
        self._values: dict[str, dict[str, Any]] = {}  # by encoding: what templates may read

    def text(self, template: str, encoding: str) -> str | Missing | Rejected:
        """What the template makes of the payload; without one, the payload."""
        values = self._values.get(encoding)
        if values is None:
            try:
                values = self._values[encoding] = {"value": self.payload.decode(encoding or "latin-1")}
            except UnicodeDecodeError as error:
                return Rejected("wrong shape", f"not {encoding}: {error.reason}")
        if not template:
            text: str = values["value"]
            return text
        parsed = parse(template, VALUE_VARIABLES)
        if isinstance(parsed, Refused):
            return Rejected("wrong shape", parsed.why)
        if "value_json" not in values and "value_json" in parsed.variables:
            try:
                values["value_json"] = msgspec.json.decode(self.payload)
            except Undecodable as error:
                return Rejected("bad json", f"{template[:80]!r} reads JSON: {error}")
        result = render(parsed, values)
        return Rejected("wrong shape", result.why) if isinstance(result, Refused) else result


def outcome(listen: Listen, native_id: str, message: Message) -> Outcome:
    text = message.text(listen.template, listen.encoding)
    if isinstance(text, Rejected):
        return Rejected(text.reason, f"{listen.point}: {text.detail}")
    if isinstance(text, Missing) or text == "":
        return None
    if listen.reads is Reads.EVENT:
        return _event(listen, native_id, text, message.retained)
    if listen.reads is Reads.TRIGGER:
        return _trigger(listen, native_id, text, message.retained)
    if listen.reads is Reads.TAG:
        if len(text) > TEXT_CHARACTERS_MAX:
            return Rejected("wrong shape", f"a tag of {len(text)} characters; at most {TEXT_CHARACTERS_MAX}")
        return Happened(native_id, listen.point, {"tag": text}, historical=message.retained)
    if listen.member:
        member = _member(text, listen.member)
        if member is None:
            return None
        text = member
    if text == UNKNOWN and text not in listen.words:
        return {listen.point: None}
    value = _value(listen, text)
    if isinstance(value, Rejected):
        return None if listen.lenient else value
    return {listen.point: value}


def available(availability: Availability, message: Message) -> bool | Rejected | None:
    """Whether it is there; None: the message says neither."""
    text = message.text(availability.template, "utf-8")
    if isinstance(text, Rejected):
        return text
    if text == availability.available:
        return True
    if text == availability.not_available:
        return False
    if isinstance(text, Missing) or text == "":
        return None
    wanted = f"{availability.available[:40]!r} or {availability.not_available[:40]!r}"
    return Rejected("wrong shape", f"availability {text[:40]!r}; expected {wanted}")


def rise(listen: Listen, native_id: str, values: Mapping[str, Value | None], retained: bool) -> Happened | None:
    """Of a sensor that tells the beginning alone and falls back by itself."""
    if listen.momentary and values.get(listen.point) is True:
        return Happened(native_id, listen.point, historical=retained)
    return None


def _value(listen: Listen, text: str) -> Value | Rejected:
    match listen.reads:
        case Reads.WORDS:
            if text in listen.words:
                return listen.words[text]
            return _unfitting(listen, text, " or ".join(repr(word)[:40] for word in list(listen.words)[:12]))
        case Reads.NUMBER:
            number = as_number(text)
            return _unfitting(listen, text, "a finite number") if number is None else number
        case Reads.POSITION:
            number = as_number(text)
            if number is None:
                return _unfitting(listen, text, "a finite number")
            percent = (number - listen.closed) / (listen.open - listen.closed) * 100.0
            return percent if math.isfinite(percent) else _unfitting(listen, text, "a position")
        case Reads.ANY:
            number = as_number(text)
            if number is not None:
                return number
    if len(text) > TEXT_CHARACTERS_MAX:
        return _unfitting(listen, text, f"at most {TEXT_CHARACTERS_MAX} characters")
    if listen.words and text not in listen.words:
        return _unfitting(listen, text, ", ".join(list(listen.words)[:12]))
    return text


def as_number(text: str) -> float | None:
    """A finite number in plain notation; "nan", "1_000" and blanks within are none."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _member(text: str, name: str) -> str | None:
    """Of a JSON object its member; of anything else, itself. None: the object does not have it."""
    if not text.startswith("{"):
        return text
    try:
        found = msgspec.json.decode(text)
    except Undecodable:
        return text
    member = found.get(name) if isinstance(found, dict) else None
    return str(member) if isinstance(member, str | float | bool) or _is_short(member) else None


def _is_short(value: Any) -> bool:
    return isinstance(value, int) and abs(value) < 2**63


def _event(listen: Listen, native_id: str, text: str, retained: bool) -> Outcome:
    try:
        found = msgspec.json.decode(text)
    except Undecodable as error:
        return Rejected("bad json", str(error))
    event = found.pop("event_type", None) if isinstance(found, dict) else None
    if not isinstance(event, str) or not event or len(event) > TEXT_CHARACTERS_MAX:
        return Rejected("wrong shape", "expected an object with event_type")
    if listen.words and event not in listen.words:
        return _unfitting(listen, event, ", ".join(list(listen.words)[:12]))
    attributes: dict[str, Value] = {"point": listen.point}
    for name, value in found.items():
        fits = isinstance(value, bool | float) or _is_short(value) or (isinstance(value, str) and _fits(value))
        if fits and _fits(name) and len(attributes) < VALUES_MAX:
            attributes[name] = value
    return Happened(native_id, event, attributes, historical=retained)


def _trigger(listen: Listen, native_id: str, text: str, retained: bool) -> Outcome:
    if listen.words and text not in listen.words:
        return None  # another trigger's payload on the same topic
    event = str(listen.attributes["type"])
    attributes = {name: value for name, value in listen.attributes.items() if name != "type"}
    return Happened(native_id, event, {"point": listen.point, **attributes}, historical=retained)


def _fits(text: str) -> bool:
    return len(text) <= TEXT_CHARACTERS_MAX


def _unfitting(listen: Listen, text: str, expected: str) -> Rejected:
    return Rejected("wrong shape", f"{listen.point} {text[:80]!r}; expected {expected}")
