"""A Mosquitto as deploy/mosquitto has it: its settings, its access list, certificates of `tocsin certs`.

Only what a test must have of its own is put in: ports, folders, and that it is root who runs it.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from gateway.broker_process import free_port
from gateway.certificates import CertificateFolder, Kind, Wanted
from gateway.certificates.authority import CA_DAYS
from gateway.child_process import dies_with
from gateway.clock import now_ms
from rules.instant import DAY_MS
from tests.support.servers import Server, mosquitto_program
from tests.support.sources import ROOT

SHIPPED = ROOT / "deploy" / "mosquitto"
CLIENTS = ("tocsin-gateway", "tocsin-drill", "tocsin-tester", "tocsin-watcher")
DEVICES = ("example/sd-101", "example/sd-102", "example/mcp-101", "example/sr-101")


class ShippedBroker(Server):
    """`port`: for devices; `near_port`: for the gateway and others on its machine.

    `settings`: the file in deploy/mosquitto. `secrets`: with compose.conf, what deploy/prepare.sh has made.
    """

    name = "mosquitto"

    def __init__(
        self, folder: Path, *, access: str | None = None, settings: str = "mosquitto.conf", secrets: Path | None = None
    ) -> None:
        super().__init__(folder, free_port(self.host))
        self.near_port = free_port(self.host)
        self._make_certificates(folder)
        self._lay_out(settings, access if access is not None else (SHIPPED / "acl").read_text(), secrets)

    def _make_certificates(self, folder: Path) -> None:
        self.certificates = CertificateFolder(folder / "certs")
        now = now_ms()
        self.certificates.begin("Tocsin test CA", CA_DAYS, now - DAY_MS)
        self.certificates.issue(Wanted(Kind.SERVER, "localhost", (self.host,)), now)
        for name in CLIENTS:
            self.certificates.issue(Wanted(Kind.CLIENT, name), now)
        for name in DEVICES:
            self.certificates.issue(Wanted(Kind.DEVICE, name), now)

    @property
    def url(self) -> str:
        return f"mqtts://{self.host}:{self.near_port}"

    @property
    def ca_file(self) -> str:
        return str(self.certificates.folder / "ca.pem")

    def client_files(self, name: str) -> tuple[str, str]:
        """(certificate, key) files of a device or another client."""
        stem = self.certificates.folder / "clients" / name
        return f"{stem}.pem", f"{stem}.key"

    def context(self, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.load_cert_chain(*self.client_files(name))
        return context

    def gateway_part(self) -> dict[str, object]:
        """The part `broker` of the settings of a gateway on the same machine."""
        certificate, key = self.client_files("tocsin-gateway")
        return {"url": self.url, "ca_file": self.ca_file, "cert_file": certificate, "key_file": key}

    def command(self) -> list[str]:
        return dies_with(os.getpid(), [mosquitto_program() or "", "-c", str(self.folder / "mosquitto.conf")])

    def take_revocations(self) -> None:
        """As docs/certs.md has it: the new list, and a restart."""
        self._copy("crl.pem", "crl.pem")
        self.restart()

    def _lay_out(self, settings: str, access: str, secrets: Path | None) -> None:
        place = self.folder / "tocsin"
        place.mkdir()
        self._copy("ca.pem", "ca.pem")
        self._copy("crl.pem", "crl.pem")
        self._copy("server/localhost.pem", "server.pem")
        self._copy("server/localhost.key", "server.key")
        (place / "acl").write_text(access)
        kept = self.folder / "kept"
        kept.mkdir()
        text = (SHIPPED / settings).read_text()
        for was, now in (
            ("/etc/mosquitto/tocsin/", f"{place}/"),
            ("/run/secrets/", f"{secrets}/"),
            ("/var/lib/mosquitto/", f"{kept}/"),
            ("/mosquitto/data/", f"{kept}/"),
            ("listener 8883\n", f"listener {self.port} {self.host}\n"),
            ("listener 8884 127.0.0.1\n", f"listener {self.near_port} {self.host}\n"),
            ("listener 8884\n", f"listener {self.near_port} {self.host}\n"),
        ):
            text = text.replace(was, now)
        own = "user root\n" if os.geteuid() == 0 else ""  # else it gives up root, and with it our folder
        (self.folder / "mosquitto.conf").write_text(own + text)

    def _copy(self, name: str, to: str) -> None:
        content = (self.certificates.folder / name).read_bytes()
        (self.folder / "tocsin" / to).write_bytes(content)
