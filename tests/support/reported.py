"""A fire that is over, put together by hand: what reports and figures are made of in tests."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from rules.drill import Drill
from rules.drill_facts import DrillFacts
from rules.incident import (
    Acknowledged,
    CommandStage,
    CommandState,
    Confirmation,
    Evidence,
    Incident,
    Phase,
    ReviewState,
    StepStage,
    StepState,
)
from rules.instant import DAY_MS, MINUTE_MS, SECOND_MS, Instant, parse_rfc3339
from rules.level import Level
from rules.mode import Mode
from rules.order import Node, NodeRecord, OrderKind, OrderStep, WorkOrder
from rules.report import Footing
from rules.report_facts import ReportFacts
from rules.requests import Finding
from rules.response_times import Limits
from rules.signal import Signal
from rules.state import ActionState
from rules.timeline import Entry, Kind
from tests.support import building

ZONE = ZoneInfo("Asia/Shanghai")
BEGAN: Instant = parse_rfc3339("2026-11-24T13:00:00+08:00")
NOW: Instant = BEGAN + DAY_MS
HASH = "5f" * 32
SMOKE = {"en": "Smoke above the alarm threshold", "zh": "烟雾浓度超过报警阈值"}
LIMITS = Limits(acknowledge_ms=MINUTE_MS, first_response_ms=3 * MINUTE_MS, review_ms=90 * DAY_MS)


def step(id: str, took_ms: int | None, limit_ms: int | None = None, **fields: Any) -> StepState:
    """A task, given out when the incident began; done so much later."""
    done = None if took_ms is None else BEGAN + took_ms
    values: dict[str, Any] = {
        "id": id,
        "action": "task",
        "title": {"en": id.replace("-", " "), "zh": f"任务{id}"},
        "stage": StepStage.ISSUED if done is None else StepStage.DONE,
        "issued_at": BEGAN,
        "role": "duty_officer",
        "due_at": None if limit_ms is None else BEGAN + limit_ms,
        "done_at": done,
        "done_by": None if done is None else "duty-officer",
    }
    return StepState(**(values | fields))


def incident(**fields: Any) -> Incident:
    """Closed after ten minutes, and reviewed."""
    closed = BEGAN + 10 * MINUTE_MS
    values: dict[str, Any] = {
        "id": "INC-000001",
        "mode": Mode.ACTUAL,
        "site": "tower-a",
        "building": "tower",
        "floor": "12F",
        "zone": "tower-a/12F-east",
        "hazard": "fire",
        "signal": Signal.ALARM,
        "level": Level.I,
        "phase": Phase.CLOSED,
        "confirmation": Confirmation.CONFIRMED,
        "title": SMOKE,
        "first_out": "tower-a/sd-1",
        "opened_at": BEGAN,
        "updated_at": closed,
        "evidence": [
            Evidence(
                "smoke-high", "tower-a/sd-1", SMOKE, Signal.ALARM, Level.I, BEGAN, {"smoke": 0.2}, "v1", False, closed
            )
        ],
        "commands": [
            CommandState(
                f"CMD-{number:06}", "tower-a/vent-1", "open", "vents", CommandStage.DONE, BEGAN + SECOND_MS, NOW
            )
            for number in (1, 2)
        ],
        "plan": "fire",
        "plan_version": "0123456789ab",
        "steps": [
            step("see", 2 * MINUTE_MS, 3 * MINUTE_MS),
            step("count-people", 9 * MINUTE_MS, 5 * MINUTE_MS, overdue=True),
        ],
        "orders": ["WO-000001"],
        "owner": "duty-officer",
        "acknowledgements": [Acknowledged("duty-officer", "duty_officer", BEGAN + 30 * SECOND_MS)],
        "acknowledged_at": BEGAN + 30 * SECOND_MS,
        "acknowledged_by": "duty-officer",
        "first_response_at": BEGAN + 4 * MINUTE_MS,
        "closed_at": closed,
        "closed_by": "duty-officer",
        "finding": Finding.REAL,
        "cause": "a pan",
        "review": ReviewState("chen.jun", closed + MINUTE_MS, "a pan", "put out", "nobody hurt", ["CA-000001"]),
    }
    return Incident(**(values | fields))


def entries(told: Incident) -> tuple[Entry, ...]:
    """Its timeline: two commands in a burst among them."""
    lines: list[tuple[int, Kind, dict[str, Any]]] = [
        (0, Kind.OPENED, {"facts": {"level": "I", "hazard": "fire", "signal": "alarm"}, "device": told.first_out}),
        (0, Kind.DETECTED, {"facts": {"title_en": SMOKE["en"], "smoke": 0.2}, "device": told.first_out}),
        (SECOND_MS, Kind.COMMAND_ISSUED, {"facts": {"command": "open", "id": "CMD-000001"}}),
        (SECOND_MS, Kind.COMMAND_ISSUED, {"facts": {"command": "open", "id": "CMD-000002"}}),
        (3 * SECOND_MS, Kind.COMMAND_PUBLISHED, {"facts": {"command": "open", "id": "CMD-000001"}}),
        (30 * SECOND_MS, Kind.ACKNOWLEDGED, {"by": "duty-officer", "facts": {"role": "duty_officer"}}),
        (30 * SECOND_MS, Kind.PHASE_CHANGED, {"facts": {"from": "activated", "to": "responding"}}),
        (2 * MINUTE_MS, Kind.TASK_DONE, {"by": "duty-officer", "facts": {"title_en": "see"}}),
        (5 * MINUTE_MS, Kind.OVERDUE, {"facts": {"what": "task", "title_en": "count people"}}),
        (10 * MINUTE_MS, Kind.PHASE_CHANGED, {"facts": {"from": "responding", "to": "closed"}}),
        (10 * MINUTE_MS, Kind.CLOSED, {"by": "duty-officer", "facts": {"finding": "real", "cause": "a pan"}}),
    ]
    return tuple(
        Entry(number, told.id, number, told.opened_at + after, kind, told.mode, **fields)
        for number, (after, kind, fields) in enumerate(lines, start=1)
    )


def order(**fields: Any) -> WorkOrder:
    values: dict[str, Any] = {
        "id": "WO-000001",
        "kind": OrderKind.EMERGENCY,
        "mode": Mode.ACTUAL,
        "site": "tower-a",
        "zone": "tower-a/12F-east",
        "asset": "tower-a/sd-1",
        "fault": "smoke-high",
        "summary": "Check the detector",
        "role": "engineer",
        "opened_at": BEGAN + 10 * MINUTE_MS,
        "opened_by": "tocsin",
        "node": Node.ACCEPTED,
        "incidents": ["INC-000001"],
        "records": [NodeRecord(OrderStep.ACCEPT, "engineer-1", BEGAN + 20 * MINUTE_MS)],
    }
    return WorkOrder(**(values | fields))


def drill_facts(held: Drill, **fields: Any) -> DrillFacts:
    """Of a drill, whose entries are to be given."""
    known = DrillFacts(
        drill=held,
        entries=(),
        directory=building.directory(),
        people={"duty-officer": "Duty officer", "safety-officer": "Safety officer"},
        footing=Footing(4711, HASH),
        now=max(NOW, held.ended_at or 0),
        version="0.1.0",
        timezone="Asia/Shanghai",
        zone=ZONE,
    )
    return msgspec.structs.replace(known, **fields)


def facts(told: Incident | None = None, **fields: Any) -> ReportFacts:
    told = told or incident()
    known = ReportFacts(
        incident=told,
        entries=entries(told),
        orders=(order(),),
        actions=(ActionState("CA-000001", told.id, "Ashtrays outside", "chen.jun", NOW + 20 * DAY_MS, asked_at=NOW),),
        directory=building.directory(),
        people={"duty-officer": "Duty officer", "chen.jun": "Chen Jun"},
        limits=LIMITS,
        plan_title={"en": "Fire", "zh": "火灾应急预案"},
        lead="safety_officer",
        footing=Footing(4711, HASH),
        now=NOW,
        version="0.1.0",
        timezone="Asia/Shanghai",
        zone=ZONE,
    )
    return msgspec.structs.replace(known, **fields)
