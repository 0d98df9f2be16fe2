"""What answers about drills look like, as `examples.py`."""

from __future__ import annotations

from api.drill_schemas import (
    CalendarOut,
    DrillDoneOut,
    DrillOut,
    DrillsOut,
    HeldOut,
    PaperOut,
    PapersOut,
    QuestionOut,
    RequiredDrillOut,
    ScoreLineOut,
    ScoreOut,
    TallyOut,
    TheoryOut,
)
from api.examples import ENTRY
from api.playing_schemas import PlayedOut, ScenarioOut, ScenariosOut, ToPlayListOut, ToPlayOut
from rules.drill import Stage
from rules.mode import Mode
from rules.score import Met, Part
from rules.timeline import Kind

_STARTED = "2026-11-24T02:00:00.000Z"
_ENDED = "2026-11-24T02:24:10.000Z"
_DUE = "2027-11-24T02:24:10.000Z"
_TITLE = {"en": "A fire on the 12th floor", "zh": "12层火灾"}

_TALLY = TallyOut(name="duty_officer", points=7.0, of=8.0, passed=True, missed=[])
SCORE = ScoreOut(
    points=30.0,
    of=32.0,
    percent=93,
    pass_percent=80,
    passed=True,
    complete=True,
    lines=[
        ScoreLineOut(
            what="acknowledge",
            title={"en": "Acknowledged", "zh": "接警"},
            part=Part.START,
            met=Met.LATE,
            points=1.0,
            of=2.0,
            incident="INC-000042",
            role="duty_officer",
            person="duty-officer",
            took_ms=72_000,
            limit_ms=60_000,
            mandatory=False,
            reason="",
        )
    ],
    roles=[_TALLY],
    people=[_TALLY.model_copy(update={"name": "duty-officer"})],
    parts={"start": True, "handling": True, "liaison": True, "information": True, "close": True},
)
DRILL = DrillOut(
    id="DRL-000003",
    mode=Mode.EXERCISE,
    site="tower-a",
    scenario="fire-on-12f",
    title=_TITLE,
    stage=Stage.ENDED,
    open=False,
    started_at=_STARTED,
    started_by="safety-officer",
    ends_at="2026-11-24T02:30:00.000Z",
    suspended_at=None,
    suspended_for=None,
    suspended_until=None,
    ended_at=_ENDED,
    ended_by="safety-officer",
    reason="all is done",
    incidents=["INC-000042"],
    hazards=["fire"],
    score=SCORE,
    theory=[
        TheoryOut(
            person="guard", plan="fire", at="2026-11-25T08:00:00.000Z", points=7, of=8, passed=True, wrong=["lifts"]
        )
    ],
    revision=14,
)
DRILLS = DrillsOut(items=[DRILL])
_FACTS: dict[str, float | bool | str] = {
    "id": "DRL-000003",
    "what": "ended",
    "site": "tower-a",
    "title_en": _TITLE["en"],
}
DRILL_DONE = DrillDoneOut(
    drill=DRILL,
    entries=[
        ENTRY.model_copy(
            update={
                "kind": Kind.DRILL,
                "mode": Mode.EXERCISE,
                "incident": None,
                "number": 0,
                "device": None,
                "rule": None,
                "by": "safety-officer",
                "facts": _FACTS,
                "reason": "all is done",
                "text": "EXERCISE: Drill DRL-000003 ended: A fire on the 12th floor · at tower-a · by safety-officer",
                "at": _ENDED,
            }
        )
    ],
    repeated=False,
)
CALENDAR = CalendarOut(
    year=2026,
    items=[
        RequiredDrillOut(
            site="tower-a",
            id="fire",
            title={"en": "Fire", "zh": "火灾"},
            hazards=["fire"],
            every_ms=31_536_000_000,
            due_at=_DUE,
            overdue=False,
            last_at=_ENDED,
            last="DRL-000003",
            held=[HeldOut(drill="DRL-000003", at=_ENDED, passed=True)],
        )
    ],
)
SCENARIOS = ScenariosOut(
    items=[
        ScenarioOut(name="fire-on-12f", site="tower-a", title=dict(_TITLE), lasts_ms=300_000, hazards=["fire"]),
    ]
)
TO_PLAY = ToPlayListOut(items=[ToPlayOut(drill="DRL-000003", site="tower-a", scenario="fire-on-12f")])
PLAYED = PlayedOut(played=True)
PAPERS = PapersOut(
    items=[
        PaperOut(
            plan="fire",
            questions=[
                QuestionOut(
                    id="lifts",
                    question={"en": "May lifts be used to leave the building?", "zh": "疏散时能否乘坐电梯？"},
                    choices=[{"en": "No, they are recalled", "zh": "不能，电梯已迫降"}, {"en": "Yes", "zh": "可以"}],
                    points=1,
                )
            ],
        )
    ]
)
