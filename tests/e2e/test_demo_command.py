"""`tocsin demo` as a person runs it: the fire from first smoke to closed, and a clean end however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.broker_process import nats_program
from tests.support.servers import require

FAST = ["--speed", "20", "--port", "0", "--mqtt-port", "0"]


def demo(folder: Path, *options: str) -> subprocess.Popen[str]:
    require("nats-server", nats_program())
    return subprocess.Popen(
        [sys.executable, "-m", "tocsin", "demo", *FAST, *options],
        env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left_behind(folder: Path) -> list[str]:
    """Files in the folder, and processes that were started with it."""
    lines = [path.read_bytes().replace(b"\0", b" ").decode() for path in _command_lines()]
    return [*map(str, folder.iterdir()), *(line for line in lines if str(folder) in line)]


def _command_lines() -> list[Path]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            path.read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        found.append(path)
    return found


def test_the_fire_is_detected_fought_and_closed_and_nothing_is_left_behind(tmp_path: Path) -> None:
    process = demo(tmp_path, "--exit", "--timeout", "90")
    output, _ = process.communicate(timeout=110)
    assert process.returncode == 0, output
    story = ["LEVEL II fire alarm", "PRE-ALARM", "Acknowledged by duty-officer", "CONFIRMED", "LEVEL RAISED to I"]
    story += ["85 commands: release 40, sound 40, start 1, recall 4", "tasks: ", "85 of 85 done", "Now closing"]
    story += ["work orders: Check the fire systems", "Closed by duty-officer"]
    places = [output.index(part) for part in story]
    assert places == sorted(places)
    assert "MISSING" not in output
    assert re.search(r"curl -s http://127\.0\.0\.1:\d+/api/v1/incidents/INC-000001/timeline", output)
    assert "It replaces no certified fire panel" in output
    assert not left_behind(tmp_path)


def test_an_incident_that_is_not_closed_in_time_is_exit_code_one_and_says_what_is_missing(tmp_path: Path) -> None:
    process = demo(tmp_path, "--exit", "--timeout", "1")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "was not closed within 1 s" in output
    assert "MISSING" in output
    assert not left_behind(tmp_path)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly_at_any_time(tmp_path: Path, how: signal.Signals) -> None:
    process = demo(tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if "smoulder" in line:
            break
    process.send_signal(how)
    output, _ = process.communicate(timeout=40)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert not left_behind(tmp_path)
