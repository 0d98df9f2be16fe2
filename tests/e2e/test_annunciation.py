"""A part of the gateway that is not well: on the timeline, on a siren's topic, and outside by silence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.gateway import ROOT, RunningGateway
from tests.support.hook import hook
from tests.support.servers import Mosquitto

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")


def test_files_that_cannot_be_put_in_force_are_a_trouble_until_they_are_mended(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway], tmp_path: Path
) -> None:
    broker = mosquitto()
    with hook() as outside:
        (tmp_path / "heartbeat-url").write_text(f"{outside.url}/ping/of-this-house\n")
        heartbeat = {"url_file": str(tmp_path / "heartbeat-url"), "every_seconds": 5}
        running = gateway(SITE, broker.url, heartbeat=heartbeat)
        running.start()
        assert outside.arrived.wait(20)
        assert outside.posted[0].path == "/ping/of-this-house"
        assert running.until(lambda: _siren(broker))["trouble"] is False

        (running.folder / "site.yaml").write_text("site: example\nbuildings: nothing\n")
        running.until(lambda: (_siren(broker) or {}).get("sources") == ["part/rules"])
        [incident] = running.get("incidents", signal="trouble")["items"]
        assert incident["title"] == {"en": "Changed files are not in force", "zh": "修改后的配置文件未生效"}
        assert "site.yaml" in running.timeline(incident["id"])[0]["reason"]

        (running.folder / "site.yaml").write_text(SITE)
        running.until(lambda: _siren(broker) == {"trouble": False, "sources": []})
        assert "cleared" in [entry["kind"] for entry in running.timeline(incident["id"])]
        assert running.stop() == 0
    assert "of-this-house" not in running.log


def _siren(broker: Mosquitto) -> dict[str, Any] | None:
    """What is retained there, without its time."""
    command = ["mosquitto_sub", "-h", broker.host, "-p", str(broker.port), "-t", "tocsin/v1/example/gateway/trouble"]
    done = subprocess.run([*command, "-C", "1", "-W", "2"], capture_output=True, text=True, check=False)
    if not done.stdout:
        return None
    said: dict[str, Any] = json.loads(done.stdout)
    del said["at"]
    return said
