"""deploy/nginx before a real gateway and a real console: what passes, what does not, and who is believed to ask."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.console import RunningConsole
from tests.support.gateway import RunningGateway
from tests.support.servers import require
from tests.support.shipped_proxy import ShippedProxy, nginx_program
from tests.support.sources import ROOT

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
ADMIN, PASSWORD = "ada", "a long pass phrase"
SECONDS_MAX = 20
AT_ONCE_SECONDS = 3.0  # a buffer would keep an entry until it is full: for ever
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Stage(NamedTuple):
    gateway: RunningGateway
    proxy: ShippedProxy
    token: str

    @property
    def authorized(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def connection(self, source: str = "127.0.0.1") -> http.client.HTTPSConnection:
        """From an address of this machine; all of 127.0.0.0/8 are."""
        context = ssl.create_default_context(cafile=self.proxy.ca_file)
        return http.client.HTTPSConnection(
            "localhost", self.proxy.port, timeout=SECONDS_MAX, context=context, source_address=(source, 0)
        )

    def ask(
        self, method: str, path: str, body: str | bytes | None = None, source: str = "127.0.0.1", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = self.connection(source)
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    def guess(self, source: str, name: str = ADMIN, **headers: str) -> tuple[int, bytes]:
        """Signs in with a wrong password. → (status, body)"""
        form = f"grant_type=password&username={name}&password=wrong"
        return self.ask("POST", "/api/v1/login/token", form, source, **FORM, **headers)[:2]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    require("nginx (Debian: nginx-light)", nginx_program())
    folder = tmp_path_factory.mktemp("proxy")
    gateway = RunningGateway(folder / "gateway", SITE, {"embedded_port": 0}, http={"port": 0, "behind_proxy": True})
    (folder / "password").write_text(PASSWORD)
    added = gateway.run("users", "add", ADMIN, "--role", "admin", "--password-file", str(folder / "password"))
    assert added.returncode == 0, added.stderr
    gateway.start()
    console = RunningConsole(folder / "console", gateway.url)
    proxy = ShippedProxy(folder / "nginx", int(gateway.url.rpartition(":")[2]), console.port)
    try:
        console.start()
        proxy.start()
        form = f"grant_type=password&username={ADMIN}&password={PASSWORD.replace(' ', '+')}"
        token = gateway.post_form("login/token", form)[1]["access_token"]
        yield Stage(gateway, proxy, token)
    finally:
        proxy.stop()
        console.stop()
        gateway.kill()


def test_the_api_is_reached_with_tls_and_a_token(stage: Stage) -> None:
    assert stage.ask("GET", "/api/v1/incidents")[0] == 401
    status, body, headers = stage.ask("GET", "/api/v1/incidents", **stage.authorized)
    assert (status, json.loads(body)["items"]) == (200, [])
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["x-content-type-options"] == "nosniff"
    assert "1." not in headers["server"]


def test_whoever_comes_without_tls_is_sent_to_it(stage: Stage) -> None:
    connection = http.client.HTTPConnection("localhost", stage.proxy.plain_port, timeout=SECONDS_MAX)
    connection.request("GET", "/api/v1/incidents?x=1")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (301, "https://localhost/api/v1/incidents?x=1")
    connection.close()


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_what_is_for_this_machine_alone_is_not_passed_on(stage: Stage, path: str) -> None:
    assert stage.ask("GET", path, **stage.authorized)[0] == 404


def test_an_entry_comes_through_the_stream_at_once(stage: Stage) -> None:
    connection = stage.connection()
    connection.request("GET", "/api/v1/stream", headers=stage.authorized)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    body = {"zone": "example/1F-lobby", "hazard": "water_leak", "level": "III", "note": "seen on the round"}
    made = stage.ask("POST", "/api/v1/incidents", json.dumps(body), Content_Type="application/json", **stage.authorized)
    assert made[0] in (200, 201), made
    begun = time.monotonic()
    assert answer.fp is not None
    lines = iter(answer.fp.readline, b"")
    found = next(line for line in lines if b"water_leak" in line)
    assert time.monotonic() - begun < AT_ONCE_SECONDS, found
    connection.close()


def test_the_console_s_page_and_its_websocket_pass(stage: Stage) -> None:
    status, page, headers = stage.ask("GET", "/sign-in")
    assert (status, b"Tocsin" in page) == (200, True)
    cookie = headers["set-cookie"].lower()
    assert all(flag in cookie for flag in ("secure", "httponly", "samesite=lax"))
    assert _websocket(stage, "/_nicegui_ws/socket.io/?EIO=4&transport=websocket").startswith("HTTP/1.1 101 ")


def _websocket(stage: Stage, path: str) -> str:
    """→ the first line of the answer"""
    context = ssl.create_default_context(cafile=stage.proxy.ca_file)
    with (
        socket.create_connection(("127.0.0.1", stage.proxy.port), timeout=SECONDS_MAX) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as line,
    ):
        lines = [
            f"GET {path} HTTP/1.1",
            *("Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
            *("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Origin: https://localhost", "", ""),
        ]
        line.sendall("\r\n".join(lines).encode())
        return line.recv(200).decode(errors="replace").partition("\r\n")[0]


def test_a_body_that_is_too_large_goes_no_further_than_the_proxy(stage: Stage) -> None:
    status, body, _ = stage.ask("POST", "/api/v1/attachments", b"x" * (18 * 1024 * 1024), **stage.authorized)
    assert (status, b"nginx" in body) == (413, True)


def test_who_asks_is_who_connected_to_the_proxy_whatever_their_headers_say(stage: Stage) -> None:
    assert stage.guess("127.0.0.2", X_Forwarded_For="203.0.113.7", X_Real_IP="203.0.113.8")[0] == 400
    assert _last_refused(stage) == "127.0.0.2"


def test_a_proxy_that_is_not_on_this_machine_is_believed_nothing(stage: Stage) -> None:
    """Here: somebody on another address of this machine's who reaches the gateway itself and is not loopback's own."""
    port = int(stage.gateway.url.rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX, source_address=("127.0.0.3", 0))
    form = f"grant_type=password&username={ADMIN}&password=wrong"
    connection.request("POST", "/api/v1/login/token", form, FORM | {"X-Forwarded-For": "203.0.113.9"})
    assert connection.getresponse().status == 400
    connection.close()
    assert _last_refused(stage) == "127.0.0.3"


def _last_refused(stage: Stage) -> Any:
    """Whence the last sign-in that failed came, as the access log has it."""
    status, body, _ = stage.ask("GET", "/api/v1/access-log?limit=5", **stage.authorized)
    assert status == 200, body
    return next(each["peer"] for each in json.loads(body)["items"] if each["what"] in ("refused", "sign_in_failed"))


def test_whoever_guesses_passwords_is_stopped_and_nobody_else(stage: Stage) -> None:
    answers = [stage.guess("127.0.0.4", "somebody") for _ in range(40)]
    assert answers[-1][0] == 429
    assert b"nginx" in answers[-1][1]  # the gateway itself is asked no more
    assert stage.guess("127.0.0.5", "nobody")[0] == 400


def test_without_the_setting_a_header_on_this_machine_is_not_believed(tmp_path: Path) -> None:
    gateway = RunningGateway(tmp_path / "gateway", SITE, {"embedded_port": 0})
    gateway.start()
    try:
        status, answer = gateway.post("incidents", {"X-Forwarded-For": "203.0.113.7"}, by="x")
        assert (status, answer["code"]) == (403, "not_local")  # a proxy nobody has told of: nobody is on this machine
    finally:
        gateway.kill()


def test_the_proxy_speaks_tls_1_2_or_newer(stage: Stage) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=stage.proxy.ca_file)
        context.maximum_version = version
        with (
            socket.create_connection(("127.0.0.1", stage.proxy.port), timeout=SECONDS_MAX) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as line,
        ):
            assert line.version() == version.name.replace("_", ".")
