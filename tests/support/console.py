"""The console as a process, before a tower whose devices say what a test makes them say; and a line that can be cut."""

from __future__ import annotations

import selectors
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.broker_process import free_port
from gateway.clock import now_ms
from simulators.building import demo_tower, site_yaml
from simulators.crew import CHANNELS, write_crew
from tests.support.field_client import ObedientDevices, say
from tests.support.gateway import RunningGateway
from tests.support.places import Place, places
from tests.support.servers import Mosquitto, Server

HOST = "127.0.0.1"
SITE = "tower-a"
CHUNK_BYTES = 65_536
ROLES = ("duty_officer", "engineering_lead")  # who a fire of level I wants

SMOKE = {"smoke": 0.4, "alarm": True}
CLEAN = {"smoke": 0.01, "alarm": False}
NEVER_SILENT = "disable: [device-silent]\n"  # nobody speaks there but when a test makes them, for as long as tests take


class RunningConsole(Server):
    """`tocsin console` on a free port that stays the same over restarts."""

    name = "console"

    def __init__(self, folder: Path, api_url: str) -> None:
        super().__init__(folder, free_port(HOST))
        self._api_url = api_url

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def command(self) -> list[str]:
        program = [sys.executable, "-m", "tocsin", "console", "--api", self._api_url, "--port", str(self.port)]
        return ["env", "-u", "PYTEST_CURRENT_TEST", *program]  # NiceGUI would take the process for a test of its own


class Tower:
    """The demo's tower on a real gateway and a Mosquitto; nothing is said there but what `says` says."""

    def __init__(self, broker: Mosquitto, gateway: RunningGateway) -> None:
        self.broker, self.gateway = broker, gateway
        self._places = places()

    def place(self) -> Place:
        """Another one each time."""
        return next(self._places)

    def says(self, device: str, ago_s: float = 0, **values: Any) -> None:
        """`device`: a name at the tower; returns when the broker has it. `ago_s`: it says that it was so long ago."""
        at = {"ts": now_ms() - round(ago_s * 1000)} if ago_s else {}
        say(self.broker, f"{SITE}/{device}", {"values": values} | at)

    def incident(self, **wanted: Any) -> dict[str, Any]:
        """The newest open one, once it is as wanted."""

        def found() -> dict[str, Any] | None:
            items = self.gateway.get("incidents", open="true")["items"]
            matching = [each for each in items if all(each[name] == value for name, value in wanted.items())]
            return matching[0] if matching else None

        result: dict[str, Any] = self.gateway.until(found)
        return result

    def does(self, incident: str, what: str, **body: Any) -> dict[str, Any]:
        """Somebody else does it, not at this console."""
        status, answer = self.gateway.post(f"incidents/{incident}/{what}", **{"by": "somebody-else"} | body)
        assert status == 200, answer
        return dict(answer)

    def reported(self, zone: str, hazard: str = "water_leak", level: str = "III") -> str:
        """By a person. → its id"""
        body = {"by": "patrol", "zone": f"{SITE}/{zone}", "hazard": hazard, "level": level, "note": "seen on the round"}
        status, answer = self.gateway.post("incidents", **body)
        assert status in (200, 201), answer
        return str(answer["incident"]["id"])

    def calm(self) -> None:
        """Everything that is open is closed, as one does after a test."""
        for incident in self.gateway.all("incidents", open="true"):
            for evidence in incident["evidence"]:
                device = evidence["device"].partition("/")[2]
                if evidence["holds"] and device and not device.startswith("person"):
                    self.says(device, **{name: _normal(value) for name, value in evidence["values"].items()})
            self._close(incident["id"])

    def _close(self, id: str) -> None:
        for role in ROLES:
            self.gateway.post(f"incidents/{id}/acknowledge", by=role.replace("_", "-"), role=role)
        self.gateway.post(f"incidents/{id}/over", by="patrol")
        for order in self.gateway.get(f"incidents/{id}")["orders"]:
            self.gateway.post(f"orders/{order}/hand-over", by="engineer-1", to="somebody", reason="the test is over")

        def closed() -> bool:
            now = self.gateway.get(f"incidents/{id}")
            for step in now["steps"]:
                if step["action"] == "task" and step["stage"] == "issued":
                    body = {"by": "duty-officer", "reason": "the test is over"}
                    self.gateway.post(f"incidents/{id}/tasks/{step['id']}/skip", **body)
            body = {"by": "duty-officer", "finding": "false_alarm", "cause": "a test"}
            said[:] = self.gateway.post(f"incidents/{id}/resolve", **body)
            return not now["open"] or said[0] == 200

        said: list[Any] = []
        try:
            self.gateway.until(closed)
        except pytest.fail.Exception as fault:
            raise AssertionError(f"{id} does not close: {said}") from fault


def _normal(value: Any) -> Any:
    return False if isinstance(value, bool) else 0.01 if isinstance(value, float | int) else value


@contextmanager
def tower(folder: Path, phones: str = "", **settings: Any) -> Iterator[Tower]:
    """`phones`: where messages to people are posted; without, none arrives."""
    broker = Mosquitto(folder / "broker")
    broker.start()
    write_crew(folder / "gateway" / "crew")
    (folder / "gateway" / "quiet.yaml").write_text(NEVER_SILENT)
    parts: dict[str, Any] = {
        "people": ["crew"],
        "rules": ["quiet.yaml"],
        "authorities": {"fire_brigade": {"folder": "fire-brigade"}},
    }
    if phones:
        lines = [f"{name} {phones.replace('http://', 'json://')}/{name}\n" for name in CHANNELS]
        (folder / "gateway" / "channels").write_text("".join(lines))
        parts["notify"] = {"channels_file": "channels"}
    gateway = RunningGateway(folder / "gateway", "".join(site_yaml(demo_tower())), broker.url, **parts | settings)
    try:
        gateway.start()
        with ObedientDevices(broker, SITE):
            yield Tower(broker, gateway)
    finally:
        gateway.kill()
        broker.stop()


class Line:
    """A TCP connection on the way to `port` that can be cut and mended. `with Line(port) as line: line.url`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._whole, self._over = threading.Event(), threading.Event()
        self._whole.set()
        self._listening = socket.create_server((HOST, 0))
        self._listening.settimeout(0.05)
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Line:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._accepting.join()
        self.cut()
        self._listening.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._listening.getsockname()[1]}"

    def cut(self) -> None:
        self._whole.clear()
        pairs, self._pairs = self._pairs, []
        for end in (end for pair in pairs for end in pair):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._whole.set()

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                near = self._listening.accept()[0]
                if not self._whole.is_set():
                    near.close()
                    continue
                try:
                    far = socket.create_connection((HOST, self._to))
                except OSError:
                    near.close()
                    continue
                self._pairs.append((near, far))
                threading.Thread(target=_carry, args=(near, far), daemon=True).start()


def _carry(near: socket.socket, far: socket.socket) -> None:
    """Both ways, until one end is closed."""
    with near, far, selectors.DefaultSelector() as both, suppress(OSError):
        near.settimeout(None)
        both.register(near, selectors.EVENT_READ, far)
        both.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in both.select():
                piece = key.fileobj.recv(CHUNK_BYTES)  # type: ignore[union-attr]
                if not piece:
                    return
                key.data.sendall(piece)
