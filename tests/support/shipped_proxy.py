"""An nginx as deploy/nginx has it: only ports, certificate and folders are the test's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gateway.broker_process import free_port
from gateway.certificates import CertificateFolder, Kind, Wanted
from gateway.child_process import dies_with
from gateway.clock import now_ms
from tests.support.servers import Server
from tests.support.sources import ROOT


def nginx_program() -> str | None:
    """Debian puts it where an ordinary user's PATH does not reach."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class ShippedProxy(Server):
    """`port`: HTTPS; `plain_port`: HTTP."""

    name = "nginx"

    def __init__(self, folder: Path, api_port: int, console_port: int) -> None:
        super().__init__(folder, free_port(self.host))
        self.plain_port = free_port(self.host)
        certificates = CertificateFolder(folder / "certs")
        certificates.begin("Tocsin test CA", 30, now_ms())
        issued = certificates.issue(Wanted(Kind.SERVER, "localhost", (self.host,)), now_ms())
        self.ca_file = str(folder / "certs" / "ca.pem")
        text = (ROOT / "deploy" / "nginx" / "tocsin.conf").read_text()
        for was, now in (
            ("    listen [::]:80;\n", ""),
            ("    listen [::]:443 ssl http2;\n", ""),
            ("listen 80;", f"listen {self.host}:{self.plain_port};"),
            ("listen 443 ssl http2;", f"listen {self.host}:{self.port} ssl http2;"),
            ("/etc/nginx/tocsin/server.pem", str(issued.certificate)),
            ("/etc/nginx/tocsin/server.key", str(issued.key)),
            ("127.0.0.1:8080", f"127.0.0.1:{api_port}"),
            ("127.0.0.1:8090", f"127.0.0.1:{console_port}"),
        ):
            assert was in text, was
            text = text.replace(was, now)
        (folder / "tocsin.conf").write_text(text)
        own = ["user root;"] if os.geteuid() == 0 else []
        places = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
        lines = [
            *own,
            *("daemon off;", f"pid {folder}/pid;", f"error_log {folder}/log info;", "worker_processes 1;"),
            *("events { worker_connections 512; }", "http {", "access_log off;", *places),
            *(f"include {folder}/tocsin.conf;", "}"),
        ]
        (folder / "nginx.conf").write_text("\n".join(lines) + "\n")

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def command(self) -> list[str]:
        files = ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", str(self.folder / "log")]
        return dies_with(os.getpid(), [nginx_program() or "", *files])
