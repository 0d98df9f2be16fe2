"""The NATS server as a child process: where the program is, what it is told, and that it never outlives its parent."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from gateway.child_process import dies_with

MAX_ACK_PENDING = 5000  # 65535 silently delivers nothing
ACK_WAIT_SECONDS = 5  # NATS repeats the unacknowledged only after this, even to a gateway that has just come back
STORE_BYTES_MAX = 4 * 1024**3  # days of a building's messages while the gateway is down; then publishers must wait
LOG_BYTES_MAX = 10 * 1024**2  # and one file before it
MQTT_BYTES_MAX = 8 * 1024**2  # a larger message closes the sender's connection; Zigbee2MQTT's list of devices is long


@dataclass(frozen=True)
class BrokerSettings:
    """`folder` holds everything: configuration, messages, log. `port` 0: a free one.

    `sync_interval`: how often what was accepted is flushed to the disk, "always" or a duration as "10s". A killed
    broker loses nothing either way; a power cut loses what came since. With `username`, nobody connects without.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    sync_interval: str = "always"
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def config_file(self) -> Path:
        return self.folder.absolute() / "nats.conf"

    @property
    def log_file(self) -> Path:
        return self.folder.absolute() / "nats.log"

    @property
    def error_file(self) -> Path:
        """What it says before it has read where to log."""
        return self.folder.absolute() / "nats.err"

    @property
    def pid_file(self) -> Path:
        return self.folder.absolute() / "nats.pid"


def nats_program() -> str | None:
    """The path of nats-server: the one installed beside this Python, else any on the PATH; None if there is none."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    return str(beside) if beside.exists() else shutil.which("nats-server")


def config_text(settings: BrokerSettings, port: int) -> str:
    """NATS's configuration file. The NATS port itself is not used: it is on loopback, on any free port."""
    lines = [
        "server_name: tocsin",  # without a name there is no MQTT on JetStream
        "listen: 127.0.0.1:-1",
        f"pid_file: {_quoted(str(settings.pid_file))}",
        f"log_file: {_quoted(str(settings.log_file))}",
        f"logfile_size_limit: {LOG_BYTES_MAX}",
        "logfile_max_num: 2",
        f"max_payload: {MQTT_BYTES_MAX}",
        "jetstream {",
        f"  store_dir: {_quoted(str(settings.folder.absolute() / 'store'))}",
        f"  max_file_store: {STORE_BYTES_MAX}",
        f"  sync_interval: {_quoted(settings.sync_interval)}",
        "}",
        "mqtt {",
        f"  host: {_quoted(settings.host)}",
        f"  port: {port}",
        f"  max_ack_pending: {MAX_ACK_PENDING}",
        f'  ack_wait: "{ACK_WAIT_SECONDS}s"',
        "}",
    ]
    if settings.username is not None:
        user, password = _quoted(settings.username), _quoted(settings.password or "")
        lines.append(f"authorization {{ user: {user}, password: {password} }}")
    return "\n".join(lines) + "\n"


def write_config(settings: BrokerSettings, port: int) -> None:
    """Write the configuration where `command` looks for it; only its owner may read it: it can hold a password."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    settings.config_file.touch(mode=0o600)
    text = config_text(settings, port)
    if settings.config_file.read_text(encoding="utf-8") != text:  # a restart on a full disk must not lose it
        settings.config_file.write_text(text, encoding="utf-8")


def command(program: str, settings: BrokerSettings, parent: int) -> list[str]:
    """What to execute so that the server lives no longer than the process `parent`."""
    return dies_with(parent, [program, "-c", str(settings.config_file)])


def free_port(host: str) -> int:
    """A TCP port nobody listens on now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier server do not count
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def command_line(pid: int) -> str:
    """What the process `pid` was started with; "" when there is none such."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
        except OSError:
            return ""
    listed = subprocess.run(  # noqa: S603 - a number, and a program every Unix has
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607 - its folder differs between systems
        capture_output=True,
        text=True,
        check=False,
    )
    return listed.stdout.strip()


def _quoted(text: str) -> str:
    if "\n" in text:
        raise ValueError("a line break within a value of the broker's configuration")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
