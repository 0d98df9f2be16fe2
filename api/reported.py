"""Incidents that people report, and that they say are over; commands that they take back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.attempt import AnAttempt, Unconditional, command_answers
from api.auth import Caller, needs
from api.core import TheDesk
from api.documented import answers
from api.errors import Code
from api.examples import DONE
from api.ids import IncidentId, incident_id
from api.permissions import Permission
from api.rules_examples import COMMANDS
from api.rules_requests import CommandsQuery, OverIn, ReportIn, WithdrawIn
from api.rules_schemas import CommandsOut
from api.schemas import DoneOut
from rules.requests import EndReport, ReportIncident, WithdrawCommand

router = APIRouter(tags=["commands"])

CommandId = Annotated[str, Path(description="e.g. `CMD-000007`", max_length=64, examples=["CMD-000007"])]


@router.post(
    "/incidents",
    summary="Report an incident",
    response_model=DoneOut,
    responses=command_answers(DONE, conditional=False, refusal=("unknown_zone", "there is no zone tower-a/13F-east")),
    dependencies=[needs(Permission.RAISE)],
)
async def report_incident(body: ReportIn, caller: Caller, attempt: Unconditional) -> Response:
    """What a person has seen and no device has. An alarm is confirmed by it; the plan of its hazard is followed.

    Where the zone has an open incident of the hazard, the report joins that one. It ends by
    `/incidents/{incident}/over`.
    """
    command = ReportIncident(
        by=caller.acts_as(body.by),
        role=body.role,
        zone=body.zone,
        hazard=body.hazard,
        level=body.level,
        note=body.note,
        signal=body.signal,
        device=body.device,
        mode=body.mode,
    )
    return await attempt.carry_out(command, new=True)


@router.post(
    "/incidents/{incident}/over",
    summary="Say that what was reported is over",
    response_model=DoneOut,
    responses=command_answers(
        DONE, Code.UNKNOWN_INCIDENT, refusal=("report_ended", "what was reported of INC-000042 is over already")
    ),
    dependencies=[needs(Permission.RESPOND)],
)
async def end_report(incident: IncidentId, body: OverIn, caller: Caller, attempt: AnAttempt) -> Response:
    """As a device that is normal again: closing tasks are issued, and the incident may be resolved."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(
        EndReport(incident=incident_id(incident), by=by, role=body.role, note=body.note.strip())
    )


@router.post(
    "/incidents/{incident}/commands/{command}/withdraw",
    summary="Take a command back",
    response_model=DoneOut,
    responses=command_answers(
        DONE, Code.UNKNOWN_INCIDENT, refusal=("command_ended", "CMD-000007 is done; there is nothing to take back")
    ),
    dependencies=[needs(Permission.COMMAND)],
)
async def withdraw_command(
    incident: IncidentId, command: CommandId, body: WithdrawIn, caller: Caller, attempt: AnAttempt
) -> Response:
    """One that awaits its answer: it is not published any more and not tried again. What a device did already is sent
    back by another command by hand."""
    request = WithdrawCommand(
        incident=incident_id(incident),
        by=caller.acts_as(body.by),
        role=body.role,
        command=command,
        reason=body.reason,
    )
    return await attempt.carry_out(request)


@router.get(
    "/commands",
    summary="Commands to devices, newest first",
    responses=answers(COMMANDS),
    dependencies=[needs(Permission.READ)],
)
async def list_commands(desk: TheDesk, _: Caller, query: Annotated[CommandsQuery, Query()]) -> CommandsOut:
    """Of incidents that are open or were closed not long ago; an incident shows its own for good."""
    return CommandsOut.model_validate(await desk.commands(query.question()))
