"""Upgrade and rollback as deploy/README.md has them, with real programs, as far as there is more than one version."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.field_client import say
from tests.support.gateway import RunningGateway
from tests.support.released import RELEASED, as_released
from tests.support.servers import Mosquitto
from tests.support.sources import ROOT

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
PRESSED = {"values": {"alarm": True}}


@pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)
def test_a_store_that_an_older_version_left_is_brought_forward_by_a_start_and_says_how_far_before(
    gateway: Callable[..., RunningGateway], folder: Path
) -> None:
    running = gateway(SITE, {"embedded_port": 0})
    running.data.mkdir()
    as_released(folder, f"sqlite:///{running.data / 'journal.sqlite'}")
    early = running.run("backup", str(running.folder))
    assert early.returncode == 2
    assert (
        f"have schema {folder.name}, not" in early.stderr
    )  # the older version makes the backup, while it is still there
    running.start()
    incidents = running.get("incidents")["items"]
    assert incidents
    assert running.timeline(incidents[-1]["id"])
    assert running.stop() == 0
    assert running.run("verify-log").returncode == 0
    assert running.run("backup", str(running.folder)).returncode == 0


def test_an_older_version_does_not_touch_the_store_of_a_newer_one(gateway: Callable[..., RunningGateway]) -> None:
    running = gateway(SITE, {"embedded_port": 0})
    running.start()
    assert running.stop() == 0
    store = running.data / "journal.sqlite"
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = hashlib.sha256(store.read_bytes()).hexdigest()
    running.start(ready=False)
    running.until(lambda: "has schema 9999; this version of Tocsin knows up to" in running.log)
    running.kill()
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert hashlib.sha256(store.read_bytes()).hexdigest() == before


def test_a_rollback_goes_back_to_the_backup_and_keeps_what_the_newer_version_wrote(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway]
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url)
    running.start()
    say(broker, "example/mcp-101", PRESSED)
    running.until(lambda: len(running.get("incidents")["items"]) == 1)
    made = running.run("backup", str(running.folder / "before-the-upgrade.zip"))
    assert made.returncode == 0, made.stderr
    noted = next(line.split()[1] for line in made.stdout.splitlines() if line.startswith("sha256"))

    say(broker, "example/mcp-201", PRESSED)  # what came after the upgrade
    running.until(lambda: _devices_pressed(running) == 2)
    assert running.stop() == 0
    running.data.rename(running.folder / "data-of-the-newer-version")
    restored = running.run("restore", str(running.folder / "before-the-upgrade.zip"), "--sha256", noted)
    assert restored.returncode == 0, restored.stderr
    running.start()
    assert [each["id"] for each in running.get("incidents")["items"]] == ["INC-000001"]
    assert _devices_pressed(running) == 1
    assert running.run("verify-log").returncode == 0


def _devices_pressed(running: RunningGateway) -> int:
    found = {each["device"] for incident in running.get("incidents")["items"] for each in incident["evidence"]}
    return len(found & {"example/mcp-101", "example/mcp-201"})
