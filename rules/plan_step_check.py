"""What is wrong with one step of a plan beside the device classes and the plan's team."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rules.notice import NoticeBook
from rules.problem import Problem
from rules.response_plan import CommandAction, PlanStep, ResponsePlan
from rules.site import DeviceClass
from rules.wording import not_one_of

Path = tuple[str | int, ...]
ONCE = ("task", "occupant_notice", "authority")  # the others are each incident's own


def step_faults(step: PlanStep, plan: ResponsePlan, classes: Mapping[str, DeviceClass]) -> Iterator[Problem]:
    """Paths count from the step."""
    if step.command is not None:
        yield from _command_faults(step, step.command, classes)
    if step.once is not None and step.action not in ONCE:
        yield Problem(("once",), f"{step.once}, on a step of kind {step.action}; expected it on {', '.join(ONCE)} only")
    roles = list(dict.fromkeys([plan.lead, *plan.team]))
    for name in ("task", "work_order"):
        action = getattr(step, name)
        if action is not None and action.role not in roles:
            yield Problem((name, "role"), not_one_of(action.role, "the lead or in the team", roles))


def notice_faults(step: PlanStep, notices: NoticeBook) -> Iterator[Problem]:
    """Templates and authorities that the step names and nobody has written."""
    for name in ("notify", "occupant_notice"):
        action = getattr(step, name)
        if action is not None and action.template not in notices.templates:
            message = not_one_of(action.template, "a notice template", sorted(notices.templates))
            yield Problem((name, "template"), message)
    if step.authority is not None and step.authority.to not in notices.authorities:
        yield Problem(("authority", "to"), not_one_of(step.authority.to, "an authority", sorted(notices.authorities)))


def _command_faults(step: PlanStep, action: CommandAction, classes: Mapping[str, DeviceClass]) -> Iterator[Problem]:
    device_class = classes.get(action.device_class)
    if device_class is None:
        message = not_one_of(action.device_class, "a device class", sorted(classes))
        yield Problem(("command", "device_class"), message)
    elif action.command not in device_class.commands:
        message = not_one_of(action.command, f"a command of {device_class.id}", device_class.commands)
        yield Problem(("command", "command"), message)
    if step.confirmed is False:
        message = "false, on a command: nothing is linked to a pre-alarm (GB 50116-2013 4.1.6); expected no 'confirmed'"
        yield Problem(("confirmed",), message)
