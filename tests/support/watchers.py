"""Who watches Tocsin in earnest, as private servers: Prometheus, which scrapes a gateway, and InfluxDB 1.x."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.broker_process import free_port
from gateway.child_process import dies_with
from tests.support.influx import INFLUXD
from tests.support.servers import Server

SECONDS_MAX = 20.0
_SCRAPES = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - {{job_name: tocsin, metrics_path: /metrics, static_configs: [{{targets: ["{target}"]}}]}}
"""


class Prometheus(Server):
    name = "prometheus"

    def __init__(self, folder: Path, target: str, rules: Path) -> None:
        """`target`: HOST:PORT of a gateway's API."""
        super().__init__(folder, free_port(self.host))
        (folder / "prometheus.yml").write_text(_SCRAPES.format(target=target, rules=rules))

    def command(self) -> list[str]:
        options = {
            "config.file": self.folder / "prometheus.yml",
            "storage.tsdb.path": self.folder / "rows",
            "web.listen-address": f"{self.host}:{self.port}",
        }
        program = [program_of(self.name) or "", *(f"--{name}={value}" for name, value in options.items())]
        return dies_with(os.getpid(), program)

    def accepts(self) -> bool:
        return _status(f"http://{self.host}:{self.port}/-/ready") == 200

    def until(self, condition: Callable[[], Any], fault: str) -> None:
        """Fails with `fault` when the condition does not become true."""
        self._until(lambda: bool(condition()), fault)

    def ask(self, path: str, **query: str) -> Any:
        """What /api/v1/{path} answers. Fails when that is an error."""
        url = f"http://{self.host}:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=SECONDS_MAX) as answer:
                found = json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{query}: {error.read().decode()}") from error
        assert found["status"] == "success", found
        return found["data"]


class Influx(Server):
    name = "influxd"
    database = "tocsin"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, free_port(self.host))
        text = INFLUXD.format(folder=folder, port=self.port, backup_port=free_port(self.host))
        (folder / "influxdb.conf").write_text(text)

    def command(self) -> list[str]:
        program = [program_of(self.name) or "", "-config", str(self.folder / "influxdb.conf")]
        return dies_with(os.getpid(), program)

    def accepts(self) -> bool:
        return _status(f"http://{self.host}:{self.port}/ping") == 204

    def write(self, lines: list[str]) -> None:
        self.ask(f'CREATE DATABASE "{self.database}"')
        url = f"http://{self.host}:{self.port}/write?db={self.database}&precision=s"
        with urllib.request.urlopen(url, data="\n".join(lines).encode(), timeout=SECONDS_MAX) as answer:
            assert answer.status == 204

    def ask(self, statement: str) -> list[dict[str, Any]]:
        """Series. Fails when the statement is an error."""
        form = urllib.parse.urlencode({"q": statement, "db": self.database, "epoch": "s"}).encode()
        url = f"http://{self.host}:{self.port}/query"
        try:
            with urllib.request.urlopen(url, data=form, timeout=SECONDS_MAX) as answer:
                (result,) = json.loads(answer.read())["results"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{statement}: {error.read().decode()}") from error
        assert "error" not in result, f"{statement}: {result['error']}"
        series: list[dict[str, Any]] = result.get("series", [])
        return series


def program_of(name: str) -> str | None:
    return shutil.which(name)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.URLError:
        return 0
