"""Values to bytes and back. Canonical: equal values give equal bytes, whatever the hash seed."""

from __future__ import annotations

from typing import Any

import msgspec

from rules.drill import Drill
from rules.effects import Effect
from rules.events import Event
from rules.handover import Handover
from rules.incident import Incident
from rules.order import WorkOrder
from rules.people import Roster
from rules.shelf import Shelf
from rules.site import Directory
from rules.state import ActionState
from rules.timeline import Entry

_encoder = msgspec.json.Encoder(order="deterministic")
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_effects: msgspec.json.Decoder[Effect] = msgspec.json.Decoder(Effect)
_entries: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)
_incidents: msgspec.json.Decoder[Incident] = msgspec.json.Decoder(Incident)
_rosters: msgspec.json.Decoder[Roster] = msgspec.json.Decoder(Roster)
_orders: msgspec.json.Decoder[WorkOrder] = msgspec.json.Decoder(WorkOrder)
_actions: msgspec.json.Decoder[ActionState] = msgspec.json.Decoder(ActionState)
_handovers: msgspec.json.Decoder[Handover] = msgspec.json.Decoder(Handover)
_shelves: msgspec.json.Decoder[Shelf] = msgspec.json.Decoder(Shelf)
_drills: msgspec.json.Decoder[Drill] = msgspec.json.Decoder(Drill)
_directories: msgspec.json.Decoder[Directory] = msgspec.json.Decoder(Directory)


def encode(value: Any) -> bytes:
    """Any value of `rules` → canonical JSON."""
    return _encoder.encode(value)


def decode_event(data: bytes) -> Event:
    """Raises msgspec.ValidationError when `data` is no event of this version."""
    return _events.decode(data)


def decode_effect(data: bytes) -> Effect:
    return _effects.decode(data)


def decode_entry(data: bytes) -> Entry:
    return _entries.decode(data)


def decode_incident(data: bytes) -> Incident:
    return _incidents.decode(data)


def decode_roster(data: bytes) -> Roster:
    return _rosters.decode(data)


def decode_order(data: bytes) -> WorkOrder:
    return _orders.decode(data)


def decode_action(data: bytes) -> ActionState:
    return _actions.decode(data)


def decode_handover(data: bytes) -> Handover:
    return _handovers.decode(data)


def decode_shelf(data: bytes) -> Shelf:
    return _shelves.decode(data)


def decode_drill(data: bytes) -> Drill:
    return _drills.decode(data)


def decode_directory(data: bytes) -> Directory:
    return _directories.decode(data)
