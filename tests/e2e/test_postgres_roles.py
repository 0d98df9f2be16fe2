"""deploy/postgres on a real PostgreSQL: the gateway works with the role it is given, and neither role can do more."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.support.field_client import say
from tests.support.gateway import RunningGateway
from tests.support.postgres import HOST, Postgres, administered
from tests.support.servers import Mosquitto, require
from tests.support.sources import ROOT

SCRIPTS = ROOT / "deploy" / "postgres"
SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
PASSWORDS = {"tocsin": "the gateway's word", "tocsin_reader": "it's the reader's"}


def psql(cluster: Postgres, file: str, *options: str) -> None:
    program = shutil.which("psql")
    require("psql (Debian: postgresql-client)", program)
    command = [str(program), "-X", "-h", HOST, "-p", str(cluster.port), "-U", "postgres", "-f", str(SCRIPTS / file)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with administered() as made:
        yield made


def prepared(cluster: Postgres) -> None:
    words = {"tocsin_password": PASSWORDS["tocsin"], "reader_password": PASSWORDS["tocsin_reader"]}
    options = [part for name, word in words.items() for part in ("-v", f"{name}={word}")]
    psql(cluster, "roles.sql", "-d", "postgres", *options)
    psql(cluster, "roles.sql", "-d", "postgres", *options)  # again: nothing is there twice


def connection(cluster: Postgres, role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=HOST, port=cluster.port, user=role, password=PASSWORDS[role], dbname="tocsin", autocommit=True
    )


def test_the_gateway_works_with_its_own_role_and_no_more(
    cluster: Postgres,
    mosquitto: Callable[..., Mosquitto],
    gateway: Callable[..., RunningGateway],
    tmp_path: Path,
) -> None:
    prepared(cluster)
    broker = mosquitto()
    (tmp_path / "password").write_text(PASSWORDS["tocsin"] + "\n")
    store = f"postgresql+psycopg://tocsin@{HOST}:{cluster.port}/tocsin"
    running = gateway(SITE, broker.url, store=store, store_password_file=str(tmp_path / "password"))
    running.start()
    say(broker, "example/mcp-101", {"values": {"alarm": True}})
    running.until(lambda: running.get("incidents")["items"])
    running.restart()
    assert running.run("verify-log").returncode == 0
    psql(cluster, "reader.sql", "-d", "tocsin")
    with connection(cluster, "tocsin_reader") as reading:
        assert reading.execute("SELECT count(*) FROM incidents").fetchone() == (1,)
        for table in ("journal", "entries", "outbox", "users", "sessions", "api_tokens", "dead_letters"):
            with pytest.raises(errors.InsufficientPrivilege):
                reading.execute(f"SELECT * FROM {table}")
        with pytest.raises(errors.ReadOnlySqlTransaction):
            reading.execute("DELETE FROM incidents")
        reading.execute("SET default_transaction_read_only = off")
        with pytest.raises(errors.InsufficientPrivilege):
            reading.execute("DELETE FROM incidents")
    assert running.stop() == 0


@pytest.mark.parametrize(
    "statement",
    ["CREATE ROLE other", "CREATE DATABASE other", "CREATE TABLE public.other (one int)", "CREATE SCHEMA other"],
)
@pytest.mark.parametrize("role", list(PASSWORDS))
def test_neither_role_can_do_anything_to_the_server(cluster: Postgres, role: str, statement: str) -> None:
    prepared(cluster)
    with connection(cluster, role) as asking:
        asking.execute("SET default_transaction_read_only = off")
        with pytest.raises(errors.InsufficientPrivilege):
            asking.execute(statement)


def test_the_gateway_s_role_commits_to_the_disk_whatever_the_server_s_default(cluster: Postgres) -> None:
    prepared(cluster)
    with connection(cluster, "tocsin") as asking:
        assert asking.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert asking.execute("SELECT current_schema()").fetchone() == ("tocsin",)
