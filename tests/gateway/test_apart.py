"""The API in a process of its own: whatever the port says goes over the line and comes back the same; looking waits
for its turn; what is too much for the line is in the store."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.ports import DeviceQuery, Done, Health, Page, Refused, Unavailable, UnknownDevice, UnknownIncident
from gateway.apart import turns
from gateway.apart.api_end import ApiEnd
from gateway.apart.calls import CoreFailed, call_of, fault_of, names_of_port, raised
from gateway.apart.core_end import CoreEnd
from gateway.apart.front import ASKED, LocalFront, front
from gateway.apart.line import Entries, Line, Skipped, take_line
from gateway.apart.turns import TooMany, Turns
from gateway.config import GatewaySettings
from gateway.store import Group, Store
from rules.requests import Acknowledge
from rules.site import Title
from tests.support.groups import AT, entry, incident

HEALTH = Health(True, {"store": "ok"}, "0.1.0", AT)
TITLES = {"tower-a/sd-1": {"en": "Smoke detector"}}
PASSED_IN_TURN = 3


class Core:
    """What the core's end asks: as the front, with answers given beforehand."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {"health": HEALTH, "devices": Page([], None)}

    def titles(self) -> dict[str, Title]:
        return TITLES

    def stands(self) -> tuple[bool, int]:
        return True, 7

    def __getattr__(self, name: str) -> Any:
        async def answer(*arguments: Any) -> Any:
            self.asked.append((name, *arguments))
            found = self.answers[name]
            if isinstance(found, Exception):
                raise found
            return found

        return answer


class Both:
    """Both ends, on a real socket."""

    def __init__(self, core: Core, folder: Path) -> None:
        self.core = core
        settings = GatewaySettings(data=folder)
        self.core_end = CoreEnd(core, settings)  # type: ignore[arg-type]
        self.api_end = ApiEnd()
        self.front: Any = front(self.api_end)

    async def join(self) -> None:
        ours, its = socket.socketpair()
        self.line: Line = await take_line(ours, self.core_end.heard, self.core_end.end)
        self.api_end.take(await take_line(its, self.api_end.heard, self.api_end.gone))
        self.core_end.begin(self.line)
        self.turns = asyncio.create_task(self.core_end.run())
        await self.api_end.begun

    async def part(self) -> None:
        self.turns.cancel()
        await asyncio.gather(self.turns, return_exceptions=True)
        self.line.close()
        await self.api_end.lost
        self.api_end.close()


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    with Store.open(f"sqlite:///{tmp_path / 'journal.sqlite'}") as store:
        store.commit(Group(entries=[entry(number) for number in range(1, 8)], incidents={"INC-000001": incident()}))
        made = Both(Core(), tmp_path)
        await made.join()
        yield made
        await made.part()


@pytest.mark.parametrize("name", ASKED)
def test_every_method_that_the_core_answers_can_be_carried(name: str) -> None:
    call = call_of(name)
    for shape in (call.arguments, call.answer):
        shape.check()


def test_every_method_of_the_port_is_at_hand_or_asked_for() -> None:
    here = {name for name in names_of_port() if hasattr(LocalFront, name)}
    assert here | set(ASKED) == set(names_of_port())
    assert {"incidents", "timeline", "watch", "board", "notices", "titles"} <= here
    assert {"carry_out", "devices", "zones", "health", "metrics"} <= set(ASKED)


async def test_what_the_store_has_is_read_at_first_hand_and_the_rest_is_asked(both: Both) -> None:
    assert (await both.front.incident("INC-000001")).id == "INC-000001"
    assert both.core.asked == []
    assert await both.front.health() == HEALTH
    assert await both.front.devices(DeviceQuery(site="tower-a")) == Page([], None)
    assert both.core.asked == [("health",), ("devices", DeviceQuery(site="tower-a"))]
    assert both.front.titles() == TITLES


@pytest.mark.parametrize("answer", [Done(incident=incident(), entries=[entry(8)]), Refused("closed", "it is closed")])
async def test_a_command_is_answered_as_the_core_answers_it(both: Both, answer: Done | Refused) -> None:
    both.core.answers["carry_out"] = answer
    command = Acknowledge(incident="INC-000001", by="duty-officer")
    assert await both.front.carry_out(command, if_revision=3) == answer
    assert both.core.asked == [("carry_out", command, None, 3)]


async def test_what_the_core_raises_is_raised_here_and_its_inside_stays_there(
    both: Both, caplog: pytest.LogCaptureFixture
) -> None:
    both.core.answers["device"] = UnknownDevice("tower-a/x")
    with pytest.raises(UnknownDevice, match="tower-a/x"):
        await both.front.device("tower-a/x")
    both.core.answers["device"] = RuntimeError("the store's password")
    with pytest.raises(CoreFailed) as failed:
        await both.front.device("tower-a/x")
    assert "password" not in str(failed.value)
    assert "device has failed" in caplog.text


def test_only_faults_of_the_port_are_made_again() -> None:
    assert isinstance(raised(fault_of(1, UnknownIncident("INC-000009"))), UnknownIncident)
    forged = fault_of(1, UnknownIncident("x"))
    for module, name in (("builtins", "SystemExit"), ("api.ports", "Page"), ("api.ports", "nothing")):
        fault = type(forged)(1, module, name, [])
        assert isinstance(raised(fault), CoreFailed)


async def test_who_watches_sees_each_entry_once_from_store_and_line(both: Both) -> None:
    watching = both.front.watch(after=5)
    seen = [(await anext(watching)).position for _ in range(2)]
    both.core_end.told([entry(8), entry(9)])
    seen += [(await anext(watching)).position for _ in range(2)]
    await watching.aclose()
    assert seen == [6, 7, 8, 9]


async def test_what_was_not_sent_over_the_line_is_read_from_the_store(both: Both, tmp_path: Path) -> None:
    watching = both.front.watch()
    first = asyncio.create_task(anext(watching))
    await asyncio.sleep(0)
    with Store.open(f"sqlite:///{tmp_path / 'other.sqlite'}"):
        both.api_end.heard(Entries([entry(8)]))
        assert (await first).position == 8
    await watching.aclose()
    assert both.api_end.position == 8
    both.api_end.heard(Skipped(20))
    assert both.api_end.position == 20


async def test_a_line_that_breaks_answers_everybody_who_waits(both: Both) -> None:
    never = asyncio.Event()

    async def hang(*_: Any) -> None:
        await never.wait()

    both.core.health = hang  # type: ignore[attr-defined]
    waiting = asyncio.create_task(both.front.health())
    await asyncio.sleep(0)
    both.line.close()
    with pytest.raises(Unavailable):
        await waiting
    with pytest.raises(Unavailable):
        await both.front.health()


async def test_without_a_core_nothing_is_read(both: Both) -> None:
    both.core.stands = lambda: (False, 7)  # type: ignore[method-assign]
    both.core_end.stands()
    assert await both.front.health() == HEALTH  # comes after what was said before
    with pytest.raises(Unavailable, match="starting"):
        await both.front.incident("INC-000001")
    with pytest.raises(Unavailable, match="starting"):
        await anext(both.front.watch())


# ---- turns


class Asked:
    def __init__(self, seconds: float = 0.0) -> None:
        self.names: list[str] = []
        self.seconds = seconds
        self.go = asyncio.Event()

    async def __call__(self, name: str, arguments: bytes) -> bytes:
        await self.go.wait()
        self.names.append(name)
        await asyncio.sleep(self.seconds)
        if name == "wrong":
            raise UnknownDevice("x")
        return name.encode() + arguments


async def test_equal_questions_that_wait_are_asked_once() -> None:
    asked = Asked()
    given = Turns(asked)
    running = asyncio.create_task(given.run())
    waiting = [asyncio.create_task(given.answer("zones", b"1")) for _ in range(5)]
    waiting.append(asyncio.create_task(given.answer("zones", b"2")))
    await asyncio.sleep(0)
    asked.go.set()
    assert await asyncio.gather(*waiting) == [b"zones1"] * 5 + [b"zones2"]
    assert len(asked.names) == 2
    running.cancel()


async def test_a_question_that_fails_fails_for_who_asked_it_and_the_next_one_is_answered() -> None:
    asked = Asked()
    asked.go.set()
    given = Turns(asked)
    running = asyncio.create_task(given.run())
    with pytest.raises(UnknownDevice):
        await given.answer("wrong", b"")
    assert await given.answer("zones", b"") == b"zones"
    running.cancel()


async def test_looking_takes_no_more_than_its_share_of_the_time() -> None:
    asked = Asked(seconds=0.01)
    asked.go.set()
    given = Turns(asked)
    running = asyncio.create_task(given.run())
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in range(PASSED_IN_TURN):
        await given.answer("zones", bytes([number]))
    spent = PASSED_IN_TURN * asked.seconds
    assert spent / (loop.time() - begun) <= turns.SHARE * PASSED_IN_TURN / (PASSED_IN_TURN - 1)
    running.cancel()


async def test_so_many_different_questions_wait_and_no_more() -> None:
    given = Turns(Asked())
    waiting = [asyncio.create_task(given.answer("device", str(each).encode())) for each in range(turns.WAITING_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await given.answer("device", b"one more")
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
