"""`tocsin run` as a child process, and its API as a client sees it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.child_process import dies_with
from tests.support.secrecy import Secrets

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 60.0  # a loaded CI machine; usually a gateway is ready in under a second
STOP_SECONDS_MAX = 10.0
CHECK_SECONDS = 0.02
READY = b"Tocsin is ready: "


class RunningGateway:
    """`broker`: a URL, or a part of the settings. `others`: further parts. The settings stand in `folder`.

    `start` returns when it is ready; `kill` is SIGKILL, `stop` SIGTERM.
    """

    def __init__(self, folder: Path, site: str, broker: str | dict[str, Any], **others: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        (folder / "site.yaml").write_text(site, encoding="utf-8")
        part = {"url": broker} if isinstance(broker, str) else broker
        settings = {"data": "data", "sites": ["site.yaml"], "broker": part, "http": {"port": 0}, **others}
        self.settings.write_text(json.dumps(settings))  # which is YAML too
        self.url = ""
        self.secrets = Secrets(self.settings, self.data)
        self.variables: dict[str, str] = {}  # of the environment, besides
        self.start_seconds: list[float] = []  # from the start of the process until it said that it is ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Path:
        return self.folder / "settings.yaml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Of all its runs."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self, ready: bool = True, verbose: bool = False) -> None:
        """`ready=False`: does not wait until it is."""
        assert self._process is None, "it is running"
        begun = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                dies_with(os.getpid(), self._command("run", *(["--verbose"] if verbose else []))),
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._environment(),
            )
        if ready:
            self.until_ready()
            self.start_seconds.append(time.monotonic() - begun)

    def until_ready(self) -> None:
        """It has said so on its standard output."""
        assert self._process is not None
        assert self._process.stdout is not None
        output, line = self._process.stdout, b""
        if select.select([output], [], [], SECONDS_MAX)[0]:
            line = os.read(output.fileno(), 4096)  # it writes the line in one piece
        if not line.startswith(READY):
            code = self._process.poll()
            pytest.fail(f"the gateway is not ready (exit code {code}, {line!r}):\n{self.log[-4000:]}")
        self.url = line.removeprefix(READY).decode().partition("/api/")[0]

    def kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._wait()

    def stop(self) -> int:
        """→ its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._wait()
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the gateway does not end on SIGTERM:\n{self.log[-4000:]}")

    def until_ended(self) -> int:
        return self._wait(SECONDS_MAX)

    def restart(self) -> None:
        assert self.stop() == 0
        self.start()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another `tocsin` command with the same settings."""
        return subprocess.run(
            self._command(*command), env=self._environment(), capture_output=True, text=True, timeout=60, check=False
        )

    def rss_kib(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))

    # ---- its API

    def get(self, path: str, **query: Any) -> Any:
        """The JSON document at /api/v1/{path}, which must be there."""
        status, body = self.ask(f"/api/v1/{path}", **query)
        assert status == 200, f"GET {path}: {status} {body!r}"
        return json.loads(body)

    def all(self, path: str, **query: Any) -> list[Any]:
        """All items of a list, page by page."""
        items: list[Any] = []
        while True:
            page = self.get(path, **query)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            query["cursor"] = page["next_cursor"]

    def timeline(self, incident: str) -> list[dict[str, Any]]:
        items: list[Any] = []
        after: int | None = 0
        while after is not None:
            page = self.get(f"incidents/{incident}/timeline", after=after)
            items += page["items"]
            after = page["next_after"]
        return items

    def json(self, path: str) -> tuple[int, Any]:
        """→ (status, document)"""
        status, body = self.ask(path)
        return status, json.loads(body)

    def post(self, path: str, headers: dict[str, str] | None = None, **body: Any) -> tuple[int, Any]:
        """→ (status, document)"""
        status, answer = self.ask(f"/api/v1/{path}", json.dumps(body).encode(), headers)
        return status, json.loads(answer)

    def post_form(self, path: str, form: str) -> tuple[int, Any]:
        """→ (status, document)"""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        status, answer = self.ask(f"/api/v1/{path}", form.encode(), headers)
        return status, json.loads(answer)

    def ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, **query: Any
    ) -> tuple[int, bytes]:
        text = urllib.parse.urlencode(query)
        request = urllib.request.Request(f"{self.url}{path}{'?' if text else ''}{text}", data=body)
        self.secrets.asked(headers or {}, body)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
                said = answer.read()
                self.secrets.said(said)
                return answer.status, said
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def metrics(self) -> dict[str, float]:
        """Name with labels → value."""
        lines = self.ask("/metrics")[1].decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}

    def stream(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """The entries of a Server-Sent Events stream, as they come."""
        text = urllib.parse.urlencode(query)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{text}", timeout=SECONDS_MAX) as answer:
            yield from entries_of(answer)

    def until(self, condition: Callable[[], Any], seconds: float = SECONDS_MAX) -> Any:
        """What `condition()` returns, as soon as it is true."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > deadline:
                pytest.fail(f"it does not become true:\n{self.log[-4000:]}")
            code = None
            try:  # waits a moment; an end of the gateway is noticed at once
                code = self._process.wait(CHECK_SECONDS) if self._process else None
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"the gateway has ended ({code}):\n{self.log[-4000:]}")
        return found

    # ---- within

    def _wait(self, seconds: float = STOP_SECONDS_MAX) -> int:
        assert self._process is not None
        code = self._process.wait(seconds)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code

    def _command(self, *command: str) -> list[str]:
        return [sys.executable, "-m", "tocsin", *command, "-c", str(self.settings)]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        return kept | self.variables | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1"}


def entries_of(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The `data` of each event of a stream."""
    for line in lines:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))
