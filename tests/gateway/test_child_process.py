"""Processes beside the gateway: one session, so that their niceness counts; a group, so that Ctrl-C is not for them."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

from gateway.child_process import beside, dies_with

SAYS = "import os; print(os.getsid(0), os.getpgid(0), os.getpid())"
# Starts a helper that waits, says its number, and is then killed itself.
PARENT = """
import subprocess, sys
from gateway.child_process import beside
helper = subprocess.Popen(beside([sys.executable, "-c", "print('there', flush=True); input()"]),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
helper.stdout.readline()
print(helper.pid, flush=True)
input()
"""


def ran(command: list[str]) -> tuple[int, int, int]:
    session, group, own = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(session), int(group), int(own)


def test_a_helper_is_in_the_session_of_its_parent_and_in_a_group_of_its_own() -> None:
    session, group, own = ran(beside([sys.executable, "-c", SAYS]))
    assert session == os.getsid(0)
    assert group == own != os.getpgid(0)


def test_what_dies_with_a_process_shares_its_group() -> None:
    session, group, _ = ran(dies_with(os.getpid(), [sys.executable, "-c", SAYS]))
    assert (session, group) == (os.getsid(0), os.getpgid(0))


def test_a_helper_ends_with_its_parent_however_that_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        helper = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        poll = select.poll()
        poll.register(helper)
        assert poll.poll(10_000), "a process's descriptor is readable when it has ended"
        os.close(helper)
