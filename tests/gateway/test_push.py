"""Order pushes against a real HTTP server: signed, acknowledged, tried again or not."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import now_ms
from gateway.config import BadSettings, read_settings
from gateway.deliveries import deliveries
from gateway.push import ANSWER_BYTES_MAX, RECEIPT_CHARACTERS_MAX, OrderPush, receipt_in
from gateway.sender import Undelivered
from rules.codec import encode
from rules.effects import PushOrder
from rules.mode import Mode
from tests.support.groups import AT, order

SECRET = "a secret of the two of us"


class MaintenanceSystem:
    """Answers as it is told, and keeps what it was sent."""

    def __init__(self) -> None:
        self.status, self.answer, self.headers = 200, b'{"receipt": "ticket 4711"}', dict[str, str]()
        self.seen: list[tuple[dict[str, str], bytes]] = []
        system = self

        class Received(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                system.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(system.status)
                for name, value in system.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(system.answer)))
                self.end_headers()
                self.wfile.write(system.answer)

            def log_message(self, *_: Any) -> None:
                """Not on the terminal."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Received)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/orders?token=hidden"

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


@pytest.fixture
def system() -> Iterator[MaintenanceSystem]:
    started = MaintenanceSystem()
    yield started
    started.stop()


def push(mode: Mode = Mode.ACTUAL) -> PushOrder:
    body = encode({"id": "PSH-000007", "what": "opened", "order": order(summary="电梯")}).decode()
    return PushOrder("PSH-000007", mode, "WO-000001", body, AT, AT + 60_000)


def sender(system: MaintenanceSystem, seconds_max: float = 5) -> OrderPush:
    return OrderPush(system.url, SECRET, seconds_max, lambda: AT)


async def test_an_order_is_posted_with_a_signature_that_the_receiver_can_check(system: MaintenanceSystem) -> None:
    assert await sender(system).push(push()) == "200 ticket 4711"
    ((headers, body),) = system.seen
    assert json.loads(body)["order"]["summary"] == "电梯"
    assert (headers["idempotency-key"], headers["content-type"]) == ("PSH-000007", "application/json")
    at, _, signature = headers["tocsin-signature"].partition(",v1=")
    expected = hmac.new(SECRET.encode(), at.removeprefix("t=").encode() + b"." + body, sha256).hexdigest()
    assert (at, signature) == (f"t={AT // 1000}", expected)


@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (503, True), (429, True), (408, True), (400, False), (401, False), (404, False)]
)
async def test_what_may_do_better_another_time_is_told_apart_from_what_will_not(
    system: MaintenanceSystem, status: int, again: bool
) -> None:
    system.status, system.answer = status, b"not now"
    with pytest.raises(Undelivered, match=f"answered {status} not now") as raised:
        await sender(system).push(push())
    assert raised.value.again is again


async def test_a_redirect_is_not_followed(system: MaintenanceSystem) -> None:
    system.status, system.headers = 302, {"Location": "http://127.0.0.1:1/elsewhere"}
    with pytest.raises(Undelivered, match="answered 302"):
        await sender(system).push(push())
    assert len(system.seen) == 1


async def test_nobody_there_is_tried_again_and_the_address_stays_untold(system: MaintenanceSystem) -> None:
    system.stop()
    with pytest.raises(Undelivered, match="cannot be reached: ConnectError") as raised:
        await sender(system).push(push())
    assert raised.value.again
    assert "hidden" not in str(raised.value)


async def test_nothing_of_a_drill_goes_out(system: MaintenanceSystem) -> None:
    for mode in (Mode.EXERCISE, Mode.TEST):
        with pytest.raises(Undelivered, match="nothing of mode") as raised:
            await sender(system).push(push(mode))
        assert not raised.value.again
    assert system.seen == []


async def test_an_endless_answer_is_not_read_to_its_end(system: MaintenanceSystem) -> None:
    system.answer = b"x" * (10 * ANSWER_BYTES_MAX)
    receipt = await sender(system).push(push())
    assert len(receipt) == len("200 ") + RECEIPT_CHARACTERS_MAX


@pytest.mark.parametrize(
    ("said", "receipt"),
    [
        ('{"receipt": "R-1", "id": 5}', "R-1"),
        ('{"id": 5}', "5"),
        ('{"number": "7\\n8"}', "7 8"),
        ('{"ok": true}', '{"ok": true}'),
        ("[1]", "[1]"),
        ("created\n", "created"),
        ("[" * 100_000, "[" * RECEIPT_CHARACTERS_MAX),
        ("", ""),
    ],
)
def test_a_receipt_is_found_in_what_is_answered(said: str, receipt: str) -> None:
    assert receipt_in(said) == receipt


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="has 5 characters; expected at least 16"):
        OrderPush("http://x", "short", 5, lambda: AT)


# ---- settings


def settings_file(folder: Path, text: str) -> Path:
    file = folder / "tocsin.yaml"
    file.write_text(text)
    return file


async def test_the_settings_name_the_system_and_its_secret(tmp_path: Path, system: MaintenanceSystem) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    file = settings_file(tmp_path, f"orders: {{push_url: '{system.url}', push_secret_file: secret}}")
    delivery = deliveries(read_settings(file, {}))[PushOrder]
    assert await delivery.send(push()) == "200 ticket 4711"
    assert abs(int(system.seen[0][0]["tocsin-signature"][2:].partition(",")[0]) - now_ms() / 1000) < 60
    assert delivery.patience.at_once_max == 1


async def test_without_settings_a_push_fails_for_good(tmp_path: Path) -> None:
    delivery = deliveries(read_settings(settings_file(tmp_path, "{}"), {}))[PushOrder]
    with pytest.raises(Undelivered, match="nothing is set up") as raised:
        await delivery.send(push())
    assert not raised.value.again


def test_an_address_without_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="push_url and push_secret_file go together"):
        read_settings(settings_file(tmp_path, "orders: {push_url: 'https://cmms.example/hook'}"), {})
