"""What the API says of commands to devices: those of incidents that are open or were closed not long ago."""

from __future__ import annotations

from api.duty_port import CommandOf, CommandQuery
from api.ports import BadCursor, Page
from gateway.front_core import FrontCore
from rules.incident import CommandState, Incident

NUMBER_DIGITS_MAX = 12


class FrontCommands(FrontCore):
    async def commands(self, query: CommandQuery) -> Page[CommandOf]:
        before = _number(query.cursor)
        found = [
            (_number_of(command), incident, command)
            for incident in self._core().desk.engine.state.incidents.values()
            if _concerns(incident, query)
            for command in incident.commands
            if _matches(command, query) and (before is None or _number_of(command) < before)
        ]
        found.sort(key=lambda each: -each[0])
        page = [_command_of(incident, command) for _, incident, command in found[: query.limit]]
        more = len(found) > query.limit
        return Page(page, str(found[query.limit - 1][0]) if more else None)


def _command_of(incident: Incident, command: CommandState) -> CommandOf:
    return CommandOf(incident.id, incident.site, incident.zone, incident.hazard, incident.mode, incident.open, command)


def _concerns(incident: Incident, query: CommandQuery) -> bool:
    return (
        query.incident in (None, incident.id)
        and query.site in (None, incident.site)
        and query.mode in (None, incident.mode)
        and (query.sites is None or incident.site in query.sites)
    )


def _matches(command: CommandState, query: CommandQuery) -> bool:
    by_hand = command.by is not None
    return (
        query.device in (None, command.device)
        and query.stage in (None, command.stage)
        and query.by_hand in (None, by_hand)
    )


def _number_of(command: CommandState) -> int:
    return int(command.id.partition("-")[2])


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > NUMBER_DIGITS_MAX:
        raise BadCursor(cursor)
    return int(cursor)
