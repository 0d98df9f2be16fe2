"""Formats that are not ours: what becomes of what their devices say, assigned or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.codecs.port import Codec
from gateway.foreign.inbox import WAITING_MAX, WRITE_EVERY_MS
from gateway.foreign.intake import ASK_EVERY_MS
from gateway.wire import DUP, RETAIN
from rules.instant import HOUR_MS, MINUTE_MS
from rules.mode import Mode
from rules.site import Directory
from rules.timeline import Kind
from tests.support import building
from tests.support.plain_codec import PlainCodec, output, said
from tests.support.stage import BEFORE_JOURNAL, BEFORE_PUBACK, BETWEEN, START, Crashed, Stage

RULES = """
rules:
  - id: smoke-alarm
    title: {en: Smoke alarm}
    device_class: smoke_detector
    hazard: fire
    signal: alarm
    level: III
    when: {metric: alarm, is: true}
  - id: duress
    title: {en: Duress}
    device_class: door
    hazard: intrusion
    signal: alarm
    level: III
    when: {event: duress}
"""
OPENED = [Kind.OPENED, Kind.DETECTED]
CODECS: dict[str, Callable[[], Codec]] = {"p": PlainCodec}
POINTS = {"smoke": {"metric": "alarm"}, "t": {"metric": "temperature", "scale": 0.1}, "d": {"metric": "smoke"}}


def site(**devices: Any) -> Directory:
    source = {"codec": "p", "id": "n1", "points": POINTS}
    return building.directory({"12F-east": {"sd-1": {"class": "smoke_detector", "source": source}, **devices}})


def _stage(folder: Path, directory: Directory | None = None) -> Stage:
    return Stage(folder, RULES, site=directory or site(), codecs=CODECS)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = _stage(tmp_path)
    yield made
    made.close()


def say(stage: Stage, values: dict[str, Any], flags: int = 0, **more: Any) -> None:
    stage.tell("plain/x", [said("n1", values, **more)], flags)


def believed(stage: Stage) -> dict[str, Any]:
    watched = stage.screen.known(f"{building.SITE}/sd-1")
    assert watched is not None
    return watched.believed()


# ---- values


def test_what_an_assigned_device_says_is_judged_and_stored_as_a_native_reading(stage: Stage) -> None:
    say(stage, {"smoke": False, "t": 215, "linkquality": 80})
    assert stage.stored("sd-1") == [(-1, {"alarm": False, "temperature": 21.5})]
    assert (stage.kinds(), stage.letters(), stage.queue) == ([], {}, [])
    say(stage, {"smoke": True})
    assert stage.kinds() == OPENED


def test_a_message_is_acknowledged_only_after_what_it_caused_is_committed(tmp_path: Path) -> None:
    for point in (BEFORE_JOURNAL, BETWEEN, BEFORE_PUBACK):
        stage = _stage(tmp_path / point.replace(" ", "-"))
        stage.crash_at = point
        with pytest.raises(Crashed):
            say(stage, {"smoke": True}, at=START, seq=1)
        assert stage.acknowledged == []
        stage.restart()
        stage.deliver()
        stage.time_is_up()
        assert (stage.kinds(), stage.queue) == (OPENED, [])
        assert stage.stored("sd-1") == [(1, {"alarm": True})]
        stage.close()


def test_messages_with_a_counter_are_ordered_by_it(stage: Stage) -> None:
    say(stage, {"t": 200}, seq=2)
    say(stage, {"t": 300}, seq=1, at=START - MINUTE_MS)
    assert believed(stage) == {"temperature": 20.0}
    say(stage, {"smoke": True}, seq=0, at=START - MINUTE_MS)
    assert stage.kinds() == OPENED, "what is late can raise"


def test_a_message_sent_again_after_a_crash_is_stored_once(stage: Stage) -> None:
    for flags in (0, DUP, DUP):
        say(stage, {"t": 200}, flags, at=START)
    assert stage.stored("sd-1") == [(-1, {"temperature": 20.0})]


def test_a_value_that_is_gone_is_no_longer_believed(stage: Stage) -> None:
    say(stage, {"t": 200, "smoke": False})
    say(stage, {"t": None})
    assert believed(stage) == {"alarm": False}
    assert stage.letters() == {}


def test_a_value_that_means_nothing_is_no_longer_believed_and_told(tmp_path: Path) -> None:
    words = {"codec": "p", "id": "n1", "points": {"s": {"metric": "alarm", "words": {"ON": True, "OFF": False}}}}
    stage = _stage(tmp_path, building.directory({"12F-east": {"sd-1": {"class": "smoke_detector", "source": words}}}))
    say(stage, {"s": "OFF"})
    say(stage, {"s": "perhaps"})
    assert (believed(stage), stage.letters()) == ({}, {"unknown value": 1})
    say(stage, {"s": "ON"})
    assert stage.kinds() == OPENED
    stage.close()


@pytest.mark.parametrize("value", [1, "true", 2.5])
def test_a_value_of_the_wrong_type_is_a_dead_letter_and_no_reading(stage: Stage, value: Any) -> None:
    say(stage, {"smoke": False})
    say(stage, {"smoke": value})
    assert (believed(stage), stage.letters()) == ({}, {"wrong type": 1})


def test_a_value_out_of_the_metrics_range_is_a_dead_letter(stage: Stage) -> None:
    say(stage, {"d": 99})
    assert (believed(stage), stage.letters()) == ({}, {"out of range": 1})


def test_a_time_that_cannot_be_is_not_believed_and_the_value_is(stage: Stage) -> None:
    say(stage, {"smoke": True}, at=START + 400 * 24 * HOUR_MS)
    assert (stage.kinds(), stage.letters()) == (OPENED, {"implausible time": 1})


# ---- guards: retained, historical, replayed


def test_what_was_buffered_is_stored_and_never_raises(stage: Stage) -> None:
    say(stage, {"smoke": False})
    say(stage, {"smoke": True}, historical=True, at=START - HOUR_MS)
    assert (stage.kinds(), believed(stage)) == ([], {"alarm": False})
    assert ({"alarm": True} in [each[4] for each in _all_of(stage)]) is True


def test_what_was_buffered_does_not_come_to_be_believed_after_a_restart(stage: Stage) -> None:
    say(stage, {"smoke": False})
    say(stage, {"smoke": True}, historical=True, at=START - HOUR_MS)
    stage.restart()
    say(stage, {"t": 200})
    assert (stage.kinds(), believed(stage)) == ([], {"alarm": False, "temperature": 20.0})


def test_a_retained_alarm_raises_when_the_gateway_comes_up_and_not_again_with_every_connection(stage: Stage) -> None:
    for _ in range(3):
        say(stage, {"smoke": True}, RETAIN)
    assert stage.kinds() == OPENED
    stage.restart()
    say(stage, {"smoke": True}, RETAIN)
    assert stage.kinds() == OPENED


def test_a_retained_alarm_of_a_device_that_was_well_when_the_gateway_went_down_raises(stage: Stage) -> None:
    say(stage, {"smoke": False})
    stage.restart()
    say(stage, {"smoke": True}, RETAIN)
    assert stage.kinds() == OPENED


def test_a_retained_all_clear_clears_nothing_that_a_live_message_has_raised(stage: Stage) -> None:
    say(stage, {"smoke": True})
    say(stage, {"smoke": False}, RETAIN)
    assert stage.kinds() == OPENED


def test_what_the_broker_kept_of_many_topics_is_believed_topic_by_topic(stage: Stage) -> None:
    say(stage, {"t": 200}, RETAIN)
    say(stage, {"smoke": False}, RETAIN)
    say(stage, {"d": 0.02}, RETAIN)
    assert believed(stage) == {"temperature": 20.0, "alarm": False, "smoke": 0.02}


def test_what_the_broker_kept_is_no_sign_of_life_of_a_silent_device(stage: Stage) -> None:
    say(stage, {"smoke": False})
    stage.screen.listening(stage.now)
    stage.now += HOUR_MS
    stage.screen.advance(stage.now)
    say(stage, {"smoke": False}, RETAIN)
    assert list(stage.screen.silent()) == [f"{building.SITE}/sd-1"]
    say(stage, {"smoke": False})
    assert list(stage.screen.silent()) == []


# ---- events, availability


def test_an_event_goes_by_the_name_that_the_site_file_gives_it(tmp_path: Path) -> None:
    source = {"codec": "p", "id": "d1", "events": {"hold": "duress"}}
    stage = _stage(tmp_path, site(**{"door-1": {"class": "door", "source": source}}))
    stage.tell("plain/x", [output("Happened", native_id="d1", event="hold", historical=True)])
    assert stage.kinds() == []
    stage.tell("plain/x", [output("Happened", native_id="d1", event="hold", attributes={"by": "x"})])
    assert stage.kinds() == OPENED
    stage.tell("plain/x", [output("Happened", native_id="d1", event="double")])
    assert stage.letters() == {"unknown event": 1}
    stage.close()


def test_availability_is_what_the_format_says(stage: Stage) -> None:
    stage.tell("plain/x", [output("Heard", native_id="n1", online=False)])
    watched = stage.screen.known(f"{building.SITE}/sd-1")
    assert watched is not None
    assert watched.online is False
    say(stage, {"smoke": False})
    assert watched.online is True


def test_the_limit_of_silence_that_a_device_announces_counts_where_the_site_file_has_none(stage: Stage) -> None:
    stage.tell("plain/x", [output("Found", native_id="n1", silent_after_ms=25 * HOUR_MS)])
    watched = stage.screen.known(f"{building.SITE}/sd-1")
    assert watched is not None
    assert watched.device.silent_after_ms == 25 * HOUR_MS
    stage.restart()
    watched = stage.screen.known(f"{building.SITE}/sd-1")
    assert watched is not None
    assert watched.device.silent_after_ms == 25 * HOUR_MS


# ---- what is not understood


def test_what_a_codec_cannot_read_is_a_dead_letter(stage: Stage) -> None:
    stage.tell("plain/x", "{")
    assert (stage.letters(), stage.queue) == ({"bad json": 1}, [])


def test_what_a_codec_cannot_read_beside_what_it_can_is_a_dead_letter_too(stage: Stage) -> None:
    part = output("Rejected", reason="wrong shape", detail="temperature is a DataSet")
    stage.tell("plain/x", [said("n1", {"smoke": True}), part])
    assert (stage.letters(), stage.kinds()) == ({"wrong shape": 1}, OPENED)


def test_a_codec_that_fails_costs_its_message_and_nothing_else(stage: Stage) -> None:
    stage.publish_to("plain/x", "raise")
    say(stage, {"smoke": True})
    assert (stage.letters(), stage.kinds()) == ({"codec failed": 1}, OPENED)


def test_a_topic_that_no_codec_asked_for_is_a_dead_letter_as_ever(stage: Stage) -> None:
    stage.tell("elsewhere/x", "1")
    assert stage.letters() == {"unknown topic": 1}


def test_an_id_longer_than_any_format_has_is_a_dead_letter(stage: Stage) -> None:
    stage.tell("plain/x", [said("n" * 5_000, {"a": 1})])
    assert (stage.letters(), len(stage.foreign.inbox.all())) == ({"wrong shape": 1}, 0)


# ---- the inbox


def test_an_unassigned_device_is_kept_in_the_inbox_and_not_in_telemetry(stage: Stage) -> None:
    stage.tell("plain/x", [output("Found", native_id="new", title="East smoke"), said("new", {"smoke": True, "b": 1})])
    item = stage.foreign.inbox["p", "new"]
    assert (item.found.title, item.values, item.said) == ("East smoke", {"smoke": True, "b": 1}, 1)
    assert (stage.kinds(), stage.letters(), stage.telemetry.rows) == ([], {}, [])


def test_what_was_declared_is_known_after_a_crash_and_given_back_to_the_codec(stage: Stage) -> None:
    stage.tell("plain/x", [output("Found", native_id="new", title="East smoke", memory="AQID")])
    stage.restart()
    codec = stage.foreign._codecs["p"]
    assert isinstance(codec, PlainCodec)
    assert [(each.native_id, each.memory) for each in codec.restored] == [("new", b"\1\2\3")]


def test_counts_and_values_of_the_unassigned_are_written_at_most_every_ten_seconds(stage: Stage) -> None:
    for number in range(3):
        stage.tell("plain/x", [said("new", {"n": number})])
    assert b'"said":1' in stage.store.inbox_rows()[0][2]
    stage.now += WRITE_EVERY_MS
    stage.tell("plain/x", [said("new", {"n": 9})])
    assert b'"said":4' in stage.store.inbox_rows()[0][2]


def test_a_flood_of_bogus_devices_keeps_the_inbox_small_and_the_assigned_in_it(stage: Stage) -> None:
    say(stage, {"smoke": False})
    stage.tell("plain/x", [said("kept", {"a": 1})])
    stage.foreign.inbox.ignore(("p", "kept"), True)
    for start in range(0, 3 * WAITING_MAX, 500):
        stage.tell("plain/x", [said(f"bogus-{start + number}", {"a": number}) for number in range(500)])
    inbox = stage.foreign.inbox
    assert len(inbox.waiting) == WAITING_MAX
    assert ("p", "n1") in inbox.placed
    assert ("p", "kept") in inbox.waiting, "what somebody has looked at goes last"
    assert inbox.get(("p", "bogus-0")) is None
    assert len(stage.store.inbox_rows()) == WAITING_MAX + 1
    assert len(stage.ingest._routes) == 0, "nor do topics"


def test_a_device_that_declares_megabytes_is_a_dead_letter(stage: Stage) -> None:
    stage.tell("plain/x", [output("Found", native_id="big", memory="A" * 2_000_000)])
    assert (stage.letters(), stage.foreign.inbox.all()) == ({"payload too large": 1}, [])


def test_a_device_that_leaves_is_forgotten_unless_it_has_a_place(stage: Stage) -> None:
    stage.tell("plain/x", [output("Found", native_id="new"), output("Found", native_id="n1")])
    stage.tell("plain/x", [output("Gone", native_id="new"), output("Gone", native_id="n1")])
    assert [(each.key, each.gone) for each in stage.foreign.inbox.all()] == [(("p", "n1"), True)]
    stage.restart()
    assert [(each.key, each.gone) for each in stage.foreign.inbox.all()] == [(("p", "n1"), True)]


def test_a_device_that_burns_while_it_is_assigned_raises_at_once(tmp_path: Path) -> None:
    stage = _stage(tmp_path, building.directory({"12F-east": {"sd-2": "smoke_detector"}}))
    say(stage, {"smoke": True, "t": 300})
    assert stage.kinds() == []
    stage.assign(site())
    assert stage.kinds() == OPENED
    assert believed(stage) == {"alarm": True, "temperature": 30.0}
    stage.close()


def test_what_a_device_said_yesterday_does_not_count_when_it_is_assigned(tmp_path: Path) -> None:
    stage = _stage(tmp_path, building.directory({"12F-east": {"sd-2": "smoke_detector"}}))
    say(stage, {"smoke": True})
    stage.now += 24 * HOUR_MS
    stage.assign(site())
    assert stage.kinds() == []
    stage.close()


def test_without_points_in_the_site_file_those_of_the_format_count(tmp_path: Path) -> None:
    bare = {"codec": "p", "id": "n1"}
    stage = _stage(tmp_path, building.directory({"12F-east": {"sd-1": {"class": "smoke_detector", "source": bare}}}))
    point = {"name": "smoke", "metric": "alarm"}
    other = {"name": "x", "metric": "power_w"}  # of another class
    stage.tell("plain/x", [output("Found", native_id="n1", device_class="smoke_detector", points=[point, other])])
    say(stage, {"smoke": True, "x": 5})
    assert (stage.kinds(), stage.stored("sd-1")) == (OPENED, [(-1, {"alarm": True})])
    stage.close()


# ---- what a codec asks


def test_a_codec_asks_at_most_once_a_minute_and_topic(stage: Stage) -> None:
    ask = output("Ask", publish=["plain/n1/cmd", "AQ==", 1, False], reason="a gap")
    for _ in range(3):
        stage.tell("plain/x", [ask])
    assert [each.topic for each in stage.asks] == ["plain/n1/cmd"]
    stage.now += ASK_EVERY_MS
    stage.tell("plain/x", [ask])
    assert len(stage.asks) == 2


def test_an_exercise_never_hears_a_foreign_device(stage: Stage) -> None:
    say(stage, {"smoke": True})
    assert stage.screen.known(f"{building.SITE}/sd-1", Mode.EXERCISE) is None


def _all_of(stage: Stage) -> list[Any]:
    source = stage.telemetry.source("actual", f"{building.SITE}/sd-1")
    return stage.telemetry.readings(source, 0, 2 * START, 100)
