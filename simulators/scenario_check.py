"""What a scenario names and the site, the plans or the roster does not have; and what never comes to pass in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.files import locate
from rules.people import Roster
from rules.problem import Problem
from rules.response_plan import PlanBook
from rules.site import Device, Directory
from rules.wording import not_one_of
from simulators.acts import Commands, OfTask, OpensOrder, Shelves
from simulators.devices import can_suffer
from simulators.happens import DeliveryFails, FaultStarts, FireStarts
from simulators.scenario import Scenario, document_of


def find_faults(
    scenario: Scenario,
    directory: Directory,
    site: str,
    plans: PlanBook | None = None,
    roster: Roster | None = None,
) -> list[Problem]:
    """What the scenario names and the site (the plans, the roster) does not have; without these they are not looked
    at. Paths without lines: see `gateway.files.locate`."""
    zones = [zone.name for zone in directory.zones.values() if zone.site == site]
    devices = {device.name: device for device in directory.devices.values() if device.site == site}
    return [
        *_missing(scenario, zones, devices, site),
        *_absent_places(scenario, zones, sorted(devices), site),
        *(_absent_tasks(scenario, plans) if plans is not None else ()),
        *(_absent_people(scenario, roster) if roster is not None and roster.people else ()),
    ]


def locate_faults(
    name_or_path: str | Path,
    scenario: Scenario,
    directory: Directory,
    site: str,
    plans: PlanBook | None = None,
    roster: Roster | None = None,
) -> list[Problem]:
    """`find_faults` with file and lines."""
    return locate(find_faults(scenario, directory, site, plans, roster), document_of(name_or_path))


def _missing(scenario: Scenario, zones: Sequence[str], devices: dict[str, Device], site: str) -> Iterator[Problem]:
    for index, each in enumerate(scenario.happens):
        if isinstance(each, FireStarts) and each.fire not in zones:
            yield Problem(("happens", index, "fire"), not_one_of(each.fire, f"a zone of {site}", sorted(zones)))
        elif isinstance(each, FaultStarts) and each.devices is not None:
            yield from _suffers(index, each, each.devices.of(devices.values(), site))
        elif isinstance(each, FaultStarts) and each.device not in devices:
            which = not_one_of(str(each.device), f"a device of {site}", sorted(devices))
            yield Problem(("happens", index, "device"), which)
        elif isinstance(each, FaultStarts):
            yield from _suffers(index, each, [devices[str(each.device)]])


def _suffers(index: int, starts: FaultStarts, devices: list[Device]) -> Iterator[Problem]:
    if not devices:
        yield Problem(("happens", index, "devices"), "no device of the site is one of them")
    unable = {each.device_class for each in devices if not can_suffer(each.device_class, starts.fault)}
    if unable:
        what = f"{starts.fault.value!r} does not show in what {', '.join(sorted(unable))} reports"
        yield Problem(("happens", index, "fault"), what)


def _absent_places(scenario: Scenario, zones: Sequence[str], devices: list[str], site: str) -> Iterator[Problem]:
    expects = scenario.expects
    for name, expected in (("incidents", expects.incidents), ("timeline", expects.timeline)) if expects else ():
        for index, each in enumerate(expected):
            path = ("expects", name, index)
            if each.zone is not None and each.zone not in zones:
                yield Problem((*path, "zone"), not_one_of(each.zone, f"a zone of {site}", sorted(zones)))
            if each.device is not None and each.device not in devices:
                yield Problem((*path, "device"), not_one_of(each.device, f"a device of {site}", devices))
    for index, act in enumerate(scenario.people):
        if act.zone is not None and act.zone not in zones:
            yield Problem(("people", index, "zone"), not_one_of(act.zone, f"a zone of {site}", sorted(zones)))
        if isinstance(act, Commands | OpensOrder | Shelves) and act.device not in devices:
            yield Problem(("people", index, "device"), not_one_of(act.device, f"a device of {site}", devices))


def _absent_tasks(scenario: Scenario, plans: PlanBook) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        if isinstance(act, OfTask):
            of = [plan for plan in plans.plans.values() if act.hazard in (None, plan.hazard)]
            tasks = sorted({step.id for plan in of for step in plan.steps if step.task})
            if act.task not in tasks:
                where = f"a task of the plan for {act.hazard}" if act.hazard else "a task of any plan"
                yield Problem(("people", index, "task"), not_one_of(act.task, where, tasks))


def _absent_people(scenario: Scenario, roster: Roster) -> Iterator[Problem]:
    for index, act in enumerate(scenario.people):
        person = roster.people.get(act.by)
        if person is None:
            yield Problem(("people", index, "by"), not_one_of(act.by, "a person of the roster", sorted(roster.people)))
        elif act.role and act.role not in person.roles:
            has = f"{act.by} does not have the role {act.role} ({', '.join(person.roles)})"
            yield Problem(("people", index, "role"), has)
    known = {*roster.channels, *roster.notices.authorities}
    for index, each in enumerate(scenario.happens):
        if isinstance(each, DeliveryFails) and each.undelivered not in known:
            which = not_one_of(each.undelivered, "a channel or an authority", sorted(known))
            yield Problem(("happens", index, "undelivered"), which)
