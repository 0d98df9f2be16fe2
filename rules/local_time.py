"""Instants as a site's clocks show them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from rules.instant import Instant


class LocalTime:
    """Texts of instants in a zone. Where the clocks change between `since` and `until`, each carries its offset: an
    hour that comes twice must not read the same twice."""

    def __init__(self, zone: tzinfo, since: Instant, until: Instant) -> None:
        self._zone, self._since = zone, since
        self._offsets = self._offset(since) != self._offset(until)

    def text(self, instant: Instant) -> str:
        """`2026-11-24 14:03:11`"""
        moment = self._moment(instant)
        return f"{moment:%Y-%m-%d %H:%M:%S}{self._suffix(instant)}"

    def clock(self, instant: Instant) -> str:
        """`14:03:11`; on another day than `since` `11-25 00:03:11`."""
        return f"{self._other_day(instant)}{self._moment(instant):%H:%M:%S}{self._suffix(instant)}"

    def exact(self, instant: Instant) -> str:
        """As `clock`, with milliseconds: `14:03:11.120`."""
        moment = self._moment(instant)
        return f"{self._other_day(instant)}{moment:%H:%M:%S}.{instant % 1000:03d}{self._suffix(instant)}"

    def day(self, instant: Instant) -> str:
        """`2026-11-24`"""
        return f"{self._moment(instant):%Y-%m-%d}"

    def name(self, timezone: str, instant: Instant) -> str:
        """`Asia/Shanghai (UTC+08:00)`; where the offset changes, without it."""
        return timezone if self._offsets else f"{timezone} (UTC{_signed(self._offset(instant))})"

    def _other_day(self, instant: Instant) -> str:
        moment = self._moment(instant)
        return "" if moment.date() == self._moment(self._since).date() else f"{moment:%m-%d} "

    def _suffix(self, instant: Instant) -> str:
        return f" {_signed(self._offset(instant))}" if self._offsets else ""

    def _moment(self, instant: Instant) -> datetime:
        return datetime.fromtimestamp(instant / 1000, self._zone)

    def _offset(self, instant: Instant) -> timedelta:
        return self._moment(instant).utcoffset() or timedelta()


def _signed(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
