"""The one writer: what is submitted is durable with the next commit, once; and comes back after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import desk as desk_module
from gateway.replay import differences
from gateway.store import StoreFailed, Verified
from rules.events import VerdictChanged
from rules.mode import Mode
from rules.requests import Acknowledge, AddNote
from rules.state import encode_state
from rules.timeline import Kind
from rules.verdict import Verdict
from tests.support.stage import START, Stage


@pytest.fixture
def stage(tmp_path: Path, url: str) -> Iterator[Stage]:
    made = Stage(tmp_path / "gateway", url=url)
    yield made
    made.close()


def _alarm(at: int = START, seq: int | None = 1, device: str = "sd-1") -> VerdictChanged:
    values = {"smoke": 0.4}
    return VerdictChanged(Mode.ACTUAL, "smoke-high", f"tower-a/{device}", Verdict.HOLDS, at, START + 5, values, seq)


def test_nothing_is_durable_before_the_commit(stage: Stage) -> None:
    stage.desk.submit(_alarm())
    assert stage.desk.pending
    assert stage.kinds() == []
    stage.desk.commit()
    assert not stage.desk.pending
    assert stage.kinds()[0] is Kind.OPENED


def test_the_same_verdict_again_is_journaled_once(stage: Stage) -> None:
    stage.desk.submit(_alarm())
    again = stage.desk.submit(_alarm())
    stage.desk.commit()
    assert not again.entries
    stage.restart()
    index = stage.desk.journal_index
    stage.desk.submit(_alarm())  # known from the store by now
    assert stage.desk.journal_index == index


def test_a_refused_commit_leaves_nothing_and_says_so(stage: Stage) -> None:
    stage.desk.submit(_alarm())
    stage.full = True
    with pytest.raises(StoreFailed, match="the disk is full"):
        stage.desk.commit()
    stage.full = False
    stage.restart()
    assert stage.kinds() == []


def test_a_desk_whose_commit_has_failed_takes_nothing_any_more(stage: Stage) -> None:
    stage.desk.submit(_alarm())
    stage.full = True
    with pytest.raises(StoreFailed):
        stage.desk.commit()
    stage.full = False  # the disk has room again; what is in memory may be on it or not
    with pytest.raises(StoreFailed, match="a commit failed before: the disk is full"):
        stage.desk.submit(Acknowledge(incident="INC-000001", by="duty.officer"))
    with pytest.raises(StoreFailed, match="a commit failed before"):
        stage.desk.commit()
    stage.restart()
    assert stage.kinds() == []


def test_time_never_runs_backwards_in_the_journal(stage: Stage) -> None:
    stage.now = START + 60_000
    stage.desk.submit(_alarm())
    stage.now = START  # the clock was set back
    stage.desk.submit(Acknowledge(incident="INC-000001", by="duty.officer"))
    stage.desk.commit()
    instants = [row.at for row in stage.store.journal()]
    assert instants == sorted(instants)


def test_a_deadline_that_passed_is_handled_when_somebody_looks(stage: Stage) -> None:
    stage.desk.submit(_alarm())
    due = stage.desk.next_deadline()
    assert due == START + 15_000
    stage.desk.advance()
    assert Kind.CONFIRMED not in _committed(stage)
    stage.now = due
    stage.desk.advance()
    assert Kind.CONFIRMED in _committed(stage)


def _committed(stage: Stage) -> list[Kind]:
    stage.desk.commit()
    return stage.kinds()


def test_the_state_comes_back_from_the_journal_and_from_a_snapshot_alike(stage: Stage) -> None:
    stage.desk.submit(_alarm())
    stage.desk.submit(AddNote(incident="INC-000001", by="duty.officer", text="on my way"))
    stage.desk.commit()
    before = encode_state(stage.desk.engine.state)
    replayed, _ = desk_module.recover(stage.store, stage.desk.documents)
    assert encode_state(replayed.state) == before
    stage.desk.snapshot()
    from_snapshot, count = desk_module.recover(stage.store, stage.desk.documents)
    assert (encode_state(from_snapshot.state), count) == (before, 0)


def test_a_start_replays_no_more_than_since_the_last_snapshot(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "SNAPSHOT_ROWS_MAX", 10)
    for seq in range(25):
        stage.desk.submit(AddNote(incident="INC-000001", by="duty.officer", text=f"note {seq}"))
        stage.desk.commit()
    stage.restart()
    assert stage.desk.replayed < 12


def test_a_quiet_moment_is_used_for_a_snapshot_that_is_due(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "SNAPSHOT_EVERY", 10)
    for seq in range(10):
        stage.desk.submit(AddNote(incident="INC-000001", by="duty.officer", text=f"note {seq}"))
    stage.desk.snapshot_if_due()  # no quiet moment: something waits to be committed
    assert stage.store.snapshot() is None
    stage.desk.commit()
    stage.desk.snapshot_if_due()
    stage.restart()
    assert stage.desk.replayed == 0


def test_the_journal_is_a_chain_and_replays_to_what_is_stored(stage: Stage) -> None:
    for seq in range(20):
        stage.desk.submit(_alarm(seq=seq, at=START + seq, device=f"sd-{1 + seq % 3}"))
        stage.desk.commit()
    assert isinstance(stage.store.verify(), Verified)
    assert list(differences(stage.store)) == []
