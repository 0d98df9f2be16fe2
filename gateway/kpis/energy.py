"""Reading what meters have said: by days, and what a day that is over came to is kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from zoneinfo import ZoneInfo

from api.report_port import EnergyQuery, Times, TooMuchAsked
from gateway.telemetry import Telemetry
from rules.energy import Sample, Stretch, join, stretch_of
from rules.instant import DAY_MS, HOUR_MS, Instant
from rules.kpi_energy import EnergyFigures, EnergyQuestion, Meter, energy_figures
from rules.mode import Mode
from rules.reading import Value
from rules.site import Directory

COUNTER, POWER = "energy_kwh", "power_w"
METER_DAYS_MAX = 400  # of one question: fifty meters for a week; at a reading every 10 s each takes some 0.1 s, once
INTERVALS_MAX = 20_000  # of one answer
READINGS_AN_HOUR_MAX = 20_000  # five a second
DAYS_KEPT = 20_000  # a day of a meter is some 10 KB: 200 MB at most, and only where somebody asks for so much
SETTLED_MS = DAY_MS  # a device that was cut off has caught up after so long (ours)

Key = tuple[str, Instant]


class MeterDays:
    """What each day of each meter came to. For any thread; one at a time reads telemetry."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: OrderedDict[Key, Stretch] = OrderedDict()
        self._reading = Lock()

    def figures(self, directory: Directory, query: EnergyQuery, times: Times, now: Instant) -> EnergyFigures:
        """Raises TooMuchAsked, StoreFailed."""
        meters = meters_of(directory, query)
        check_bounds(len(meters), query.step_ms, times)
        zone = _zone(directory, meters)
        question = EnergyQuestion(*times, query.step_ms, query.night_from_hour, query.night_to_hour)
        days = _days(times, now)
        with self._reading:
            telemetry = Telemetry(self._folder, writer=False)
            try:
                before = _read(telemetry, meters, range(days.start - HOUR_MS, days.start, HOUR_MS))
                known = [self._day(telemetry, meters, day, now) for day in days]
                after = _read(telemetry, meters, range(days.stop, days.stop + HOUR_MS, HOUR_MS))
            finally:
                telemetry.close()
        parts = [before, *known, after]  # the hours beside: what leads into the time asked about, and out of it
        stretches = {meter.device: join((part[meter.device] for part in parts), meter.rated_w) for meter in meters}
        return energy_figures(meters, stretches, question, zone)

    def _day(self, telemetry: Telemetry, meters: list[Meter], day: Instant, now: Instant) -> dict[str, Stretch]:
        """By device."""
        found = {meter.device: self._kept[meter.device, day] for meter in meters if (meter.device, day) in self._kept}
        unknown = [meter for meter in meters if meter.device not in found]
        for device, stretch in _read(telemetry, unknown, range(day, day + DAY_MS, HOUR_MS)).items():
            found[device] = stretch
            if day + DAY_MS + SETTLED_MS < now:
                self._kept[device, day] = stretch
        for device in found:
            if (device, day) in self._kept:
                self._kept.move_to_end((device, day))
        while len(self._kept) > DAYS_KEPT:
            self._kept.popitem(last=False)
        return found


def _days(times: Times, now: Instant) -> range:
    """Of UTC: those that the time asked about lies in."""
    first, last = times[0] - times[0] % DAY_MS, min(times[1], now)
    return range(first, max(first, last + -last % DAY_MS), DAY_MS)


def _read(telemetry: Telemetry, meters: list[Meter], hours: range) -> dict[str, Stretch]:
    """Hour by hour, of all meters: an hour is a file, and to open one takes longer than to read a meter in it."""
    samples: dict[str, list[Sample]] = {meter.device: [] for meter in meters}
    for hour in hours:
        for device, of_meter in samples.items():
            of_meter.extend(_samples(telemetry, device, hour))
    return {meter.device: stretch_of(samples[meter.device], meter.rated_w) for meter in meters}


def meters_of(directory: Directory, query: EnergyQuery) -> list[Meter]:
    """Devices of classes that count energy or measure total power, in the order of the site files."""
    measuring = {
        each.id for each in directory.device_classes.values() if COUNTER in each.metrics or POWER in each.metrics
    }
    return [
        Meter(device.id, device.zone, device.rated.get(POWER))
        for device in directory.devices.values()
        if device.device_class in measuring
        and query.covers(device.site)
        and query.zone in (None, device.zone)
        and query.device in (None, device.id)
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


def _samples(telemetry: Telemetry, device: str, hour: Instant) -> Iterator[Sample]:
    source = telemetry.source(Mode.ACTUAL.value, device)
    for at, _, _, event, values in telemetry.readings(source, hour, hour + HOUR_MS, READINGS_AN_HOUR_MAX):
        if event is None:
            yield Sample(at, _number(values.get(COUNTER)), _number(values.get(POWER)))


def _number(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _zone(directory: Directory, meters: list[Meter]) -> ZoneInfo:
    site = directory.sites.get(meters[0].device.partition("/")[0]) if meters else None
    return ZoneInfo(site.timezone if site is not None else "UTC")
