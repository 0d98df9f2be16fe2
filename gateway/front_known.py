"""What the API sees of what is in memory: devices and zones as they are now, plans and people in force."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from datetime import tzinfo
from zoneinfo import ZoneInfo

from api.building_port import DeviceClassState, SiteState
from api.ports import (
    BadCursor,
    DeviceQuery,
    DeviceState,
    Health,
    OnDuty,
    Page,
    UnknownDevice,
    UnknownPlan,
    ZoneState,
)
from gateway.core import Core
from gateway.front_core import FrontCore
from gateway.front_duty import roles_of
from rules.incident import Incident
from rules.mode import Mode
from rules.people import Roster, who
from rules.response_plan import PlanBook, ResponsePlan
from rules.site import Device, Title, Zone
from rules.watched import Watched


class FrontKnown(FrontCore):
    async def devices(self, query: DeviceQuery) -> Page[DeviceState]:
        core = self._core()
        after = _cursor_text(query.cursor)
        ids = core.located.among(query.site, query.zone, query.device_class)
        if query.silent:
            ids = sorted(core.screen.silent(Mode.ACTUAL))
        found: list[DeviceState] = []
        for id in ids[bisect_right(ids, after) :]:
            device = core.screen.directory.devices.get(id)
            if device is None or not _matches(device, query):
                continue
            watched = core.screen.known(id)
            if query.silent in (None, watched is not None and watched.silent):
                found.append(_device_state(core, device))
                if len(found) > query.limit:
                    return Page(found[:-1], urlsafe_b64encode(found[-2].id.encode()).decode())
        return Page(found)

    async def device(self, device: str) -> DeviceState:
        core = self._core()
        known = core.screen.directory.devices.get(device)
        if known is None:
            raise UnknownDevice(device)
        return _device_state(core, known)

    async def zones(self, site: str | None = None) -> list[ZoneState]:
        core = self._core()
        incidents: dict[str, list[Incident]] = {}
        for incident in core.desk.engine.state.incidents.values():
            if incident.open and incident.mode is Mode.ACTUAL:
                incidents.setdefault(incident.zone, []).append(incident)
        silent = Counter(watched.device.zone for watched in core.screen.silent(Mode.ACTUAL).values())
        zones = core.screen.directory.zones.values()
        return [
            _zone_state(zone, core.located.in_zone(zone.id), silent[zone.id], incidents.get(zone.id, []))
            for zone in zones
            if site in (None, zone.site)
        ]

    async def sites(self) -> list[SiteState]:
        known = self._core().screen.directory.sites.values()
        return [SiteState(each.id, each.title, each.timezone, [one.id for one in each.buildings]) for each in known]

    async def device_classes(self) -> list[DeviceClassState]:
        known = self._core().screen.directory.device_classes
        return [
            DeviceClassState(id, each.title, {name: one.title for name, one in each.metrics.items()}, each.commands)
            for id, each in sorted(known.items())
        ]

    async def plans(self) -> list[ResponsePlan]:
        return list(_plans(self._core()).plans.values())

    async def plan(self, hazard: str) -> ResponsePlan:
        plan = _plans(self._core()).by_hazard.get(hazard)
        if plan is None:
            raise UnknownPlan(hazard)
        return plan

    async def on_duty(self, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        core = self._core()
        roster, now = _roster(core), self._clock()
        zone = _timezone(core, roster, site)
        roles = [role] if role is not None else roles_of(roster)
        return [OnDuty(each, who(roster, each, site, now, zone)) for each in roles]

    async def roles_of(self, person: str) -> frozenset[str]:
        known = _roster(self._core()).people.get(person)
        return frozenset(known.roles) if known is not None else frozenset()

    def titles(self) -> Mapping[str, Title]:
        core = self._gateway.core
        return core.titles if core is not None else {}

    async def health(self) -> Health:
        return self._gateway.health()

    async def metrics(self) -> bytes:
        return self._gateway.metrics()


def _plans(core: Core) -> PlanBook:
    version = core.desk.engine.state.plans
    return core.desk.documents.plans(version) if version else PlanBook()


def _roster(core: Core) -> Roster:
    version = core.desk.engine.state.roster
    return core.desk.documents.roster(version) if version else Roster()


def _timezone(core: Core, roster: Roster, site: str | None) -> tzinfo:
    known = core.screen.directory.sites.get(site or "")
    return ZoneInfo(known.timezone if known is not None else roster.timezone)


def _device_state(core: Core, device: Device) -> DeviceState:
    watched = core.screen.known(device.id)
    firing = core.firing.get(device.id, [])
    return DeviceState(
        id=device.id,
        name=device.name,
        device_class=device.device_class,
        site=device.site,
        building=device.building,
        floor=device.floor,
        zone=device.zone,
        title=device.title,
        values=watched.believed() if watched else {},
        last_seen_at=_last_seen(watched),
        online=watched.online if watched else None,
        silent=watched.silent if watched else False,
        firing=sorted(firing),
    )


def _last_seen(watched: Watched | None) -> int | None:
    return watched.received_at if watched is not None and watched.at else None


def _zone_state(zone: Zone, devices: int, silent: int, incidents: list[Incident]) -> ZoneState:
    return ZoneState(
        id=zone.id,
        name=zone.name,
        site=zone.site,
        building=zone.building,
        floor=zone.floor,
        title=zone.title,
        devices=devices,
        silent=silent,
        open_incidents=[incident.id for incident in incidents],
        level=max((incident.level for incident in incidents), default=None),
    )


def _matches(device: Device, query: DeviceQuery) -> bool:
    """As far as the site files say."""
    return (
        query.site in (None, device.site)
        and (query.sites is None or device.site in query.sites)
        and query.zone in (None, device.zone)
        and query.device_class in (None, device.device_class)
    )


def _cursor_text(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        return b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise BadCursor(f"{cursor!r} is no cursor of this list") from error
