"""What the API sees of the gateway: `api.ports.Desk`, over the core that runs now. Here: what people ask for."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from api.ports import Done, Refused, Unavailable
from gateway.core import Core
from gateway.filling_in import filled_in
from gateway.front_commands import FrontCommands
from gateway.front_drills import FrontDrills
from gateway.front_duty import FrontDuty
from gateway.front_explained import FrontExplained
from gateway.front_files import FrontFiles
from gateway.front_held import FrontHeld
from gateway.front_inbox import FrontInbox, placed
from gateway.front_known import FrontKnown
from gateway.front_readings import FrontReadings
from gateway.front_reports import FrontReports
from gateway.front_rules import FrontRules
from gateway.front_stored import FrontStored
from gateway.store import StoreFailed
from rules.codec import encode
from rules.drill import Drill
from rules.handover import Handover
from rules.incident import Incident
from rules.order import WorkOrder
from rules.outcome import Outcome
from rules.requests import (
    AboutDrill,
    AboutInbox,
    AboutIncident,
    ActionDone,
    AdvanceOrder,
    AssignOrder,
    ClearDeadLetters,
    EndShelf,
    FillHandover,
    HandOverOrder,
    NoteHandover,
    OpenOrder,
    PersonCommand,
    PutOnShelf,
    RecheckAction,
    ReportIncident,
    SignHandover,
    StartDrill,
)
from rules.state import ActionState
from rules.turn import group_key

T = TypeVar("T")


class Answered(msgspec.Struct, frozen=True):
    """What is kept of a command under its idempotency key."""

    command: msgspec.Raw
    done: Done | None
    refused: Refused | None


class Front(
    FrontKnown,
    FrontExplained,
    FrontStored,
    FrontReports,
    FrontRules,
    FrontReadings,
    FrontDuty,
    FrontCommands,
    FrontDrills,
    FrontHeld,
    FrontFiles,
    FrontInbox,
):
    def stands(self) -> tuple[bool, int]:
        """Whether a core runs, and the position of its latest entry."""
        core = self._gateway.core
        return core is not None, core.desk.engine.state.entries_made if core is not None else 0

    async def carry_out(
        self, command: PersonCommand, idempotency_key: str | None = None, if_revision: int | None = None
    ) -> Done | Refused:
        core, body = self._core(), encode(msgspec.structs.replace(command, whence=""))  # the same from elsewhere
        if idempotency_key is not None:
            known = core.store.answer(idempotency_key)
            if known is not None:
                return _repeated(msgspec.json.decode(known, type=Answered), body)
        if isinstance(command, AboutInbox):
            async with self._lock():
                return await self._carry_out_inbox(command, idempotency_key, body)
        if if_revision is not None:
            changed = await self._changed(command, if_revision)
            if changed is not None:
                return changed
        try:
            answer = self._carry_out(core, command)
            _keep(core, answer, idempotency_key, body)
            core.ingest.flush()
            if isinstance(command, ClearDeadLetters) and isinstance(answer, Done):  # once it stands in the journal
                core.store.dead_letters_clear(command.topic, command.fault)
        except StoreFailed as error:
            self._gateway.store_failed(error)
            raise Unavailable("the store cannot take it; nothing was done") from error
        return answer

    async def _carry_out_inbox(self, command: AboutInbox, idempotency_key: str | None, body: bytes) -> Done | Refused:
        """The file first, then the journal: what was answered stands in both, and is put in force."""
        settings = self._gateway.settings
        step = await self._about_inbox(command)
        core = self._core()  # the one that runs now
        known = core.store.answer(idempotency_key) if idempotency_key is not None else None
        if known is not None:  # the same was asked twice at once
            return _repeated(msgspec.json.decode(known, type=Answered), body)
        try:
            with placed(settings.assigned, step.text):
                answer = self._carry_out(core, step.command)
                if isinstance(answer, Done):
                    answer = self._done_about_inbox(core, step.command, answer)
                _keep(core, answer, idempotency_key, body)
                core.ingest.flush()
        except StoreFailed as error:
            self._gateway.store_failed(error)
            raise Unavailable("the store cannot take it; nothing was done") from error
        except OSError as error:
            raise Unavailable(f"{settings.assigned} cannot be written: {error.strerror}") from error
        if step.text is not None:
            await self._gateway.reload()
        return answer

    async def _changed(self, command: PersonCommand, revision: int) -> Refused | None:
        """Where what the command is about has another revision by now. Raises Unknown…."""
        subject: Incident | WorkOrder | ActionState | Handover | Drill
        if isinstance(command, AboutIncident):
            subject = await self.incident(command.incident)
        elif isinstance(command, AdvanceOrder | AssignOrder | HandOverOrder):
            subject = await self.order(command.order)
        elif isinstance(command, ActionDone | RecheckAction):
            subject = await self.action(command.action)
        elif isinstance(command, NoteHandover | SignHandover):
            subject = await self.handover(command.handover)
        elif isinstance(command, AboutDrill):
            subject = await self.drill(command.drill)
        else:
            return None
        if subject.revision == revision:
            return None
        return Refused("revision_changed", f"{subject.id} is at revision {subject.revision} by now")

    def _carry_out(self, core: Core, command: PersonCommand) -> Done | Refused:
        command = filled_in(core, command)
        outcome = core.desk.submit(command)
        return outcome.refused if outcome.refused is not None else _done(core, command, outcome)


def _keep(core: Core, answer: Done | Refused, idempotency_key: str | None, body: bytes) -> None:
    """The answer, with the commit that holds what was done."""
    if idempotency_key is not None:
        done, refused = (answer, None) if isinstance(answer, Done) else (None, answer)
        core.desk.answer(idempotency_key, encode(Answered(msgspec.Raw(body), done, refused)))


def _done(core: Core, command: PersonCommand, outcome: Outcome) -> Done:
    """Its subject; the outcome may hold others, of deadlines that fell due in the same step."""
    state, entries = core.desk.engine.state, outcome.entries
    if isinstance(command, AboutIncident):
        changed = outcome.incidents.get(command.incident)
        return Done(incident=changed or state.incidents[command.incident], entries=entries)
    if isinstance(command, ReportIncident):
        return Done(
            incident=state.incidents[state.groups[group_key(command.mode, command.zone, command.hazard)]],
            entries=entries,
        )
    if isinstance(command, ClearDeadLetters):
        return Done(letters=command.letters, entries=entries)
    if isinstance(command, AboutInbox):
        return Done(entries=entries)
    if isinstance(command, OpenOrder):
        made = (each for each in outcome.orders.values() if (each.asset, each.fault) == (command.asset, command.fault))
        return Done(order=next(each for each in made if each.open), entries=entries)
    if isinstance(command, AdvanceOrder | AssignOrder | HandOverOrder):
        return Done(order=outcome.orders[command.order], entries=entries)
    if isinstance(command, ActionDone | RecheckAction):
        return Done(action=outcome.actions[command.action], entries=entries)
    if isinstance(command, PutOnShelf):
        return Done(shelf=_newest(outcome.shelves), entries=entries)
    if isinstance(command, EndShelf):
        return Done(shelf=outcome.shelves[command.shelf], entries=entries)
    if isinstance(command, FillHandover):
        return Done(handover=_newest(outcome.handovers), entries=entries)
    if isinstance(command, StartDrill):
        return Done(drill=_newest(outcome.drills), entries=entries)
    if isinstance(command, AboutDrill):
        return Done(drill=outcome.drills[command.drill], entries=entries)
    return Done(handover=outcome.handovers[command.handover], entries=entries)


def _newest(made: dict[str, T]) -> T:
    """By its number."""
    return made[max(made, key=lambda id: (len(id), id))]


def _repeated(known: Answered, body: bytes) -> Done | Refused:
    if bytes(known.command) != body:
        return Refused("idempotency_key_reused", "this key was used for another command")
    if known.refused is not None:
        return known.refused
    assert known.done is not None
    return msgspec.structs.replace(known.done, repeated=True)
