"""Figures for Prometheus: what is counted is what happened, names follow the conventions, labels are a fixed few."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.histogram import COMMIT_S, Histogram
from gateway.metrics import GatewayCollector, exposition
from gateway.sizes import measured
from rules.instant import MINUTE_MS
from tests.gateway.test_front_response import House

UNITS = ("seconds", "bytes", "messages", "info")
LABELS = {"kind", "result", "channel", "reason", "level", "mode", "part", "version", "le"}
SERIES_MAX = 250  # of a gateway: a building's size is in none of them


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.client.aclose()
    assert house.core is not None
    house.core.close()


def families(house: House) -> dict[str, Metric]:
    collector = GatewayCollector(house.now)
    collector.core = house.core
    return {each.name: each for each in text_string_to_metric_families(exposition(collector).decode())}


def value(house: House, name: str, **labels: str) -> float:
    samples = [sample for family in families(house).values() for sample in family.samples]
    return next(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())


def samples_of(found: Iterable[Metric]) -> list[tuple[str, dict[str, str]]]:
    return [(sample.name, sample.labels) for family in found for sample in family.samples]


async def test_every_metric_says_what_it_is_and_is_named_by_the_conventions(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    for family in families(house).values():
        assert re.fullmatch(r"tocsin_[a-z0-9_]+", family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|count|sum|bucket)$", family.name), family.name
        if family.type == "histogram":
            assert family.name.endswith(UNITS), family.name
        for name, labels in samples_of([family]):
            assert name.endswith("_total") == (family.type == "counter"), name
            assert labels.keys() <= LABELS, name


async def test_a_thousand_devices_that_nobody_knows_add_no_series(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    house.reading("nobody", smoke=1.0)
    before = samples_of(families(house).values())
    for number in range(1_000):
        house.reading(f"nobody-{number}", smoke=1.0)
    assert samples_of(families(house).values()) == before
    assert len(before) < SERIES_MAX
    assert value(house, "tocsin_dead_letters_total", reason="unknown device") == 1_001


async def test_messages_batches_and_verdicts_are_counted_where_they_happen(house: House) -> None:
    house.reading("sd-1", smoke=0.0)
    house.reading("sd-1", smoke=0.2)
    assert value(house, "tocsin_messages_total") == 2
    assert value(house, "tocsin_readings_live_total") == 2
    assert value(house, "tocsin_verdict_changes_total") >= 1
    assert value(house, "tocsin_last_message_time_seconds") == house.now / 1000


async def test_a_message_known_already_counts_as_replayed_and_an_older_one_as_late(house: House) -> None:
    assert house.core is not None
    for seq, at in ((5, house.now), (5, house.now), (3, house.now - 5_000)):
        payload = json.dumps({"values": {"smoke": 0.0}, "seq": seq, "ts": at}).encode()
        house.core.ingest.on_messages([(b"tocsin/v1/tower-a/sd-1/telemetry", payload, 0, 0)], 1)
    house.core.ingest.flush()
    assert value(house, "tocsin_readings_replayed_total") == 1
    assert value(house, "tocsin_readings_late_total") == 1


async def test_a_batch_is_measured_from_its_first_message_to_its_acknowledgement(house: House) -> None:
    assert house.core is not None
    payload = json.dumps({"values": {"smoke": 0.0}}).encode()
    topic = b"tocsin/v1/tower-a/sd-1/telemetry"
    house.core.ingest.on_messages([(topic, payload, number + 1, 0) for number in range(7)], 1)
    assert value(house, "tocsin_unacknowledged_messages") == 7
    house.core.ingest.flush()
    assert value(house, "tocsin_unacknowledged_messages") == 0
    assert value(house, "tocsin_batch_messages_sum") == 7
    for name in ("batch_messages", "ingest_lag_seconds", "telemetry_commit_seconds"):
        assert value(house, f"tocsin_{name}_count") == 1
    assert 0 < value(house, "tocsin_ingest_lag_seconds_sum") < 60


async def test_each_commit_of_the_journal_is_in_the_histogram(house: House) -> None:
    before = value(house, "tocsin_commit_seconds_count")
    house.reading("sd-1", smoke=0.2)
    assert value(house, "tocsin_commit_seconds_count") == before + 1


async def test_a_deadline_that_is_handled_late_says_by_how_much(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    assert house.core is not None
    due = house.core.desk.next_deadline()
    assert due is not None
    house.now = due + 90_000
    before = value(house, "tocsin_deadline_lateness_seconds_sum")
    house.core.desk.advance()
    assert value(house, "tocsin_deadline_lateness_seconds_sum") - before == pytest.approx(90)


async def test_open_incidents_are_told_by_level_and_mode(house: House) -> None:
    house.reading("sd-1", smoke=0.2)
    house.reading("sd-2", smoke=0.2)
    house.wait(0.5)
    levels = {level: value(house, "tocsin_incidents_open", level=level, mode="actual") for level in ("I", "II", "III")}
    assert sum(levels.values()) == 1
    assert sum(value(house, "tocsin_incidents_open", level=level, mode="exercise") for level in levels) == 0


async def test_what_waits_in_the_outbox_is_told_by_kind(house: House) -> None:
    assert value(house, "tocsin_outbox_waiting", kind="PublishCommand") == 0
    house.reading("sd-1", smoke=0.2)
    house.reading("sd-2", smoke=0.2)
    house.wait(0.5)
    assert value(house, "tocsin_outbox_waiting", kind="PublishCommand") >= 1


def test_without_a_core_it_is_not_ready_and_says_since_when_it_runs() -> None:
    text = exposition(GatewayCollector(MINUTE_MS)).decode()
    assert "tocsin_ready 0.0" in text
    assert "tocsin_start_time_seconds 60.0" in text
    assert 'tocsin_build_info{version="' in text


def test_what_is_stored_is_measured_by_part_with_room_that_is_left(tmp_path: Path) -> None:
    (tmp_path / "telemetry").mkdir()
    (tmp_path / "telemetry" / "2026-11-24T05.sqlite").write_bytes(bytes(1_000))
    (tmp_path / "telemetry" / "energy.sqlite").write_bytes(bytes(200))
    (tmp_path / "journal.sqlite").write_bytes(bytes(30))
    (tmp_path / "journal.sqlite-wal").write_bytes(bytes(4))
    parts, disk = measured(tmp_path)
    assert parts == {"journal": 34, "search": 0, "attachments": 0, "energy": 200, "telemetry": 1_000}
    assert disk is not None
    assert 0 < disk.free <= disk.size


def test_a_disk_that_cannot_be_asked_is_no_figure(tmp_path: Path) -> None:
    parts, disk = measured(tmp_path / "gone")
    assert set(parts.values()) == {0}
    assert disk is None


@given(st.lists(st.floats(0, 10)))
def test_a_histogram_s_buckets_hold_what_is_no_more_than_their_end(values: list[float]) -> None:
    histogram = Histogram(COMMIT_S)
    for each in values:
        histogram.observe(each)
    samples = {
        (sample.name, sample.labels.get("le")): sample.value for sample in histogram.family("x_seconds", "X.").samples
    }
    for bound in COMMIT_S:
        assert samples["x_seconds_bucket", str(bound)] == sum(each <= bound for each in values)
    assert samples["x_seconds_bucket", "+Inf"] == samples["x_seconds_count", None] == len(values)
    assert samples["x_seconds_sum", None] == pytest.approx(sum(values))
