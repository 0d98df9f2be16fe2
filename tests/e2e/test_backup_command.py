"""Backup beside a running gateway, restore into an empty one, a second gateway on the same store: on real programs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.documented import KEEPING
from tests.support.field_client import say
from tests.support.gateway import ROOT, RunningGateway
from tests.support.markdown import blocks, commands
from tests.support.servers import Mosquitto

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
PRESSED = {"values": {"alarm": True}}


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Callable[[], dict[str, Any]]:
    """`settings = store()`: those of a new, empty store."""
    if request.param == "sqlite":
        return dict
    postgres = request.getfixturevalue("postgres")
    return lambda: {"store": postgres()}


def test_a_backup_of_a_running_gateway_is_restored_and_another_goes_on_with_it(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], store: Callable[[], dict[str, Any]]
) -> None:
    broker = mosquitto()
    first = gateway(SITE, broker.url, **store())
    first.start()
    say(broker, "example/mcp-101", PRESSED)
    first.until(lambda: first.get("incidents")["items"])
    back_up, restore = (command for block in blocks(KEEPING, "sh") for command in commands(block))
    made = first.run(*documented(back_up, "/srv/backups", str(first.folder)))
    assert made.returncode == 0, made.stderr
    assert first.stop() == 0

    (archive,) = first.folder.glob("tocsin-*.zip")
    second = gateway(SITE, broker.url, folder="restored", **store())
    asked = documented(restore, r"/srv/backups/\S+", str(archive))
    wrong = second.run(*asked, "--sha256", "0" * 64)
    assert wrong.returncode == 2
    assert "another checksum" in wrong.stderr
    restored = second.run(*asked)
    assert restored.returncode == 0, restored.stderr
    for line in ("last hash", "state"):
        assert re.findall(rf"^{line} .*", restored.stdout, re.M) == re.findall(rf"^{line} .*", made.stdout, re.M)
    again = second.run(*asked)
    assert again.returncode == 2
    assert re.search("is there already|is not empty", again.stderr)
    second.start()
    assert [each["id"] for each in second.get("incidents")["items"]] == ["INC-000001"]
    assert second.run("verify-log").returncode == 0
    assert second.run("replay").returncode == 0


def test_a_second_gateway_on_the_same_store_says_who_has_it_and_ends(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], store: Callable[[], dict[str, Any]]
) -> None:
    broker, settings = mosquitto(), store()
    first = gateway(SITE, broker.url, **settings)
    first.start()
    second = gateway(SITE, broker.url, folder="second", **settings)
    if not settings:
        _put(second, data=str(first.data))
    second.start(ready=False)
    assert second.until_ended() == 2
    assert re.search(r"another gateway .*writes to .*; only one may", second.log), second.log
    assert first.ask("/readyz")[0] == 200
    say(broker, "example/mcp-101", PRESSED)
    first.until(lambda: first.get("incidents")["items"])


def documented(command: str, path: str, there: str) -> list[str]:
    """A command of docs/keeping.md with a path of the test's, and its settings."""
    program, *arguments = re.sub(path, there, command.removesuffix("--config deploy/example/gateway.yaml")).split()
    assert program == "tocsin"
    return arguments


def _put(gateway: RunningGateway, **settings: Any) -> None:
    gateway.settings.write_text(json.dumps(json.loads(gateway.settings.read_text()) | settings))
