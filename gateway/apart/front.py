"""What the API sees of the gateway from a process of its own: the store at first hand, all else by asking the core."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, cast

from api.ports import Desk, Unavailable
from gateway.apart.api_end import ApiEnd
from gateway.apart.calls import names_of_port
from gateway.front_duty import FrontDuty
from gateway.front_files import FrontFiles
from gateway.front_held import FrontHeld
from gateway.front_readings import FrontReadings
from gateway.front_reports import FrontReports
from gateway.front_rules import FrontRules
from gateway.front_stored import FrontStored
from rules.site import Title


class LocalFront(FrontStored, FrontReports, FrontRules, FrontReadings, FrontDuty, FrontHeld, FrontFiles):
    """What needs nothing of the core but what it has stored and told."""

    def __init__(self, end: ApiEnd) -> None:
        super().__init__(end)
        self._end = end

    def titles(self) -> Mapping[str, Title]:
        return self._end.titles

    def _latest(self) -> int:
        if not self._end.up:
            raise Unavailable("the gateway is starting, or its store has failed")
        return self._end.position


def _asked(name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def ask(self: LocalFront, *arguments: Any, **named: Any) -> Any:
        return await self._end.ask(name, arguments, named)

    ask.__name__ = name
    return ask


ASKED = [name for name in names_of_port() if not hasattr(LocalFront, name)]
"""The methods of the port that the core answers: all that are not at hand here."""

ApartFront = type("ApartFront", (LocalFront,), {name: _asked(name) for name in ASKED})


class Seen(Desk, Protocol):
    """What a process apart has of the gateway."""

    async def keep_search(self) -> None: ...


def front(end: ApiEnd) -> Seen:
    return cast(Seen, ApartFront(end))
