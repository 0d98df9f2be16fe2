"""How a batch learns how much the broker lets be in flight."""

from __future__ import annotations

from gateway.pace import ALIKE, SIZE_MIN, TRUSTED_FOR, Pace


def _learnt(size: int) -> Pace:
    pace = Pace()
    for _ in range(ALIKE):
        pace.learn(size)
    return pace


def test_a_batch_is_never_full_before_anything_is_known() -> None:
    assert not Pace().full(10_000)


def test_batches_of_one_size_that_waited_for_nothing_tell_the_brokers_window() -> None:
    pace = _learnt(20)
    assert not pace.full(19)
    assert pace.full(20)


def test_batches_of_different_sizes_tell_nothing() -> None:
    pace = Pace()
    for size in (20, 21, 20, 21, 20, 21):
        pace.learn(size)
    assert not pace.full(21)


def test_small_batches_are_a_quiet_building() -> None:
    assert not _learnt(SIZE_MIN - 1).full(SIZE_MIN - 1)


def test_a_larger_batch_shows_that_the_window_has_grown() -> None:
    pace = _learnt(20)
    assert pace.full(30)
    assert not pace.full(20)


def test_what_was_learnt_is_learnt_anew_after_a_while() -> None:
    pace = _learnt(20)
    used = [pace.full(20) for _ in range(TRUSTED_FOR + 2)]
    assert used.count(True) == TRUSTED_FOR + 1
    assert not used[-1]
