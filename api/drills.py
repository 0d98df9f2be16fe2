"""Drills: started, suspended, resumed, ended, aborted; scores and reports; which are due; questions for training."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.attempt import AnAttempt, Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk, language_of
from api.documented import answers
from api.drill_examples import (
    CALENDAR,
    DRILL,
    DRILL_DONE,
    DRILLS,
    PAPERS,
    PLAYED,
    SCENARIOS,
    SCORE,
    TO_PLAY,
)
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
from api.playing import Players, Scenario, ToPlay
from api.playing_schemas import CanPlayIn, PlayedOut, PlayIn, ScenariosOut, ToPlayListOut
from api.report_files import ReportFile, report_answers, report_file
from api.report_requests import FormatQuery
from api.requests import NoQuery
from rules.drill_report import drill_report
from rules.requests import AbortDrill, EndDrill, ResumeDrill, StartDrill, SuspendDrill, TakeTheory

router = APIRouter(prefix="/drills", tags=["drills"])


def players_of(request: Request) -> Players:
    players: Players = request.app.state.players
    return players


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
    "/scenarios",
    summary="Scenarios whose devices can be played",
    responses=answers(SCENARIOS),
    dependencies=[needs(Permission.READ)],
)
async def list_scenarios(
    request: Request, desk: TheDesk, caller: Caller, query: Annotated[NoQuery, Query()]
) -> ScenariosOut:
    """None while nobody says that they can play any (`tocsin play-drills`, `tocsin demo`): a drill can be started all
    the same, and its devices be played by `tocsin drill NAME --live`."""
    known = players_of(request).scenarios(await desk.now())
    return ScenariosOut.model_validate({"items": [each for each in known if caller.sees(each.site)]})


@router.post(
    "/scenarios",
    summary="Say what can be played",
    responses=answers(TO_PLAY, Code.BODY_TOO_LARGE, Code.NOT_JSON),
    dependencies=[needs(Permission.RUN_DRILLS)],
)
async def can_play(
    request: Request, desk: TheDesk, caller: Caller, body: CanPlayIn, query: Annotated[NoQuery, Query()]
) -> ToPlayListOut:
    """To be said again within 15 s. The answer is what to play now; nothing of it is kept, so that it needs no
    Idempotency-Key."""
    theirs = [Scenario(**each.model_dump()) for each in body.scenarios if caller.sees(each.site)]
    return ToPlayListOut.model_validate({"items": players_of(request).told(body.player, theirs, await desk.now())})


@router.post(
    "/{drill}/play",
    summary="Have the devices of a drill played",
    responses=answers(PLAYED, Code.UNKNOWN_DRILL, Code.BODY_TOO_LARGE, Code.NOT_JSON),
    dependencies=[needs(Permission.RUN_DRILLS)],
)
async def play_drill(
    request: Request, desk: TheDesk, _: Caller, drill: DrillId, body: PlayIn, query: Annotated[NoQuery, Query()]
) -> PlayedOut:
    """By whoever has said that they can. What the devices say on the exercise tree is on the record of the drill."""
    found = await desk.drill(drill_id(drill))
    wanted = ToPlay(found.id, found.site, found.scenario)
    return PlayedOut(played=found.open and players_of(request).play(wanted, await desk.now()))


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
