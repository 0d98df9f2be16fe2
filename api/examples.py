"""What answers look like, for the OpenAPI document: made of the wire's own models, so they cannot go stale."""

from __future__ import annotations

from api.schemas import (
    AcknowledgedOut,
    AliveOut,
    CommandOut,
    CountdownOut,
    DeadLetterOut,
    DeadLettersOut,
    DeviceClassesOut,
    DeviceClassOut,
    DeviceOut,
    DevicesOut,
    DoneOut,
    EntryOut,
    EvidenceOut,
    IncidentOut,
    IncidentsOut,
    LadderOut,
    ReadyOut,
    SiteOut,
    SitesOut,
    StepOut,
    TimelineOut,
    ZoneOut,
    ZonesOut,
)
from rules.incident import CommandStage, Confirmation, Phase, StepStage
from rules.level import Level
from rules.mode import Mode
from rules.signal import Signal
from rules.timeline import Kind

_PLACE = {"site": "tower-a", "building": "main", "floor": "12F"}
_SMOKE = {"en": "Smoke above alarm threshold", "zh": "烟雾浓度超过报警阈值"}
_RULES = "3f2a9c51"
_AT = "2026-11-24T05:00:00.120Z"

INCIDENT = IncidentOut(
    **_PLACE,
    id="INC-000042",
    mode=Mode.ACTUAL,
    zone="tower-a/12F-east",
    hazard="fire",
    signal=Signal.ALARM,
    level=Level.I,
    phase=Phase.ACTIVATED,
    confirmation=Confirmation.PRE_ALARM,
    title=_SMOKE,
    first_out="tower-a/sd-1203",
    open=True,
    sources_normal=False,
    opened_at=_AT,
    updated_at=_AT,
    evidence=[
        EvidenceOut(
            rule="smoke-high",
            device="tower-a/sd-1203",
            title=_SMOKE,
            signal=Signal.ALARM,
            level=Level.I,
            fired_at=_AT,
            values={"smoke": 0.182, "alarm": True},
            rule_version=_RULES,
            holds=True,
            cleared_at=None,
            times=1,
        )
    ],
    commands=[
        CommandOut(
            id="CMD-000007",
            device="tower-a/door-12",
            command="release",
            linkage="release-doors",
            stage=CommandStage.DONE,
            issued_at=_AT,
            expires_at="2026-11-24T05:00:30.120Z",
            detail="",
            args={},
            attempt=1,
            retries_left=1,
            by=None,
        )
    ],
    plan="fire",
    plan_version="9c51e07b3d20",
    steps=[
        StepOut(
            id="investigate",
            action="task",
            title={"en": "Go and see", "zh": "到现场确认"},
            stage=StepStage.ISSUED,
            issued_at=_AT,
            role="duty_officer",
            mandatory=True,
            due_at="2026-11-24T05:03:00.120Z",
            overdue=False,
            done_at=None,
            done_by=None,
            note="",
            effects=[],
            carried_by=None,
        )
    ],
    orders=["WO-000017"],
    owner=None,
    acknowledgements=[],
    ladder=LadderOut(rung=0, due_at="2026-11-24T05:01:00.120Z", level=Level.I, times=0),
    re_alarm_at=None,
    first_response_by="2026-11-24T05:15:00.120Z",
    first_response_at=None,
    stale_at="2026-11-25T05:00:00.120Z",
    review=None,
    awaits_review=False,
    countdown=CountdownOut(acknowledge_by="2026-11-24T05:00:15.120Z", investigate_ms=180_000, investigate_by=None),
    acknowledged_at=None,
    acknowledged_by=None,
    normal_since=None,
    closed_at=None,
    closed_by=None,
    finding=None,
    cause=None,
    drill=None,
    suspended=False,
    entries=4,
    revision=4,
)
INCIDENTS = IncidentsOut(items=[INCIDENT], next_cursor="eyJpZCI6NDJ9")

ENTRY = EntryOut(
    position=1207,
    incident="INC-000042",
    number=5,
    at="2026-11-24T05:00:09.480Z",
    kind=Kind.ACKNOWLEDGED,
    text="Acknowledged by duty-officer: on my way up",
    mode=Mode.ACTUAL,
    device=None,
    rule=None,
    by="duty-officer",
    facts={"note": "on my way up"},
    reason="",
    device_at=None,
    seq=None,
    late_ms=None,
)
TIMELINE = TimelineOut(items=[ENTRY], next_after=5)
STREAM = f"retry: 3000\n\nid: 1207\nevent: acknowledged\ndata: {ENTRY.model_dump_json()}\n\n: still here\n\n"
DONE = DoneOut(
    incident=INCIDENT.model_copy(
        update={
            "phase": Phase.RESPONDING,
            "acknowledged_at": ENTRY.at,
            "acknowledged_by": "duty-officer",
            "acknowledgements": [AcknowledgedOut(by="duty-officer", role="duty_officer", at=ENTRY.at)],
            "owner": "duty-officer",
            "updated_at": ENTRY.at,
            "entries": 5,
            "revision": 5,
        }
    ),
    entries=[ENTRY],
    repeated=False,
)

DEVICE = DeviceOut(
    **_PLACE,
    id="tower-a/sd-1203",
    name="sd-1203",
    device_class="smoke_detector",
    zone="tower-a/12F-east",
    title={"en": "Smoke detector 1203", "zh": "1203 烟感"},
    values={"smoke": 0.182, "alarm": True},
    last_seen_at=_AT,
    online=True,
    silent=False,
    firing=["smoke-high"],
)
DEVICES = DevicesOut(items=[DEVICE])
ZONES = ZonesOut(
    items=[
        ZoneOut(
            **_PLACE,
            id="tower-a/12F-east",
            name="12F-east",
            title={"en": "12th floor, east", "zh": "12 层东区"},
            devices=24,
            silent=1,
            open_incidents=["INC-000042"],
            level=Level.I,
        )
    ]
)
SITES = SitesOut(
    items=[
        SiteOut(id="tower-a", title={"en": "Tower A", "zh": "A座"}, timezone="Asia/Shanghai", buildings=["tower"]),
    ]
)
DEVICE_CLASSES = DeviceClassesOut(
    items=[
        DeviceClassOut(
            id="siren",
            title={"en": "Siren", "zh": "声光警报器"},
            metrics={"sounding": {"en": "Sounding", "zh": "鸣响"}},
            commands={"sound": {"en": "Sound the alarm", "zh": "鸣响"}},
        )
    ]
)
DEAD_LETTERS = DeadLettersOut(
    items=[
        DeadLetterOut(
            id="dG9jc2luL3YxL3Rvd2VyLWEvc2QtOTk5OS90ZWxlbWV0cnkAdW5rbm93biBkZXZpY2U",
            topic="tocsin/v1/tower-a/sd-9999/telemetry",
            reason="unknown device",
            detail="tower-a/sd-9999 is in no site file",
            first_bytes='{"values":{"smoke":0.02}}',
            count=12,
            first_at=_AT,
            last_at="2026-11-24T05:11:00.000Z",
        )
    ]
)

ALIVE = AliveOut(alive=True)
READY = ReadyOut(
    ready=True, parts={"broker": "ok", "store": "ok", "rules": "ok", "telemetry": "ok"}, version="0.1.0", started_at=_AT
)
NOT_READY = READY.model_copy(update={"ready": False, "parts": READY.parts | {"broker": "connection refused"}})
METRICS = "# TYPE tocsin_readings counter\ntocsin_readings_total 120482.0\n"
