"""What the meters of a backtest consumed, told to both sides hour by hour as each closes, from the roll-up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.rollup import RollUp
from gateway.rollup.keeper import LAG_MS, past
from gateway.telemetry.hours import hour_of
from rules.backtest import Judge
from rules.instant import HOUR_MS, Instant


class ClosedHours:
    """Raises StoreFailed. Where no rule looks at consumption nothing is read."""

    def __init__(self, folder: Path, judges: Sequence[Judge], devices: set[str], begins: Instant) -> None:
        self._judges = judges
        weeks: dict[str, int] = {}
        for judge in judges:
            for watched in judge.screen.all():
                if watched.plan.weeks and watched.device.id in devices:
                    weeks[watched.device.id] = max(watched.plan.weeks, weeks.get(watched.device.id, 0))
        self._devices = sorted(weeks)
        self._rollup = RollUp(folder) if weeks else None
        self._next = hour_of(begins)
        for device in self._devices:
            assert self._rollup is not None
            first, hours = past(self._rollup, device, weeks[device], self._next)
            for judge in judges:
                judge.consumed(device, first, hours)

    def tell_until(self, instant: Instant) -> None:
        while self._rollup is not None and (self._next + 1) * HOUR_MS + LAG_MS <= instant:
            for judge in self._judges:
                judge.pass_until((self._next + 1) * HOUR_MS + LAG_MS)
            for device in self._devices:
                hours = self._rollup.hours(device, self._next, self._next + 1)
                for judge in self._judges:
                    judge.consumed(device, self._next, hours)
            self._next += 1

    def close(self) -> None:
        if self._rollup is not None:
            self._rollup.close()
