"""Reading what meters have said: from the roll-up, and from telemetry where that has not come to it yet."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo

from api.report_port import EnergyQuery, Times, TooMuchAsked
from gateway.rollup import RollUp
from gateway.rollup.making import meters_in, samples
from gateway.telemetry import Telemetry
from gateway.telemetry.hours import Hour
from rules.energy import Stretch, join, stretch_of
from rules.instant import DAY_MS, HOUR_MS, Instant
from rules.kpi_energy import EnergyFigures, EnergyQuestion, Meter, energy_figures
from rules.mode import Mode
from rules.site import Directory

METER_DAYS_MAX = 4_000  # of one question: a hundred meters for forty days; some 0.3 ms and 25 KB each
UNROLLED_DAYS_MAX = 400  # of them, that are not in the roll-up: at a reading every 10 s each takes some 0.1 s
INTERVALS_MAX = 40_000  # of one answer


class MeterDays:
    """For any thread; one at a time reads telemetry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reading = Lock()

    def figures(self, directory: Directory, query: EnergyQuery, times: Times, now: Instant) -> EnergyFigures:
        """Raises TooMuchAsked, StoreFailed."""
        meters = meters_of(directory, query)
        check_bounds(len(meters), query.step_ms, times)
        zone = _zone(directory, meters)
        question = EnergyQuestion(*times, query.step_ms, query.night_from_hour, query.night_to_hour)
        # with the hours beside: what leads into the time asked about, and out of it
        since, until = times[0] // HOUR_MS - 1, -(-min(times[1], now) // HOUR_MS) + 1
        with self._reading:
            rollup = RollUp(self._folder)
            try:
                raw = _not_rolled_up(rollup, meters, since, until)
                later = self._read(meters, raw, until)
                stretches = {meter.device: _stretch(rollup, meter, since, raw, later) for meter in meters}
            finally:
                rollup.close()
        return energy_figures(meters, stretches, question, zone)

    def _read(self, meters: list[Meter], raw: dict[str, Hour], until: Hour) -> dict[str, list[Stretch]]:
        """Hour by hour, of all meters: an hour is a file, and to open one takes longer than to read a meter in it."""
        found: dict[str, list[Stretch]] = {meter.device: [] for meter in meters}
        telemetry = Telemetry(self._folder, writer=False)
        try:
            files = telemetry.hours()
            for hour in range(min(raw.values(), default=until), until):
                for meter in [each for each in meters if raw[each.device] <= hour]:
                    source = telemetry.source(Mode.ACTUAL.value, meter.device)
                    found[meter.device].append(stretch_of(samples(telemetry, source, hour, files), meter.rated_w))
        finally:
            telemetry.close()
        return found


def _not_rolled_up(rollup: RollUp, meters: list[Meter], since: Hour, until: Hour) -> dict[str, Hour]:
    """Device → the first hour that has to be read from telemetry. Raises TooMuchAsked."""
    raw = {meter.device: min(until, max(since, rollup.done(meter.device) + 1)) for meter in meters}
    days = sum(max(0, until - first) for first in raw.values()) * HOUR_MS // DAY_MS
    if days > UNROLLED_DAYS_MAX:
        raise TooMuchAsked(
            f"{days} days of meters are not rolled up yet (that happens by itself, at the latest a minute after each "
            f"hour); expected at most {UNROLLED_DAYS_MAX}: name fewer meters, a shorter time, or ask again later"
        )
    return raw


def _stretch(
    rollup: RollUp, meter: Meter, since: Hour, raw: dict[str, Hour], later: dict[str, list[Stretch]]
) -> Stretch:
    known = rollup.stretch(meter.device, since, raw[meter.device])
    return join([*(known[day] for day in sorted(known)), *later[meter.device]], meter.rated_w)


def meters_of(directory: Directory, query: EnergyQuery) -> list[Meter]:
    return [
        meter
        for meter in meters_in(directory)
        if query.covers(meter.device.partition("/")[0])
        and query.zone in (None, meter.zone)
        and query.device in (None, meter.device)
    ]


def check_bounds(meters: int, step_ms: int, times: Times) -> None:
    """Raises TooMuchAsked."""
    lasts = times[1] - times[0]
    days = -(-lasts // DAY_MS)
    if meters * days > METER_DAYS_MAX:
        raise TooMuchAsked(
            f"{meters} meters for {days} days; expected at most {METER_DAYS_MAX} days of meters: name a site, a zone, "
            "a device, or a shorter time"
        )
    intervals = meters * -(-lasts // step_ms)
    if intervals > INTERVALS_MAX:
        raise TooMuchAsked(f"{intervals} intervals; expected at most {INTERVALS_MAX}: take a longer step")


def _zone(directory: Directory, meters: list[Meter]) -> ZoneInfo:
    site = directory.sites.get(meters[0].device.partition("/")[0]) if meters else None
    return ZoneInfo(site.timezone if site is not None else "UTC")
