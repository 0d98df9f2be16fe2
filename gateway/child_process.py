"""Processes that a process of ours starts: that they never outlive it, and that their priority means something."""

from __future__ import annotations

import os
import sys

# The kernel ends the child when the parent dies, however it dies. A program of its own, since code run between fork
# and exec can deadlock in a process that has threads. Where there is no prctl, `broker.py` finds the one left behind.
_LAUNCHER = """
import ctypes, os, signal, sys
parent, group, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
if group == "own":
    os.setpgid(0, 0)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent died before its child began")
os.execv(command[0], command)
"""


def dies_with(parent: int, program: list[str]) -> list[str]:
    """`program` (an absolute path and arguments), ended by the kernel when the process `parent` ends (Linux)."""
    return _launched(parent, "same", program)


def beside(program: list[str]) -> list[str]:
    """`program` as a helper of this process: it ends with it, and Ctrl-C in the terminal is not for the helper to hear.

    That is a process group of its own, and the session of the parent: with autogroups (sched(7)) the kernel weighs
    sessions against each other, and the niceness of a process within its session only.
    """
    return _launched(os.getpid(), "own", program)


def _launched(parent: int, group: str, program: list[str]) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(parent), group, *program]
