"""Fault simulation: it finds what is planted, finds nothing where nothing is, and a failure can be played again."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from itertools import islice

import msgspec
import pytest

from gateway.desk import Desk
from simulators.checkers import check
from simulators.fault_script import script_of
from simulators.faults import Asks, BrokerAway, Crashes, Says, Script, decode_script, encode_script
from simulators.fuzz import fuzz, judged, report, shortest
from simulators.record import Record
from simulators.trial_life import Parts
from simulators.world import play
from tests.support.planted import PLANTED, AcknowledgesFirst, Planted

SEEDS_OF_CI = range(24)
SCRIPTS_PLAYED_MAX = 80  # for one planted bug


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_bug_is_found(planted: Planted) -> None:
    scripts = (script for script in map(script_of, range(5_000)) if any(map(planted.about, script.acts)))
    for script in islice(scripts, SCRIPTS_PLAYED_MAX):
        found = {finding.check for finding in judged(script, planted.parts)}
        if found & set(planted.shows_as):
            return
    pytest.fail(f"not found in {SCRIPTS_PLAYED_MAX} scripts")


def test_nothing_is_found_where_nothing_is_planted() -> None:
    found = {result.seed: result.findings for result in fuzz(SEEDS_OF_CI) if result.findings}
    assert not found


def test_the_same_seed_gives_the_same_run_in_any_process_under_any_hash_seed() -> None:
    seed = next(seed for seed in range(1_000) if sum(isinstance(act, Crashes) for act in script_of(seed).acts) > 1)
    digest = _digest(play(script_of(seed)))
    assert _digest(play(script_of(seed))) == digest
    for hash_seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", f"from tests.simulators import test_fuzz; test_fuzz.show({seed})"],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": "."},
        )
        assert ran.stdout.strip() == digest


def show(seed: int) -> None:
    sys.stdout.write(_digest(play(script_of(seed))))


def _digest(record: Record) -> str:
    """Of all that was seen of it."""
    sent = [(each.id, each.clock, each.position, each.outcome, each.text) for each in record.performed]
    came = [(each.topic, each.payload, each.acknowledged_at, len(each.delivered)) for each in record.messages]
    seen = repr((record.journal[-1].hash, len(record.entries), sent, came, record.lives, record.disturbed))
    return sha256(seen.encode()).hexdigest()


def test_a_run_in_which_all_goes_wrong_still_comes_to_rest() -> None:
    """What is played at the same instant: a fire, a crash before each commit, no broker, no disk."""
    acts = (
        Says(at=10_000, device="mcp-1", values={"alarm": True}),
        BrokerAway(at=10_000, lasts=60_000),
        Crashes(at=10_000, point="after journal"),
        Crashes(at=70_400, point="before journal"),
        Asks(at=80_000, does="acknowledge", clicks=3),
    )
    record = play(Script(1, 1_795_500_000_000, 120_000, acts))
    assert check(record) == []
    assert [lived.how for lived in record.lives].count("crash") >= 1
    assert {performed.kind for performed in record.performed} >= {"PublishCommand", "Notify", "SendToAuthority"}


# ---- a failure


def test_a_failing_script_is_shortened_to_the_one_act_it_takes() -> None:
    parts = Parts(ingest=AcknowledgesFirst)
    script = next(
        script
        for script in map(script_of, range(1_000))
        if len(script.acts) > 10 and any(each.check == "accepted alarms are told" for each in judged(script, parts))
    )
    findings = [each for each in judged(script, parts) if each.check == "accepted alarms are told"]
    short = shortest(script, findings, parts)
    assert len(short.acts) == 1
    assert isinstance(short.acts[0], Says)
    assert short.acts[0] == msgspec.structs.replace(short.acts[0], delay_ms=0, copies=1, retained=False)
    assert findings[0].check in [each.check for each in judged(short, parts)]


def test_a_printed_script_can_be_played_again() -> None:
    lines: list[str] = []
    script = script_of(7)
    report(7, [], script, lines.append)
    assert lines[0].startswith("seed 7 at ")
    assert decode_script(lines[-1]) == script
    assert encode_script(decode_script(lines[-1])).rstrip() == lines[-1]


def test_a_script_that_cannot_be_read_is_refused_with_its_line() -> None:
    head = encode_script(Script(1, 0, 1, ()))
    with pytest.raises(ValueError, match=r"line 2: .*Crashes"):
        decode_script(head + '{"type":"Crashes","at":"soon"}  Crashes')
    with pytest.raises(ValueError, match="the script is empty"):
        decode_script("\n")


class _Breaks(Desk):
    def advance(self) -> None:
        raise RuntimeError("a bug nobody has thought of")


def test_an_error_that_nobody_expects_is_a_finding() -> None:
    findings = judged(script_of(1), Parts(desk=_Breaks))
    assert any("a bug nobody has thought of" in what for name, what in findings if name == "nothing breaks")
