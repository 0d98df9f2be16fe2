"""Every codec against messages that no device would send: `make fuzz-codecs` at length, a test for some seconds.

    python -m tests.support.fuzz_codecs --codec sparkplug --seconds 600
    python -m tests.support.fuzz_codecs --codec sparkplug --replay FILE

Guided by what is covered if atheris is installed (requirements/fuzz.txt), else by chance alone. What is found is
written to build/fuzz/CODEC/ as a sample file without `out`; once it is understood it belongs to
tests/gateway/samples/CODEC/.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import suppress
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

from tests.support import codec_checks as checks
from tests.support import codec_mutations as mutations
from tests.support.codec_checks import Finding, Message

FOUND = Path("build/fuzz")
FINDINGS_MAX = 20  # of one run: after so many the codec is to be mended first
BOGUS = 60_000  # devices; more than any codec may remember
GUIDED = "-u", "-m", "tests.support.fuzz_guided"


class Found:
    """What was found, one of each kind, written at once: a fuzzer may be killed at any moment."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder / name
        self.kinds: dict[str, Path] = {}

    def add(self, finding: Finding, messages: list[Message], options: dict[str, Any]) -> None:
        kind = re.sub(r"[0-9]+|'.*?'", "…", finding.what)[:120]
        if kind in self.kinds:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [_line(each) for each in smallest(self.name, messages, options, finding)]
        name = sha256("\n".join(lines).encode()).hexdigest()[:10]
        path = self.kinds[kind] = self.folder / f"found-{name}.jsonl"
        path.write_text("\n".join(lines) + "\n")
        if options:
            path.with_suffix(".options.json").write_text(json.dumps(options) + "\n")
        tell(f"{self.name}: {finding}\n  {path}")

    @property
    def enough(self) -> bool:
        return len(self.kinds) >= FINDINGS_MAX


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def smallest(name: str, messages: list[Message], options: dict[str, Any], finding: Finding) -> list[Message]:
    """The same finding from as few of the messages as can be left."""
    kept = list(messages)
    for index in range(len(kept) - 1, -1, -1):
        fewer = kept[:index] + kept[index + 1 :]
        with suppress(Finding):
            checks.check(partial(checks.make, name, **options), fewer)
            continue
        kept = fewer
    return kept


def _line(message: Message) -> str:
    try:
        topic: Any = message.topic.decode()
        payload: Any = message.payload.decode()
    except UnicodeDecodeError:
        payload = {"base64": b64encode(message.payload).decode()}
        try:
            topic = message.topic.decode()
        except UnicodeDecodeError:
            topic = {"base64": b64encode(message.topic).decode()}
    return json.dumps({"topic": topic, "payload": payload, "retained": message.retained})


def by_chance(name: str, found: Found, seed: int, cases: int | None = None, seconds: float | None = None) -> int:
    """So many cases, or as long; how many it were."""
    random, seeds, number = Random(seed), mutations.seeds(name), 0
    ends = time.monotonic() + (seconds or 0)
    while (cases is None or number < cases) and (seconds is None or time.monotonic() < ends) and not found.enough:
        messages, options = random.choice(seeds)
        case = mutations.mutated(messages, random.choice(seeds)[0], random) if number >= len(seeds) else messages
        if number < len(seeds):
            case, options = seeds[number]
        one(name, case, options, found)
        number += 1
    return number


def bogus_devices(name: str, found: Found, seed: int, count: int) -> int:
    """Bytes that the codec holds after them."""
    options = mutations.seeds(name)[0][1]
    try:
        bogus = list(mutations.bogus(name, count, Random(seed)))
        return checks.check_memory(partial(checks.make, name, **options), bogus)
    except Finding as finding:
        found.add(finding, [], options)
        return 0


def one(name: str, messages: list[Message], options: dict[str, Any], found: Found) -> None:
    try:
        checks.check(partial(checks.make, name, **options), messages)
    except Finding as finding:
        found.add(finding, messages, options)


# ---- the command


def fuzz(name: str, seed: int, seconds: int, folder: Path) -> bool:
    """Whether nothing was found."""
    found = Found(name, folder)
    size = bogus_devices(name, found, seed, BOGUS)
    began = time.monotonic()
    if find_spec("atheris") is None:
        number, how = by_chance(name, found, seed, seconds=seconds), "by chance (atheris is not installed)"
        paths = list(found.kinds.values())
    else:
        number, how = _guided_apart(name, seed, seconds, folder), "guided by coverage"
        paths = [each for each in found.folder.glob("found-*.jsonl") if each not in found.kinds.values()]
        paths += found.kinds.values()
    took = time.monotonic() - began
    says = f"{len(paths)} findings in {found.folder}" if paths else "nothing found"
    tell(f"{name}: {number} sequences in {took:.0f} s, {how}; {size / 1e6:.1f} MB after {BOGUS} bogus devices; {says}")
    return not paths and number > 0


def _guided_apart(name: str, seed: int, seconds: int, folder: Path) -> int:
    """atheris ends its process: so it has one of its own. How many sequences it ran; 0 if it broke down."""
    command = [sys.executable, *GUIDED, "--codec", name, "--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--folder", str(folder)],
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    stats = re.search(r"stat::number_of_executed_units:\s+(\d+)", done.stderr)
    if done.returncode or stats is None:
        tell(done.stderr[-4_000:])
        return 0
    covered = re.findall(r"cov: (\d+) ft: (\d+)", done.stderr)
    tell(f"{name}: {covered[0][0]} branches covered by the samples, {covered[-1][0]} in the end" if covered else "")
    return int(stats[1])


def main() -> int:
    known = checks.available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codec", choices=known, action="append", help="default: all that there are")
    parser.add_argument("--seconds", type=int, default=60, help="for each codec")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=FOUND, help="where findings go")
    parser.add_argument("--replay", type=Path, help="a file of messages, as a sample or as a finding")
    given = parser.parse_args()
    names: list[str] = given.codec or known
    if given.replay:
        options = given.replay.with_suffix(".options.json")
        said = json.loads(options.read_text()) if options.exists() else {}
        checks.check(partial(checks.make, names[0], **said), mutations.read(given.replay))
        tell(f"{given.replay}: nothing found")
        return 0
    clean = [fuzz(name, given.seed, given.seconds, given.folder) for name in names]
    return 0 if all(clean) else 1


if __name__ == "__main__":
    sys.exit(main())
