"""Whether it is night, a workday, a holiday at a site; and when that next changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from rules.condition_file import Schedule
from rules.instant import Instant
from rules.site import Directory

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Calendar:
    """A site's local time and holidays. Remembers each schedule's answer until it changes."""

    def __init__(self, zone: tzinfo, holidays: frozenset[date] = frozenset()) -> None:
        self.zone, self.holidays = zone, holidays
        self._answers: dict[int, tuple[Schedule, Instant, Instant, bool]] = {}

    def answer(self, schedule: Schedule, now: Instant) -> tuple[bool, Instant]:
        known = self._answers.get(id(schedule))
        if known is None or not known[1] <= now < known[2]:
            holds, until = _look(schedule, self, now)
            known = self._answers[id(schedule)] = (schedule, now, until, holds)
        return known[3], known[2]

    def is_day(self, names: frozenset[str], day: date) -> bool:
        holiday = day in self.holidays
        return (
            not names
            or (DAYS[day.weekday()] in names)
            or ("holiday" in names and holiday)
            or ("workday" in names and not holiday and day.weekday() < 5)
        )


def schedule_now(schedule: Schedule, calendar: Calendar, now: Instant) -> tuple[bool, Instant]:
    """Whether it holds now, and the instant at which to look again (a boundary; at most a day ahead)."""
    return calendar.answer(schedule, now)


def _look(schedule: Schedule, calendar: Calendar, now: Instant) -> tuple[bool, Instant]:
    local = datetime.fromtimestamp(now / 1000, calendar.zone)
    names = frozenset(schedule.days)
    days = [local.date() + timedelta(days=offset) for offset in (-1, 0, 1)]
    spans = [_span(schedule, calendar, day) for day in days]
    holds = any(
        start <= now < end and calendar.is_day(names, day) for (start, end), day in zip(spans, days, strict=True)
    )
    midnight = _instant(calendar, local.date() + timedelta(days=1), "00:00")
    boundaries = [edge for span in spans for edge in span if edge > now]
    return holds, min([*boundaries, midnight])


def _span(schedule: Schedule, calendar: Calendar, day: date) -> tuple[Instant, Instant]:
    start = _instant(calendar, day, schedule.from_)
    overnight = schedule.to <= schedule.from_
    return start, _instant(calendar, day + timedelta(days=1) if overnight else day, schedule.to)


def _instant(calendar: Calendar, day: date, time: str) -> Instant:
    hours, minutes = (int(part) for part in time.split(":"))
    moment = datetime(day.year, day.month, day.day, tzinfo=calendar.zone) + timedelta(hours=hours, minutes=minutes)
    return round(moment.astimezone(UTC).timestamp() * 1000)


def calendars(directory: Directory) -> dict[str, Calendar]:
    """By site."""
    return {
        site.id: Calendar(ZoneInfo(site.timezone), frozenset(date.fromisoformat(day) for day in site.holidays))
        for site in directory.sites.values()
    }
