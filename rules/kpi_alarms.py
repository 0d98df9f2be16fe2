"""Alarm management by ISA-18.2 and EEMUA 191: rates, floods, stale, chattering, the ten most frequent, the priorities.

What counts is what was annunciated for real: a detection that became evidence of an incident in actual mode. Drills,
tests, and what was shelved, inhibited or folded while it chattered are not in the facts to begin with.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo

from msgspec import Struct

from rules import kpi_targets
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, Instant
from rules.kpi_targets import Measured, measured
from rules.level import Level

TEN_MINUTES_MS = 10 * MINUTE_MS
TOP = 10
FLOODS_MAX = 200  # named one by one, the longest ago first; all are counted


class Annunciation(Struct, frozen=True):
    """One detection that was shown to somebody. `level`: of its incident, as it stands now."""

    at: Instant
    site: str
    rule: str
    device: str
    level: Level


class Occurrence(Struct, frozen=True):
    """Something chatters, or is stale. `what`: an incident, or rule and device."""

    at: Instant
    site: str
    what: str


class AlarmFacts(Struct, frozen=True):
    """All in order of time, of `since` ≤ at < `until`. `operators`: desks that share them, one a site."""

    since: Instant
    until: Instant
    operators: int
    annunciated: Sequence[Annunciation]
    chattering: Sequence[Occurrence]
    stale: Sequence[Occurrence]


class DayCount(Struct, frozen=True):
    day: str  # ISO date, local
    annunciated: int


class FloodSpan(Struct, frozen=True):
    site: str
    since: Instant
    until: Instant
    annunciated: int
    peak: int  # most within ten minutes


class Frequent(Struct, frozen=True):
    rule: str
    device: str
    annunciated: int
    share: float


class PriorityShare(Struct, frozen=True):
    level: Level
    annunciated: int
    share: float
    target: float


class AlarmFigures(Struct, frozen=True):
    since: Instant
    until: Instant
    operators: int
    annunciated: int
    measures: list[Measured]
    days: list[DayCount]
    peak_at: Instant | None  # when the fullest ten minutes began
    floods: int
    flood_spans: list[FloodSpan]
    top: list[Frequent]
    chattering: list[str]  # rule and device
    stale: list[str]  # incidents
    priorities: list[PriorityShare]


def alarm_figures(facts: AlarmFacts, zone: tzinfo) -> AlarmFigures:
    """`zone`: whose days are counted."""
    times = [each.at for each in facts.annunciated]
    span_ms, desks, total = max(1, facts.until - facts.since), max(1, facts.operators), len(times)
    by_ten = _by_slot(facts, TEN_MINUTES_MS)
    peak, peak_at = _peak(facts, by_ten)
    floods = sorted(_all_floods(facts), key=lambda flood: flood.since)
    top = _top(facts.annunciated)
    chattering = list(dict.fromkeys(each.what for each in facts.chattering))
    judged = span_ms >= HOUR_MS
    measures = [
        measured(kpi_targets.PER_DAY, total * DAY_MS / span_ms / desks, judged),
        measured(kpi_targets.PER_HOUR, total * HOUR_MS / span_ms / desks, judged),
        measured(kpi_targets.PER_TEN_MINUTES, total * TEN_MINUTES_MS / span_ms / desks, judged),
        measured(kpi_targets.PEAK, peak),
        measured(kpi_targets.HOURS_ABOVE, _share_above(facts, HOUR_MS, kpi_targets.HOUR_ALARMS_MAX), judged),
        measured(
            kpi_targets.TEN_MINUTES_ABOVE,
            _share_above(facts, TEN_MINUTES_MS, kpi_targets.TEN_MINUTES_ALARMS_MAX),
            judged,
        ),
        measured(kpi_targets.IN_FLOOD, sum(each.until - each.since for each in floods) / span_ms / desks, judged),
        measured(kpi_targets.TOP_TEN, sum(each.share for each in top), total > TOP),
        measured(kpi_targets.CHATTERING, len(chattering)),
        measured(kpi_targets.STALE, _most_on_a_day(facts.stale, zone)),
    ]
    return AlarmFigures(
        since=facts.since,
        until=facts.until,
        operators=desks,
        annunciated=total,
        measures=measures,
        days=_days(times, facts, zone),
        peak_at=peak_at,
        floods=len(floods),
        flood_spans=floods[:FLOODS_MAX],
        top=top,
        chattering=chattering,
        stale=list(dict.fromkeys(each.what for each in facts.stale)),
        priorities=_priorities(facts.annunciated),
    )


def floods_of(times: Sequence[Instant], site: str, until: Instant) -> Iterator[FloodSpan]:
    """More than ten within ten minutes, until fewer than five are left within ten minutes. `times` in order."""
    window: deque[Instant] = deque()
    began: Instant | None = None
    count = peak = 0
    for at in times:
        if began is not None:
            over = _thinned_out(window)
            if over <= at:
                yield FloodSpan(site, began, over, count, peak)
                began = None
        window.append(at)
        while window[0] <= at - TEN_MINUTES_MS:
            window.popleft()
        if began is not None:
            count, peak = count + 1, max(peak, len(window))
        elif len(window) > kpi_targets.TEN_MINUTES_ALARMS_MAX:
            began, count, peak = window[0], len(window), len(window)
    if began is not None:
        yield FloodSpan(site, began, min(until, _thinned_out(window)), count, peak)


def _thinned_out(window: Sequence[Instant]) -> Instant:
    """When fewer than five of these will be left within ten minutes; they are more than that, or long over."""
    at = -min(len(window), kpi_targets.FLOOD_OVER_BELOW)
    return window[at] + TEN_MINUTES_MS


def _all_floods(facts: AlarmFacts) -> Iterator[FloodSpan]:
    by_site: dict[str, list[Instant]] = {}
    for each in facts.annunciated:
        by_site.setdefault(each.site, []).append(each.at)
    for site, times in by_site.items():
        yield from floods_of(times, site, facts.until)


def _by_slot(facts: AlarmFacts, slot_ms: int) -> Counter[tuple[str, int]]:
    """(site, slot since the beginning) → how many: a site has one operator's desk."""
    return Counter((each.site, (each.at - facts.since) // slot_ms) for each in facts.annunciated)


def _peak(facts: AlarmFacts, slots: Counter[tuple[str, int]]) -> tuple[int, Instant | None]:
    if not slots:
        return 0, None
    (_, slot), peak = max(slots.items(), key=lambda item: (item[1], -item[0][1], item[0][0]))
    return peak, facts.since + slot * TEN_MINUTES_MS


def _share_above(facts: AlarmFacts, slot_ms: int, most: int) -> float:
    slots = max(1, -(-(facts.until - facts.since) // slot_ms)) * max(1, facts.operators)
    return sum(count > most for count in _by_slot(facts, slot_ms).values()) / slots


def _top(annunciated: Iterable[Annunciation]) -> list[Frequent]:
    counted = Counter((each.rule, each.device) for each in annunciated)
    total = counted.total()
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [Frequent(rule, device, count, count / total) for (rule, device), count in ordered[:TOP]]


def _priorities(annunciated: Iterable[Annunciation]) -> list[PriorityShare]:
    counted = Counter(each.level for each in annunciated)
    total = max(1, counted.total())
    return [
        PriorityShare(level, counted[level], counted[level] / total, target)
        for level, target in kpi_targets.PRIORITY_SHARES.items()
    ]


def _days(times: Sequence[Instant], facts: AlarmFacts, zone: tzinfo) -> list[DayCount]:
    """Every day of the time asked about, those without any as well."""
    counted = Counter(_day(at, zone) for at in times)
    days = dict.fromkeys(
        _day(at, zone) for at in range(facts.since, facts.until, DAY_MS // 2)
    )  # a day may have 23 hours
    days[_day(max(facts.since, facts.until - 1), zone)] = None
    return [DayCount(day, counted[day]) for day in sorted(days)]


def _most_on_a_day(occurrences: Iterable[Occurrence], zone: tzinfo) -> int:
    """Different ones; each is told of once a day while it stays so."""
    by_day = Counter(day for day, _ in {(_day(each.at, zone), each.what): None for each in occurrences})
    return max(by_day.values(), default=0)


def _day(at: Instant, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(at / 1000, zone):%Y-%m-%d}"
