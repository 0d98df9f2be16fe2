"""A backtest over telemetry: two sets of rules over the same stored messages, and what differs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from api.rules_port import BacktestQuestion, Compared
from gateway.telemetry.sequence import Received, devices_of, received
from gateway.trials.closed_hours import ClosedHours
from rules.backtest import Judge, differing, limited, looked_at, matched, memory_ms, scope
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, Instant, format_duration, rfc3339
from rules.mode import Mode
from rules.plan import Plans
from rules.reading import Value
from rules.rehearsal import InForce

WARM_UP_MS_MIN = 10 * MINUTE_MS  # what held when the range begins is not taken for new
WARM_UP_MS_MAX = 8 * DAY_MS  # a rule that looks further back begins with less than it would have
REMARKS_MAX = 50
GAP_MS = 2 * MINUTE_MS  # with no message of any device for so long the gateway was down, or did not hear the broker

_values = msgspec.json.Decoder(dict[str, Value]).decode


class Comparison:
    """Both rulesets over the same messages. `posted`: ids of the rules tried, for when none of them differs."""

    def __init__(self, asked: BacktestQuestion, candidate: InForce, running: InForce, posted: list[str]) -> None:
        self._asked = asked
        self.remarks: list[str] = []
        ids = differing(candidate.ruleset, running.ruleset)
        if not ids:
            self.remarks.append("no rule differs from those in force; those of the files are judged")
            ids = posted
        self.rules = scope(ids, candidate.ruleset, running.ruleset, candidate.plans)
        sides = [each._replace(ruleset=limited(each.ruleset, self.rules)) for each in (candidate, running)]
        warm_up_ms = self._warm_up_ms(sides)
        self._begins = asked.since - warm_up_ms
        self._judges = [Judge(side, self._begins, asked.since) for side in sides]
        devices: set[str] = set().union(*(looked_at(side.directory, side.ruleset) for side in sides))
        self._devices = {each for each in devices if asked.site in (None, each.partition("/")[0])}
        self._remark_on_statuses(sides)
        self.messages = 0

    def _warm_up_ms(self, sides: list[InForce]) -> int:
        wanted = max(WARM_UP_MS_MIN, *(memory_ms(side.directory, side.ruleset) for side in sides))
        if wanted > WARM_UP_MS_MAX:
            most = format_duration(WARM_UP_MS_MAX)
            self.remarks.append(f"rules look back {format_duration(wanted)}; {most} before the range were read")
        return min(wanted, WARM_UP_MS_MAX)

    def _remark_on_statuses(self, sides: list[InForce]) -> None:
        for side in sides:
            plans = Plans(side.directory.device_classes, side.ruleset.detections.values())
            if any(plans.of(device).on_status for device in side.directory.devices.values()):
                self.remarks.append("statuses are not stored: to rules that look at them, who speaks is online")
                return

    def play(self, folder: Path, progress: Callable[[float], None]) -> None:
        asked = self._asked
        self._hours = ClosedHours(folder, self._judges, self._devices, self._begins)
        wanted = {source: name for source, name in devices_of(folder, "actual").items() if name in self._devices}
        last = self._begins
        length = max(1, asked.until - self._begins)
        for rows in received(folder, self._begins, asked.until):
            for row in rows:
                if row[3] - last > GAP_MS:
                    self._deaf(last, row[3])
                last = max(last, row[3])
                device = wanted.get(row[0])
                if device is not None:
                    self._hear(device, row)
            progress((last - self._begins) / length)
        if asked.until - last > GAP_MS:
            self._deaf(last, asked.until)
        self._hours.tell_until(asked.until)
        self._hours.close()

    def _deaf(self, since: Instant, until: Instant) -> None:
        """The gateway heard nothing at all: it was down, or its broker was."""
        if since >= self._asked.since and until - since >= HOUR_MS:
            self.remarks.append(f"nothing was received for {(until - since) // MINUTE_MS} min from {rfc3339(since)}")
        self._hours.tell_until(until)
        for judge in self._judges:
            judge.deaf_until(until)

    def _hear(self, device: str, row: Received) -> None:
        _, at, seq, received_at, event, body = row
        values = _values(body)
        self.messages += received_at >= self._asked.since
        self._hours.tell_until(received_at)
        for judge in self._judges:
            judge.pass_until(received_at)
            if event is None:
                judge.reading(Mode.ACTUAL, device, values, at, seq)
            else:
                judge.event(Mode.ACTUAL, device, event, values, at, seq)

    def compared(self) -> Compared:
        candidate, running = (judge.judged_until(self._asked.until) for judge in self._judges)
        for name, each in (("candidate", candidate), ("running", running)):
            if each.fired > len(each.firings):
                self.remarks.append(f"{name}: the first {len(each.firings)} firings are shown and compared")
        both, only_candidate, only_running = matched(candidate, running)
        return Compared(
            rules=self.rules,
            candidate=candidate,
            running=running,
            both=both,
            only_candidate=only_candidate,
            only_running=only_running,
            readings=self.messages,
            remarks=self.remarks[:REMARKS_MAX],
        )
