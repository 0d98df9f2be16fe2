"""Fixtures for all tests. Real servers are private to the test that asks for them; see tests/support/.

A missing server skips its tests by name; with REQUIRE_SERVERS=1, as in CI, it fails them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling

from gateway.broker_process import nats_program
from tests.support.influx import Influx, influxd_program, nginx_program
from tests.support.postgres import Postgres, postgres_programs
from tests.support.servers import Mosquitto, Nats, mosquitto_program, require

hypothesis.settings.register_profile("tocsin", deadline=None)
hypothesis.settings.register_profile("tocsin-ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("tocsin-ci" if os.environ.get("CI") else "tocsin")


BROWSER = "tests/console/browser/"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write the golden timelines anew; read the difference before committing",
    )


class ByFile(LoadFileScheduling):
    """A worker a file; but all that needs a browser goes to one, which starts what it needs once."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """`broker = mosquitto("line of mosquitto.conf", …, persistence=…, tls=…, users={…})`: ends with the test."""
    require("mosquitto", mosquitto_program())
    yield from _started(lambda *lines, **options: Mosquitto(tmp_path / _name("mosquitto", tmp_path), *lines, **options))


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Callable[..., Nats]]:
    """`broker = nats(sync_interval="2m")`: the embedded broker, started, ended with the test."""
    require("nats-server", nats_program())
    yield from _started(lambda **options: Nats(tmp_path / _name("nats", tmp_path), **options))


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[Callable[..., Influx]]:
    """`database = influx(body_bytes_max=…)`: an InfluxDB with a v2 write path, started, ended with the test."""
    require("influxd", influxd_program())
    require("nginx", nginx_program())
    yield from _started(lambda **options: Influx(tmp_path / _name("influx", tmp_path), **options))


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run."""
    require("postgresql", postgres_programs())
    cluster = Postgres()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def postgres(postgres_cluster: Postgres) -> Callable[[], str]:
    """`url = postgres()`: the SQLAlchemy URL of a new, empty database, each time it is called."""
    return postgres_cluster.database


class Startable(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


S = TypeVar("S", bound=Startable)


def _started(make: Callable[..., S]) -> Iterator[Callable[..., S]]:
    servers: list[S] = []

    def started(*arguments: object, **options: object) -> S:
        server = make(*arguments, **options)
        servers.append(server)
        server.start()
        return server

    try:
        yield started
    finally:
        for server in servers:
            server.stop()


def _name(program: str, folder: Path) -> str:
    return f"{program}-{len(list(folder.glob(f'{program}-*'))) + 1}"
