"""A web server of this machine that is asked, or posted to: keeps what came, and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Posted(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class Hook:
    """`status` and `answer` are what it says next; it says nothing before `go` is set."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.status, self.answer = 200, b"thank you"
        self.go = threading.Event()
        self.go.set()
        self.arrived = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def hook() -> Iterator[Hook]:
    told = Hook()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.posted.append(Posted(self.path, dict(self.headers), body))
            told.arrived.set()
            told.go.wait(20)
            try:
                self.send_response(told.status)
                self.send_header("Content-Length", str(len(told.answer)))
                self.end_headers()
                self.wfile.write(told.answer)
            except OSError:  # whoever asked has given up
                return

        do_GET = do_POST  # noqa: N815 - as http.server calls it

        def log_message(self, format: str, *arguments: Any) -> None:
            """Not onto the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    told.port = server.server_address[1]
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield told
    finally:
        told.go.set()
        server.shutdown()
        server.server_close()
        serving.join()
