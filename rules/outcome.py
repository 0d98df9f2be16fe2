"""What one step of the engine comes to: what to write down and what to do."""

from __future__ import annotations

from msgspec import Struct

from rules.drill import Drill
from rules.effects import Effect
from rules.handover import Handover
from rules.incident import Incident
from rules.mode import Mode
from rules.order import WorkOrder
from rules.shelf import Shelf
from rules.state import ActionState
from rules.timeline import Entry


class Refused(Struct, frozen=True):
    """Why a person's command was not carried out."""

    code: str  # stable: "unknown_incident", "incident_closed", "tasks_open", …: clients go by it
    reason: str


class Outcome(Struct):
    entries: list[Entry] = []
    incidents: dict[str, Incident] = {}  # those that changed, by id
    effects: list[Effect] = []
    orders: dict[str, WorkOrder] = {}  # those that changed, by id
    handovers: dict[str, Handover] = {}
    actions: dict[str, ActionState] = {}
    shelves: dict[str, Shelf] = {}
    drills: dict[str, Drill] = {}
    cleared_sites: list[str] = []  # what is known of the exercise tree of these is forgotten: a drill begins or is over
    settled: list[str] = []  # effects the outbox need keep no longer
    fired: list[tuple[Mode, str, str]] = []  # detections (mode, rule, device) that now fire
    ended: list[tuple[Mode, str, str]] = []  # and those that no longer do
    refused: Refused | None = None
