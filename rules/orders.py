"""Work orders: opened by plans, rules and people; four nodes with limits; at most one open an asset and fault."""

from __future__ import annotations

from rules.incident import Incident
from rules.instant import Instant
from rules.order import OrderKind
from rules.requests import AdvanceOrder, AssignOrder, HandOverOrder, OpenOrder
from rules.turn import Turn


def open_for(turn: Turn, incident: Incident, step: str, kind: OrderKind, role: str, summary: str) -> list[str]:
    """Orders for the devices whose detections make the incident (one each asset and fault; an open one takes the
    repeat in). → their ids, also in `incident.orders`."""
    return []


def blocking(turn: Turn, incident: Incident) -> list[str]:
    """The incident's orders that are neither verified, cancelled nor handed over: it cannot close."""
    return []


def asked(turn: Turn, request: OpenOrder | AdvanceOrder | AssignOrder | HandOverOrder) -> None:
    """Carried out, or `turn.refuse(…)`."""


def limit_over(turn: Turn, id: str, due: Instant) -> None:
    """An order's limit has passed. Nothing if it no longer stands (`due` tells)."""
