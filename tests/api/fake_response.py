"""The part of the fake desk that orders, actions, shelves, handovers, files, plans and people are in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from api.board_port import Board, BoardQuery, Column
from api.building_port import DeviceClassState, SiteState
from api.ports import (
    ActionQuery,
    BadCursor,
    DrillCalendar,
    DrillQuery,
    HandoverQuery,
    NoticeQuery,
    OnDuty,
    OrderQuery,
    Page,
    RequiredDrill,
    ShelfQuery,
    UnknownAction,
    UnknownAttachment,
    UnknownDevice,
    UnknownDrill,
    UnknownHandover,
    UnknownIncident,
    UnknownOrder,
    UnknownPlan,
    UnknownShelf,
)
from rules.drill import Drill
from rules.explain import Line
from rules.handover import Handover
from rules.instant import Instant
from rules.mode import Mode
from rules.order import Attachment, Node, OrderKind, WorkOrder
from rules.response_plan import ResponsePlan
from rules.shelf import Shelf
from rules.state import ActionState
from rules.theory import Paper
from rules.timeline import Entry

START: Instant = 1_795_496_400_120  # 2026-11-24T05:00:00.120Z
DETECTOR = "tower-a/sd-1203"


@dataclass
class FakeResponse:
    entries: list[Entry] = field(default_factory=list)
    broken: Exception | None = None  # what every question raises
    known_orders: dict[str, WorkOrder] = field(default_factory=dict)
    known_actions: dict[str, ActionState] = field(default_factory=dict)
    known_shelves: dict[str, Shelf] = field(default_factory=dict)
    known_handovers: dict[str, Handover] = field(default_factory=dict)
    known_drills: dict[str, Drill] = field(default_factory=dict)
    required_drills: list[RequiredDrill] = field(default_factory=list)
    papers: dict[str, Paper] = field(default_factory=dict)
    files: dict[str, tuple[Attachment, bytes]] = field(default_factory=dict)
    plans_in_force: list[ResponsePlan] = field(default_factory=list)
    duty: list[OnDuty] = field(default_factory=list)
    held_roles: dict[str, set[str]] = field(default_factory=dict)  # person → by the roster
    explained: dict[str, list[Line]] = field(default_factory=dict)

    # ---- what tests make happen

    def ordered(self, **fields: Any) -> WorkOrder:
        number = len(self.known_orders) + 1
        values: dict[str, Any] = {
            "id": f"WO-{number:06}",
            "kind": OrderKind.EMERGENCY,
            "mode": Mode.ACTUAL,
            "site": "tower-a",
            "zone": "tower-a/12F-east",
            "asset": DETECTOR,
            "fault": "smoke-high",
            "summary": "look at the detector",
            "role": "engineer",
            "opened_at": START + number * 1000,
            "opened_by": "tocsin",
            "revision": 1,
        }
        order = WorkOrder(**(values | fields))
        self.known_orders[order.id] = order
        return order

    def to_correct(self, **fields: Any) -> ActionState:
        id = f"CA-{len(self.known_actions) + 1:06}"
        values: dict[str, Any] = {
            "id": id,
            "incident": "INC-000001",
            "text": "stove guards",
            "owner": "engineering-lead",
            "due_at": START + 1_000_000,
            "site": "tower-a",
            "asked_at": START,
            "asked_by": "duty.officer",
            "revision": 1,
        }
        self.known_actions[id] = ActionState(**(values | fields))
        return self.known_actions[id]

    def shelved(self, **fields: Any) -> Shelf:
        id = f"SH-{len(self.known_shelves) + 1:06}"
        values: dict[str, Any] = {"by": "duty.officer", "reason": "welding", "since": START, "until": START + 3_600_000}
        self.known_shelves[id] = Shelf(**(values | {"id": id, "device": DETECTOR} | fields))
        return self.known_shelves[id]

    def handing_over(self, **fields: Any) -> Handover:
        id = f"HO-{len(self.known_handovers) + 1:06}"
        values: dict[str, Any] = {
            "id": id,
            "site": "tower-a",
            "outgoing": "duty.officer",
            "incoming": "engineering-lead",
            "filled_at": START,
            "revision": 1,
            **{name: [] for name in ("open_incidents", "open_orders", "overdue_orders", "shelves", "silent_devices")},
            "overdue_actions": [],
        }
        self.known_handovers[id] = Handover(**(values | fields))
        return self.known_handovers[id]

    def drilling(self, **fields: Any) -> Drill:
        id = f"DRL-{len(self.known_drills) + 1:06}"
        values: dict[str, Any] = {
            "id": id,
            "site": "tower-a",
            "scenario": "fire-on-12f",
            "title": {"en": "A fire", "zh": "火灾"},
            "started_at": START,
            "started_by": "safety-officer",
            "ends_at": START + 3_600_000,
            "revision": 1,
        }
        self.known_drills[id] = Drill(**(values | fields))
        return self.known_drills[id]

    # ---- api.ports.Desk

    async def sites(self) -> list[SiteState]:
        return [SiteState(id, {"en": id}, "Asia/Shanghai", ["main"]) for id in ("tower-a", "tower-b")]

    async def device_classes(self) -> list[DeviceClassState]:
        return [DeviceClassState("siren", {"en": "Siren"}, {}, {"sound": {"en": "Sound the alarm"}})]

    async def drills(self, query: DrillQuery) -> Page[Drill]:
        drills = {
            id: each
            for id, each in self.known_drills.items()
            if query.passed in (None, each.score.passed if each.score else None)
        }
        return self._list(drills, query, but=("passed", "since", "until"))

    async def drill(self, drill: str) -> Drill:
        return self._one(self.known_drills, drill, UnknownDrill)

    async def drill_calendar(self, year: int | None = None, site: str | None = None) -> DrillCalendar:
        self._check()
        return DrillCalendar(year or 2026, [each for each in self.required_drills if site in (None, each.site)])

    async def theory(self) -> dict[str, Paper]:
        self._check()
        return self.papers

    def timezone(self, site: str) -> str:
        return "Asia/Shanghai"

    async def orders(self, query: OrderQuery) -> Page[WorkOrder]:
        return self._list(self.known_orders, query)

    async def board(self, query: BoardQuery) -> Board:
        self._check()
        columns = []
        for node in (Node.OPEN, Node.ACCEPTED, Node.SURVEYED, Node.REPAIRED):
            found = [each for each in self.known_orders.values() if each.node is node and of_sites(each, query.sites)]
            found.sort(key=lambda each: not each.overdue)
            columns.append(Column(len(found), sum(each.overdue for each in found), found[: query.limit]))
        return Board(*columns)

    async def order(self, order: str) -> WorkOrder:
        return self._one(self.known_orders, order, UnknownOrder)

    async def actions(self, query: ActionQuery) -> Page[ActionState]:
        return self._list(self.known_actions, query)

    async def action(self, action: str) -> ActionState:
        return self._one(self.known_actions, action, UnknownAction)

    async def shelves(self, query: ShelfQuery) -> Page[Shelf]:
        shelves = {id: each for id, each in self.known_shelves.items() if query.open in (None, each.ended_at is None)}
        return self._list(shelves, query, but=("open",))

    async def shelf(self, shelf: str) -> Shelf:
        return self._one(self.known_shelves, shelf, UnknownShelf)

    async def handovers(self, query: HandoverQuery) -> Page[Handover]:
        return self._list(self.known_handovers, query)

    async def handover(self, handover: str) -> Handover:
        return self._one(self.known_handovers, handover, UnknownHandover)

    async def keep_attachment(self, name: str, media_type: str, content: bytes) -> Attachment:
        self._check()
        sha256 = hashlib.sha256(content).hexdigest()
        kept = Attachment(name, sha256, len(content), media_type)
        return self.files.setdefault(sha256, (kept, content))[0]

    async def attachment(self, sha256: str) -> Attachment:
        return self._one(self.files, sha256, UnknownAttachment)[0]

    async def attachment_content(self, sha256: str) -> bytes:
        return self._one(self.files, sha256, UnknownAttachment)[1]

    async def plans(self) -> list[ResponsePlan]:
        self._check()
        return self.plans_in_force

    async def plan(self, hazard: str) -> ResponsePlan:
        return self._one({plan.hazard: plan for plan in self.plans_in_force}, hazard, UnknownPlan)

    async def on_duty(self, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        self._check()
        return [each for each in self.duty if role in (None, each.role)]

    async def roles_of(self, person: str) -> frozenset[str]:
        self._check()
        return frozenset(self.held_roles.get(person, ()))

    async def notices(self, query: NoticeQuery) -> Page[Entry]:
        self._check()
        found = [entry for entry in reversed(self.entries) if entry.kind.value.startswith("notice_")]
        found = [entry for entry in found if query.incident in (None, entry.incident)]
        if query.failed is not None:
            found = [entry for entry in found if (entry.kind.value == "notice_failed") is query.failed]
        return page_of(found, query.cursor, query.limit)

    async def explain_incident(self, incident: str) -> list[Line]:
        return self._one(self.explained, incident, UnknownIncident)

    async def explain_device(self, device: str) -> list[Line]:
        return self._one(self.explained, device, UnknownDevice)

    # ----

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken

    def _one(self, known: dict[str, Any], id: str, unknown: type[LookupError]) -> Any:
        self._check()
        if id not in known:
            raise unknown(id)
        return known[id]

    def _list(self, known: dict[str, Any], query: Any, but: tuple[str, ...] = ()) -> Page[Any]:
        self._check()
        names = [name for name in query.__struct_fields__ if name not in ("sites", "cursor", "limit", *but)]
        wanted = {name: getattr(query, name) for name in names}
        found = [each for each in reversed(known.values()) if has(each, wanted) and of_sites(each, query.sites)]
        return page_of(found, query.cursor, query.limit)


def has(value: object, wanted: dict[str, Any]) -> bool:
    return all(want is None or getattr(value, name) == want for name, want in wanted.items())


def of_sites(value: Any, sites: frozenset[str] | None) -> bool:
    """A shelf has no site of its own: its device or zone has one, and one for a rule alone is of all sites."""
    if isinstance(value, Shelf):
        place = value.device or value.zone
        return sites is None or place is None or place.partition("/")[0] in sites
    return sites is None or value.site in sites


def page_of(found: list[Any], cursor: str | None, limit: int) -> Page[Any]:
    if cursor is not None and not cursor.isdecimal():
        raise BadCursor(cursor)
    start = int(cursor or 0)
    return Page(found[start : start + limit], str(start + limit) if len(found) > start + limit else None)
