"""What people do with an incident: take it, say what it is, do their tasks, send commands, resolve and review it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.attempt import AnAttempt, command_answers
from api.auth import Caller, needs
from api.documented import Responses
from api.errors import Code
from api.examples import DONE
from api.ids import IncidentId, incident_id
from api.permissions import Permission
from api.requests import (
    AcknowledgeIn,
    AssignIn,
    CommandIn,
    CompleteIn,
    ConfirmIn,
    LevelIn,
    NoteIn,
    ResolveIn,
    RespondIn,
    ReviewIn,
    SkipIn,
)
from api.schemas import DoneOut
from rules.requests import (
    Acknowledge,
    AddNote,
    Assign,
    ChangeLevel,
    CompleteTask,
    Confirm,
    Corrective,
    OverrideCommand,
    Resolve,
    Respond,
    Review,
    SkipTask,
)

router = APIRouter(prefix="/incidents/{incident}", tags=["commands"])

STEP_CHARACTERS_MAX = 64  # of a plan's step
StepId = Annotated[
    str,
    Path(
        description="of the plan, as the incident's `steps` name it",
        max_length=STEP_CHARACTERS_MAX,
        examples=["investigate"],
    ),
]


def _answers(code: str = "incident_closed", reason: str = "INC-000042 was closed by duty-officer") -> Responses:
    return command_answers(DONE, Code.UNKNOWN_INCIDENT, refusal=(code, reason))


@router.post(
    "/acknowledge",
    summary="Acknowledge an incident",
    response_model=DoneOut,
    responses=_answers("already_acknowledged", "duty-officer has it since 2026-11-24T05:00:09.480Z"),
    dependencies=[needs(Permission.ACKNOWLEDGE)],
)
async def acknowledge(incident: IncidentId, body: AcknowledgeIn, caller: Caller, attempt: AnAttempt) -> Response:
    """Somebody has it now: the countdown of a pre-alarm is stopped or moves on to investigation.

    Where the plan wants several roles to acknowledge, each does so with its `role`.
    """
    by = caller.acts_as(body.by)
    return await attempt.carry_out(
        Acknowledge(incident=incident_id(incident), by=by, role=body.role, note=body.note),
    )


@router.post(
    "/notes",
    summary="Add a note to an incident",
    response_model=DoneOut,
    responses=_answers(),
    dependencies=[needs(Permission.NOTE)],
)
async def add_note(incident: IncidentId, body: NoteIn, caller: Caller, attempt: AnAttempt) -> Response:
    """A note becomes an entry of the timeline, and can no more be altered than any other."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(AddNote(incident=incident_id(incident), by=by, role=body.role, text=body.text))


@router.post(
    "/confirm",
    summary="Confirm that an incident is real",
    response_model=DoneOut,
    responses=_answers("already_confirmed", "INC-000042 is confirmed"),
    dependencies=[needs(Permission.CONFIRM)],
)
async def confirm(incident: IncidentId, body: ConfirmIn, caller: Caller, attempt: AnAttempt) -> Response:
    """A person on site says so: the pre-alarm ends, and what waits for confirmation is done."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(Confirm(incident=incident_id(incident), by=by, role=body.role, reason=body.reason))


@router.post(
    "/level",
    summary="Raise or lower the level",
    response_model=DoneOut,
    responses=_answers("same_level", "INC-000042 has level II"),
    dependencies=[needs(Permission.CHANGE_LEVEL)],
)
async def change_level(incident: IncidentId, body: LevelIn, caller: Caller, attempt: AnAttempt) -> Response:
    """A level falls only this way, and only with a reason."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(
        ChangeLevel(incident=incident_id(incident), by=by, role=body.role, level=body.level, reason=body.reason)
    )


@router.post(
    "/assign",
    summary="Name who has an incident",
    response_model=DoneOut,
    responses=_answers(),
    dependencies=[needs(Permission.ASSIGN)],
)
async def assign(incident: IncidentId, body: AssignIn, caller: Caller, attempt: AnAttempt) -> Response:
    """A shift with an incident of level I that nobody has cannot be handed over."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(Assign(incident=incident_id(incident), by=by, role=body.role, to=body.to))


@router.post(
    "/respond",
    summary="Say that the first responder is on site",
    response_model=DoneOut,
    responses=_answers("already_responded", "engineering-lead was on site at 2026-11-24T05:04:00.000Z"),
    dependencies=[needs(Permission.RESPOND)],
)
async def respond(incident: IncidentId, body: RespondIn, caller: Caller, attempt: AnAttempt) -> Response:
    """The first response is met: its limit runs no longer."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(Respond(incident=incident_id(incident), by=by, role=body.role, note=body.note))


_TASK_REFUSAL = ("unknown_task", "INC-000042 has no task investigate")


@router.post(
    "/tasks/{step}/complete",
    summary="Tick a task",
    response_model=DoneOut,
    responses=_answers(*_TASK_REFUSAL),
    dependencies=[needs(Permission.RESPOND)],
)
async def complete_task(
    incident: IncidentId, step: StepId, body: CompleteIn, caller: Caller, attempt: AnAttempt
) -> Response:
    by = caller.acts_as(body.by)
    return await attempt.carry_out(
        CompleteTask(incident=incident_id(incident), by=by, role=body.role, step=step, note=body.note)
    )


@router.post(
    "/tasks/{step}/skip",
    summary="Leave a task out, with a reason",
    response_model=DoneOut,
    responses=_answers(*_TASK_REFUSAL),
    dependencies=[needs(Permission.RESPOND)],
)
async def skip_task(incident: IncidentId, step: StepId, body: SkipIn, caller: Caller, attempt: AnAttempt) -> Response:
    """Mandatory ones too: the reason stands on the timeline."""
    by = caller.acts_as(body.by)
    return await attempt.carry_out(
        SkipTask(incident=incident_id(incident), by=by, role=body.role, step=step, reason=body.reason)
    )


@router.post(
    "/commands",
    summary="Send a command to a device by hand",
    response_model=DoneOut,
    responses=_answers("unknown_device", "there is no device tower-a/door-99"),
    dependencies=[needs(Permission.COMMAND)],
)
async def send_command(incident: IncidentId, body: CommandIn, caller: Caller, attempt: AnAttempt) -> Response:
    """Past the plan, never past the mode: in an exercise it goes to the exercise's topics."""
    command = OverrideCommand(
        incident=incident_id(incident),
        by=caller.acts_as(body.by),
        role=body.role,
        device=body.device,
        command=body.command,
        reason=body.reason,
        args=dict(body.args),
    )
    return await attempt.carry_out(command)


@router.post(
    "/resolve",
    summary="Resolve an incident",
    response_model=DoneOut,
    responses=_answers("sources_not_normal", "still holds: smoke-high at tower-a/sd-1203"),
    dependencies=[needs(Permission.RESOLVE)],
)
async def resolve(incident: IncidentId, body: ResolveIn, caller: Caller, attempt: AnAttempt) -> Response:
    """Closes it, with what it turned out to be and why. A refusal lists everything that is missing."""
    command = Resolve(
        incident=incident_id(incident),
        by=caller.acts_as(body.by),
        role=body.role,
        finding=body.finding,
        cause=body.cause,
        note=body.note,
    )
    return await attempt.carry_out(command)


@router.post(
    "/review",
    summary="Review a closed incident",
    response_model=DoneOut,
    responses=_answers("already_reviewed", "INC-000042 was reviewed by duty-officer"),
    dependencies=[needs(Permission.REVIEW)],
)
async def review(incident: IncidentId, body: ReviewIn, caller: Caller, attempt: AnAttempt) -> Response:
    """Cause, measures, result, and corrective actions, each with an owner and a limit."""
    command = Review(
        incident=incident_id(incident),
        by=caller.acts_as(body.by),
        role=body.role,
        cause=body.cause,
        measures=body.measures,
        result=body.result,
        actions=[Corrective(text=each.text, owner=each.owner, due_at=each.due_at) for each in body.actions],
    )
    return await attempt.carry_out(command)
