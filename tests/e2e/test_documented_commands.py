"""The README's own commands, in its order: a real Mosquitto, the gateway, a pressed call point, its incident.

Ports and the data folder are the test's; everything else is run as it is written.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from gateway.broker_process import free_port
from tests.support.documented import PAGES, RUN_BY
from tests.support.markdown import blocks, commands
from tests.support.servers import Mosquitto, require
from tests.support.sources import ROOT
from tests.support.waiting import until

SECONDS_MAX = 30


def mine() -> list[str]:
    """The README's commands that this test runs, in its order."""
    here = str(Path(__file__).relative_to(ROOT))
    written = [command for block in blocks(PAGES[0], "sh") for command in commands(block)]
    return [command for command in written if RUN_BY.get(command) == here]


def program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    """The gateway, from the moment it says that it is ready."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        said = list(takewhile(lambda line: "Tocsin is ready" not in line, process.stdout))
        assert process.poll() is None, "".join(said)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS_MAX)


def curl(arguments: list[str], port: int) -> tuple[int, str]:
    """→ (status, body)"""
    there = [argument.replace(":8080/", f":{port}/") for argument in arguments]
    command = ["curl", "--max-time", str(SECONDS_MAX), "--write-out", "\n%{http_code}", *there]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def test_the_commands_of_the_readme_lead_from_a_call_point_to_an_incident(
    mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    for needed in ("mosquitto_pub", "curl"):
        require(needed, shutil.which(needed))
    broker, port = mosquitto(), free_port("127.0.0.1")
    check, run, press, *asked = map(shlex.split, mine())
    environment = {
        **os.environ,
        "TOCSIN_DATA": str(tmp_path / "data"),
        "TOCSIN_BROKER__URL": broker.url,
        "TOCSIN_HTTP__PORT": str(port),
    }
    checked = subprocess.run([program(check[0]), *check[1:]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "no problems" in checked.stdout
    with running([program(run[0]), *run[1:]], environment):
        subprocess.run([press[0], "-p", str(broker.port), *press[1:]], check=True)
        incidents, timeline, taken, acknowledged = (answered(request, port) for request in asked)
    assert [(each["hazard"], each["level"], each["zone"]) for each in incidents["items"]] == [
        ("fire", "I", "example/1F-lobby")
    ]
    assert [entry["kind"] for entry in timeline["items"][:3]] == ["opened", "detected", "confirmed"]
    assert (taken["incident"]["phase"], taken["entries"][0]["by"]) == ("activated", "duty-officer")
    assert (acknowledged["incident"]["phase"], acknowledged["entries"][0]["by"]) == ("responding", "engineering-lead")


def answered(request: list[str], port: int) -> Any:
    """What a person sees who asks again until there is something to be seen."""
    answers: list[Any] = []

    def has_come() -> bool:
        status, body = curl(request[1:], port)
        answers.append(json.loads(body))
        return status == 200 and answers[-1].get("items") != []

    asyncio.run(until(has_come))
    return answers[-1]
