"""Private instances of real servers: a free port, a folder of their own, ended by their pid.

`Mosquitto` and `Nats` differ in how they are configured; starting, killing and waiting is `Server`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.broker_process import BrokerSettings, command, free_port, nats_program, write_config
from gateway.child_process import dies_with
from gateway.wire_packets import connect

START_SECONDS_MAX = 60.0  # a loaded CI machine; usually brokers are ready in 0.05 s, a console in 2 s
STOP_SECONDS_MAX = 10.0
CHECK_SECONDS = 0.01

MOSQUITTO_LINES = (  # as deploy/ recommends; a factory's own lines come after these
    "allow_anonymous {anonymous}",
    "max_inflight_messages 0",
    "max_queued_messages 0",
    "set_tcp_nodelay true",
    "persistent_client_expiration 14d",
)


def require(program: str, found: Any) -> None:
    """Skip the test when `program` was not found, or fail it when REQUIRE_SERVERS=1 says that it must be there."""
    if found:
        return
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(f"{program} is not installed, and REQUIRE_SERVERS=1")
    pytest.skip(f"{program} is not installed")


class Server:
    """A child process that listens on `port`. `host` and `port` stay the same over restarts."""

    host = "127.0.0.1"
    name = ""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it has written so far, over all restarts."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def command(self) -> list[str]:
        raise NotImplementedError

    def accepts(self) -> bool:
        """Whether it can be used now."""
        with socket.create_connection((self.host, self.port), timeout=1):
            return True

    def start(self) -> None:
        assert self._process is None, f"{self.name} is running"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._until(self._ready, "is not ready")

    def stop(self) -> None:
        """Ask it to end, as a service manager does."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS_MAX)
            finally:
                self.kill()

    def kill(self) -> None:
        """SIGKILL: nothing is written any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def until_logged(self, text: str) -> None:
        self._until(lambda: text in self.log, f"has not logged {text!r}")

    def _ready(self) -> bool:
        try:
            return self.accepts()
        except OSError:
            return False

    def _until(self, condition: Callable[[], bool], fault: str) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        while not condition():
            try:  # nothing tells when a port opens; but its end is noticed at once
                code = self._process.wait(CHECK_SECONDS)
            except subprocess.TimeoutExpired:
                code = None
            if code is not None or time.monotonic() > deadline:
                self.kill()
                pytest.fail(f"{self.name} {fault} (exit code {code}):\n{self.log[-2000:]}")


class Mosquitto(Server):
    """`tls`: with the server's certificate from `ca_file`, and none but clients with one of `client_files`.

    `users`: name → password; nobody else is let in. `persistence`: sessions survive restart(), not always kill().
    """

    name = "mosquitto"

    def __init__(
        self,
        folder: Path,
        *lines: str,
        port: int = 0,
        persistence: bool = False,
        tls: bool = False,
        users: dict[str, str] | None = None,
    ) -> None:
        super().__init__(folder, port or free_port(self.host))
        self.tls = tls
        config = [f"listener {self.port} {self.host}"]
        config += [line.format(anonymous=str(not users).lower()) for line in MOSQUITTO_LINES]
        config += ["user root"] if os.geteuid() == 0 else []  # else it gives up root, and with it our folder
        config += [f"persistence {str(persistence).lower()}", f"persistence_location {folder}/"]
        config += self._tls_lines() if tls else []
        config += self._password_lines(users) if users else []
        (folder / "mosquitto.conf").write_text("\n".join([*config, *lines]) + "\n")

    @property
    def url(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    @property
    def ca_file(self) -> str:
        return str(self.folder / "ca.pem")

    def client_files(self, common_name: str) -> tuple[str, str]:
        """(certificate, key) files of a client whose certificate says `common_name`."""
        certificate = self._authority.issue_cert(f"{common_name}@tocsin.test", common_name=common_name)
        return self._write_certificate(certificate, common_name)

    def command(self) -> list[str]:
        return dies_with(os.getpid(), [mosquitto_program() or "", "-c", str(self.folder / "mosquitto.conf")])

    def _tls_lines(self) -> list[str]:
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(self.ca_file)
        certificate, key = self._write_certificate(self._authority.issue_cert(self.host), "server")
        return [f"cafile {self.ca_file}", f"certfile {certificate}", f"keyfile {key}", "require_certificate true"]

    def _write_certificate(self, certificate: trustme.LeafCert, name: str) -> tuple[str, str]:
        files = str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")
        certificate.cert_chain_pems[0].write_to_path(files[0])
        certificate.private_key_pem.write_to_path(files[1])
        return files

    def _password_lines(self, users: dict[str, str]) -> list[str]:
        path = self.folder / "passwords"
        path.touch()
        for user, password in users.items():
            tool = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
            subprocess.run([tool, "-b", path, user, password], check=True, capture_output=True)
        return [f"password_file {path}"]


class Nats(Server):
    """The embedded broker as `gateway.broker` configures it, without the gateway."""

    name = "nats-server"

    def __init__(self, folder: Path, *, port: int = 0, sync_interval: str = "2m") -> None:
        super().__init__(folder, port or free_port(self.host))
        self._settings = BrokerSettings(folder, self.host, self.port, sync_interval)
        write_config(self._settings, self.port)

    @property
    def url(self) -> str:
        return f"mqtt://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        path = self._settings.log_file
        return super().log + (path.read_text(errors="replace") if path.exists() else "")

    def command(self) -> list[str]:
        return command(nats_program() or "", self._settings, os.getpid())

    def accepts(self) -> bool:
        with socket.create_connection((self.host, self.port), timeout=5) as probe:
            probe.sendall(connect("3.1.1", "probe"))
            return probe.recv(4) == b"\x20\x02\x00\x00"


def mosquitto_program() -> str | None:
    """Debian puts it where an ordinary user's PATH does not reach."""
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
