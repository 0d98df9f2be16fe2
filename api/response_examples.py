"""What answers about orders, corrective actions, shelves, handovers, plans and messages look like, as `examples.py`."""

from __future__ import annotations

from api.examples import ENTRY
from api.list_schemas import BoardOut, ColumnOut
from api.response_schemas import (
    ActionDoneOut,
    ActionOut,
    ActionsOut,
    AttachmentOut,
    ExplanationOut,
    HandoverDoneOut,
    HandoverOut,
    HandoversOut,
    LineOut,
    NotificationsOut,
    OnDutyOut,
    OrderDoneOut,
    OrderOut,
    OrdersOut,
    PersonOut,
    PlanOut,
    PlansOut,
    PlanStepOut,
    PlanSummaryOut,
    RecordOut,
    RosterOut,
    ShelfDoneOut,
    ShelfOut,
    ShelvesOut,
)
from api.schemas import EntryOut
from rules.incident import Phase
from rules.level import Level
from rules.mode import Mode
from rules.order import Node, OrderKind, OrderStep
from rules.timeline import Entry, Kind
from rules.timeline_text import text

_AT = "2026-11-24T05:00:00.120Z"
_LATER = "2026-11-24T06:00:00.120Z"
_NEXT_DAY = "2026-11-25T05:00:00.120Z"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def _entry(kind: Kind, by: str | None, facts: dict[str, float | bool | str], reason: str = "") -> EntryOut:
    entry = Entry(1_208, "INC-000042", 6, 0, kind, Mode.ACTUAL, "tower-a/sd-1203", None, by, facts, reason)
    new = {"kind": kind, "by": by, "facts": facts, "reason": reason, "text": text(entry, "en", {})}
    return ENTRY.model_copy(update={**new, "position": 1_208, "number": 6, "device": "tower-a/sd-1203", "at": _LATER})


ATTACHMENT = AttachmentOut(name="detector.png", sha256=_HASH, bytes=184_220, media_type="image/png")
ORDER = OrderOut(
    id="WO-000017",
    kind=OrderKind.EMERGENCY,
    mode=Mode.ACTUAL,
    site="tower-a",
    zone="tower-a/12F-east",
    asset="tower-a/sd-1203",
    fault="smoke-high",
    summary="Find and repair what the fire has damaged",
    role="engineer",
    lead="duty_officer",
    opened_at=_AT,
    opened_by="tocsin",
    node=Node.ACCEPTED,
    open=True,
    assignee="engineering-lead",
    level=Level.I,
    hazard="fire",
    incidents=["INC-000042"],
    records=[
        RecordOut(step=OrderStep.ACCEPT, by="engineering-lead", at=_LATER, note="", attachments=[ATTACHMENT], reason="")
    ],
    repeats=0,
    due_at="2026-11-24T06:15:00.120Z",
    overdue=False,
    handed_over=None,
    revision=2,
)
ORDERS = OrdersOut(items=[ORDER])
_NO_ORDERS = ColumnOut(count=0, overdue=0, items=[])
BOARD = BoardOut(
    acceptance=_NO_ORDERS,
    survey=_NO_ORDERS,
    repair=ColumnOut(count=1, overdue=0, items=[ORDER]),
    verification=_NO_ORDERS,
)
_ORDER_FACTS: dict[str, float | bool | str] = {
    "id": "WO-000017",
    "asset": "tower-a/sd-1203",
    "fault": "smoke-high",
    "step": "accept",
    "node": "accepted",
}
ORDER_DONE = OrderDoneOut(
    order=ORDER, entries=[_entry(Kind.ORDER_STEP, "engineering-lead", _ORDER_FACTS)], repeated=False
)

ACTION = ActionOut(
    id="CA-000003",
    incident="INC-000042",
    site="tower-a",
    mode=Mode.ACTUAL,
    text="stove guards on 12F",
    owner="engineering-lead",
    asked_at=_NEXT_DAY,
    asked_by="duty-officer",
    due_at="2026-12-16T05:00:00.120Z",
    overdue=False,
    open=True,
    done_at=None,
    done_by="",
    done_note="",
    rechecked_at=None,
    rechecked_by="",
    recheck_note="",
    reopened=0,
    revision=1,
)
ACTIONS = ActionsOut(items=[ACTION])
_ACTION_FACTS: dict[str, float | bool | str] = {
    "id": "CA-000003",
    "what": "done",
    "text": "stove guards on 12F",
    "owner": "engineering-lead",
}
ACTION_DONE = ActionDoneOut(
    action=ACTION.model_copy(update={"done_at": _LATER, "done_by": "engineering-lead", "revision": 2}),
    entries=[_entry(Kind.ACTION, "engineering-lead", _ACTION_FACTS)],
    repeated=False,
)

SHELF = ShelfOut(
    id="SH-000003",
    by="duty-officer",
    second="engineering-lead",
    reason="welding next to it, fire watch is there",
    since=_AT,
    until=_LATER,
    device="tower-a/sd-1203",
    zone=None,
    rule=None,
    one_shot=False,
    maintenance=False,
    ended_at=None,
    ended_by=None,
    ended_because="",
)
SHELVES = ShelvesOut(items=[SHELF])
SHELF_DONE = ShelfDoneOut(
    shelf=SHELF, entries=[_entry(Kind.SHELVED, "duty-officer", {"id": "SH-000003"}, SHELF.reason)], repeated=False
)

HANDOVER = HandoverOut(
    id="HO-000005",
    site="tower-a",
    outgoing="duty-officer",
    incoming="engineering-lead",
    filled_at=_LATER,
    open_incidents=["INC-000042"],
    open_orders=["WO-000017"],
    overdue_orders=[],
    shelves=["SH-000003"],
    silent_devices=["tower-a/sd-0907"],
    overdue_actions=[],
    notes=["duty-officer: the key of riser 12 is at the desk"],
    signed_by_outgoing_at=_LATER,
    signed_by_incoming_at=None,
    superseded_by=None,
    done=False,
    revision=3,
)
HANDOVERS = HandoversOut(items=[HANDOVER])
HANDOVER_DONE = HandoverDoneOut(
    handover=HANDOVER,
    entries=[
        _entry(Kind.HANDOVER, "duty-officer", {"id": "HO-000005", "what": "signed by the outgoing"}).model_copy(
            update={"incident": None, "number": 0, "mode": None, "device": None}
        )
    ],
    repeated=False,
)

PLAN = PlanOut(
    id="fire",
    title={"en": "Fire", "zh": "火灾"},
    hazard="fire",
    version="9c51e07b3d20",
    lead="duty_officer",
    team=["duty_officer", "engineer", "guard"],
    level=Level.I,
    acknowledge_within_ms=60_000,
    ladder=["duty_officer", "engineering_lead", "project_manager"],
    quorum=["duty_officer", "engineering_lead"],
    re_alarm_after_ms=600_000,
    first_response_within_ms=900_000,
    may_override=["engineering_lead"],
    steps=[
        PlanStepOut(
            id="release-doors",
            title={"en": "Release doors", "zh": "释放门禁"},
            action="command",
            phase=Phase.ACTIVATED,
            level=Level.II,
            waits_for_confirmation=True,
            role=None,
            device_class="access_door",
            same="building",
            command="release",
            args={},
            expires_after_ms=30_000,
            retries=1,
            template=None,
            to=None,
            event=None,
            kind=None,
            mandatory=None,
            within_ms=None,
        )
    ],
)
PLANS = PlansOut(
    items=[
        PlanSummaryOut(
            id=PLAN.id,
            title=PLAN.title,
            hazard=PLAN.hazard,
            version=PLAN.version,
            lead=PLAN.lead,
            team=PLAN.team,
            steps=14,
        )
    ]
)

ROSTER = RosterOut(
    items=[
        OnDutyOut(
            role="duty_officer",
            people=[
                PersonOut(
                    id="duty-officer",
                    name="Duty officer",
                    roles=["duty_officer"],
                    language="zh",
                    site=None,
                    channels=["wecom", "sms"],
                )
            ],
        )
    ]
)
_NOTICE_FACTS: dict[str, float | bool | str] = {
    "what": "notify",
    "to": "duty-officer",
    "id": "NTF-000007",
    "detail": "202",
}
NOTIFICATIONS = NotificationsOut(items=[_entry(Kind.NOTICE_DONE, None, _NOTICE_FACTS)], next_cursor="1208")
EXPLANATION = ExplanationOut(
    lines=[
        LineOut(text="tower-a/sd-1203 (smoke_detector, tower-a/12F-east)", depth=0),
        LineOut(text="smoke-high: fires since 2 min, kept quiet", depth=1),
        LineOut(text="kept quiet by shelf SH-000003: welding next to it, fire watch is there, 58 min more", depth=2),
    ]
)
