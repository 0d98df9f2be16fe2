"""Trying what is not in force: checking files, dry runs on posted readings, backtests on what is stored."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.attempt import IdempotencyKey, key_of
from api.auth import Caller, needs
from api.core import TheDesk, language_of
from api.documented import Responses, answers
from api.errors import Code
from api.permissions import Permission
from api.requests import LanguageQuery, NoQuery
from api.rules_examples import (
    BACKTEST,
    BACKTEST_BEGUN,
    BACKTEST_CANCELLED,
    BACKTESTS,
    DRY_RUN,
    FILES_CHECKED,
)
from api.rules_port import BacktestQuestion, DryRunQuestion, UnknownBacktest
from api.rules_requests import BacktestIn, CheckIn, DryRunIn, posted
from api.rules_schemas import BacktestOut, BacktestsOut, DryRunOut, FilesCheckedOut
from api.rules_wire import backtest_out, checked_out, dry_run_out

router = APIRouter(tags=["trials"])

_ID = re.compile(r"BT-[0-9]{6,12}")
BacktestId = Annotated[str, Path(description="e.g. `BT-000003`", examples=["BT-000003"])]
_BODY = (Code.BODY_TOO_LARGE, Code.NOT_JSON, Code.TOO_BUSY)


def accepted(responses: Responses) -> Responses:
    """An answer that is not ready yet: 202, and where it will be."""
    begun = responses.pop(200)
    where = {"description": "where it can be asked for", "schema": {"type": "string"}}
    return {202: {**begun, "description": "Begun", "headers": {"Location": where}}, **responses}


def backtest_id(text: str) -> str:
    """Raises UnknownBacktest."""
    if not _ID.fullmatch(text):
        raise UnknownBacktest(text)
    return text


@router.post(
    "/files/check",
    summary="Check files that people write",
    responses=answers(FILES_CHECKED, *_BODY),
    dependencies=[needs(Permission.TRY_RULES)],
)
async def check_files(desk: TheDesk, _: Caller, body: CheckIn, query: Annotated[NoQuery, Query()]) -> FilesCheckedOut:
    """Every fault with file, line and path, in the words of `tocsin check`. Nothing comes into force by it."""
    return checked_out(await desk.check_files(posted(body.files, body.beside)))


@router.post(
    "/rules/dry-run",
    summary="What would come of some readings",
    responses=answers(DRY_RUN, *_BODY),
    dependencies=[needs(Permission.TRY_RULES)],
)
async def dry_run(
    request: Request,
    response: Response,
    desk: TheDesk,
    _: Caller,
    body: DryRunIn,
    query: Annotated[LanguageQuery, Query()],
) -> DryRunOut:
    """The real rules and plans on virtual time, beginning with an empty building: verdicts, firings, incidents.

    Every command is obeyed and every message arrives at once; nobody acknowledges. Nothing is stored, nothing is sent.
    """
    language = language_of(request, query.lang)
    response.headers["Content-Language"] = language
    question = DryRunQuestion(
        posted(body.files) if body.files else None,
        [each.heard() for each in body.readings],
        body.lasts,
        body.mode,
    )
    return dry_run_out(await desk.dry_run(question), language, desk.titles())


@router.post(
    "/backtests",
    summary="What other rules would have made of the past",
    status_code=202,
    responses=accepted(answers(BACKTEST_BEGUN, *_BODY)),
    dependencies=[needs(Permission.TRY_RULES)],
)
async def begin_backtest(
    desk: TheDesk,
    caller: Caller,
    body: BacktestIn,
    response: Response,
    query: Annotated[NoQuery, Query()],
    idempotency_key: IdempotencyKey = None,
) -> BacktestOut:
    """Begins it; ask for it until its `state` is `done`. The rules that differ from those in force are judged, on
    stored readings of the actual mode, beside those in force."""
    question = BacktestQuestion(posted(body.files), body.since, body.until, body.site)
    begun = await desk.backtest(question, caller.name, key_of(idempotency_key, caller.name))
    response.headers["Location"] = f"/api/v1/backtests/{begun.id}"
    return backtest_out(begun)


@router.get(
    "/backtests",
    summary="Backtests, newest first",
    responses=answers(BACKTESTS),
    dependencies=[needs(Permission.TRY_RULES)],
)
async def list_backtests(desk: TheDesk, _: Caller, query: Annotated[NoQuery, Query()]) -> BacktestsOut:
    """The last twenty, without what they came to. They are forgotten when the gateway is started again."""
    return BacktestsOut(items=[backtest_out(each) for each in await desk.backtests()])


@router.get(
    "/backtests/{backtest}",
    summary="A backtest: how far it is, or what it came to",
    responses=answers(BACKTEST, Code.UNKNOWN_BACKTEST),
    dependencies=[needs(Permission.TRY_RULES)],
)
async def get_backtest(
    desk: TheDesk, _: Caller, backtest: BacktestId, query: Annotated[NoQuery, Query()]
) -> BacktestOut:
    return backtest_out(await desk.backtest_of(backtest_id(backtest)))


@router.delete(
    "/backtests/{backtest}",
    summary="End a backtest",
    responses=answers(BACKTEST_CANCELLED, Code.UNKNOWN_BACKTEST),
    dependencies=[needs(Permission.TRY_RULES)],
)
async def cancel_backtest(
    desk: TheDesk, _: Caller, backtest: BacktestId, query: Annotated[NoQuery, Query()]
) -> BacktestOut:
    """One that has ended stays as it is."""
    return backtest_out(await desk.cancel_backtest(backtest_id(backtest)))
