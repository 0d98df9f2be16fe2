"""`make bench-baseline`: what the shipped rule makes of generated years, by kind of anomaly and by use.

The rule as it is shipped runs in the real screen. A firing is right if it begins while what was planted lasts, or
within an hour after; recall counts anomalies, precision firings. The years of `SEEDS` are others than those on which
the rule's numbers were chosen (`TRAINED_ON`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from math import nan
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.library import load
from rules.history import Past
from rules.instant import HOUR_MS, MINUTE_MS, Instant, parse_rfc3339
from rules.mode import Mode
from rules.ruleset import DetectionRule, Ruleset
from rules.schedule import Calendar
from rules.screen import Screen
from rules.site import Device, Directory
from rules.verdict import Verdict
from simulators.consumption import DAYS, WARM_UP_DAYS, Kind, Year, year
from simulators.meters import Use

RULE = "consumption-abnormal"
ZONE = ZoneInfo("Europe/Berlin")  # clocks are put forward and back
BEGINS = parse_rfc3339("2025-01-06T00:00:00Z")
TRAINED_ON, SEEDS = range(1, 4), range(101, 107)
GRACE_HOURS = 1
_DEVICE = "s/em-1"


class Found(NamedTuple):
    """Of one meter's year."""

    use: Use
    kind: Kind | None
    planted: int
    hit: int
    firings: int
    right: int


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="make bench-baseline")
    parser.add_argument("--quick", action="store_true", help="one year of each instead of six")
    parser.add_argument("--train", action="store_true", help="the years on which the numbers were chosen")
    asked = parser.parse_args(arguments)
    seeds = list(TRAINED_ON if asked.train else SEEDS)[: 1 if asked.quick else None]
    began = time.perf_counter()
    given = [(use, kind, seed) for use in Use for kind in (*Kind, None) for seed in seeds]
    with ProcessPoolExecutor(1 if asked.quick else 2) as pool:
        found = list(pool.map(_one, given, chunksize=4))
    print("\n".join(table(found)))
    print(f"\n{len(found)} years of meters in {time.perf_counter() - began:.0f} s")


def table(found: Iterable[Found]) -> Iterator[str]:
    """Lines of Markdown."""
    all_found = list(found)
    yield "| precision / recall | " + " | ".join(use.value for use in Use) + " |"
    yield "|---|" + "---|" * len(Use)
    for kind in Kind:
        cells = [_cell([each for each in all_found if (each.use, each.kind) == (use, kind)]) for use in Use]
        yield f"| {kind.value.replace('_', ' ')} | " + " | ".join(cells) + " |"
    quiet = [[each for each in all_found if (each.use, each.kind) == (use, None)] for use in Use]
    rates = [sum(each.firings for each in years) / max(1, len(years)) * _share_of_year() for years in quiet]
    yield "| nothing planted: alarms a meter and year | " + " | ".join(f"{rate:.1f}" for rate in rates) + " |"


def _share_of_year() -> float:
    return 365 / (DAYS - WARM_UP_DAYS)


def _cell(years: Sequence[Found]) -> str:
    firings, planted = sum(each.firings for each in years), sum(each.planted for each in years)
    precision = sum(each.right for each in years) / firings if firings else nan
    return f"{precision:.2f} / {sum(each.hit for each in years) / max(1, planted):.2f}"


def _one(given: tuple[Use, Kind | None, int]) -> Found:
    use, kind, seed = given
    return judged(shipped(), use, kind, year(use, kind, seed, ZONE, BEGINS))


def shipped() -> DetectionRule:
    return load([]).ruleset.detections[RULE]


def judged(rule: DetectionRule, use: Use, kind: Kind | None, of: Year) -> Found:
    firings = [each for each in firings_of(rule, of) if each >= of.first + WARM_UP_DAYS * 24]
    right = [each for each in firings if any(_during(each, plant.first, plant.until) for plant in of.planted)]
    hit = sum(any(_during(each, plant.first, plant.until) for each in firings) for plant in of.planted)
    return Found(use, kind, len(of.planted), hit, len(firings), len(right))


def _during(hour: int, first: int, until: int) -> bool:
    return first <= hour < until + GRACE_HOURS


def firings_of(rule: DetectionRule, of: Year) -> list[int]:
    """The hours with which it began to fire; one that does not last as long as the rule's `for` is none."""
    screen, firings = _screen(rule, of), list[int]()
    since: int | None = None  # the hour with which it began to hold
    fires = False
    for number, kwh in enumerate(of.hours):
        hour = of.first + number
        for change in screen.consumed(_DEVICE, hour, [kwh], (hour + 1) * HOUR_MS + MINUTE_MS):
            if change.verdict is Verdict.HOLDS:
                since = hour if since is None else since
            elif change.verdict is Verdict.DOES_NOT or (change.verdict is Verdict.DEADBAND and not fires):
                since, fires = None, False
        if since is not None and not fires and hour - since >= rule.hold_ms // HOUR_MS:
            firings.append(hour)
            fires = True
    return firings


def _screen(rule: DetectionRule, of: Year) -> Screen:
    classes = load([]).directory.device_classes
    device = Device(_DEVICE, "em-1", "energy_meter", "s", "b", "1F", "s/z", {}, {"power_w": 60_000.0}, 900_000)
    directory = Directory(devices={_DEVICE: device}, device_classes={"energy_meter": classes["energy_meter"]})
    return Screen(directory, Ruleset(detections={rule.id: rule}), _NoHistory(), {"s": Calendar(ZONE, of.holidays)})


class _NoHistory:
    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        return None

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        return iter(())


if __name__ == "__main__":
    main(sys.argv[1:])
