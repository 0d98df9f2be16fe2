"""Drills: started, suspended, resumed, ended, aborted; scores and reports; which are due; questions for training."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.attempt import AnAttempt, Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk, language_of
from api.documented import answers
from api.drill_examples import CALENDAR, DRILL, DRILL_DONE, DRILLS, PAPERS, SCORE
from api.drill_requests import (
    CalendarQuery,
    DrillReasonIn,
    DrillsQuery,
    EndDrillIn,
    StartDrillIn,
    TheoryIn,
)
from api.drill_schemas import (
    CalendarOut,
    DrillDoneOut,
    DrillOut,
    DrillsOut,
    PapersOut,
    ScoreOut,
)
from api.errors import Code, ProblemRaised
from api.ids import DrillId, drill_id, etag
from api.permissions import Permission
from api.report_files import ReportFile, report_answers, report_file
from api.report_requests import FormatQuery
from api.requests import NoQuery
from rules.drill_report import drill_report
from rules.requests import AbortDrill, EndDrill, ResumeDrill, StartDrill, SuspendDrill, TakeTheory

router = APIRouter(prefix="/drills", tags=["drills"])


@router.get("", summary="Drills, newest first", responses=answers(DRILLS), dependencies=[needs(Permission.READ)])
async def list_drills(desk: TheDesk, _: Caller, query: Annotated[DrillsQuery, Query()]) -> DrillsOut:
    """All filters must hold. Follow `next_cursor` for more."""
    return DrillsOut.model_validate(await desk.drills(query.question()))


@router.post(
    "",
    summary="Start a drill",
    response_model=DrillDoneOut,
    responses=command_answers(
        DRILL_DONE, conditional=False, refusal=("real_alarm", "a real alarm is open: INC-000042")
    ),
    dependencies=[needs(Permission.RUN_DRILLS)],
)
async def start_drill(body: StartDrillIn, caller: Caller, attempt: Unconditional) -> Response:
    """Refused while another one is on at the site, or something real is. What is left there of an exercise is cleared
    away."""
    command = StartDrill(
        by=caller.acts_as(body.by),
        role=body.role,
        site=body.site,
        scenario=body.scenario,
        title=dict(body.title),
        lasts_ms=body.lasts_ms,
        onset_ms=body.onset_ms,
    )
    return await attempt.carry_out(command, "drill", new=True)


@router.get(
    "/calendar",
    summary="The coverage matrix of a year, and what is due",
    responses=answers(CALENDAR),
    dependencies=[needs(Permission.READ)],
)
async def drill_calendar(desk: TheDesk, _: Caller, query: Annotated[CalendarQuery, Query()]) -> CalendarOut:
    """Every drill that a site has to hold, when it was held in the year, when it is due next, whether it is overdue."""
    return CalendarOut.model_validate(await desk.drill_calendar(query.year, query.site))


@router.get(
    "/theory", summary="Questions for training", responses=answers(PAPERS), dependencies=[needs(Permission.READ)]
)
async def theory(desk: TheDesk, _: Caller, query: Annotated[NoQuery, Query()]) -> PapersOut:
    """By plan, without the answers."""
    return PapersOut.model_validate({"items": list((await desk.theory()).values())})


@router.get(
    "/{drill}",
    summary="One drill",
    responses=answers(DRILL, Code.UNKNOWN_DRILL, etag=True),
    dependencies=[needs(Permission.READ)],
)
async def get_drill(
    desk: TheDesk, _: Caller, drill: DrillId, query: Annotated[NoQuery, Query()], response: Response
) -> DrillOut:
    found = await desk.drill(drill_id(drill))
    response.headers["ETag"] = etag(found)
    return DrillOut.model_validate(found)


@router.post(
    "/{drill}/end",
    summary="End a drill",
    response_model=DrillDoneOut,
    responses=command_answers(DRILL_DONE, Code.UNKNOWN_DRILL, refusal=("wrong_stage", "DRL-000003 is aborted")),
    dependencies=[needs(Permission.RUN_DRILLS)],
)
async def end_drill(drill: DrillId, body: EndDrillIn, caller: Caller, attempt: AnAttempt) -> Response:
    """It is scored; everything of it that is still open is closed."""
    command = EndDrill(drill=drill_id(drill), by=caller.acts_as(body.by), role=body.role, reason=body.reason)
    return await attempt.carry_out(command, "drill")


@router.post(
    "/{drill}/abort",
    summary="Abort a drill",
    response_model=DrillDoneOut,
    responses=command_answers(DRILL_DONE, Code.UNKNOWN_DRILL, refusal=("wrong_stage", "DRL-000003 is ended")),
    dependencies=[needs(Permission.RUN_DRILLS)],
)
async def abort_drill(drill: DrillId, body: DrillReasonIn, caller: Caller, attempt: AnAttempt) -> Response:
    """It counts for nothing; everything of it that is still open is closed."""
    command = AbortDrill(drill=drill_id(drill), by=caller.acts_as(body.by), role=body.role, reason=body.reason)
    return await attempt.carry_out(command, "drill")


@router.post(
    "/{drill}/suspend",
    summary="Suspend a drill",
    response_model=DrillDoneOut,
    responses=command_answers(DRILL_DONE, Code.UNKNOWN_DRILL, refusal=("wrong_stage", "DRL-000003 is suspended")),
    dependencies=[needs(Permission.RUN_DRILLS)],
)
async def suspend_drill(drill: DrillId, body: DrillReasonIn, caller: Caller, attempt: AnAttempt) -> Response:
    """It stands still: nobody is told anything, nothing is commanded, no limit runs. A real alarm does it by itself."""
    command = SuspendDrill(drill=drill_id(drill), by=caller.acts_as(body.by), role=body.role, reason=body.reason)
    return await attempt.carry_out(command, "drill")


@router.post(
    "/{drill}/resume",
    summary="Resume a drill",
    response_model=DrillDoneOut,
    responses=command_answers(
        DRILL_DONE, Code.UNKNOWN_DRILL, refusal=("real_alarm", "a real alarm is open: INC-000042")
    ),
    dependencies=[needs(Permission.RUN_DRILLS)],
)
async def resume_drill(drill: DrillId, body: EndDrillIn, caller: Caller, attempt: AnAttempt) -> Response:
    """It goes on where it stood."""
    command = ResumeDrill(drill=drill_id(drill), by=caller.acts_as(body.by), role=body.role, reason=body.reason)
    return await attempt.carry_out(command, "drill")


@router.post(
    "/{drill}/theory",
    summary="Answer questions about a plan",
    response_model=DrillDoneOut,
    responses=command_answers(
        DRILL_DONE, Code.UNKNOWN_DRILL, refusal=("no_questions", "there are no questions about the plan water-leak")
    ),
    dependencies=[needs(Permission.RESPOND)],
)
async def take_theory(drill: DrillId, body: TheoryIn, caller: Caller, attempt: AnAttempt) -> Response:
    """May be taken again; the latest counts."""
    command = TakeTheory(
        drill=drill_id(drill), by=caller.acts_as(body.by), role=body.role, plan=body.plan, answers=dict(body.answers)
    )
    return await attempt.carry_out(command, "drill")


@router.get(
    "/{drill}/score",
    summary="The score of a drill",
    responses=answers(SCORE, Code.UNKNOWN_DRILL),
    dependencies=[needs(Permission.READ)],
)
async def get_score(desk: TheDesk, _: Caller, drill: DrillId, query: Annotated[NoQuery, Query()]) -> ScoreOut:
    """404 `unknown_drill` too while there is none: a drill is scored when it ends."""
    found = await desk.drill(drill_id(drill))
    if found.score is None:
        raise ProblemRaised(Code.UNKNOWN_DRILL, f"{found.id} is {found.stage.value}: it has no score")
    return ScoreOut.model_validate(found.score)


@router.get(
    "/{drill}/report",
    summary="The report of a drill",
    response_class=ReportFile,
    responses=report_answers(Code.UNKNOWN_DRILL),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_drill_report(
    request: Request, desk: TheDesk, _: Caller, drill: DrillId, query: Annotated[FormatQuery, Query()]
) -> Response:
    """To be filed and signed: passed or not, what was covered, the score sheet, by role and by person, the timeline.

    PDF is PDF/A-2a; JSON is the same document as data. Stamped as an exercise on every page. It names the last journal
    entry it rests on.
    """
    facts = await desk.drill_facts(drill_id(drill))
    report = await run_in_threadpool(drill_report, facts, language_of(request, query.lang))
    return await report_file(desk, report, query, f"{report.subject}-report")
