"""The formats there are, by name; a format's module is read when the settings ask for it. A new one is a line here.

A module has `Options`, a pydantic model of what the settings may say of the format, and `make(options)`, which gives
one codec.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from gateway.codecs.port import Codec
from rules.wording import not_one_of

FORMATS: dict[str, str] = {
    "chirpstack": "gateway.codecs.chirpstack",
    "homeassistant": "gateway.codecs.homeassistant",
    "homie": "gateway.codecs.homie",
    "mapping": "gateway.codecs.mapping",
    "shelly": "gateway.codecs.shelly",
    "sparkplug": "gateway.codecs.sparkplug",
    "tasmota": "gateway.codecs.tasmota",
    "zigbee2mqtt": "gateway.codecs.zigbee2mqtt",
}


def options_of(format_: str, given: dict[str, Any]) -> BaseModel:
    """What the settings say of a format, checked. Raises ValueError, of which pydantic's ValidationError is one."""
    if format_ not in FORMATS:
        raise ValueError(not_one_of(format_, "a format", sorted(FORMATS)))
    model: type[BaseModel] = import_module(FORMATS[format_]).Options
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    for name in given:
        if name not in names:
            raise PydanticCustomError(
                "value_error", "{error}", {"error": not_one_of(name, "a key here", sorted(names))}
            )
    return model.model_validate(given)


def make(format_: str, options: BaseModel) -> Codec:
    made: Codec = import_module(FORMATS[format_]).make(options)
    return made
