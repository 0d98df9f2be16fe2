"""What the API sees of the drills that were held, from the store."""

from __future__ import annotations

from api.ports import DrillQuery, Page, UnknownDrill
from gateway.front_core import FrontCore
from rules.drill import Drill


class FrontHeld(FrontCore):
    async def drills(self, query: DrillQuery) -> Page[Drill]:
        return await self._read(lambda core: core.store.drills(query))

    async def drill(self, drill: str) -> Drill:
        found = await self._read(lambda core: core.store.drill(drill))
        if found is None:
            raise UnknownDrill(drill)
        return found
