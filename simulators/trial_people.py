"""The people of a run: they look at what is open and ask for something, sometimes twice, sometimes again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from api.ports import Done, DrillQuery, IncidentQuery, OrderQuery, Refused, ShelfQuery, Unavailable
from gateway.core import Core
from gateway.store import StoreFailed
from rules.incident import Incident, StepStage
from rules.instant import Instant
from rules.level import Level
from rules.order import TRANSITIONS, OrderStep
from rules.requests import (
    AbortDrill,
    Acknowledge,
    AddNote,
    AdvanceOrder,
    ChangeLevel,
    CompleteTask,
    Confirm,
    EndDrill,
    EndShelf,
    Finding,
    PersonCommand,
    PutOnShelf,
    Resolve,
    Respond,
    ResumeDrill,
    StartDrill,
    SuspendDrill,
)
from simulators.faults import Asks
from simulators.perils import Crashed, Perils
from simulators.record import Asked
from simulators.trial_site import SITE

AGAIN_SECONDS = 1.0
AGAIN_MAX = 120  # then even the most patient gives up
ROLES = {"officer-1": "duty_officer", "officer-2": "duty_officer", "safety": "safety_officer"}


class TrialPeople:
    """`core()` is the one that runs, if any does. `front` is the real one."""

    def __init__(
        self,
        front: Any,
        core: Callable[[], Core | None],
        clock: Callable[[], Instant],
        perils: Perils,
        asked: list[Asked],
    ) -> None:
        self._front, self._core, self._clock, self._perils, self._asked = front, core, clock, perils, asked

    async def ask(self, act: Asks, number: int, incident: str | None = None) -> None:
        """`number` makes the idempotency keys of the act its own. `incident`: that one; else what `pick` says."""
        requests = await self._requests(act, number, incident)
        for each, request in enumerate(requests):
            key = f"{number}-{each}" if act.keyed else None
            clicks = [self._click(request, key) for _ in range(act.clicks)]
            asked = [entry for entry, _ in clicks]
            await asyncio.gather(*(answer for _, answer in clicks))
            if act.insists and act.keyed:
                await self._insist(asked[0])

    async def _insist(self, asked: Asked) -> None:
        """With the same key, until there is an answer."""
        for _ in range(AGAIN_MAX):
            if asked.answers[-1] is not None:
                return
            await asyncio.sleep(AGAIN_SECONDS)
            asked, answer = self._click(asked.request, asked.key)
            await answer

    def _click(self, request: PersonCommand, key: str | None) -> tuple[Asked, Any]:
        asked = Asked(request, key, self._clock(), self._perils.life, position=self._perils.position)
        self._asked.append(asked)
        return asked, self._answered(asked)

    async def _answered(self, asked: Asked) -> None:
        answer: Done | Refused | None = None
        try:
            self._perils.live()
            answer = await self._front.carry_out(asked.request, asked.key)
            self._perils.live()
        except (Unavailable, Crashed, StoreFailed):
            answer = None
        asked.answers.append(answer)

    # ---- what they ask for

    async def _requests(self, act: Asks, number: int, incident: str | None) -> list[PersonCommand]:
        for _ in range(AGAIN_MAX):
            core = self._core()
            if core is not None:
                try:
                    return list(self._of(act, number, core, incident))
                except (StoreFailed, Crashed):
                    pass  # it does not show anything now: they look again
            if not act.insists:
                return []
            await asyncio.sleep(AGAIN_SECONDS)
        return []

    def _of(self, act: Asks, number: int, core: Core, named: str | None) -> Iterator[PersonCommand]:
        by, role = act.by, ROLES.get(act.by, "")
        if act.does == "shelve":
            second = "safety" if by != "safety" else "officer-1"
            device, ms = f"{SITE}/{act.device}", act.lasts
            yield PutOnShelf(by=by, role=role, reason="work", duration_ms=ms, device=device, second=second)
            return
        if act.does == "unshelve":
            shelves = core.store.shelves(ShelfQuery(open=True)).items
            if shelves:
                yield EndShelf(by=by, shelf=shelves[act.pick % len(shelves)].id, reason="done")
            return
        if act.does.endswith("drill"):
            yield from _of_drills(act, core, by)
            return
        found = core.store.incidents(IncidentQuery(open=True, mode=act.mode)).items
        incidents = [each for each in found if each.id == named] if named else found
        if not incidents:
            return
        incident = incidents[act.pick % len(incidents)]
        if act.does == "order step":
            orders = core.store.orders(OrderQuery(open=True, mode=act.mode)).items
            for order in orders[act.pick % len(orders) :][:1] if orders else []:
                step = next(step for node, step in TRANSITIONS if node is order.node and step is not OrderStep.REJECT)
                yield AdvanceOrder(by=by, role=role, order=order.id, step=step, note="done", reason="seen")
            return
        yield from _about(act, incident, number, by, role)


def _of_drills(act: Asks, core: Core, by: str) -> Iterator[PersonCommand]:
    if act.does == "start drill":
        yield StartDrill(by=by, site=SITE, scenario="trial", lasts_ms=act.lasts)
        return
    for drill in core.store.drills(DrillQuery(open=True)).items[:1]:
        if act.does == "suspend drill":
            yield SuspendDrill(by=by, drill=drill.id, reason="as it is seen")
        elif act.does == "resume drill":
            yield ResumeDrill(by=by, drill=drill.id)
        elif act.does == "end drill":
            yield EndDrill(by=by, drill=drill.id)
        else:
            yield AbortDrill(by=by, drill=drill.id, reason="as it is seen")


def _about(act: Asks, incident: Incident, number: int, by: str, role: str) -> Iterator[PersonCommand]:
    id = incident.id
    if act.does == "acknowledge":
        yield Acknowledge(by=by, role=role, incident=id)
    elif act.does == "respond":
        yield Respond(by=by, role=role, incident=id)
    elif act.does == "confirm":
        yield Confirm(by=by, role=role, incident=id)
    elif act.does == "note":
        yield AddNote(by=by, incident=id, text=f"note {number}")
    elif act.does in ("lower", "raise"):
        level = Level.III if act.does == "lower" else Level.I
        yield ChangeLevel(by=by, incident=id, level=level, reason="as it is seen")
    elif act.does == "do tasks":
        for step in incident.steps:
            if step.action == "task" and step.stage is StepStage.ISSUED:
                yield CompleteTask(by=by, incident=id, step=step.id)
    else:
        finding = Finding.FALSE_ALARM if act.does == "resolve as false" else Finding.REAL
        yield Resolve(by=by, role=role, incident=id, finding=finding, cause="found", note=f"resolved {number}")
