"""Ingest: what is acknowledged and when, in which order messages count, what becomes of what is not understood."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.ingest import BATCH_MESSAGES_MAX
from gateway.ordering import AHEAD_MS_MAX, BEHIND_MS_MAX
from gateway.wire import DUP, OVERSIZE, RETAIN
from rules.instant import DAY_MS, HOUR_MS
from rules.timeline import Kind
from tests.support.building import SITE
from tests.support.stage import BEFORE_JOURNAL, START, Crashed, Stage

ALARM, CLEAR, QUIET = {"smoke": 0.4}, {"smoke": 0.01}, {"smoke": 0.02}
OPENED = [Kind.OPENED, Kind.DETECTED, Kind.PRE_ALARM]
CLEARED = [*OPENED, Kind.CLEARED, Kind.COUNTDOWN_STOPPED]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def _tell(stage: Stage, device: str, flags: int = 0, **told: Any) -> None:
    """One message, delivered and committed."""
    stage.publish(device, flags=flags, **told)
    stage.deliver()
    stage.time_is_up()


# ---- acknowledgement


def test_a_reading_that_changes_nothing_is_acknowledged_when_its_time_is_up(stage: Stage) -> None:
    ids = [stage.publish("sd-1", **QUIET), stage.publish("sd-2", **QUIET)]
    stage.deliver()
    assert stage.acknowledged == []
    assert [delay for delay, _ in stage.timer.waiting] == [0.005]
    stage.time_is_up()
    assert stage.acknowledged == [ids]
    assert stage.stored("sd-1") == [(-1, QUIET)]


def test_an_alarm_is_in_the_journal_at_once_and_acknowledged_with_its_batch_in_one_write(stage: Stage) -> None:
    ids = [stage.publish("sd-1", **QUIET), stage.publish("sd-2", **ALARM), stage.publish("sd-3", **QUIET)]
    stage.deliver()
    assert (stage.kinds(), stage.acknowledged) == (OPENED, [])
    stage.time_is_up()
    assert stage.acknowledged == [ids]


def test_what_a_device_answers_to_a_command_waits_for_its_batch(stage: Stage) -> None:
    topic = f"tocsin/v1/{SITE}/sd-1/command/result".encode()
    stage.ingest.on_messages([(topic, b'{"id": "CMD-000001", "ok": true}', 7, 2)], 1)
    assert stage.acknowledged == []
    stage.time_is_up()
    assert stage.acknowledged == [[7]]
    assert stage.kinds() == [Kind.UNKNOWN]


def test_a_full_batch_does_not_wait_for_its_time(stage: Stage) -> None:
    for number in range(BATCH_MESSAGES_MAX):
        stage.publish("sd-1", at=START + number, **QUIET)
    stage.deliver()
    assert [len(ids) for ids in stage.acknowledged] == [BATCH_MESSAGES_MAX]


def test_what_needs_no_acknowledgement_is_stored_all_the_same(stage: Stage) -> None:
    topic = f"tocsin/v1/{SITE}/sd-1/telemetry".encode()
    stage.ingest.on_messages([(topic, b'{"values": {"smoke": 0.4}}', 0, 0)], 1)
    assert stage.kinds() == OPENED
    assert stage.acknowledged == []


@pytest.mark.parametrize("values", [ALARM, QUIET])
@pytest.mark.parametrize("refuses", ["full", "telemetry_full"])
def test_what_the_store_refuses_is_not_acknowledged_and_nothing_more_is_taken_in(
    stage: Stage, values: dict[str, float], refuses: str
) -> None:
    setattr(stage, refuses, True)
    stage.publish("sd-1", seq=1, **values)
    if refuses == "full" and values is QUIET:
        stage.publish("sd-2", seq=1, **ALARM)
    stage.deliver()
    stage.time_is_up()
    assert len(stage.failures) == 1
    stage.deliver()
    stage.time_is_up()
    assert (stage.acknowledged, len(stage.failures)) == ([], 1)
    setattr(stage, refuses, False)
    stage.restart()
    stage.deliver()
    stage.time_is_up()
    assert stage.stored("sd-1") == [(1, values)]
    assert stage.queue == []


def test_packet_ids_of_an_earlier_connection_are_never_acknowledged(stage: Stage) -> None:
    stage.publish("sd-1", at=START, **QUIET)
    stage.deliver()
    stage.generation += 1  # the connection breaks before the batch is committed; the broker sends it again
    stage.queue[0] = (7, *stage.queue[0][1:])
    stage.deliver()
    stage.time_is_up()
    assert stage.acknowledged == [[7]]
    assert stage.stored("sd-1") == [(-1, QUIET)]


# ---- order: live, late, replay


def _counts(stage: Stage) -> tuple[int, int, int]:
    counts = stage.ingest.counts
    return counts.live, counts.late, counts.replayed


LIVE, LATE, REPLAY = (1, 0, 0), (0, 1, 0), (0, 0, 1)
_T = START + 1_000


@pytest.mark.parametrize(
    ("before", "message", "expected"),
    [
        ({"at": _T, "seq": 5}, {"at": _T + 1, "seq": 6}, LIVE),
        ({"at": _T, "seq": 5}, {"at": _T, "seq": 6}, LIVE),
        ({"at": _T, "seq": 5}, {"at": _T - 1, "seq": 6}, LIVE),  # a clock set back: the counter decides
        ({"at": _T, "seq": 5}, {"at": _T - 1, "seq": 6, "flags": DUP}, LATE),
        ({"at": _T, "seq": 5}, {"at": _T, "seq": 5, "flags": DUP}, REPLAY),
        ({"at": _T, "seq": 5}, {"at": _T, "seq": 5}, REPLAY),  # a device that repeats itself
        ({"at": _T, "seq": 5}, {"at": _T - 9, "seq": 4}, LATE),
        ({"at": _T, "seq": 5}, {"at": _T + 1, "seq": 0}, LIVE),  # started anew
        ({"seq": 5}, {"seq": 6}, LIVE),
        ({"seq": 5}, {"seq": 5, "flags": DUP}, REPLAY),
        ({"seq": 5}, {"seq": 5}, REPLAY),
        ({"seq": 5}, {"seq": 0}, LIVE),  # started anew
        ({"seq": 5}, {"seq": 4, "flags": DUP}, LATE),  # not stored: of a device started anew, before a crash
        ({"at": _T}, {"at": _T + 1}, LIVE),
        ({"at": _T}, {"at": _T, "flags": DUP}, REPLAY),
        ({"at": _T}, {"at": _T - 1}, LATE),
        ({}, {}, LIVE),
        ({}, {"flags": DUP}, LIVE),  # nothing to know it by: said again
        ({"at": _T}, {"at": _T + 1, "flags": RETAIN}, LIVE),
        ({"at": _T}, {"at": _T, "flags": RETAIN}, REPLAY),
        ({}, {"flags": RETAIN}, REPLAY),  # of unknown age, and said before
    ],
)
def test_a_message_is_live_late_or_a_replay(
    stage: Stage, before: dict[str, Any], message: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    stage.now = _T + 100
    _tell(stage, "sd-1", **before, **QUIET)
    counted = _counts(stage)
    _tell(stage, "sd-1", **message, **QUIET)
    live, late, replayed = _counts(stage)
    assert (live - counted[0], late - counted[1], replayed - counted[2]) == expected
    assert len(stage.stored("sd-1")) == 1 + (expected is not REPLAY)


def test_the_first_retained_message_of_unknown_age_counts(stage: Stage) -> None:
    _tell(stage, "sd-1", flags=RETAIN, **ALARM)
    assert stage.kinds() == OPENED
    assert stage.entries()[-2].reason.endswith("retained")


def test_a_late_alarm_is_raised_and_a_late_clear_clears_nothing(stage: Stage) -> None:
    stage.now = _T + 100
    _tell(stage, "sd-1", at=_T, **QUIET)
    _tell(stage, "sd-1", at=_T - 50, **ALARM)
    assert stage.kinds() == OPENED
    _tell(stage, "sd-1", at=_T - 40, **CLEAR)
    assert stage.kinds() == OPENED
    _tell(stage, "sd-1", at=_T + 10, **CLEAR)
    assert stage.kinds()[: len(CLEARED)] == CLEARED


def test_a_device_whose_clock_was_set_back_can_clear_its_alarm_after_a_minute(stage: Stage) -> None:
    _tell(stage, "sd-1", at=START, **ALARM)
    stage.now += 30_000
    _tell(stage, "sd-1", at=START - HOUR_MS, **CLEAR)
    assert stage.kinds() == OPENED
    stage.now += 40_000
    _tell(stage, "sd-1", at=START - HOUR_MS + 40_000, **CLEAR)
    assert Kind.CLEARED in stage.kinds()


def test_a_device_started_anew_after_a_restart_of_the_gateway_is_heard(stage: Stage) -> None:
    _tell(stage, "sd-1", seq=900, **QUIET)
    stage.restart()
    _tell(stage, "sd-1", seq=0, **ALARM)
    assert stage.kinds() == OPENED


def test_a_device_without_a_clock_that_was_started_anew_is_heard_under_the_number_it_had(stage: Stage) -> None:
    _tell(stage, "sd-1", seq=1, **QUIET)
    _tell(stage, "sd-1", seq=1, **ALARM)
    assert stage.kinds() == OPENED
    _tell(stage, "sd-1", seq=1, flags=DUP, **ALARM)
    assert _counts(stage) == (1, 1, 1)
    assert stage.kinds() == OPENED


def test_a_device_started_anew_is_heard_though_the_gateway_died_before_it_had_stored_that(stage: Stage) -> None:
    _tell(stage, "sd-1", seq=900, **QUIET)
    stage.publish("sd-1", seq=1, **ALARM)
    stage.crash_at = BEFORE_JOURNAL
    with pytest.raises(Crashed):
        stage.deliver()
    stage.restart()
    stage.deliver()
    stage.time_is_up()
    assert stage.kinds() == OPENED


def test_what_is_sent_again_after_our_own_clock_was_set_back_is_stored(stage: Stage) -> None:
    _tell(stage, "sd-1", seq=4, **QUIET)
    stage.now -= HOUR_MS
    stage.publish("sd-1", seq=5, **QUIET)
    stage.deliver()
    stage.restart()
    stage.deliver()  # with DUP
    stage.time_is_up()
    assert [seq for seq, _ in stage.stored("sd-1")] == [5, 4]  # by the file of their hour


def test_an_alarm_whose_retained_copy_comes_first_is_not_lost_when_it_comes_itself(stage: Stage) -> None:
    """Also where something older, and normal, comes in between."""
    _tell(stage, "sd-1", seq=4, **QUIET)
    stage.publish("sd-1", seq=6, flags=RETAIN, **ALARM)
    stage.publish("sd-1", seq=5, **CLEAR)
    stage.publish("sd-1", seq=6, **ALARM)
    stage.deliver()  # all in one instant
    stage.time_is_up()
    kinds = stage.kinds()
    assert kinds.count(Kind.DETECTED) == 2
    assert kinds.index(Kind.CLEARED) < len(kinds) - 1 - kinds[::-1].index(Kind.DETECTED)


# ---- what a device says of time


@pytest.mark.parametrize(
    ("offset_ms", "letters"),
    [
        (AHEAD_MS_MAX, {}),
        (AHEAD_MS_MAX + 10_000, {}),  # wrong, and told by the device's own clock rule; received time stands in
        (2 * DAY_MS, {"implausible time": 1}),
        (-BEHIND_MS_MAX + HOUR_MS, {}),
        (-BEHIND_MS_MAX - HOUR_MS, {"implausible time": 1}),
        (-50 * 365 * DAY_MS, {"implausible time": 1}),
    ],
)
def test_an_alarm_counts_whatever_its_clock_says(stage: Stage, offset_ms: int, letters: dict[str, int]) -> None:
    _tell(stage, "sd-1", at=stage.now + offset_ms, **ALARM)
    assert stage.kinds() == OPENED
    assert stage.letters() == letters


# ---- what is not understood


def test_a_bad_message_is_acknowledged_once_its_dead_letter_is_stored(stage: Stage) -> None:
    id_ = stage.publish("sd-1", payload=b"{")
    stage.deliver()
    assert stage.acknowledged == []
    stage.time_is_up()
    assert (stage.acknowledged, stage.letters()) == ([[id_]], {"bad json": 1})


@pytest.mark.parametrize(
    "topic",
    [
        b"tocsin/v1/\xff\xfe/sd-1/telemetry",
        b"tocsin/v1/tower-a/\xc3\x28/telemetry",
        b"",
        b"/",
        b"\x00",
        b"tocsin/v1//" + b"x" * 60_000,
        b"$SYS/broker/uptime",
    ],
)
def test_a_topic_of_any_bytes_becomes_a_dead_letter(stage: Stage, topic: bytes) -> None:
    stage.ingest.on_messages([(topic, b"{}", 1, 0)], 1)
    stage.time_is_up()
    (letter,) = stage.store.dead_letters().items
    assert letter.reason in ("unknown topic", "topic is not utf-8")
    assert letter.topic.isprintable()
    assert len(letter.topic) <= 300
    assert stage.acknowledged == [[1]]


def test_what_the_link_cut_short_is_too_large(stage: Stage) -> None:
    _tell(stage, "sd-1", flags=OVERSIZE, payload=b'{"values": {"smoke": 0.4}}')
    assert (stage.letters(), stage.kinds()) == ({"payload too large": 1}, [])


def test_the_mode_comes_from_the_tree_and_never_from_the_payload(stage: Stage) -> None:
    _tell(stage, "sd-1", tree="tocsin-exercise", payload=b'{"values": {"smoke": 0.4}, "mode": "actual"}')
    assert {entry.mode and entry.mode.value for entry in stage.entries() if entry.incident} == {"exercise"}
    assert stage.stored("sd-1") == []
    assert stage.stored("sd-1", "exercise") == [(-1, ALARM)]


def test_what_the_gateway_itself_says_is_not_taken_in(stage: Stage) -> None:
    _tell(stage, "gateway", kind="status", payload=b"online")
    _tell(stage, "sd-1", kind="command", payload=b"{}")
    assert stage.letters() == {}
    assert len(stage.acknowledged) == 2


def test_bogus_topics_are_not_kept(stage: Stage) -> None:
    for number in range(1_000):
        stage.publish(f"nobody-{number}", **QUIET)
    stage.deliver()
    stage.time_is_up()
    assert len(stage.ingest._routes) == 0
    assert stage.letters() == {"unknown device": 200}  # of the latest page
