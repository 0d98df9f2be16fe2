"""What of the gateway itself is told to people, when, and how often."""

from __future__ import annotations

import json

import pytest

from gateway.annunciation import Annunciation, disk_fault, own_troubles, siren
from gateway.heartbeat import FAILURES_MAX, Heartbeat
from gateway.sizes import Disk
from rules.instant import Instant
from tests.support.hook import hook

GIB = 1024**3


class Timeline:
    """What was told; `stands` says whether there is a core to tell."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.stands = True

    def tell(self, part: str, fault: str) -> bool:
        if self.stands:
            self.told.append((part, fault))
        return self.stands


def looked(annunciation: Annunciation, *faults: tuple[Instant, str], part: str = "broker") -> list[tuple[str, str]]:
    """(second, fault) after one another."""
    timeline = Timeline()
    for second, fault in faults:
        annunciation.look({part: fault}, second * 1000, timeline.tell)
    return timeline.told


def test_a_broker_that_is_away_is_told_once_it_has_been_for_its_patience() -> None:
    assert looked(Annunciation(), (0, "refused"), (9, "refused")) == []
    told = looked(Annunciation(), (0, "refused"), (10, "no answer"), (11, "refused"), (12, ""), (13, ""))
    assert told == [("broker", "no answer"), ("broker", "")]


def test_a_broker_that_comes_back_in_time_rings_no_bell() -> None:
    told = looked(Annunciation(), (0, "refused"), (9, ""), (10, "refused"), (19, "refused"), (20, ""))
    assert told == [("broker", "")]


def test_what_is_not_waited_for_is_told_at_once() -> None:
    assert looked(Annunciation(), (0, "line 3: no rule"), part="rules") == [("rules", "line 3: no rule")]


def test_a_core_that_comes_up_is_told_how_everything_is() -> None:
    annunciation, timeline = Annunciation(), Timeline()
    timeline.stands = False
    annunciation.look({"disk": "full"}, 0, timeline.tell)
    timeline.stands = True
    annunciation.look({"disk": "full"}, 1_000, timeline.tell)
    annunciation.look({"disk": "full"}, 2_000, timeline.tell)
    annunciation.anew()
    annunciation.look({"disk": "full"}, 3_000, timeline.tell)
    assert timeline.told == [("disk", "full")] * 2


@pytest.mark.parametrize(("jump_ms", "told"), [(3_600_000, "set forward by 1h"), (-2_000, "set back by 2s")])
def test_a_clock_that_is_set_is_told_for_a_minute(jump_ms: int, told: str) -> None:
    annunciation, timeline = Annunciation(), Timeline()
    start = 1_795_500_000_000
    annunciation.clock(start, 100.0)
    annunciation.clock(start + 1_000 + jump_ms, 101.0)
    for second in (1, 30, 62):
        annunciation.look({}, start + jump_ms + second * 1_000, timeline.tell)
    assert timeline.told == [("clock", told), ("clock", "")]


def test_a_clock_that_is_slewed_is_not_told() -> None:
    annunciation, timeline = Annunciation(), Timeline()
    for second in range(600):
        annunciation.clock(1_795_500_000_000 + second * 1_500, float(second))
        annunciation.look({}, second * 1_000, timeline.tell)
    assert timeline.told == []


@pytest.mark.parametrize(
    ("disk", "fault"),
    [
        (None, ""),
        (Disk(100 * GIB, 6 * GIB), ""),
        (Disk(100 * GIB, 4 * GIB), "4096 MiB of the disk are free, 4 %"),
        (Disk(2 * GIB, GIB // 4), "256 MiB of the disk are free, 12 %"),
    ],
)
def test_a_disk_that_is_nearly_full_is_told(disk: Disk | None, fault: str) -> None:
    assert disk_fault(disk) == fault


def test_the_siren_s_topic_speaks_of_tocsin_s_own_troubles_in_earnest_alone() -> None:
    known = ["actual|part/broker", "exercise|channel/sms", "actual|command/tower-a/vent-1/open", "actual|channel/sms"]
    sources = own_troubles(known)
    assert sources == ["channel/sms", "part/broker"]
    message = siren(["tower-a", "tower-b"], sources, 0)[1]
    assert (message.topic, message.retain) == ("tocsin/v1/tower-b/gateway/trouble", True)
    assert json.loads(message.payload) == {"at": "1970-01-01T00:00:00.000Z", "sources": sources, "trouble": True}
    assert json.loads(siren(["tower-a"], [], 0)[0].payload)["trouble"] is False


async def test_a_heartbeat_that_is_not_taken_is_a_fault_the_third_time_in_a_row() -> None:
    with hook() as outside:
        heartbeat = Heartbeat(f"{outside.url}/ping/secret", 60, lambda: True)
        await heartbeat.beat()
        assert (heartbeat.sent, heartbeat.fault, outside.posted[0].path) == (1, "", "/ping/secret")
        outside.status = 503
        for _ in range(FAILURES_MAX - 1):
            await heartbeat.beat()
        assert heartbeat.fault == ""
        await heartbeat.beat()
        assert heartbeat.fault == "answered 503"
        outside.status = 200
        await heartbeat.beat()
        assert heartbeat.fault == ""
    for _ in range(FAILURES_MAX):
        await heartbeat.beat()
    assert heartbeat.fault == "cannot be reached: ConnectError"


def test_an_address_that_is_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="expected https://host/") as refused:
        Heartbeat("ftp://user:secret@host", 60, lambda: True)
    assert "secret" not in str(refused.value)
