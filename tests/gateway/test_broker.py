from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.broker import Broker, BrokerFailed, BrokerSettings
from gateway.broker_process import command_line, config_text, nats_program
from tests.support.servers import require
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _installed() -> None:
    require("nats-server", nats_program())


async def _stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_listens_on_a_free_port_until_it_is_stopped(tmp_path: Path) -> None:
    states: list[tuple[bool, str]] = []
    broker = Broker(BrokerSettings(tmp_path), lambda *state: states.append(state))
    await broker.start()
    pid = broker.pid
    assert broker.url == f"mqtt://127.0.0.1:{broker.port}"
    assert states == [(True, f"listening on port {broker.port}")]
    await broker.stop()
    assert broker.pid is None
    assert command_line(pid or 0) == ""


async def test_it_is_started_again_on_the_same_port_when_it_dies(tmp_path: Path) -> None:
    states: list[bool] = []
    broker = Broker(BrokerSettings(tmp_path), lambda running, _: states.append(running))
    await broker.start()
    first, port = broker.pid, broker.port
    task = asyncio.create_task(broker.run())
    os.kill(first or 0, signal.SIGKILL)
    await until(lambda: states == [True, False, True])
    assert broker.pid not in (None, first)
    assert broker.port == port
    await _stopped(task)
    assert broker.pid is None


async def test_a_second_gateway_does_not_touch_the_broker_of_the_first(tmp_path: Path) -> None:
    first = Broker(BrokerSettings(tmp_path))
    await first.start()
    with pytest.raises(BrokerFailed, match="in use by another gateway"):
        await Broker(BrokerSettings(tmp_path)).start()
    assert first.pid is not None
    await first.stop()


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    first = Broker(BrokerSettings(tmp_path / "first"))
    await first.start()
    with pytest.raises(BrokerFailed, match=f"127.0.0.1:{first.port} is in use"):
        await Broker(BrokerSettings(tmp_path / "second", port=first.port)).start()
    await first.stop()


async def test_a_server_that_refuses_its_configuration_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(BrokerFailed, match="sync_interval"):
        await Broker(BrokerSettings(tmp_path, sync_interval="two furlongs")).start()


async def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrokerFailed, match="nats-server is not installed"):
        await Broker(BrokerSettings(tmp_path)).start()


_GATEWAY = """
import asyncio, sys
from pathlib import Path
from gateway.broker import Broker, BrokerSettings
async def main():
    broker = Broker(BrokerSettings(Path(sys.argv[1])))
    await broker.start()
    print(broker.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def _gateway(folder: Path) -> tuple[subprocess.Popen[str], int]:
    gateway = subprocess.Popen([sys.executable, "-c", _GATEWAY, str(folder)], stdout=subprocess.PIPE, text=True)
    assert gateway.stdout is not None
    return gateway, int(gateway.stdout.readline())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_it_does_not_outlive_a_gateway_that_is_killed(tmp_path: Path) -> None:
    gateway, pid = _gateway(tmp_path)
    with gateway:
        gateway.kill()
    await until(lambda: command_line(pid) == "")


async def test_one_that_was_left_behind_is_ended_by_the_next_start(tmp_path: Path) -> None:
    settings = BrokerSettings(tmp_path)
    broker = Broker(settings)
    await broker.start()
    await broker.stop()
    program = nats_program()
    assert program is not None
    orphan = await asyncio.create_subprocess_exec(program, "-c", str(settings.config_file))
    await until(lambda: settings.pid_file.exists() and settings.pid_file.read_text() == str(orphan.pid))
    await broker.start()
    assert await orphan.wait() in (0, -signal.SIGTERM)
    assert broker.pid is not None
    await broker.stop()


async def test_a_process_that_only_has_the_old_number_is_left_alone(tmp_path: Path) -> None:
    settings = BrokerSettings(tmp_path)
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    settings.pid_file.write_text(str(other.pid))
    broker = Broker(settings)
    await broker.start()
    await broker.stop()
    assert other.returncode is None
    await other.communicate(b"\n")


def test_the_password_is_not_shown_and_its_file_is_private(tmp_path: Path) -> None:
    settings = BrokerSettings(tmp_path, username="panel", password='a"b\\c')
    assert "a\\" not in repr(settings)
    assert 'password: "a\\"b\\\\c"' in config_text(settings, 1883)


async def test_with_a_user_nobody_connects_without_the_password(tmp_path: Path) -> None:
    broker = Broker(BrokerSettings(tmp_path, username="panel", password='spell $it "out"\\'))
    await broker.start()  # which itself connects with the password
    assert (tmp_path / "nats.conf").stat().st_mode & 0o077 == 0
    reader, writer = await asyncio.open_connection(broker.host, broker.port)
    writer.write(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x")
    assert await reader.read(4) == b"\x20\x02\x00\x05"
    writer.close()
    await broker.stop()
