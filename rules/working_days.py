"""Working days at a site: Monday to Friday without its holidays, in its own time.

Weekend days that are worked in exchange for a holiday (调休) count as free: a limit is then later, never earlier, than
by the official calendar.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from rules.instant import Instant
from rules.schedule import Calendar
from rules.site import Directory

_WORKDAY = frozenset({"workday"})
DAYS_LOOKED_AT_MAX = 3_660  # ten years; a calendar without a working day in them is a slip of the pen


def calendar_of(directory: Directory, site: str) -> Calendar:
    """The site's calendar; one that is not in the directory any more has UTC and no holidays."""
    known = directory.sites.get(site)
    if known is None:
        return Calendar(UTC)
    return Calendar(ZoneInfo(known.timezone), frozenset(date.fromisoformat(day) for day in known.holidays))


def is_working_day(day: date, calendar: Calendar) -> bool:
    return calendar.is_day(_WORKDAY, day)


def after_working_days(now: Instant, days: int, calendar: Calendar) -> Instant:
    """The end of the `days`-th working day after today: the local midnight with which the next day begins."""
    day = datetime.fromtimestamp(now / 1000, calendar.zone).date()
    left, looked_at = days, 0
    while left > 0 and looked_at < DAYS_LOOKED_AT_MAX:
        day += timedelta(days=1)
        looked_at += 1
        left -= is_working_day(day, calendar)
    return _midnight(day + timedelta(days=1), calendar)


def last_day(limit: Instant, calendar: Calendar) -> date:
    """The local day on which it can still be done."""
    return datetime.fromtimestamp((limit - 1) / 1000, calendar.zone).date()


def _midnight(day: date, calendar: Calendar) -> Instant:
    moment = datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
    return round(moment.astimezone(UTC).timestamp() * 1000)
