"""A forwarder on virtual time, between real telemetry files and a server that fails as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config import InfluxPart
from gateway.forward.counts import Counts, Lost
from gateway.forward.durable import Durable
from gateway.forward.forwarder import Forwarder
from gateway.forward.lines import Places
from gateway.forward.server import Answer, Partly, Refused, Taken
from gateway.forward.stored import StoredRows
from gateway.telemetry import Telemetry
from rules.instant import HOUR_MS, SECOND_MS

START = 1_795_500_000_000 // HOUR_MS * HOUR_MS
HERE = Places({"tower-a/em-1": ("main", "1F", "tower-a/plant", "energy_meter")})
THERE = Places({"tower-a/em-1": ("main", "2F", "tower-a/office", "energy_meter")})


class Killed(BaseException):
    """The process ends here: nothing that would clean up runs."""


class FakeServer:
    """Keeps points as InfluxDB does: what has the same series and time overwrites."""

    def __init__(self) -> None:
        self.points: dict[tuple[str, str], str] = {}
        self.bodies: list[bytes] = []
        self.answers: list[Answer | type[Killed]] = []  # given first, in order
        self.wrong: Callable[[str], Answer | None] = lambda line: None  # of one line
        self.kill_after_taking = False

    def write(self, body: bytes) -> Answer:
        self.bodies.append(body)
        if self.answers:
            answer = self.answers.pop(0)
            if not isinstance(answer, tuple):
                raise Killed
            return answer
        lines = body.decode().split("\n")
        faults = [fault for line in lines if (fault := self.wrong(line)) is not None]
        if faults and isinstance(faults[0], Refused):
            return faults[0]
        for line in lines:
            if self.wrong(line) is None:
                series, fields, time = line.split(" ")
                self.points[series, time] = fields
        if self.kill_after_taking:
            raise Killed
        return faults[0]._replace(dropped=len(faults)) if faults and isinstance(faults[0], Partly) else Taken()


class World:
    """Telemetry, a server, and a forwarder that may be killed and started again."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = InfluxPart(url="http://influx.test", **{"batch_rows": 4, **settings})
        self.telemetry = Telemetry(folder / "telemetry")
        self.server, self.lost, self.now, self.seq = FakeServer(), list[Lost](), START, 0
        self.said: list[tuple[int, float]] = []
        self.start()

    def start(self, places: Places = HERE, target: str = "a target") -> None:
        """Of the process before, only what is on the disk is left."""
        self.durable = Durable(self.folder / "influxdb.sqlite", target)
        stored = StoredRows(self.folder / "telemetry")
        self.forwarder = Forwarder(self.settings, stored, self.durable, self.server, self.lost.append, lambda: 1.0)
        self.forwarder.stand(places)

    def say(self, number: int = 1, device: str = "tower-a/em-1", mode: str = "actual", **more: Any) -> None:
        for _ in range(number):
            self.seq += 1
            row = (self.telemetry.source(mode, device), more.get("at", self.now), self.seq, 0, self.now, None)
            body = json.dumps(more.get("values", {"power_w": float(self.seq)})).encode()
            self.telemetry.rows.append((*row, body))
        self.telemetry.commit()

    def turn(self) -> float:
        return self.forwarder.turn(self.now)

    def run(self, turns: int = 200) -> None:
        """Until nothing waits."""
        for _ in range(turns):
            seconds = self.turn()
            self.now += round(seconds * SECOND_MS)
            if self.counts.lag_rows == 0 and not self.server.answers:
                return
        pytest.fail(f"{self.counts.lag_rows} rows still wait")

    def killed(self) -> None:
        with pytest.raises(Killed):
            self.run()
        self.durable.close()

    @property
    def counts(self) -> Counts:
        return self.forwarder.counts

    def values(self) -> list[float]:
        return sorted(float(fields.partition("=")[2]) for fields in self.server.points.values())
