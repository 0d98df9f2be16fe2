"""Points that are to be set → messages on their command topics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.codecs.homeassistant_entity import Entity, Order
from gateway.codecs.homeassistant_template import Missing, Refused, parse, render
from gateway.codecs.port import Point, Publish
from gateway.codecs.transform import as_word
from rules.reading import Rejected, Value

COMMAND_VARIABLES = frozenset({"value", "action", "state", "position"})


def encode(entities: Mapping[Any, Entity], wanted: Mapping[str, Value]) -> list[Publish] | Rejected:
    """All or nothing: what cannot be told of one point keeps the others from being told."""
    found: list[Publish] = []
    for name, value in wanted.items():
        order, point = _order(entities, name)
        if order is None or point is None:
            settable = sorted(each.point for entity in entities.values() for each in entity.orders)
            return _refused(
                name, f"cannot be set; expected {', '.join(settable[:12]) or 'nothing: it has no commands'}"
            )
        if order.refused:
            return _refused(name, order.refused)
        payload = _payload(order, point, value)
        if isinstance(payload, Rejected):
            return payload
        found.append(Publish(order.topic, payload, order.qos, order.retain))
    return found


def _order(entities: Mapping[Any, Entity], name: str) -> tuple[Order | None, Point | None]:
    for entity in entities.values():
        for order in entity.orders:
            if order.point == name:
                return order, next((point for point in entity.points if point.name == name), None)
    return None, None


def _payload(order: Order, point: Point, value: Value) -> bytes | Rejected:
    if order.number or not order.words:
        said = _free(order, point, value)
        if isinstance(said, Rejected):
            return said
    else:
        word = as_word(value)
        if word not in order.words:
            return _refused(order.point, f"{word[:80]!r}; expected {', '.join(list(order.words)[:12])}")
        said = order.words[word]
    try:
        if order.template:
            return _rendered(order, said)
        return msgspec.json.encode({order.member: said}) if order.member else str(said).encode()
    except UnicodeEncodeError:
        return _refused(order.point, "a text that is not Unicode")


def _free(order: Order, point: Point, value: Value) -> float | int | str | Rejected:
    if not order.number:
        return as_word(value)
    if isinstance(value, bool | str):
        return _refused(order.point, f"{as_word(value)[:80]!r}; expected a number")
    low = -math.inf if point.minimum is None else point.minimum
    high = math.inf if point.maximum is None else point.maximum
    if not math.isfinite(value) or not low <= value <= high:
        return _refused(order.point, f"{value:g}; expected {low:g} to {high:g}")
    if order.scaled:
        value = round(order.closed + value / 100.0 * (order.open - order.closed))
    return int(value) if float(value).is_integer() else value


def _rendered(order: Order, said: float | int | str) -> bytes | Rejected:
    parsed = parse(order.template, COMMAND_VARIABLES)
    if isinstance(parsed, Refused):
        return _refused(order.point, parsed.why)
    result = render(parsed, dict.fromkeys(COMMAND_VARIABLES, said))
    if isinstance(result, Refused | Missing):
        return _refused(order.point, result.why if isinstance(result, Refused) else "its template says nothing")
    return result.encode()


def _refused(point: str, why: str) -> Rejected:
    return Rejected("wrong shape", f"{point}: {why}")
