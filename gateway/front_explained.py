"""What the API says of why things are as they are: `rules.explain` over the state and the screen that run now."""

from __future__ import annotations

from api.ports import UnknownDevice, UnknownIncident
from gateway.core import Core
from gateway.front_core import FrontCore, Stored
from rules.explain import Line, explain_device
from rules.explain_incident import explain_incident
from rules.in_force import InForce, in_force
from rules.instant import Instant
from rules.timeline import Entry

CHUNK_ENTRIES = 500


class FrontExplained(FrontCore):
    async def explain_incident(self, incident: str) -> list[Line]:
        entries = await self._read(lambda core: _timeline(core, incident))
        stored = await self._read(lambda core: core.store.incident(incident))
        core = self._core()
        state = core.desk.engine.state
        found = state.incidents.get(incident) or stored
        if found is None:
            raise UnknownIncident(incident)
        return explain_incident(state, _force(core), found, entries, self._now(core))

    async def explain_device(self, device: str) -> list[Line]:
        core = self._core()
        watched = core.screen.known(device)
        if watched is None:
            raise UnknownDevice(device)
        if watched.unseen:
            core.screen.remember(watched)  # as its next message would do first
        return explain_device(core.desk.engine.state, _force(core), watched, self._now(core))

    def _now(self, core: Core) -> Instant:
        return max(self._clock(), core.desk.engine.state.now)


def _force(core: Core) -> InForce:
    return in_force(core.desk.engine.state, core.desk.documents)


def _timeline(core: Stored, incident: str) -> list[Entry]:
    found: list[Entry] = []
    while chunk := core.store.entries_of(incident, len(found), CHUNK_ENTRIES):
        found += chunk
    return found
