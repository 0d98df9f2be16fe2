"""Shift handover (三清: people, equipment, papers): fills itself, two signatures, archived."""

from __future__ import annotations

from msgspec import Struct

from rules.instant import Instant


class Handover(Struct):
    id: str  # "HO-000005"
    site: str
    outgoing: str
    incoming: str
    filled_at: Instant
    open_incidents: list[str]
    open_orders: list[str]
    overdue_orders: list[str]
    shelves: list[str]
    silent_devices: list[str]
    overdue_actions: list[str]  # corrective ones
    notes: list[str] = []
    signed_by_outgoing_at: Instant | None = None
    signed_by_incoming_at: Instant | None = None
    superseded_by: str | None = None  # the handover that was filled before this one was signed by both
    revision: int = 0

    @property
    def done(self) -> bool:
        return self.signed_by_outgoing_at is not None and self.signed_by_incoming_at is not None
