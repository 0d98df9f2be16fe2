"""CAP 1.2 messages: what goes to authorities. Pure: values in, one XML document out.

Source: OASIS Common Alerting Protocol 1.2 and its schema (confidence high). What the schema forbids in a text, such
as a control character, is left out; what it forbids in an identifier is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from enum import Enum
from xml.etree.ElementTree import Element, SubElement, tostring

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
HEADLINE_CHARACTERS_MAX = 160  # what some devices show of it (CAP 1.2, 3.2.2)
_NOT_IN_NAMES = re.compile(r"[\s,<&]+")
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class MessageKind(Enum):
    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


class Category(Enum):
    SAFETY = "Safety"
    SECURITY = "Security"
    RESCUE = "Rescue"
    FIRE = "Fire"
    HEALTH = "Health"
    ENVIRONMENT = "Env"
    INFRASTRUCTURE = "Infra"
    CBRNE = "CBRNE"


class Urgency(Enum):
    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    PAST = "Past"


class Severity(Enum):
    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"


class Certainty(Enum):
    OBSERVED = "Observed"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"


class Info(Struct, frozen=True):
    """The message in one language."""

    language: str  # RFC 3066: "zh-CN"
    category: Category
    event: str
    response_type: str  # of the schema's list: "Execute", "AllClear", …
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    sender_name: str
    headline: str
    description: str
    area: str
    web: str = ""
    contact: str = ""


class CapMessage(Struct, frozen=True):
    """`references`: (sender, identifier, sent) of all messages before it. `addresses`: to whom it goes, nobody else."""

    identifier: str
    sender: str
    sent: str  # `cap_time`
    mode: Mode
    kind: MessageKind
    addresses: str
    incident: str
    info: tuple[Info, ...]
    references: tuple[tuple[str, str, str], ...] = ()
    note: str = ""


def cap_time(instant: Instant, timezone: tzinfo) -> str:
    """`2026-11-24T16:05:12+08:00`: local time with its offset. UTC is `-00:00`; `Z` is not allowed."""
    local = datetime.fromtimestamp(instant // 1000, timezone)
    offset = local.utcoffset()
    minutes = round(offset.total_seconds() / 60) if offset else 0
    if minutes == 0:
        return f"{local:%Y-%m-%dT%H:%M:%S}-00:00"
    hours, rest = divmod(abs(minutes), 60)
    return f"{local:%Y-%m-%dT%H:%M:%S}{'+' if minutes > 0 else '-'}{hours:02d}:{rest:02d}"


def cap_name(text: str) -> str:
    """Fit for <identifier> and <sender>: no space, comma, `<` or `&`."""
    return _NOT_IN_NAMES.sub("-", _clean(text)).strip("-")


def to_xml(message: CapMessage) -> str:
    """In the order of the schema's elements. UTF-8 once encoded."""
    root = Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", cap_name(message.identifier))
    _add(root, "sender", cap_name(message.sender))
    _add(root, "sent", message.sent)
    _add(root, "status", {Mode.ACTUAL: "Actual", Mode.EXERCISE: "Exercise", Mode.TEST: "Test"}[message.mode])
    _add(root, "msgType", message.kind.value)
    _add(root, "scope", "Private")  # a person's address is in it, and it goes to one authority
    _add(root, "addresses", message.addresses)
    _add(root, "note", message.note)
    _add(root, "references", " ".join(",".join(reference) for reference in message.references))
    _add(root, "incidents", message.incident)
    for info in message.info:
        _add_info(root, info)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add_info(root: Element, info: Info) -> None:
    block = SubElement(root, "info")
    headline = _clean(info.headline)
    if len(headline) > HEADLINE_CHARACTERS_MAX:
        headline = headline[: HEADLINE_CHARACTERS_MAX - 1] + "…"
    texts: Iterable[tuple[str, str]] = (
        ("language", info.language),
        ("category", info.category.value),
        ("event", info.event),
        ("responseType", info.response_type),
        ("urgency", info.urgency.value),
        ("severity", info.severity.value),
        ("certainty", info.certainty.value),
        ("senderName", info.sender_name),
        ("headline", headline),
        ("description", info.description),
        ("web", info.web),
        ("contact", info.contact),
    )
    for name, text in texts:
        _add(block, name, text)
    _add(SubElement(block, "area"), "areaDesc", info.area)


def _add(parent: Element, name: str, text: str) -> None:
    """An empty one is left out: all that may be empty here may be missing."""
    if text:
        SubElement(parent, name).text = _clean(text)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("", text)
