"""Where Tasmota devices publish: the FullTopic, whose order is the user's choice. Pure.

Tasmota documentation, MQTT, "FullTopic": https://tasmota.github.io/docs/MQTT/#fulltopic
"""

from __future__ import annotations

import re
from typing import NamedTuple

FULL_TOPIC_CHARACTERS_MAX = 100  # Tasmota's own limit
PREFIX = "%prefix%"
NAMES = {"%topic%": "topic", "%hostname%": "hostname", "%id%": "id"}
_TOKEN = re.compile(r"%\w+%")


class Place(NamedTuple):
    """What a topic says: the device's full topic with `%prefix%` left in it, which prefix, and the last word."""

    address: str
    prefix: str  # "stat" or "tele", whatever they are called on the wire
    word: str


class FullTopic:
    """One FullTopic with the names of the prefixes filled in. Raises ValueError if no device could be told from it."""

    def __init__(self, text: str, status: str, telemetry: str) -> None:
        self._kinds = {status: "stat", telemetry: "tele"}
        tokens = _TOKEN.findall(text)
        levels = text.strip("/").split("/")
        if tokens.count(PREFIX) != 1 or not any(token in NAMES for token in tokens):
            raise ValueError(f"{text!r} must contain %prefix% once, and %topic%, %hostname% or %id%")
        if unknown := [token for token in tokens if token != PREFIX and token not in NAMES]:
            raise ValueError(f"{text!r}: {unknown[0]} is not %prefix%, %topic%, %hostname% or %id%")
        if re.search(r"[+#\x00\s]", text) or "" in levels:
            raise ValueError(f"{text!r} is not a topic: empty levels, spaces, + and # cannot be part of it")
        self._pattern = re.compile("/".join(self._level(level) for level in levels) + r"/(?P<word>[^/]+)")
        self._template = "/".join(levels)
        self.filters = tuple(self._filter(levels, name) for name in dict.fromkeys((status, telemetry)))

    def _level(self, level: str) -> str:
        prefixes = "|".join(re.escape(name) for name in self._kinds)
        parts = []
        for part in re.split(r"(%\w+%)", level):
            if part == PREFIX:
                parts.append(f"(?P<prefix>{prefixes})")
            else:
                parts.append(f"(?P<{NAMES[part]}>[^/]+)" if part in NAMES else re.escape(part))
        return "".join(parts)

    @staticmethod
    def _filter(levels: list[str], prefix: str) -> str:
        named = ["+" if any(name in level for name in NAMES) else level.replace(PREFIX, prefix) for level in levels]
        return "/".join([*named, "+"])

    def match(self, topic: str) -> Place | None:
        found = self._pattern.fullmatch(topic)
        if found is None:
            return None
        address = self._template
        for token, name in NAMES.items():
            if token in address:
                address = address.replace(token, found[name])
        return Place(address, self._kinds[found["prefix"]], found["word"])


def resolve(full_topic: str, topic: str, hostname: str, mac: str) -> str:
    """A device's own FullTopic, as discovery tells it, with everything but the prefix filled in."""
    filled = full_topic.replace("%topic%", topic).replace("%hostname%", hostname).replace("%id%", mac)
    return filled.strip("/")


def name_of(address: str) -> str:
    """What a device is called that is known by its topic alone: its full topic without the prefix."""
    return "/".join(level for level in address.split("/") if level != PREFIX) or address


def topic_of(address: str, prefix: str, word: str) -> str:
    return f"{address.replace(PREFIX, prefix)}/{word}"
