"""Making the roll-up: file by file of telemetry, in the order of receipt.

A reading belongs to the hour in which it was measured. What comes late makes that hour anew, from all that telemetry
has of it; when the files of that hour are gone, what is known of it stays.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

from gateway.rollup.file import HOURS, RollUp
from gateway.telemetry import Telemetry
from gateway.telemetry.hours import Hour
from rules.energy import COUNTER, POWER, Sample, Stretch, measures_energy, stretch_of
from rules.instant import HOUR_MS
from rules.kpi_energy import Meter
from rules.mode import Mode
from rules.reading import Value
from rules.site import Directory

READINGS_AN_HOUR_MAX = 20_000  # five a second


def meters_in(directory: Directory) -> list[Meter]:
    """Devices of classes that count energy or measure total power, in the order of the site files."""
    classes = {each.id for each in directory.device_classes.values() if measures_energy(each)}
    return [
        Meter(device.id, device.zone, device.rated.get(POWER))
        for device in directory.devices.values()
        if device.device_class in classes
    ]


def make(telemetry: Telemetry, rollup: RollUp, meters: Sequence[Meter], until: Hour) -> Iterator[Hour]:
    """Takes in what was received up to the end of the hour `until`, as far as it is not in; gives way after each file.

    May be stopped at any time: the next goes on from there. Raises StoreFailed.
    """
    files = telemetry.hours()
    for hour in files:
        behind = [meter for meter in meters if rollup.done(meter.device) < hour]
        if hour > until or not behind:
            continue
        with rollup.writing():
            for meter in behind:
                _take_in(telemetry, rollup, meter, hour, files)
            rollup.mark([meter.device for meter in behind], hour)
        yield hour
    with rollup.writing():
        rollup.mark([meter.device for meter in meters], until)
        if files:
            rollup.settle(files[0] // HOURS)


def _take_in(telemetry: Telemetry, rollup: RollUp, meter: Meter, file: Hour, files: list[Hour]) -> None:
    source = telemetry.source(Mode.ACTUAL.value, meter.device)
    days: dict[int, dict[int, Stretch]] = defaultdict(dict)
    for hour in telemetry.hours_told(source, file):
        if hour >= files[0] or not rollup.knows(meter.device, hour):
            days[hour // HOURS][hour % HOURS] = stretch_of(samples(telemetry, source, hour, files), meter.rated_w)
    for day, hours in days.items():
        rollup.put(meter.device, day, hours, meter.rated_w)


def samples(telemetry: Telemetry, source: int, hour: Hour, files: list[Hour]) -> Iterator[Sample]:
    """What was measured in the hour, in order of time."""
    since = hour * HOUR_MS
    files = files[bisect_left(files, hour - 1) :]  # no clock that is believed is further ahead
    for at, _, _, event, values in telemetry.readings(source, since, since + HOUR_MS, READINGS_AN_HOUR_MAX, files):
        if event is None:
            yield Sample(at, _number(values.get(COUNTER)), _number(values.get(POWER)))


def _number(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
