"""What one commit holds."""

from __future__ import annotations

from msgspec import Struct

from gateway.store.anchor import Anchor, Milestone
from rules.drill import Drill
from rules.effects import Effect
from rules.handover import Handover
from rules.incident import Incident
from rules.instant import Instant
from rules.order import WorkOrder
from rules.shelf import Shelf
from rules.state import ActionState
from rules.timeline import Entry

Detection = tuple[str, str, str]
"""(mode, rule, device)."""


class JournalRow(Struct, frozen=True):
    """One event as it is journaled. `hash` is `chain_hash(hash of the row before, index, at, event, key)`."""

    index: int  # 1, 2, 3… without gaps
    at: Instant
    key: str | None  # unique over the whole journal; None: nothing to go by
    event: bytes  # rules.codec.encode(event)
    hash: bytes


class Group(Struct):
    """Everything that is committed together. Filled by the desk; `clear` makes it ready for the next one.

    A detection that opens and closes within the group may stand in both lists; so may an effect that is put and
    dropped. Of an incident, an order and the like only its last state counts.
    """

    journal: list[JournalRow] = []
    entries: list[Entry] = []
    incidents: dict[str, Incident] = {}
    orders: dict[str, WorkOrder] = {}
    actions: dict[str, ActionState] = {}
    handovers: dict[str, Handover] = {}
    shelves: dict[str, Shelf] = {}
    drills: dict[str, Drill] = {}
    outbox_put: list[Effect] = []
    outbox_drop: list[str] = []
    answers: list[tuple[str, bytes, Instant]] = []  # (idempotency key, body, at)
    documents: list[tuple[str, str, bytes]] = []  # (hash, kind, body)
    texts: list[tuple[str, str, bytes]] = []  # (version, kind, body): the files of a document as they were written
    snapshot: tuple[int, bytes] | None = None  # (index of the last event it contains, body)
    milestone: Milestone | None = None
    anchor: Anchor | None = None  # with the event that names it, in `journal`
    detections_open: list[Detection] = []
    detections_closed: list[Detection] = []

    def __bool__(self) -> bool:
        return bool(
            self.journal
            or self.entries
            or self.incidents
            or self.orders
            or self.actions
            or self.handovers
            or self.shelves
            or self.drills
            or self.outbox_put
            or self.outbox_drop
            or self.answers
            or self.documents
            or self.texts
            or self.snapshot
            or self.milestone
            or self.anchor
            or self.detections_open
            or self.detections_closed
        )

    def clear(self) -> None:
        self.journal.clear()
        self.entries.clear()
        for changed in (self.incidents, self.orders, self.actions, self.handovers, self.shelves, self.drills):
            changed.clear()
        self.outbox_put.clear()
        self.outbox_drop.clear()
        self.answers.clear()
        self.documents.clear()
        self.texts.clear()
        self.snapshot = self.milestone = self.anchor = None
        self.detections_open.clear()
        self.detections_closed.clear()
