"""What Tasmota devices announce of themselves under `tasmota/discovery/MAC/config`. Pure.

As the firmware writes it: https://github.com/arendst/Tasmota,
`tasmota/tasmota_xdrv_driver/xdrv_12_discovery.ino` (TasDiscoverMessage).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from gateway.codecs.json_paths import can_be_published_to
from gateway.codecs.tasmota_topics import FULL_TOPIC_CHARACTERS_MAX, resolve
from rules.reading import Rejected

MAC = re.compile(r"[0-9A-F]{12}")
OFF_ON = ("OFF", "ON")
OFFLINE_ONLINE = ("Offline", "Online")
RELAYS_MAX = 32  # the firmware's own limit, on an ESP32
WORD_CHARACTERS_MAX = 40

RELAY, LIGHT, SHUTTER = 1, 2, 3


class Announcement(NamedTuple):
    address: str  # its full topic, all but the prefix filled in
    title: str
    model: str
    prefixes: tuple[str, str, str]  # cmnd, stat, tele
    off_on: tuple[str, str]  # StateText1 and 2: the user may call them otherwise
    offline_online: tuple[str, str]
    sleeps: bool
    switches: tuple[str, ...]  # names under which inputs are reported; the user may choose them
    relays: tuple[str, ...]
    shutters: tuple[str, ...]


def read(tree: dict[str, Any], mac: str) -> Announcement | Rejected:
    texts = {key: tree.get(key) or "" for key in ("mac", "t", "ft", "hn", "dn", "md")}
    if not all(isinstance(text, str) and len(text) <= FULL_TOPIC_CHARACTERS_MAX for text in texts.values()):
        return Rejected("wrong shape", f"t, ft, hn, dn, md: expected texts of at most {FULL_TOPIC_CHARACTERS_MAX}")
    prefixes = _words(tree.get("tp"), 3)
    if texts["mac"] != mac or not texts["t"] or not texts["ft"] or prefixes is None:
        return Rejected("wrong shape", f"expected t, ft, tp of three prefixes, and {mac} as mac")
    address = resolve(texts["ft"], texts["t"], texts["hn"], mac)
    if not all(can_be_published_to(text) for text in (address, *prefixes)):
        return Rejected("wrong shape", f"{address!r} with {prefixes} is not where a device can publish")
    off_on = _words(tree.get("state"), 2) or OFF_ON
    kinds = _list(tree.get("rl"))
    return Announcement(
        address,
        texts["dn"] or texts["t"],
        texts["md"],
        (prefixes[0], prefixes[1], prefixes[2]),
        (off_on[0], off_on[1]),
        (_word(tree.get("ofln")) or OFFLINE_ONLINE[0], _word(tree.get("onln")) or OFFLINE_ONLINE[1]),
        tree.get("dslp") == 1,
        tuple(name for name in _list(tree.get("swn")) if _word(name)),
        _relays(kinds),
        tuple(f"Shutter{number}.Position" for number in range(1, kinds.count(SHUTTER) // 2 + 1)),
    )


def _relays(kinds: list[Any]) -> tuple[str, ...]:
    """A device with one relay calls it POWER, one with several POWER1, POWER2…"""
    switched = [number for number, kind in enumerate(kinds, start=1) if kind in (RELAY, LIGHT)]
    alone = len([kind for kind in kinds if kind]) == 1
    return ("POWER",) if alone and switched else tuple(f"POWER{number}" for number in switched)


def _list(value: Any) -> list[Any]:
    return value[:RELAYS_MAX] if isinstance(value, list) else []


def _word(text: Any) -> str:
    return text if isinstance(text, str) and len(text) <= WORD_CHARACTERS_MAX and text.isprintable() else ""


def _words(texts: Any, count: int) -> list[str] | None:
    words = [_word(text) for text in _list(texts)[:count]]
    return words if len(words) == count and all(words) else None
