"""Drills: started, suspended, resumed, ended, aborted; scores and reports; which are due; questions for training."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from api.attempt import AnAttempt, Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk, language_of
from api.document_html import html
from api.document_markdown import markdown
from api.documented import answers
from api.drill_examples import CALENDAR, DRILL, DRILL_DONE, DRILL_REPORT, DRILLS, HTML, MARKDOWN, PAPERS, SCORE
from api.drill_requests import (
    CalendarQuery,
    DrillReasonIn,
    DrillsQuery,
    EndDrillIn,
    ReportQuery,
    StartDrillIn,
    TheoryIn,
)
from api.drill_schemas import (
    BlockOut,
    CalendarOut,
    CellOut,
    DrillDoneOut,
    DrillOut,
    DrillReportOut,
    DrillsOut,
    PapersOut,
    ScoreOut,
)
from api.errors import Code, ProblemRaised
from api.ids import DrillId, drill_id, etag
from api.permissions import Permission
from api.ports import Desk
from api.requests import NoQuery
from rules.document import Block, Document, Facts, Heading, Paragraph, Verdict
from rules.drill import Drill
from rules.drill_report import Reader, report
from rules.requests import AbortDrill, EndDrill, ResumeDrill, StartDrill, SuspendDrill, TakeTheory
from rules.timeline import Entry
from rules.timeline_text import Language

router = APIRouter(prefix="/drills", tags=["drills"])

INCIDENTS_MAX = 100  # of which a report has the timelines; a flood's are in the incidents themselves
PAGE_ENTRIES = 500
HTML_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


class _Markdown(Response):
    media_type = "text/markdown"


class _Html(Response):
    media_type = "text/html"


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


# ---- reports


@router.get(
    "/{drill}/report",
    summary="A drill's report",
    responses=answers(DRILL_REPORT, Code.UNKNOWN_DRILL),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_drill_report(
    request: Request, desk: TheDesk, _: Caller, drill: DrillId, query: Annotated[ReportQuery, Query()]
) -> DrillReportOut:
    found = await desk.drill(drill_id(drill))
    document = await _document(desk, found, language_of(request, query.lang))
    return DrillReportOut(
        drill=DrillOut.model_validate(found),
        title=document.title,
        subtitle=document.subtitle,
        stamp=document.stamp,
        blocks=[_block(each) for each in document.blocks],
        footer=document.footer,
    )


@router.get(
    "/{drill}/report.md",
    summary="A drill's report as Markdown",
    response_class=_Markdown,
    responses=answers(MARKDOWN, Code.UNKNOWN_DRILL, media_type="text/markdown"),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_markdown(
    request: Request, desk: TheDesk, _: Caller, drill: DrillId, query: Annotated[ReportQuery, Query()]
) -> Response:
    document = await _document(desk, await desk.drill(drill_id(drill)), language_of(request, query.lang))
    return _Markdown(markdown(document))


@router.get(
    "/{drill}/report.html",
    summary="A drill's report as a page to print",
    response_class=_Html,
    responses=answers(HTML, Code.UNKNOWN_DRILL, media_type="text/html"),
    dependencies=[needs(Permission.READ_REPORTS)],
)
async def get_html(
    request: Request, desk: TheDesk, _: Caller, drill: DrillId, query: Annotated[ReportQuery, Query()]
) -> Response:
    document = await _document(desk, await desk.drill(drill_id(drill)), language_of(request, query.lang))
    return _Html(html(document), headers=HTML_POLICY)


async def _document(desk: Desk, drill: Drill, language: Language) -> Document:
    titles = desk.titles()
    people = {person.id: person.name for each in await desk.on_duty() for person in each.people}
    reader = Reader(language, ZoneInfo(await desk.timezone_of(drill.site)), titles, people)
    entries = [entry for id in drill.incidents[:INCIDENTS_MAX] for entry in await _timeline(desk, id)]
    return report(drill, [*await desk.drill_entries(drill.id), *entries], reader)


async def _timeline(desk: Desk, incident: str) -> list[Entry]:
    found: list[Entry] = []
    while True:
        page = await desk.timeline(incident, found[-1].number if found else 0, PAGE_ENTRIES)
        found += page.items
        if page.next_cursor is None or not page.items:
            return found


def _block(block: Block) -> BlockOut:
    if isinstance(block, Heading):
        return BlockOut(kind="heading", text=block.text)
    if isinstance(block, Paragraph):
        return BlockOut(kind="paragraph", text=block.text, tone=block.tone)
    if isinstance(block, Verdict):
        return BlockOut(kind="verdict", figure=block.figure, text=block.text, tone=block.tone)
    if isinstance(block, Facts):
        pairs = [[CellOut(text=each, tone="") for each in row] for row in block.rows]
        return BlockOut(kind="facts", rows=pairs)
    rows = [[CellOut(text=each.text, tone=each.tone) for each in row] for row in block.rows]
    return BlockOut(kind="table", columns=[each.text for each in block.columns], rows=rows)
