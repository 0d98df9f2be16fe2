"""What answers about rules, trials, readings, shifts and commands look like, as `examples.py`."""

from __future__ import annotations

from api.examples import ENTRY, INCIDENT
from api.readings_port import Aggregate
from api.response_examples import SHELF, SHELF_DONE, SHELVES
from api.rules_port import BacktestState, VersionKind
from api.rules_schemas import (
    AbsenceOut,
    AbsencesOut,
    BacktestOut,
    BacktestsOut,
    CommandOfOut,
    CommandsOut,
    ComparedOut,
    DryRunOut,
    FileProblemOut,
    FilesCheckedOut,
    FiringOut,
    JudgedOut,
    LettersDoneOut,
    ReadingsOut,
    RuleDetailOut,
    RuleOut,
    RulesOut,
    SeriesOut,
    ShiftOut,
    ShiftsOut,
    VerdictOut,
    VerificationOut,
    VersionOut,
    VersionsOut,
    VersionTextOut,
    WouldBeOut,
)
from api.schemas import DeadLetterOut
from rules.level import Level
from rules.mode import Mode
from rules.signal import Signal
from rules.verdict import Verdict

_AT = "2026-11-24T05:00:00.120Z"
_LATER = "2026-11-24T05:02:10.000Z"
_HASH = "3f2a9c51e07b4d2088c1b6a94f5e3d7012ab34cd56ef7890123456789abcdef0"
_TITLE = {"en": "Smoke above alarm threshold", "zh": "烟雾浓度超过报警阈值"}
_WRITTEN = {
    "id": "smoke-high",
    "title": _TITLE,
    "device_class": "smoke_detector",
    "hazard": "fire",
    "signal": "alarm",
    "when": {"metric": "smoke", "above": 0.15},
}

_RULE = {
    "id": "smoke-high",
    "kind": "detection",
    "title": _TITLE,
    "hazard": "fire",
    "signal": Signal.ALARM,
    "level": None,
    "device_classes": ["smoke_detector"],
    "version": "9c51e07b3d20",
    "confirmed_by": ["fire-confirmed"],
}
RULE = RuleDetailOut.model_validate(_RULE | {"written": _WRITTEN})
RULES = RulesOut(items=[RuleOut.model_validate(_RULE)], version=_HASH)
VERSIONS = VersionsOut(items=[VersionOut(version=_HASH, kind=VersionKind.RULES, since=_AT, until=None, position=1207)])
VERSION_TEXT = VersionTextOut(
    version=_HASH,
    kind=VersionKind.RULES,
    content={"detections": {"smoke-high": _WRITTEN}},
    files={"rules/fire.yaml": "# smoke\nrules:\n  - id: smoke-high\n"},
)

_PROBLEM = FileProblemOut(
    file="rules/fire.yaml",
    line=4,
    path="rules[0].device_class",
    message="'smoke_detektor' is not a device class (smoke_detector…)",
    text="rules/fire.yaml:4 rules[0].device_class: 'smoke_detektor' is not a device class (smoke_detector…)",
)
FILES_CHECKED = FilesCheckedOut(
    ok=False, problems=[_PROBLEM], remarks=[], summary="3 files, 1 site, 412 devices, 1 problem"
)

_FIRING = FiringOut(
    rule="smoke-high", device="tower-a/sd-1203", since=_AT, until=_LATER, values={"smoke": 0.182}, quiet=False
)
DRY_RUN = DryRunOut(
    ok=True,
    problems=[],
    begins=_AT,
    ends=_LATER,
    verdicts=[
        VerdictOut(rule="smoke-high", device="tower-a/sd-1203", verdict=Verdict.HOLDS, at=_AT, values={"smoke": 0.182})
    ],
    firings=[_FIRING],
    incidents=[INCIDENT],
    entries=[ENTRY],
    effects={"Notify": 2},
    faults=[],
    left_out=0,
)

_CANDIDATE = JudgedOut(
    fired=1,
    firings=[_FIRING],
    by_rule={"smoke-high": 1},
    by_device={"tower-a/sd-1203": 1},
    held_before=0,
    incidents_opened=1,
    incidents=[
        WouldBeOut(
            zone="tower-a/12F-east", hazard="fire", level=Level.I, opened_at=_AT, confirmed=True, closed_at=_LATER
        )
    ],
)
BACKTEST = BacktestOut(
    id="BT-000003",
    state=BacktestState.DONE,
    asked_by="engineering-lead",
    asked_at=_AT,
    ended_at=_LATER,
    since="2026-11-17T00:00:00.000Z",
    until="2026-11-24T00:00:00.000Z",
    site=None,
    files=["rules/fire.yaml"],
    progress=1.0,
    problems=[],
    why="",
    compared=ComparedOut(
        summary="would have fired 1 time; the running rules fired 1 time; 1 of them the same",
        rules=["smoke-high", "fire-confirmed", "call-point"],
        candidate=_CANDIDATE,
        running=_CANDIDATE,
        both=1,
        only_candidate=[],
        only_running=[],
        readings=483_120,
        remarks=[],
    ),
)
BACKTEST_BEGUN = BACKTEST.model_copy(
    update={"state": BacktestState.WAITING, "ended_at": None, "progress": 0.0, "compared": None}
)
BACKTEST_CANCELLED = BACKTEST_BEGUN.model_copy(update={"state": BacktestState.CANCELLED, "ended_at": _LATER})
BACKTESTS = BacktestsOut(items=[BACKTEST_BEGUN])

READINGS = ReadingsOut(
    device="tower-a/em-1201",
    mode=Mode.ACTUAL,
    since="2026-11-24T05:00:00.000Z",
    until="2026-11-24T06:00:00.000Z",
    step_ms=60_000,
    agg=Aggregate.AVG,
    series=[
        SeriesOut(metric="power_w", points=[("2026-11-24T05:00:00.000Z", 812.4), ("2026-11-24T05:01:00.000Z", 816.0)])
    ],
    complete=True,
    complete_until="2026-11-24T06:00:00.000Z",
)

SHIFTS = ShiftsOut(
    items=[
        ShiftOut(
            role="duty_officer",
            site="tower-a",
            since="2026-11-24T00:00:00.000Z",
            until="2026-11-24T08:00:00.000Z",
            person="duty-officer",
            name="Duty officer",
            stands_in_for=None,
        )
    ]
)
ABSENCES = AbsencesOut(
    items=[AbsenceOut(person="duty-officer", since="2026-11-24T16:00:00.000Z", until="2026-11-27T16:00:00.000Z")]
)
COMMANDS = CommandsOut(
    items=[
        CommandOfOut(
            incident="INC-000042",
            site="tower-a",
            zone="tower-a/12F-east",
            hazard="fire",
            mode=Mode.ACTUAL,
            incident_open=True,
            command=INCIDENT.commands[0],
        )
    ]
)
LETTERS_DONE = LettersDoneOut(letters=3, entries=[ENTRY], repeated=False)
DEAD_LETTER = DeadLetterOut(
    id="dG9jc2luL3YxL3Rvd2VyLWEvc2QtOTk5OS90ZWxlbWV0cnkAdW5rbm93biBkZXZpY2U",
    topic="tocsin/v1/tower-a/sd-9999/telemetry",
    reason="unknown device",
    detail="tower-a/sd-9999 is in no site file",
    first_bytes='{"values":{"smoke":0.02}}',
    count=12,
    first_at=_AT,
    last_at=_LATER,
)
VERIFICATION = VerificationOut(
    state="whole",
    asked_by="auditor",
    asked_at=_AT,
    ended_at=_LATER,
    rows=48_120,
    head=_HASH,
    broken_at=None,
    why="",
)

MAINTENANCE = SHELF.model_copy(
    update={
        "id": "SH-000004",
        "device": None,
        "zone": "tower-a/12F-east",
        "reason": "detectors are cleaned",
        "maintenance": True,
    }
)
MAINTENANCE_WINDOWS = SHELVES.model_copy(update={"items": [MAINTENANCE]})
MAINTENANCE_DONE = SHELF_DONE.model_copy(update={"shelf": MAINTENANCE})
