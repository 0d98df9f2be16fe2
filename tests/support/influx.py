"""A real InfluxDB with a v2 write path: Debian's influxd 1.6 behind an nginx that maps `/api/v2/write` to `/write`.

Both are private instances on free ports. nginx also asks for the token, as InfluxDB 2 does, and logs how each body was
encoded. What is read is read from influxd itself, past nginx.
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from gateway.broker_process import free_port
from gateway.child_process import dies_with
from tests.support.servers import Server

BUCKET = "tocsin"
TOKEN = "a-token-of-the-tests"
_ANSWER_SECONDS_MAX = 20.0

INFLUXD = """
reporting-disabled = true
bind-address = "127.0.0.1:{backup_port}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/rows"
wal-dir = "{folder}/wal"
query-log-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
[monitor]
store-enabled = false
[retention]
check-interval = "24h"
"""
_NGINX = """
daemon off;
master_process off;
worker_processes 1;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 128; }}
http {{
    log_format bodies '$request_method $uri $status $http_content_encoding $request_length';
    access_log {folder}/access.log bodies;
    client_max_body_size {body_bytes_max};
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    map $arg_bucket $v1db {{ default ""; ~^(?<d>[A-Za-z0-9_.-]+)(?:(?:/|%2[Ff]).*)?$ $d; }}
    map $arg_bucket $v1rp {{ default ""; ~^[A-Za-z0-9_.-]+(?:/|%2[Ff])(?<r>[A-Za-z0-9_.-]+)$ $r; }}
    map $arg_precision $v1prec {{ default ns; ns ns; us u; ms ms; s s; }}
    map $http_authorization $welcome {{ default 0; "Token {token}" 1; }}
    server {{
        listen 127.0.0.1:{port};
        default_type application/json;
        location = /api/v2/write {{
            if ($welcome = 0) {{ return 401 '{{"code":"unauthorized","message":"unauthorized access"}}'; }}
            set $args "db=$v1db&rp=$v1rp&precision=$v1prec";
            rewrite ^ /write break;
            proxy_pass http://127.0.0.1:{influxd_port};
        }}
        location = /query {{
            if ($welcome = 0) {{ return 401 '{{"code":"unauthorized","message":"unauthorized access"}}'; }}
            proxy_set_header Authorization "";
            proxy_pass http://127.0.0.1:{influxd_port};
        }}
    }}
}}
"""


class Influxd(Server):
    name = "influxd"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, free_port(self.host))
        text = INFLUXD.format(folder=folder, port=self.port, backup_port=free_port(self.host))
        (folder / "influxdb.conf").write_text(text)

    def command(self) -> list[str]:
        return dies_with(os.getpid(), [influxd_program() or "", "-config", str(self.folder / "influxdb.conf")])

    def accepts(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port}/ping", timeout=5) as answer:
                return answer.status == 204
        except urllib.error.URLError:
            return False

    def ask(self, statement: str, **more: str) -> dict[str, Any]:
        """The first statement's result."""
        form = urllib.parse.urlencode({"q": statement, "db": BUCKET, "epoch": "ns", **more}).encode()
        with urllib.request.urlopen(
            f"http://{self.host}:{self.port}/query", data=form, timeout=_ANSWER_SECONDS_MAX
        ) as answer:
            result = json.loads(answer.read())["results"][0]
        assert "error" not in result, result
        return result

    def rows(self, measurement: str, **more: str) -> list[dict[str, Any]]:
        """Every point of a measurement with its tags, in order of time; what it has not is left out."""
        found = []
        for series in self.ask(f'SELECT * FROM "{measurement}"', **more).get("series", []):
            for values in series["values"]:
                found.append(
                    {key: value for key, value in zip(series["columns"], values, strict=True) if value is not None}
                )
        return found


class Nginx(Server):
    name = "nginx"

    def __init__(self, folder: Path, influxd_port: int, token: str, body_bytes_max: int) -> None:
        super().__init__(folder, free_port(self.host))
        text = _NGINX.format(
            folder=folder,
            port=self.port,
            influxd_port=influxd_port,
            token=token,
            body_bytes_max=body_bytes_max,
            user="user root;" if os.geteuid() == 0 else "",
        )
        (folder / "nginx.conf").write_text(text)

    def command(self) -> list[str]:
        return dies_with(
            os.getpid(), [nginx_program() or "", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        )

    @property
    def requests(self) -> list[list[str]]:
        """method, path, status, content-encoding, bytes of each."""
        path = self.folder / "access.log"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


class Influx:
    """`url`: where a client finds it. Started with the database that `BUCKET` names."""

    def __init__(self, folder: Path, body_bytes_max: int = 0, bucket: bool = True) -> None:
        self.database = Influxd(folder / "influxd")
        self.front = Nginx(folder / "nginx", self.database.port, TOKEN, body_bytes_max)
        self._bucket = bucket
        self.token_file = folder / "token"
        self.token_file.write_text(f"{TOKEN}\n")

    @property
    def url(self) -> str:
        return f"http://{self.front.host}:{self.front.port}"

    def start(self) -> None:
        self.database.start()
        if self._bucket:
            self.make()
        self.front.start()

    def make(self) -> None:
        self.database.ask(f'CREATE DATABASE "{BUCKET}"')

    def stop(self) -> None:
        self.front.stop()
        self.database.stop()

    def write(self, line: str) -> None:
        """Somebody else writes there."""
        url = f"http://{self.database.host}:{self.database.port}/write?db={BUCKET}"
        with urllib.request.urlopen(url, data=line.encode(), timeout=_ANSWER_SECONDS_MAX):
            pass

    def settings(self, **more: Any) -> dict[str, Any]:
        """The group `influxdb` of a gateway's settings."""
        return {"url": self.url, "bucket": BUCKET, "token_file": str(self.token_file), **more}


def influxd_program() -> str | None:
    return shutil.which("influxd")


def nginx_program() -> str | None:
    """Debian puts it where an ordinary user's PATH does not reach."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
