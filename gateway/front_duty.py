"""What the API says of who is on duty when, from the roster that the journal has in force. Runs in its own process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from api.duty_port import OnDuty
from gateway.front_core import FrontReads
from gateway.store import Store
from gateway.versions import in_force
from rules.codec import decode_directory, decode_roster
from rules.duty import Shift, absences, shifts
from rules.instant import Instant
from rules.people import Absence, Roster, who
from rules.site import Directory


class FrontDuty(FrontReads):
    async def duty_at(self, at: Instant, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        roster, zones = await self._read(lambda core: _roster(core.store))
        zone = zones.get(site, zones[None])
        roles = [role] if role is not None else roles_of(roster)
        return [OnDuty(each, who(roster, each, site, at, zone)) for each in roles]

    async def shifts(
        self, since: Instant, until: Instant, role: str | None = None, site: str | None = None
    ) -> list[Shift]:
        return await self._read(lambda core: _shifts(core.store, since, until, role, site))

    async def absences(self, since: Instant, until: Instant) -> list[Absence]:
        return await self._read(lambda core: absences(_roster(core.store)[0], since, until))


def roles_of(roster: Roster) -> list[str]:
    """Every role that somebody has or takes turns in, in the order of the files."""
    of_people = [role for person in roster.people.values() for role in person.roles]
    return list(dict.fromkeys([*of_people, *(rota.role for rota in roster.rota)]))


def _shifts(store: Store, since: Instant, until: Instant, role: str | None, site: str | None) -> list[Shift]:
    roster, zones = _roster(store)
    return shifts(roster, since, until, zones, role, site)


def _roster(store: Store) -> tuple[Roster, Mapping[str | None, tzinfo]]:
    """What is in force, and the time of each site; None: where no site is concerned. Raises StoreFailed."""
    roster = _decoded(_body(store, "roster"))
    directory = _decoded_directory(_body(store, "directory"))
    zones: dict[str | None, tzinfo] = {site.id: ZoneInfo(site.timezone) for site in directory.sites.values()}
    return roster, {**zones, None: ZoneInfo(roster.timezone)}


def _body(store: Store, kind: str) -> bytes:
    version = in_force(store, kind)
    return store.document(version) if version else b""


@lru_cache(2)
def _decoded(body: bytes) -> Roster:
    return decode_roster(body) if body else Roster()


@lru_cache(2)
def _decoded_directory(body: bytes) -> Directory:
    return decode_directory(body) if body else Directory()
