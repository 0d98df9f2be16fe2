"""What is no fault of any file, and should be known all the same: roles that plans name and nobody has."""

from __future__ import annotations

from collections.abc import Iterator

from rules.people import Roster
from rules.response_plan import PlanBook, PlanStep, ResponsePlan
from rules.roster_file import without_people


def remarks(plans: PlanBook | None, roster: Roster | None) -> list[str]:
    """Nothing where no people are set up: then nobody is told of anything, and the timeline says so."""
    if plans is None or roster is None or not roster.people:
        return []
    found = []
    for plan in plans.plans.values():
        missing = without_people(roster, _roles(plan))
        if missing:
            found.append(
                f"plan {plan.id}: nobody in the roster is {', '.join(missing)}; the whole team is told instead"
            )
    return found


def _roles(plan: ResponsePlan) -> Iterator[str]:
    yield plan.lead
    yield from plan.team
    yield from plan.acknowledge.ladder
    for roles in plan.acknowledge.quorum.values():
        yield from roles
    for step in plan.steps:
        yield from _of_step(step)


def _of_step(step: PlanStep) -> Iterator[str]:
    for action in (step.notify, step.task, step.work_order):
        if action is not None:
            yield action.role
