"""What is in force while the engine takes a step: sites, rules, plans, people."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from rules.people import Roster
from rules.places import Places
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.site import Directory
from rules.state import State


class Documents(Protocol):
    """What was ever in force, by content hash. What a hash means never changes. Raises LookupError."""

    def directory(self, version: str) -> Directory: ...

    def ruleset(self, version: str) -> Ruleset: ...

    def plans(self, version: str) -> PlanBook: ...

    def roster(self, version: str) -> Roster: ...


class InForce(NamedTuple):
    directory: Directory
    places: Places
    ruleset: Ruleset
    plans: PlanBook
    roster: Roster


def in_force(state: State, documents: Documents) -> InForce:
    directory = documents.directory(state.directory) if state.directory else Directory()
    return InForce(
        directory=directory,
        places=Places(directory.devices.values(), directory.zones.values()),
        ruleset=documents.ruleset(state.rules) if state.rules else Ruleset(),
        plans=documents.plans(state.plans) if state.plans else PlanBook(),
        roster=documents.roster(state.roster) if state.roster else Roster(),
    )
