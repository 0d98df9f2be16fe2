"""Readings that are past their keeping here, read back from a real InfluxDB: the same answer as before they went."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.readings_port import Aggregate, Readings, ReadingsQuery
from gateway.config import InfluxPart
from gateway.forward.durable import Durable
from gateway.forward.forwarder import Forwarder
from gateway.forward.lines import Places
from gateway.forward.past import REST_SECONDS, SECONDS_MAX, InfluxPast
from gateway.forward.server import InfluxServer
from gateway.forward.stored import StoredRows
from gateway.telemetry import Telemetry
from gateway.telemetry.hours import by_source_file, file_of, hour_of
from gateway.telemetry.series import series
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from rules.mode import Mode
from tests.support.influx import Influx

START = 1_795_500_000_000 // HOUR_MS * HOUR_MS
HOURS = 4
DEVICE = "tower-a/lift-1"
PLACES = Places({DEVICE: ("main", "1F", "tower-a/shaft", "lift")})


class Past:
    """Four hours of a lift's readings, here and in InfluxDB."""

    def __init__(self, folder: Path, influx: Influx) -> None:
        self.folder, self.influx = folder / "telemetry", influx
        self.settings = InfluxPart.model_validate(influx.settings(batch_rows=500))
        self.past = InfluxPast(self.settings)
        self.telemetry = Telemetry(self.folder)
        for n in range(HOURS * 240):
            at = START + n * 15 * SECOND_MS + 7
            self._say(n, at, 40 if n % 50 else 2 * HOUR_MS)  # some come late
            if n % 40 == 0:
                self._say(n + 10_000, at, 60)  # and some twice in one millisecond
        self._forward(folder)

    def _say(self, n: int, at: int, late_ms: int) -> None:
        values = {"load_kg": float(n % 977), "moving": n % 3 == 0, "floor": f"{n % 9}F", "mode": "normal"}
        if n % 7 == 0:
            values = {"temperature": n / 7, "door open?": n % 2 == 0}
        mode = "exercise" if n % 11 == 0 else "actual"
        body = json.dumps(values).encode()
        self.telemetry.rows.append((self.telemetry.source(mode, DEVICE), at, n, 0, at + late_ms, None, body))
        self.telemetry.commit()

    def _forward(self, folder: Path) -> None:
        durable = Durable(folder / "influxdb.sqlite", "it")
        server, now = InfluxServer(self.settings, lambda: START), START + 30 * HOUR_MS
        forwarder = Forwarder(self.settings, StoredRows(self.folder), durable, server, pytest.fail, lambda: 1.0)
        forwarder.stand(PLACES)
        while forwarder.turn(now) == 0.0:
            pass
        assert (forwarder.counts.lag_rows, forwarder.counts.lost) == (0, {})
        server.close()
        durable.close()

    def here(self, **given: Any) -> Readings:
        return series(self.folder, question(**given))

    def both(self, **given: Any) -> Readings:
        return series(self.folder, question(**given), earlier=self.past.fill)

    def expire(self, hours: int) -> None:
        """The oldest files go, as retention does it."""
        for hour in range(hour_of(START), hour_of(START) + hours):
            for path in (file_of(self.folder, hour), by_source_file(file_of(self.folder, hour))):
                for each in self.folder.glob(f"{path.name}*"):
                    each.unlink()


def question(**given: Any) -> ReadingsQuery:
    asked = {"device": DEVICE, "since": START, "until": START + HOURS * HOUR_MS, "step_ms": 10 * MINUTE_MS}
    return ReadingsQuery(**{**asked, **given})


@pytest.fixture
def past(tmp_path: Path, influx: Callable[..., Influx]) -> Iterator[Past]:
    made = Past(tmp_path, influx())
    yield made
    made.past.close()
    made.telemetry.close()


def _rounded(readings: Readings) -> Any:
    """A sum depends on the order of its terms, in the last digits."""
    return {
        each.metric: [(at, round(value, 6) if isinstance(value, float) else value) for at, value in each.points]
        for each in readings.series
    }


def test_what_has_expired_here_is_answered_as_if_it_had_not(past: Past) -> None:
    questions: list[dict[str, Any]] = [
        *({"aggregate": each} for each in Aggregate),
        {"step_ms": 7 * MINUTE_MS + 123, "since": START + 5_001},  # steps that are no round times
        {"step_ms": HOURS * HOUR_MS},  # one step over what is here and what is not
        {"mode": Mode.EXERCISE},
        {"metrics": ["floor", "door open?"], "aggregate": Aggregate.LAST},
        {"metrics": ["load_kg"], "aggregate": Aggregate.MAX, "until": START + HOUR_MS},
        {"metrics": ["nothing"]},
        {"device": "tower-a/nobody"},
    ]
    before = [past.here(**each) for each in questions]
    assert before[0].series
    past.expire(2)
    for asked, known in zip(questions, before, strict=True):
        found = past.both(**asked)
        assert _rounded(found) == _rounded(known), asked
        assert (found.missing_before, found.missing, found.complete_until) == (None, "", known.complete_until)
    assert past.here().series != before[0].series  # without InfluxDB it would not be


def test_when_nothing_is_left_here_everything_comes_from_there(past: Past) -> None:
    before = past.here(aggregate=Aggregate.LAST)
    past.expire(HOURS + 3)
    assert _rounded(past.both(aggregate=Aggregate.LAST)) == _rounded(before)


def test_while_influxdb_is_down_what_is_here_is_answered_and_what_is_missing_said(past: Past) -> None:
    past.expire(2)
    past.influx.database.kill()
    found = past.both()
    assert found.missing_before is not None
    assert found.missing_before >= START + 2 * HOUR_MS
    assert found.missing == f"InfluxDB at {past.influx.url}: it answers 502"
    assert [each.metric for each in found.series] == [each.metric for each in past.here().series] != []
    assert past.both(since=START + 3 * HOUR_MS).missing == ""  # what is all here needs nobody


def test_a_token_that_is_not_accepted_is_said(past: Past) -> None:
    past.expire(1)
    past.influx.token_file.write_text("a wrong one")
    assert past.both().missing.endswith("it answers 401")


def test_after_a_failure_nobody_waits_again_for_a_while() -> None:
    asked: list[float] = []
    now = [0.0]

    def slow(request: httpx.Request) -> httpx.Response:
        asked.append(now[0])
        raise httpx.ReadTimeout("timed out", request=request)

    past = InfluxPast(InfluxPart(url="http://influx.test"), httpx.MockTransport(slow), lambda: now[0])
    for at in (0.0, 1.0, REST_SECONDS - 0.1, REST_SECONDS + 0.1):
        now[0] = at
        assert past.fill(question(), START + HOUR_MS, Nothing()) == "InfluxDB at http://influx.test: timed out"
    assert asked == [0.0, REST_SECONDS + 0.1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"not json", "JSON"),
        (b"[]", "no answer to InfluxQL"),
        (b'{"results":[{"error":"retention policy not found"}]}', "retention policy not found"),
        (b'{"error":"database name required"}', "database name required"),
        (b'{"results":[{"series":[{"columns":["time"],"values":[[1]],"partial":true}]}]}', "only a part"),
    ],
)
def test_an_answer_that_is_none_is_said_and_raises_nothing(body: bytes, words: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    past = InfluxPast(InfluxPart(url="http://influx.test"), transport)
    assert words in past.fill(question(), START + HOUR_MS, Nothing())


def test_an_answer_that_drips_is_cut_off_in_time() -> None:
    now = [0.0]

    def drip() -> Iterator[bytes]:
        while True:
            now[0] += 1.0
            yield b" "

    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=drip()))
    past = InfluxPast(InfluxPart(url="http://influx.test"), transport, lambda: now[0])
    assert "no whole answer within" in past.fill(question(), START + HOUR_MS, Nothing())
    assert now[0] <= SECONDS_MAX + 1


class Nothing:
    def take_sums(self, step: int, metric: str, count: int, *sums: float | None, numbers: int) -> None:
        raise AssertionError("nothing was to be taken")

    def take_last(self, step: int, metric: str, value: Any, kind: str, at: int) -> None:
        raise AssertionError("nothing was to be taken")
