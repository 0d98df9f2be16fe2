"""What one caller sees of the desk: their own sites, and card holders masked.

Every route asks `TheDesk`, which is one of these. What is at another site is not there (404), in lists, details,
streams and commands alike. A method of the port that is not named here answers those who see all sites alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from api.auth import Principal
from api.board_port import Board, BoardQuery
from api.building_port import DeviceClassState, SiteState
from api.duty_port import CommandOf, CommandQuery
from api.errors import Code, ProblemRaised
from api.events_port import EventsQuery, Happened
from api.permissions import Permission
from api.ports import (
    ActionQuery,
    DeadLetter,
    Desk,
    DeviceQuery,
    DeviceState,
    Done,
    DrillCalendar,
    DrillQuery,
    HandoverQuery,
    Health,
    IncidentQuery,
    NoticeQuery,
    OnDuty,
    OrderQuery,
    Page,
    ShelfQuery,
    Unknown,
    UnknownAction,
    UnknownDeadLetter,
    UnknownDevice,
    UnknownDrill,
    UnknownHandover,
    UnknownIncident,
    UnknownOrder,
    UnknownShelf,
    ZoneState,
)
from api.privacy import Masks
from api.readings_port import Readings, ReadingsQuery
from api.report_sight import ReportSight
from api.rules_port import Backtest, DryRunAnswer, DryRunQuestion
from rules.drill import Drill
from rules.duty import Shift
from rules.explain import Line
from rules.handover import Handover
from rules.incident import Incident
from rules.instant import Instant
from rules.order import WorkOrder
from rules.outcome import Refused
from rules.requests import PersonCommand
from rules.ruleset import Ruleset
from rules.shelf import Shelf
from rules.site import Title
from rules.state import ActionState
from rules.theory import Paper
from rules.timeline import Entry

Q = TypeVar(
    "Q",
    BoardQuery,
    IncidentQuery,
    DeviceQuery,
    OrderQuery,
    ActionQuery,
    ShelfQuery,
    HandoverQuery,
    CommandQuery,
    DrillQuery,
)

INCIDENTS_REMEMBERED_MAX = 1_000  # of one stream: where they are does not change


class Sight(ReportSight):
    """`refused(about)`: told of everything that was asked for and is at another site."""

    def __init__(self, desk: Desk, caller: Principal, masks: Masks, refused: Callable[[str], None]) -> None:
        self._desk, self._caller, self._masks, self._refused = desk, caller, masks, refused
        self._where: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        """Methods of the port that are not here."""
        self._check_all_sites()
        return getattr(self._desk, name)

    async def carry_out(
        self, command: PersonCommand, idempotency_key: str | None = None, if_revision: int | None = None
    ) -> Done | Refused:
        elsewhere = await self._elsewhere(command)
        if elsewhere is not None:
            return elsewhere
        done = await self._desk.carry_out(command, idempotency_key, if_revision)
        if isinstance(done, Refused):
            return done
        entries = [self._masks.entry(entry) for entry in done.entries]
        incident = self._masks.incident(done.incident) if done.incident is not None else None
        return msgspec.structs.replace(done, entries=entries, incident=incident)

    # ---- incidents

    async def incidents(self, query: IncidentQuery) -> Page[Incident]:
        page = await self._desk.incidents(self._theirs(query))
        return Page([self._masks.incident(each) for each in page.items], page.next_cursor)

    async def incident(self, incident: str) -> Incident:
        found = await self._desk.incident(incident)
        self._check(found.site, UnknownIncident(incident))
        return self._masks.incident(found)

    async def timeline(self, incident: str, after: int = 0, limit: int = 500) -> Page[Entry]:
        await self._check_incident(incident)
        return self._masked(await self._desk.timeline(incident, after, limit))

    async def watch(self, after: int | None = None, incident: str | None = None) -> AsyncIterator[Entry]:
        entries = self._desk.watch(after, incident)
        try:
            async for entry in entries:
                if self._caller.sites is None or await self._is_theirs(entry):
                    yield self._masks.entry(entry)
        finally:
            close = getattr(entries, "aclose", None)
            if close is not None:
                await close()

    async def notices(self, query: NoticeQuery) -> Page[Entry]:
        if query.incident is not None:
            await self._check_incident(query.incident)
        page = await self._desk.notices(query)
        items = [each for each in page.items if self._caller.sites is None or await self._is_theirs(each)]
        return self._masked(Page(items, page.next_cursor))

    async def explain_incident(self, incident: str) -> list[Line]:
        await self._check_incident(incident)
        return await self._desk.explain_incident(incident)

    # ---- what goes on around them

    async def orders(self, query: OrderQuery) -> Page[WorkOrder]:
        return await self._desk.orders(self._theirs(query))

    async def board(self, query: BoardQuery) -> Board:
        return await self._desk.board(self._theirs(query))

    async def order(self, order: str) -> WorkOrder:
        found = await self._desk.order(order)
        self._check(found.site, UnknownOrder(order))
        return found

    async def actions(self, query: ActionQuery) -> Page[ActionState]:
        return await self._desk.actions(self._theirs(query))

    async def action(self, action: str) -> ActionState:
        found = await self._desk.action(action)
        self._check(found.site, UnknownAction(action))
        return found

    async def shelves(self, query: ShelfQuery) -> Page[Shelf]:
        return await self._desk.shelves(self._theirs(query))

    async def shelf(self, shelf: str) -> Shelf:
        """One for a rule alone keeps it quiet everywhere: whoever works anywhere has to know."""
        found = await self._desk.shelf(shelf)
        place = found.device or found.zone
        if place is not None:
            self._check(site_of(place), UnknownShelf(shelf))
        return found

    async def handovers(self, query: HandoverQuery) -> Page[Handover]:
        return await self._desk.handovers(self._theirs(query))

    async def handover(self, handover: str) -> Handover:
        found = await self._desk.handover(handover)
        self._check(found.site, UnknownHandover(handover))
        return found

    async def drills(self, query: DrillQuery) -> Page[Drill]:
        return await self._desk.drills(self._theirs(query))

    async def drill(self, drill: str) -> Drill:
        found = await self._desk.drill(drill)
        self._check(found.site, UnknownDrill(drill))
        return found

    async def drill_calendar(self, year: int | None = None, site: str | None = None) -> DrillCalendar:
        found = await self._desk.drill_calendar(year, site)
        return DrillCalendar(found.year, [row for row in found.items if self._caller.sees(row.site)])

    async def theory(self) -> dict[str, Paper]:
        return await self._desk.theory()

    async def on_duty(self, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        if self._caller.sites is None:
            return await self._desk.on_duty(role, site)
        found: dict[str, OnDuty] = {}
        for each in sorted(self._caller.sites) if site is None else [site] if self._caller.sees(site) else []:
            for duty in await self._desk.on_duty(role, each):
                known = found.setdefault(duty.role, OnDuty(duty.role, []))
                known.people.extend(person for person in duty.people if person not in known.people)
        return list(found.values())

    # ---- the building

    async def devices(self, query: DeviceQuery) -> Page[DeviceState]:
        page = await self._desk.devices(self._theirs(query))
        return Page([self._masked_device(each) for each in page.items], page.next_cursor)

    async def device(self, device: str) -> DeviceState:
        self._check(site_of(device), UnknownDevice(device))
        return self._masked_device(await self._desk.device(device))

    async def explain_device(self, device: str) -> list[Line]:
        self._check(site_of(device), UnknownDevice(device))
        return await self._desk.explain_device(device)

    async def zones(self, site: str | None = None) -> list[ZoneState]:
        return [zone for zone in await self._desk.zones(site) if self._caller.sees(zone.site)]

    async def sites(self) -> list[SiteState]:
        return [each for each in await self._desk.sites() if self._caller.sees(each.id)]

    async def device_classes(self) -> list[DeviceClassState]:
        """Of no site."""
        return await self._desk.device_classes()

    async def dead_letters(self, cursor: str | None = None, limit: int = 100) -> Page[DeadLetter]:
        """By their topic, `tree/v1/SITE/…`; one whose topic names no site is for those who see all."""
        page = await self._desk.dead_letters(cursor, limit)
        theirs = [each for each in page.items if self._caller.sites is None or _topic_site(each) in self._caller.sites]
        masked = [msgspec.structs.replace(each, first_bytes=self._masks.text(each.first_bytes)) for each in theirs]
        return Page(masked, page.next_cursor)

    async def dead_letter(self, topic: str, reason: str) -> DeadLetter:
        found = await self._desk.dead_letter(topic, reason)
        if self._caller.sites is not None and _topic_site(found) not in self._caller.sites:
            raise UnknownDeadLetter(topic)
        return msgspec.structs.replace(found, first_bytes=self._masks.text(found.first_bytes))

    async def readings(self, query: ReadingsQuery) -> Readings:
        self._check(site_of(query.device), UnknownDevice(query.device))
        found = await self._desk.readings(query)
        return msgspec.structs.replace(found, series=[self._masks.series(each) for each in found.series])

    async def events(self, query: EventsQuery) -> list[Happened]:
        self._check(site_of(query.device), UnknownDevice(query.device))
        if query.unmasked and not self._caller.may(Permission.UNMASK):
            raise ProblemRaised(Code.FORBIDDEN, f"{self._caller.name} may not see card holders")
        found = await self._desk.events(query)
        if query.unmasked:
            return found
        return [msgspec.structs.replace(each, attributes=self._masks.values(each.attributes)) for each in found]

    async def commands(self, query: CommandQuery) -> Page[CommandOf]:
        return await self._desk.commands(self._theirs(query))

    # ---- who is on duty

    async def duty_at(self, at: Instant, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        if site is None and self._caller.sites is not None:
            raise ProblemRaised(Code.FORBIDDEN, "this concerns all sites; expected `site`")
        return await self._desk.duty_at(at, role, site) if self._caller.sees(site) or site is None else []

    async def shifts(
        self, since: Instant, until: Instant, role: str | None = None, site: str | None = None
    ) -> list[Shift]:
        """One that is of no site is of all of them."""
        found = await self._desk.shifts(since, until, role, site)
        return [each for each in found if each.site is None or self._caller.sees(each.site)]

    # ---- what is tried

    async def dry_run(self, question: DryRunQuestion) -> DryRunAnswer:
        self._check_all_sites()
        return self._masks.dry_run(await self._desk.dry_run(question))

    async def backtest_of(self, id: str) -> Backtest:
        self._check_all_sites()
        return self._masks.backtest(await self._desk.backtest_of(id))

    # ---- what is of no site

    async def now(self) -> Instant:
        return await self._desk.now()

    async def ruleset(self) -> tuple[str, Ruleset]:
        return await self._desk.ruleset()

    async def roles_of(self, person: str) -> frozenset[str]:
        return await self._desk.roles_of(person)

    def titles(self) -> Mapping[str, Title]:
        return self._desk.titles()

    async def health(self) -> Health:
        return await self._desk.health()

    async def metrics(self) -> bytes:
        return await self._desk.metrics()

    # ----

    def _theirs(self, query: Q) -> Q:
        if self._caller.sites is None:
            return query
        return msgspec.structs.replace(query, sites=self._caller.sites)

    def _check_all_sites(self) -> None:
        if self._caller.sites is not None:
            raise ProblemRaised(Code.FORBIDDEN, "this concerns all sites, and the caller sees some alone")

    def _check(self, site: str | None, unknown: Unknown) -> None:
        if not self._caller.sees(site):
            self._refused(str(unknown.args[0]))
            raise unknown

    async def _check_incident(self, incident: str) -> None:
        if self._caller.sites is not None:
            await self.incident(incident)

    async def _elsewhere(self, command: PersonCommand) -> Refused | None:
        """What a command names and is not at their sites is refused as if it were not there. Raises ProblemRaised."""
        if self._caller.sites is None:
            return None
        named = {name: value for name in _NAMING if isinstance(value := getattr(command, name, None), str) and value}
        if not named:
            raise ProblemRaised(Code.FORBIDDEN, "this concerns all sites, and the caller sees some alone")
        for name, value in named.items():
            if name in _SUBJECTS:
                try:
                    await getattr(self, name)(value)
                except Unknown:
                    return Refused(f"unknown_{name}", f"there is no {name} {value}")
            elif not self._caller.sees(value if name == "site" else site_of(value)):
                self._refused(value)
                return Refused(f"unknown_{name}", f"there is no {name} {value}")
        if "shelf" in named and not await self._is_of_a_place(named["shelf"]):
            raise ProblemRaised(Code.FORBIDDEN, "this concerns all sites, and the caller sees some alone")
        return None

    async def _is_of_a_place(self, shelf: str) -> bool:
        found = await self._desk.shelf(shelf)
        return bool(found.device or found.zone)

    async def _is_theirs(self, entry: Entry) -> bool:
        """By its incident, else by its device; what belongs to neither is of no site."""
        if entry.device is not None and entry.incident is None:
            return self._caller.sees(site_of(entry.device))
        if entry.incident is None:
            return False
        known = self._where.get(entry.incident)
        if known is None:
            if len(self._where) >= INCIDENTS_REMEMBERED_MAX:
                self._where.clear()
            known = self._where[entry.incident] = (await self._desk.incident(entry.incident)).site
        return self._caller.sees(known)

    def _masked(self, page: Page[Entry]) -> Page[Entry]:
        return Page([self._masks.entry(each) for each in page.items], page.next_cursor)

    def _masked_device(self, state: DeviceState) -> DeviceState:
        return msgspec.structs.replace(state, values=self._masks.values(state.values))


_SUBJECTS = ("incident", "order", "action", "shelf", "handover", "drill")
_NAMING = (*_SUBJECTS, "device", "zone", "asset", "site")
"""Fields of commands that say what and where a command is about."""


def site_of(place: str) -> str:
    """Of `site/name`."""
    return place.partition("/")[0]


def _topic_site(letter: DeadLetter) -> str:
    parts = letter.topic.split("/")
    return parts[2] if len(parts) > 2 else ""
