"""Plays scripts from many seeds, in several processes, and makes what fails as short as it can be.

for result in fuzz(range(1000), processes=2):
    if result.findings: …
"""

from __future__ import annotations

import multiprocessing
import subprocess
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from simulators.checkers import Finding, check
from simulators.fault_script import script_of
from simulators.faults import Script, encode_script
from simulators.shrink import shrunk
from simulators.trial_life import Parts
from simulators.world import play

AT_ONCE = 8  # seeds given to a process: often enough that progress shows, seldom enough to cost nothing
THE_RUN = "the run itself"  # what is found where a run breaks off
FINDINGS_SHOWN = 8
PARTS = Parts()


class Result(NamedTuple):
    seed: int
    findings: list[Finding]


def judged(script: Script, parts: Parts = PARTS) -> list[Finding]:
    """What is found wrong with a script's run. A run that breaks off is a finding, too."""
    try:
        return check(play(script, parts))
    except Exception as error:  # whatever it is, it must not end the search
        return [Finding(THE_RUN, "".join(traceback.format_exception(error)).strip())]


def fuzz(seeds: Sequence[int], processes: int = 1) -> Iterator[Result]:
    """As they come; with several processes not in order."""
    groups = [list(seeds[start : start + AT_ONCE]) for start in range(0, len(seeds), AT_ONCE)]
    if processes <= 1:
        for group in groups:
            yield from _some(group)
        return
    context = multiprocessing.get_context("spawn")  # forking a process with threads in it ends badly
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for results in pool.map(_some, groups):
            yield from results


def _some(seeds: list[int]) -> list[Result]:
    return [Result(seed, judged(script_of(seed))) for seed in seeds]


def shortest(script: Script, findings: list[Finding], parts: Parts = PARTS) -> Script:
    """One that fails the same check as the first of the findings."""
    wanted = findings[0].check

    def fails(shorter: Script) -> bool:
        return any(finding.check == wanted for finding in judged(shorter, parts))

    return shrunk(script, fails)


def commit() -> str:
    """Which program this is: the commit where it is run from its repository, else the version."""
    folder = Path(__file__).parent
    asked = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError):
        return f"version {version('tocsin')}"


def report(seed: int, findings: list[Finding], script: Script, say: Callable[[str], object]) -> None:
    """What a person needs to see it again."""
    say(f"seed {seed} at {commit()}:")
    for finding in findings[:FINDINGS_SHOWN]:
        say(f"  {finding.check}: {finding.what}")
    if len(findings) > FINDINGS_SHOWN:
        say(f"  … and {len(findings) - FINDINGS_SHOWN} more")
    say(f"the shortest script that shows it ({len(script.acts)} acts), for `tocsin fuzz --replay FILE`:")
    say(encode_script(script).rstrip())
