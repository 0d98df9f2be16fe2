"""What a service manager is told, over a real socket."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from pathlib import Path

import pytest

from gateway.systemd import Systemd
from simulators.virtual_loop import VirtualTimeLoop
from tests.support.service_manager import ServiceManager


def test_it_is_told_the_start_and_the_stop_and_no_child_inherits_the_way(tmp_path: Path) -> None:
    with ServiceManager(tmp_path, watchdog_ms=1000) as manager:
        environment = dict(manager.environment, WATCHDOG_PID=str(os.getpid()), OTHER="stays")
        systemd = Systemd(environment)
        assert environment == {"OTHER": "stays"}
        systemd.started()
        systemd.stopping()
        assert manager.all_that_is_there() == ["READY=1\nSTATUS=running", "STOPPING=1\nSTATUS=stopping"]


def test_there_is_no_sign_of_life_before_the_start(tmp_path: Path) -> None:
    """The manager counts from the start; and what it has not read yet would leave no room for the start."""

    async def work() -> None:
        keeping = asyncio.create_task(systemd.keep_alive(lambda: True))
        await asyncio.sleep(600)
        assert manager.all_that_is_there() == []
        systemd.started()
        await asyncio.sleep(1)
        assert [each.partition("\n")[0] for each in manager.all_that_is_there()] == ["READY=1", "WATCHDOG=1"]
        keeping.cancel()

    with ServiceManager(tmp_path, watchdog_ms=30_000) as manager:
        systemd = Systemd(manager.environment)
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(work())


def test_without_a_service_manager_nothing_is_told_and_nothing_fails() -> None:
    systemd = Systemd({})
    systemd.started()
    systemd.stopping()
    asyncio.run(asyncio.wait_for(systemd.keep_alive(lambda: True), 5))  # returns at once


def test_the_signs_of_life_stop_when_the_core_stands_still_and_come_back_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    moves = True

    async def work() -> list[int]:
        nonlocal moves
        counts: list[int] = []
        keeping = asyncio.create_task(systemd.keep_alive(lambda: moves))
        for moving in (True, False, True):
            moves = moving
            await asyncio.sleep(30)
            counts.append(len(manager.all_that_is_there()))
        keeping.cancel()
        return counts

    with ServiceManager(tmp_path, watchdog_ms=30_000) as manager, caplog.at_level(logging.ERROR):
        systemd = Systemd(manager.environment)
        systemd.started()
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            first, second, third = runner.run(work())
        assert set(manager.said[1:]) == {"WATCHDOG=1"}
    assert (first >= 3, second - first <= 1, third - second >= 2) == (True, True, True)
    assert sum("stood still" in each.message for each in caplog.records) == 1


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),  # another process is meant
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_a_watchdog_counts_only_when_this_process_is_meant(variables: dict[str, str], expected: float | None) -> None:
    assert Systemd({"NOTIFY_SOCKET": "/nowhere"} | variables).watchdog_seconds == expected


def test_a_service_manager_that_does_not_listen_is_said_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    Systemd({"NOTIFY_SOCKET": "/nowhere/at/all"}).started()
    assert "cannot be told 'READY=1'" in caplog.text


def test_an_abstract_socket_is_reached_under_its_name() -> None:
    name = f"tocsin-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        Systemd({"NOTIFY_SOCKET": f"@{name}"}).started()
        listening.settimeout(5)
        assert listening.recv(100).startswith(b"READY=1")
