"""Keeps the roll-up up to date while the gateway runs, and tells of each hour's consumption once it is over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from gateway.child_process import beside
from gateway.clock import Clock
from gateway.rollup.file import HOURS, NONE_YET, RollUp
from gateway.store.errors import StoreFailed
from gateway.telemetry.hours import Hour, hour_of, hours_in
from rules.baseline import WEEK_HOURS
from rules.instant import HOUR_MS, MINUTE_MS
from rules.kpi_energy import Meter

LAG_MS = MINUTE_MS  # after the end of an hour: what its last batch holds is stored, and most of what was on its way
LOOK_SECONDS_MAX = 600.0  # a clock that was set forward is noticed within this
SECONDS_MAX = 3_600.0  # of one process: a month of a hundred meters takes five minutes
TOLD_HOURS = 48  # each time: what came late has changed hours that were told

log = logging.getLogger("tocsin.rollup")


class Keeper:
    """`run` it as a task. `told(device, first hour, kilowatt hours of each)`, on the event loop."""

    def __init__(
        self,
        folder: Path,
        meters: Callable[[], Sequence[Meter]],
        compared: Callable[[], Sequence[str]],
        told: Callable[[str, int, Sequence[float]], None],
        clock: Clock,
    ) -> None:
        """`meters`: of the site files in force; `compared`: those of them whose hours some rule looks at."""
        self._folder, self._meters, self._compared, self._told, self._clock = folder, meters, compared, told, clock
        self._last_told = NONE_YET
        self.until: Hour = NONE_YET  # the last hour that is in it, for the metrics
        self.failures = 0

    async def run(self) -> None:
        """Until cancelled. A roll-up that cannot be made is made later: nothing depends on it but figures."""
        while True:
            until = closed_hour(self._clock() - LAG_MS)
            try:
                await self._make(until)
                await self._tell(until)
            except (StoreFailed, OSError) as error:
                self.failures += 1
                log.warning("the roll-up of energy waits: %s", error)
            due_ms = (closed_hour(self._clock() - LAG_MS) + 2) * HOUR_MS + LAG_MS - self._clock()
            await asyncio.sleep(min(LOOK_SECONDS_MAX, max(1.0, due_ms / 1000)))

    async def _make(self, until: Hour) -> None:
        meters = self._meters()
        if await asyncio.to_thread(is_behind, self._folder, meters, until):
            await _made(self._folder, meters, until)
        self.until = until

    async def _tell(self, until: Hour) -> None:
        if self._last_told == until:
            return
        for device in self._compared():
            first = until + 1 - TOLD_HOURS
            self._told(device, first, await asyncio.to_thread(hours_of, self._folder, device, first, until + 1))
        self._last_told = until


def closed_hour(now: int) -> Hour:
    """The last that is over."""
    return hour_of(now) - 1


def is_behind(folder: Path, meters: Sequence[Meter], until: Hour) -> bool:
    """Whether telemetry has hours that are not in the roll-up. Raises StoreFailed, OSError."""
    if not meters:
        return False
    rollup = RollUp(folder)
    try:
        least = min(rollup.done(meter.device) for meter in meters)
    finally:
        rollup.close()
    return any(least < hour <= until for hour in hours_in(folder))


def hours_of(folder: Path, device: str, since: Hour, until: Hour) -> Sequence[float]:
    rollup = RollUp(folder)
    try:
        return rollup.hours(device, since, until)
    finally:
        rollup.close()


class Past:
    """`rules.baseline.Consumed`, over the roll-up: at a start and after a reload."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, device: str, weeks: int) -> tuple[int, Sequence[float]]:
        try:
            rollup = RollUp(self._folder)
            try:
                return past(rollup, device, weeks)
            finally:
                rollup.close()
        except StoreFailed as error:
            log.warning("what %s used to consume is not known: %s", device, error)
            return 0, ()


def past(rollup: RollUp, device: str, weeks: int, until: Hour | None = None) -> tuple[int, Sequence[float]]:
    """Up to the last hour that is in it, or to `until` (excluded) if that comes first. Raises StoreFailed."""
    end = rollup.done(device) + 1 if until is None else min(until, rollup.done(device) + 1)
    first = max(0, end - weeks * WEEK_HOURS - HOURS)
    return (first, rollup.hours(device, first, end)) if rollup.done(device) != NONE_YET else (0, ())


async def _made(folder: Path, meters: Sequence[Meter], until: Hour) -> None:
    """Raises StoreFailed."""
    program = [sys.executable, "-m", "gateway.rollup", str(folder), str(until)]
    process = await asyncio.create_subprocess_exec(
        *beside(program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS_MAX):
            _, said = await process.communicate(msgspec.json.encode(list(meters)))
    except TimeoutError as error:
        raise StoreFailed(f"it took longer than {SECONDS_MAX:.0f} s; it goes on from where it was") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise StoreFailed(lines[-1][:500] if lines else f"its process ended with {process.returncode}")
