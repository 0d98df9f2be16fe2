"""What a Homie device declares of itself: from one document in version 5, from many attributes in version 4.

Source: "The Homie Convention", chapters "Devices", "Nodes" and "Properties", version 5.0.0,
https://homieiot.github.io/specification/spec-core-v5_0_0/ and 4.0.0,
https://homieiot.github.io/specification/spec-core-v4_0_0/. As version 5 asks ("Forward compatibility"), unknown fields
are ignored, and a node or property with something illegal is left out while the others stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from gateway.codecs.homie_payload import Property, Wrong, described
from gateway.codecs.native import TEXT_CHARACTERS_MAX, Undecodable
from rules.instant import DURATION_MS_MAX, SECOND_MS

PROPERTIES_MAX = 256  # of one device, as many as values in one message
NODES_MAX = 256
INTERVALS_MISSED_MAX = 3  # ours: a device whose statistics fail to come so many times has fallen silent
STATES_4 = ("init", "ready", "disconnected", "sleeping", "lost", "alert")
STATES_5 = ("init", "ready", "disconnected", "sleeping", "lost")
OFFLINE = ("disconnected", "lost")  # a sleeping device is where it should be
ID = re.compile(r"[a-z0-9-]{1,90}")  # a point is named by two, and a point's name has 200 characters at most

NODE_ATTRIBUTES = ("$properties",)
PROPERTY_ATTRIBUTES = ("$datatype", "$format", "$unit", "$settable", "$retained")
DEVICE_ATTRIBUTES = ("$homie", "$name", "$nodes", "$stats/interval")
_BOOLEANS = {"true": True, "false": False}


class Declared(Struct, frozen=True, omit_defaults=True):
    title: str = ""
    model: str = ""
    root: str = ""  # the device whose loss is the loss of this one, too; empty: it is one itself
    properties: tuple[Property, ...] = ()
    silent_after_ms: int | None = None


def from_document(payload: bytes, device: str, complaints: list[str]) -> Declared:
    """Version 5's `$description`. Raises Wrong where nothing of it can be taken."""
    try:
        found = msgspec.json.decode(payload)
    except Undecodable as error:
        raise Wrong(f"no JSON: {error}") from None
    if not isinstance(found, dict) or not _short(found.get("homie")).startswith("5"):
        raise Wrong('expected an object with homie: "5.x"')
    root = found.get("root", "")
    if not isinstance(root, str) or (root and not ID.fullmatch(root)):
        raise Wrong("root is not the id of a device")
    nodes = found.get("nodes", {})
    if not isinstance(nodes, dict) or len(nodes) > NODES_MAX:
        raise Wrong(f"nodes; expected an object of at most {NODES_MAX}")
    properties: list[Property] = []
    for node, described_node in nodes.items():
        properties.extend(_of_node(node, described_node, complaints))
    if len(properties) > PROPERTIES_MAX:
        raise Wrong(f"{len(properties)} properties; at most {PROPERTIES_MAX}")
    return Declared(
        _short(found.get("name")), _short(found.get("type")), "" if root == device else root, tuple(properties)
    )


def _of_node(node: str, found: Any, complaints: list[str]) -> Iterator[Property]:
    properties = found.get("properties", {}) if isinstance(found, dict) else None
    if not ID.fullmatch(node) or not isinstance(properties, dict):
        complaints.append(f"node {node[:40]!r}; expected an id and an object with properties")
        return
    profiles = found.get("$profile")
    first = profiles[0] if isinstance(profiles, list) and profiles else ""
    for name, each in properties.items():
        try:
            if not ID.fullmatch(name) or not isinstance(each, dict):
                raise Wrong("expected an id and an object")
            yield described(5, node, name, each, _short(first))
        except Wrong as wrong:
            complaints.append(f"property {node[:40]}/{name[:40]}: {wrong}")


def from_attributes(attributes: Mapping[str, str], complaints: list[str]) -> Declared | None:
    """Version 4; `attributes` by what follows the device in their topics. None: some are missing. Raises Wrong."""
    version, listed = attributes.get("$homie"), attributes.get("$nodes")
    if version is None or listed is None:
        return None
    if not version.startswith(("3.", "4.")):
        raise Wrong(f"$homie {version[:20]!r}; expected 3.x or 4.x")
    properties: list[Property] = []
    for node in _ids(listed, "$nodes", complaints):
        names = attributes.get(f"{node}/$properties")
        if names is None:
            return None
        for name in _ids(names, f"{node}/$properties", complaints):
            path = f"{node}/{name}"
            default = "string" if version.startswith("3.") else None
            datatype, format_ = attributes.get(f"{path}/$datatype", default), attributes.get(f"{path}/$format")
            if datatype is None or (datatype in ("enum", "color") and format_ is None):
                return None
            if len(properties) >= PROPERTIES_MAX:
                raise Wrong(f"more than {PROPERTIES_MAX} properties")
            try:
                properties.append(_of_attributes(attributes, node, name, datatype, format_ or ""))
            except Wrong as wrong:
                complaints.append(f"property {path}: {wrong}")
    return Declared(attributes.get("$name", "")[:TEXT_CHARACTERS_MAX], "", "", tuple(properties), _silence(attributes))


def _of_attributes(attributes: Mapping[str, str], node: str, name: str, datatype: str, format_: str) -> Property:
    path = f"{node}/{name}"
    says = {
        "datatype": datatype,
        "format": format_,
        "unit": attributes.get(f"{path}/$unit", ""),
        "settable": _BOOLEANS.get(attributes.get(f"{path}/$settable", "false")),
        "retained": _BOOLEANS.get(attributes.get(f"{path}/$retained", "true")),
    }
    return described(4, node, name, says)


def _silence(attributes: Mapping[str, str]) -> int | None:
    """From the interval of the statistics: "Legacy Stats", https://github.com/homieiot/convention/blob/develop/
    extensions/documents/homie_legacy_stats_extension.md; a device must renew them every so many seconds."""
    interval = attributes.get("$stats/interval", "")
    if not re.fullmatch(r"\d{1,9}", interval) or int(interval) == 0:
        return None
    return min(int(interval) * INTERVALS_MISSED_MAX * SECOND_MS, DURATION_MS_MAX)


def _ids(listed: str, what: str, complaints: list[str]) -> list[str]:
    found = dict.fromkeys(listed.split(",")) if listed else {}
    for wrong in [each for each in found if not ID.fullmatch(each)][:4]:
        complaints.append(f"{what}: {wrong[:40]!r}; expected ids of a-z, 0-9 and -, with commas between them")
    return [each for each in found if ID.fullmatch(each)][:NODES_MAX]


def _short(value: Any) -> str:
    return value[:TEXT_CHARACTERS_MAX] if isinstance(value, str) else ""
