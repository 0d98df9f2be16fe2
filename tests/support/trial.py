"""One device under rules, in virtual time: what it says goes in, and what each rule makes of it can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rules.instant import HOUR_MS, Instant, parse_duration_ms
from rules.mode import Mode
from rules.reading import Value
from rules.ruleset import Ruleset
from rules.schedule import Calendar
from rules.screen import Cause, Past, Screen
from rules.site import Device, DeviceClass, Directory
from rules.verdict import Verdict

START: Instant = round(datetime(2026, 11, 24, 6, tzinfo=UTC).timestamp() * 1000)  # 14:00 of a Tuesday in Shanghai
Said = Mapping[str, object] | str


class NoHistory:
    """Nothing was stored before."""

    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        return None

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        return iter(())


class Trial:
    """`say` takes a reading (`{"smoke": 0.2}`) or a line: `event duress`, `status offline`, `skew 6`, `after 5min`."""

    def __init__(self, device_class: DeviceClass, ruleset: Ruleset, rated: Mapping[str, float] | None = None) -> None:
        rated = dict.fromkeys(device_class.rated, 100.0) if rated is None else dict(rated)
        self.device = a_device("d-1", device_class.id, rated=rated, silent_after_ms=device_class.silent_after_ms)
        directory = Directory(devices={self.device.id: self.device}, device_classes={device_class.id: device_class})
        self.screen = Screen(directory, ruleset, NoHistory(), {"s": Calendar(ZoneInfo("Asia/Shanghai"))})
        self.now = START
        self.screen.listening(START)
        self.screen.start([], START)
        watched = self.screen.watched(Mode.ACTUAL, self.device.id, START)
        assert watched is not None
        self.watched = watched

    def say(self, *all_said: Said) -> None:
        for said in all_said:
            if isinstance(said, str):
                self._line(*said.split())
                continue
            self._heard()
            values: dict[str, Value] = {name: _value(value) for name, value in said.items()}
            change = self.screen.reading(self.watched, values, Cause(self.now, self.now))
            assert change is None or not change.faults, change

    def _line(self, word: str, what: str) -> None:
        if word == "after":
            end = self.now + parse_duration_ms(what)
            while (due := self.screen.next_deadline()) is not None and due <= end:
                self.now = max(self.now, due)
                self.screen.advance(self.now)
            self.now = end
            return
        if word in ("hour", "weeks"):
            self._consumed(int(what) * 7 * 24 * [10.0] if word == "weeks" else [float(what)])
            return
        if word == "status":
            self.screen.status(self.watched, what == "online", Cause(self.now, self.now))
            return
        self._heard()
        if word == "skew":
            self.screen.skew(self.watched, float(what), Cause(self.now, self.now))
        else:
            assert word == "event", word
            change = self.screen.event(self.watched, what, {}, Cause(self.now, self.now))
            assert change is None or not change.faults, change

    def _consumed(self, hours: list[float]) -> None:
        """Kilowatt hours; the last is that which is over now."""
        self.now += HOUR_MS if len(hours) == 1 else 0
        self.screen.consumed(self.device.id, self.now // HOUR_MS - len(hours), hours, self.now)

    def _heard(self) -> None:
        self.now += 1_000
        self.screen.advance(self.now)
        self.watched.at = self.watched.received_at = self.now

    def verdict(self, rule: str) -> Verdict:
        return self.watched.verdict(rule)

    @property
    def holding(self) -> list[str]:
        return sorted(rule for rule, verdict in (self.watched.verdicts or {}).items() if verdict is Verdict.HOLDS)


def a_device(
    name: str,
    device_class: str,
    *,
    zone: str = "12F-east",
    floor: str = "12F",
    rated: Mapping[str, float] | None = None,
    silent_after_ms: int = HOUR_MS,
) -> Device:
    """Of site `s`, building `tower`."""
    return Device(
        f"s/{name}", name, device_class, "s", "tower", floor, f"s/{zone}", {}, dict(rated or {}), silent_after_ms
    )


def _value(value: object) -> Value:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value  # type: ignore[return-value]
