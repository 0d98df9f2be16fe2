"""The whole API against its own document: schemathesis over a running gateway, as each of some users.

`python -m tests.support.fuzz` (or `make fuzz-api`) is the long run; a short one is a test.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from tests.support.gateway import ROOT, RunningGateway
from tests.support.sources import ROOT as TREE

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
EMBEDDED = {"url": "embedded", "embedded_port": 0}
PASSWORD = "fuzz correct horse battery"
ROLES = ("admin", "viewer")
# What has to hold of every answer, whatever was asked.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
STREAMS = r"/stream$"  # never end; tests/api/test_streams.py reads them
PHASES = ("examples", "coverage", "fuzzing", "stateful")
SECONDS_MAX = 3_600
FIRST = "INC-000001"


class Fuzzed:
    """A gateway that has something of everything, and a user for each role."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        password = gateway.folder / "password"
        password.write_text(PASSWORD)
        for role in ROLES:
            added = gateway.run("users", "add", name_of(role), "--role", role, "--password-file", str(password))
            assert added.returncode == 0, added.stderr
        gateway.start()
        self._furnish()

    def token(self, role: str) -> str:
        form = urlencode({"grant_type": "password", "username": name_of(role), "password": PASSWORD})
        status, answer = self.gateway.post_form("login/token", form)
        assert status == 200, answer
        return str(answer["access_token"])

    def asked(self, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token('admin')}"}
        status, answer = self.gateway.post(path, headers, **body)
        assert status in (200, 201), (path, answer)
        return answer

    def _furnish(self) -> None:
        """One of each that a path can name."""
        self.asked("incidents", zone="example/1F-lobby", hazard="fire", level="III", note="smoke under the ceiling")
        self.asked(f"incidents/{FIRST}/notes", text="a patrol is on its way")
        self.asked("orders", asset="example/sd-101", fault="head is loose", summary="refit the head")
        self.asked("shelves", device="example/em-101", reason="works on the board", duration_ms=3_600_000)
        self.asked("handovers", site="example", incoming="engineering-lead")


def name_of(role: str) -> str:
    return f"fuzz.{role}"


def run(
    url: str,
    token: str,
    folder: Path,
    examples: int = 100,
    seed: int | None = None,
    phases: Iterable[str] = PHASES,
    document: Path | None = None,
) -> str:
    """→ what schemathesis found wrong; empty: nothing. `document`: another one than the gateway's own."""
    location = [f"{url}/api/v1/openapi.json"] if document is None else [str(document), "--url", url]
    command = [
        str(Path(sys.executable).parent / "st"),
        *("run", *location, "--header", f"Authorization: Bearer {token}"),
        *("--checks", ",".join(CHECKS), "--exclude-path-regex", STREAMS, "--continue-on-failure"),
        *("--max-examples", str(examples), "--request-timeout", "20", "--warnings", "off"),
        *("--phases", ",".join(phases)),
        *(("--seed", str(seed)) if seed is not None else ()),
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", "PYTHONPATH": str(TREE)},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode not in (0, 1) or not re.search(r"Tested: +[1-9]", said):
        return f"schemathesis did not run (exit code {done.returncode}):\n{said[-4000:]}"
    return "" if done.returncode == 0 else said


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make fuzz-api", description="The whole API against its own document.")
    parser.add_argument("--examples", type=int, default=100, help="for each operation and role")
    parser.add_argument("--seed", type=int)
    options = parser.parse_args(arguments)
    found = 0
    with TemporaryDirectory(prefix="tocsin-fuzz-") as folder:
        gateway = RunningGateway(Path(folder) / "gateway", SITE, EMBEDDED)
        try:
            fuzzed = Fuzzed(gateway)
            for role in ROLES:
                said = run(gateway.url, fuzzed.token(role), Path(folder), options.examples, options.seed)
                print(f"as {role}: {said or 'nothing found'}", flush=True)  # noqa: T201
                found += bool(said)
            print(f"log: {gateway.log[-2000:]}" if found else "", flush=True)  # noqa: T201
        finally:
            gateway.kill()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
