"""What the API asks about who is on duty when, and about commands to devices."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from api.port_basics import Page
from rules.duty import Shift
from rules.incident import CommandStage, CommandState
from rules.instant import Instant
from rules.mode import Mode
from rules.people import Absence, Person


class OnDuty(Struct, frozen=True):
    """Who has a role at a moment, whoever is told first standing first."""

    role: str
    people: list[Person]


class CommandQuery(Struct, frozen=True):
    """Of incidents that are open, or were closed not long ago; newest first. None: any."""

    incident: str | None = None
    site: str | None = None
    device: str | None = None
    stage: CommandStage | None = None
    by_hand: bool | None = None
    mode: Mode | None = None
    sites: frozenset[str] | None = None  # what the caller sees; None: all
    cursor: str | None = None
    limit: int = 50


class CommandOf(Struct, frozen=True):
    """A command, and of what."""

    incident: str
    site: str
    zone: str
    hazard: str
    mode: Mode
    incident_open: bool
    command: CommandState


class DutyDesk(Protocol):
    async def duty_at(self, at: Instant, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        """By the roster in force now, as of another moment. `role` None: every role; `site` None: of any site."""
        ...

    async def shifts(
        self, since: Instant, until: Instant, role: str | None = None, site: str | None = None
    ) -> list[Shift]: ...

    async def absences(self, since: Instant, until: Instant) -> list[Absence]: ...

    async def commands(self, query: CommandQuery) -> Page[CommandOf]: ...
