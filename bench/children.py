"""Processes that a benchmark starts: brokers, the gateway, the load. All of them end with the benchmark.

Each has a process group of its own, so that Ctrl-C in the terminal reaches the benchmark alone, which then stops them
in order; should it be killed itself, the kernel ends them. All have its session: so their niceness counts among them.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any, Self

from gateway.child_process import beside

READY_SECONDS_MAX = 60.0  # a site of 100 000 devices is read in 20 s
STOP_SECONDS_MAX = 10.0
CHECK_SECONDS = 0.01  # nothing tells when a port opens
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

_never = Event()


class Failed(Exception):
    """Something that was started did not do its part; the text ends with what it said."""


def pause(seconds: float) -> None:
    """Lets wall time pass; measuring is the one thing that has to."""
    _never.wait(seconds)


class Child:
    """A program with its output in `log`. `with child:` ends it."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: dict[str, str] | None = None) -> None:
        program = shutil.which(command[0]) or command[0]
        self.name, self.log, self.started_at = name, log, time.perf_counter()
        self.usage: resource.struct_rusage | None = None  # of the whole process, when it has ended
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                beside([program, *command[1:]]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if name == "mosquitto_sub" else out,
                stderr=out,
                env={**os.environ, **(environment or {})},
            )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def ended(self) -> bool:
        """Reaps it, and then knows what it used."""
        if self._process.returncode is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self._process.returncode, self.usage = os.waitstatus_to_exitcode(status), usage
        return self._process.returncode is not None

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far; exact when it has ended, else to 10 ms."""
        if self.ended and self.usage is not None:
            return self.usage.ru_utime + self.usage.ru_stime
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    def until(self, condition: Callable[[], bool], what: str, seconds_max: float = READY_SECONDS_MAX) -> None:
        """Waits; raises Failed when it ends, or takes longer."""
        deadline = time.perf_counter() + seconds_max
        while not condition():
            if self.ended and not condition():
                raise Failed(f"{self.name} ended and {what}:\n{self.said[-2000:]}")
            if time.perf_counter() > deadline:
                raise Failed(f"{self.name}: after {seconds_max:g} s still {what}:\n{self.said[-2000:]}")
            pause(CHECK_SECONDS)

    def wait(self, seconds_max: float) -> str:
        """Until it has ended by itself and well; → what it said."""
        deadline = time.perf_counter() + seconds_max
        while not self.ended:
            if time.perf_counter() > deadline:
                raise Failed(f"{self.name} still runs after {seconds_max:g} s:\n{self.said[-2000:]}")
            pause(CHECK_SECONDS)
        if self._process.returncode:
            raise Failed(f"{self.name} failed ({self._process.returncode}):\n{self.said[-2000:]}")
        return self.said

    def kill(self) -> None:
        """SIGKILL: nothing is written any more."""
        if not self.ended:
            self._process.kill()
            self._reap(STOP_SECONDS_MAX)

    def stop(self) -> None:
        if not self.ended:
            self._process.terminate()
            if not self._reap(STOP_SECONDS_MAX):
                self.kill()

    def _reap(self, seconds_max: float) -> bool:
        deadline = time.perf_counter() + seconds_max
        while not self.ended and time.perf_counter() < deadline:
            pause(CHECK_SECONDS)
        return self.ended


def python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def ask(name: str, module: str, *arguments: object, folder: Path, seconds_max: float = 300.0) -> Any:
    """Runs a module of ours as a process of its own; → the JSON it prints last."""
    with Child(name, python(module, *arguments), folder / f"{name}.log") as child:
        return json.loads(child.wait(seconds_max).strip().splitlines()[-1])
