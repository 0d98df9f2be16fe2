"""What the API sees of the gateway: `api.ports.Desk`, over the core that runs now."""

from __future__ import annotations

import asyncio
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from api.ports import (
    BadCursor,
    DeadLetter,
    DeviceQuery,
    DeviceState,
    Done,
    Health,
    IncidentQuery,
    Page,
    Refused,
    Unavailable,
    UnknownDevice,
    UnknownIncident,
    ZoneState,
)
from gateway.core import Core
from gateway.news import News
from gateway.store import StoreFailed
from rules.codec import encode
from rules.events import PersonCommand
from rules.incident import Incident
from rules.site import Device, Title, Zone
from rules.timeline import Entry
from rules.watched import Watched

T = TypeVar("T")


class Answered(msgspec.Struct, frozen=True):
    """What is kept of a command under its idempotency key."""

    command: msgspec.Raw
    done: Done | None
    refused: Refused | None


class Running(Protocol):
    """The gateway, as far as the front needs it."""

    news: News

    @property
    def core(self) -> Core | None: ...

    def health(self) -> Health: ...

    def metrics(self) -> bytes: ...

    def store_failed(self, error: StoreFailed) -> None: ...


class Front:
    def __init__(self, gateway: Running) -> None:
        self._gateway = gateway

    # ---- commands

    async def carry_out(
        self, command: PersonCommand, idempotency_key: str | None = None, if_revision: int | None = None
    ) -> Done | Refused:
        core, body = self._core(), encode(command)
        if idempotency_key is not None:
            known = core.store.answer(idempotency_key)
            if known is not None:
                return _repeated(msgspec.json.decode(known, type=Answered), body)
        if if_revision is not None:
            incident = await self.incident(command.incident)
            if incident.revision != if_revision:
                return Refused("revision_changed", f"{incident.id} is at revision {incident.revision} by now")
        try:
            answer = self._carry_out(core, command)
            if idempotency_key is not None:
                done, refused = (answer, None) if isinstance(answer, Done) else (None, answer)
                core.desk.answer(idempotency_key, encode(Answered(msgspec.Raw(body), done, refused)))
            core.ingest.flush()
        except StoreFailed as error:
            self._gateway.store_failed(error)
            raise Unavailable("the store cannot take it; nothing was done") from error
        return answer

    def _carry_out(self, core: Core, command: PersonCommand) -> Done | Refused:
        outcome = core.desk.submit(command)
        if outcome.refused is not None:
            return outcome.refused
        return Done(core.desk.engine.state.incidents[command.incident], outcome.entries)

    # ---- what is stored

    async def incidents(self, query: IncidentQuery) -> Page[Incident]:
        return await self._read(lambda core: core.store.incidents(query))

    async def incident(self, incident: str) -> Incident:
        found = await self._read(lambda core: core.store.incident(incident))
        if found is None:
            raise UnknownIncident(incident)
        return found

    async def timeline(self, incident: str, after: int = 0, limit: int = 500) -> Page[Entry]:
        await self.incident(incident)
        entries = await self._read(lambda core: core.store.entries_of(incident, after, limit + 1))
        more = len(entries) > limit
        return Page(entries[:limit], str(entries[limit - 1].number) if more else None)

    async def watch(self, after: int | None = None, incident: str | None = None) -> AsyncIterator[Entry]:
        position = self._core().desk.engine.state.entries_made if after is None else after

        async def older(position: int, limit: int) -> list[Entry]:
            return await self._read(lambda core: core.store.entries_after(position, limit))

        async for entry in self._gateway.news.watch(position, older, incident):
            yield entry

    async def dead_letters(self, cursor: str | None = None, limit: int = 100) -> Page[DeadLetter]:
        return await self._read(lambda core: core.store.dead_letters(cursor, limit))

    async def _read(self, read: Callable[[Core], T]) -> T:
        """In a thread, so that a long answer holds up no reading. Raises Unavailable, BadCursor."""
        core = self._core()
        try:
            return await asyncio.to_thread(read, core)
        except StoreFailed as error:
            raise Unavailable("the store does not answer") from error
        except ValueError as error:
            raise BadCursor(str(error)) from error

    # ---- what is in memory

    async def devices(self, query: DeviceQuery) -> Page[DeviceState]:
        core = self._core()
        after = _cursor_text(query.cursor)
        found: list[DeviceState] = []
        for id in core.device_ids:
            if id <= after:
                continue
            state = _device_state(core, core.screen.directory.devices[id])
            if _matches(state, query):
                found.append(state)
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
            if incident.open:
                incidents.setdefault(incident.zone, []).append(incident)
        devices: dict[str, int] = {}
        silent: dict[str, int] = {}
        for watched in core.screen.all():
            devices[watched.device.zone] = devices.get(watched.device.zone, 0) + 1
            silent[watched.device.zone] = silent.get(watched.device.zone, 0) + watched.silent
        zones = core.screen.directory.zones.values()
        return [
            _zone_state(zone, devices.get(zone.id, 0), silent.get(zone.id, 0), incidents.get(zone.id, []))
            for zone in zones
            if site in (None, zone.site)
        ]

    def titles(self) -> Mapping[str, Title]:
        core = self._gateway.core
        return core.titles if core is not None else {}

    async def health(self) -> Health:
        return self._gateway.health()

    def metrics(self) -> bytes:
        return self._gateway.metrics()

    def _core(self) -> Core:
        core = self._gateway.core
        if core is None:
            raise Unavailable("the gateway is starting, or its store has failed")
        return core


def _repeated(known: Answered, body: bytes) -> Done | Refused:
    if bytes(known.command) != body:
        return Refused("idempotency_key_reused", "this key was used for another command")
    if known.refused is not None:
        return known.refused
    assert known.done is not None
    return Done(known.done.incident, known.done.entries, repeated=True)


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


def _matches(state: DeviceState, query: DeviceQuery) -> bool:
    return (
        query.site in (None, state.site)
        and query.zone in (None, state.zone)
        and query.device_class in (None, state.device_class)
        and query.silent in (None, state.silent)
    )


def _cursor_text(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        return b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError as error:
        raise BadCursor(f"{cursor!r} is no cursor of this list") from error
