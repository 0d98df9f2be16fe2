"""A private PostgreSQL: initdb, pg_ctl, a free port on loopback, a folder that goes away."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from gateway.broker_process import free_port
from tests.support.servers import require

HOST = "127.0.0.1"


def postgres_programs() -> Path | None:
    """The folder with initdb and pg_ctl of the newest PostgreSQL; None if there is none."""
    on_path = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[4]))
    candidates = [*debian, *([Path(on_path).resolve()] if on_path else [])]
    return candidates[-1].parent if candidates else None


class Postgres:
    """One cluster; `database()` makes an empty database in it. As root it runs as the user postgres."""

    def __init__(self) -> None:
        programs = postgres_programs()
        assert programs is not None
        self._programs = programs
        # not pytest's own folder, through which the user postgres may not go
        self.folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-"))
        self.port = free_port(HOST)
        self._numbers = itertools.count(1)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        # fsync off: a test kills programs, never the power
        options = f"-c listen_addresses={HOST} -p {self.port} -k {self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", data, "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self) -> None:
        try:
            self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self) -> None:
        """An administrator's restart: open connections break."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "restart")

    def database(self) -> str:
        """SQLAlchemy URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(
            host=HOST, port=self.port, user="tocsin", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://tocsin@{HOST}:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        with (self.folder / "setup").open("ab") as output:  # no pipe: the server would hold it open
            done = subprocess.run(
                [*user, str(self._programs / program), *arguments],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                check=False,
            )
        said = (self.folder / "setup").read_text(errors="replace")[-2000:]
        assert done.returncode == 0, f"{program} failed:\n{said}\n{self.log[-2000:]}"


@contextmanager
def administered() -> Iterator[Postgres]:
    """One of its own: roles belong to the whole server. Its administrator is not called as the gateway's role is."""
    require("postgresql", postgres_programs())
    made = Postgres()
    try:
        made.start()
        with psycopg.connect(host=HOST, port=made.port, user="tocsin", dbname="postgres", autocommit=True) as first:
            first.execute("CREATE ROLE postgres SUPERUSER LOGIN")
        with psycopg.connect(host=HOST, port=made.port, user="postgres", dbname="postgres", autocommit=True) as admin:
            admin.execute("ALTER ROLE tocsin RENAME TO installed_by")
        yield made
    finally:
        made.stop()
