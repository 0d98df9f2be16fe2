"""What is measured and what stands around it: private brokers, the real gateway, the load, all as processes."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from os import environ, geteuid
from pathlib import Path
from typing import Any

from bench.children import Child, Failed, python
from gateway.broker_process import BrokerSettings, free_port, nats_program, write_config
from gateway.wire_packets import connect
from simulators.building import Plan, portfolio, site_yaml

HOST = "127.0.0.1"
NATS_SYNC = "2m"  # its own default; Tocsin's embedded broker flushes every message, which is the disk's speed
_WELCOME = b"\x20\x02\x00\x00"
_MOSQUITTO_LINES = (  # as deploy/ recommends
    "allow_anonymous true",
    "max_inflight_messages 0",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    "persistence false",
)


@dataclass
class Broker:
    name: str
    url: str
    child: Child

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def mosquitto_program() -> str | None:
    """Debian puts it where an ordinary user's PATH does not reach."""
    return shutil.which("mosquitto", path=environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def missing(broker: str) -> str:
    """What would have to be installed for it; "" when all is there."""
    if broker == "mosquitto":
        wanted = {"mosquitto": mosquitto_program(), "mosquitto_sub": shutil.which("mosquitto_sub")}
    else:
        wanted = {"nats-server": nats_program(), "mosquitto_sub": shutil.which("mosquitto_sub")}
    return ", ".join(name for name, found in wanted.items() if not found)


def start_broker(name: str, folder: Path) -> Broker:
    """ "mosquitto", or "nats" as the gateway embeds it."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port(HOST)
    if name == "mosquitto":
        lines = [f"listener {port} {HOST}", *_MOSQUITTO_LINES, *(["user root"] if geteuid() == 0 else [])]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        program = [mosquitto_program() or "", "-c", str(folder / "mosquitto.conf")]
    else:
        settings = BrokerSettings(folder, HOST, port, **({"sync_interval": NATS_SYNC} if name == "nats" else {}))
        write_config(settings, port)
        program = [nats_program() or "", "-c", str(settings.config_file)]
    child = Child(name, program, folder / f"{name}.log")
    broker = Broker(name, f"mqtt://{HOST}:{port}", child)
    try:
        child.until(lambda: _greets(port), "takes no connection")
    except BaseException:
        child.stop()
        raise
    return broker


def _greets(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=5) as probe:
            probe.sendall(connect("3.1.1", "bench-probe"))
            return probe.recv(4) == _WELCOME
    except OSError:
        return False


class Tocsin:
    """The gateway through `tocsin run`, with its settings, data and log in `folder`."""

    def __init__(
        self,
        folder: Path,
        broker_url: str,
        sites: list[Path],
        http: dict[str, Any] | None = None,
        rules: Sequence[Path] = (),
        more: dict[str, Any] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, free_port(HOST)
        settings = {
            "data": "data",
            "sites": [str(site) for site in sites],
            "rules": [str(rule) for rule in rules],
            "broker": {"url": broker_url, "client_id": "tocsin-bench"},
            "http": {"host": HOST, "port": self.port, **(http or {})},
            **(more or {}),
        }
        (folder / "settings.yaml").write_text(json.dumps(settings))  # JSON is YAML
        self._runs = 0

    def start(self) -> Child:
        self._runs += 1
        arguments = ("run", "-c", self.folder / "settings.yaml")
        return Child("tocsin", python("tocsin", *arguments), self.folder / f"tocsin-{self._runs}.log")

    def start_ready(self) -> Child:
        child = self.start()
        try:
            child.until(self.ready, "is not ready")
        except BaseException:
            child.stop()
            raise
        return child

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def counted(self, name: str) -> int:
        """A metric without labels."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/metrics", timeout=30) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"tocsin_{name} "):
                    return round(float(line.split()[1]))
        raise Failed(f"there is no metric tocsin_{name}")


def load(url: str, devices: int, log: Path, *, rate: float = 0, seconds: float = 0, count: int = 0) -> Child:
    """`tocsin simulate`: quiet telemetry of a portfolio's devices in turn, at a rate or flat out."""
    numbers = {"--devices": devices, "--rate": rate, "--seconds": seconds, "--count": count}
    options = [str(part) for name, number in numbers.items() if number for part in (name, number)]
    return Child("load", python("tocsin", "simulate", "--broker", url, "--json", *options), log)


def load_figures(child: Child, seconds_max: float) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(child.wait(seconds_max))
    return found


def write_site(path: Path, plan: Plan) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(site_yaml(plan))
    return path


def write_portfolio(path: Path, devices: int) -> Path:
    return write_site(path, portfolio(devices))
