"""The screen: readings in, changes of verdict out. Everything else about a reading ends here.

The path of a reading that changes nothing is one dictionary look-up and one comparison a metric. What the screen
knows is a function of the journal (verdicts) and of local telemetry (values, windows): see `Screen.remember`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count

from msgspec import structs

from rules.baseline import CONSUMPTION, Consumed, nothing_known
from rules.change import Cause as Cause
from rules.change import Change as Change
from rules.events import VerdictChanged
from rules.history import History, feed, replay, since
from rules.history import Past as Past
from rules.instant import Instant
from rules.memory import Attributes
from rules.mode import Mode
from rules.plan import PSEUDO_METRICS, PlannedRule, Plans
from rules.reading import Value
from rules.ruleset import Ruleset
from rules.schedule import Calendar
from rules.site import Device, Directory
from rules.verdict import Verdict
from rules.watched import FORCE, Ear, Watched

SILENCE = -1  # stands for a rule's number: the device's own silence limit
_STAYS = (Verdict.DEADBAND, Verdict.NO_DATA)  # from DOES_NOT these are no news


class Screen:
    def __init__(
        self,
        directory: Directory,
        ruleset: Ruleset,
        history: History,
        calendars: Mapping[str, Calendar],
        consumption: Consumed = nothing_known,
    ) -> None:
        self._history, self._consumption = history, consumption
        self._watched: dict[tuple[Mode, str], Watched] = {}
        self._timers: list[tuple[Instant, str, int, int, Watched]] = []  # due, device, rule, order of making, whose
        self._order = count()
        self._silent: dict[tuple[Mode, str], Watched] = {}
        self._counts_from: dict[tuple[Mode, str], Instant] = {}
        self.ear = Ear()
        self._install(directory, ruleset, calendars)

    def _install(self, directory: Directory, ruleset: Ruleset, calendars: Mapping[str, Calendar]) -> None:
        self.directory, self.ruleset, self._calendars = directory, ruleset, calendars
        self._plans = Plans(directory.device_classes, ruleset.detections.values())

    # ---- devices

    def watched(self, mode: Mode, device: str, now: Instant) -> Watched | None:
        """The device's state; made when first asked for. None: no such device."""
        found = self._watched.get((mode, device))
        if found is None and (known := self.directory.devices.get(device)):
            found = self._watch(known, mode, now)
            self._set_timer(found, SILENCE, now + known.silent_after_ms)
        return found

    def _watch(self, device: Device, mode: Mode, now: Instant) -> Watched:
        plan, calendar = self._plans.of(device), self._calendars[device.site]
        made = self._watched[mode, device.id] = Watched(device, mode, plan, calendar, self.ear, now)
        if plan.weeks and mode is Mode.ACTUAL:
            made.memory(CONSUMPTION).take(*self._consumption(device.id, plan.weeks))
        return made

    def known(self, device: str, mode: Mode = Mode.ACTUAL) -> Watched | None:
        """The device's state, if it has one yet."""
        return self._watched.get((mode, device))

    def silent(self, mode: Mode = Mode.ACTUAL) -> dict[str, Watched]:
        """Devices that are silent beyond their limit, by id."""
        return {device: watched for (of, device), watched in self._silent.items() if of is mode}

    def all(self, mode: Mode = Mode.ACTUAL) -> Iterator[Watched]:
        return (watched for (of, _), watched in self._watched.items() if of is mode)

    def forget(self, mode: Mode, site: str, now: Instant) -> None:
        """What was said in a mode at a site until now counts for nothing any more: a drill begins, or is over."""
        self._counts_from[mode, site] = now
        for key in [key for key, watched in self._watched.items() if key[0] is mode and watched.device.site == site]:
            del self._watched[key]

    def start(self, verdicts: Iterable[tuple[Mode, str, str, Verdict]], now: Instant) -> list[VerdictChanged]:
        """Takes back the verdicts (mode, rule, device, verdict) the journal knows, watches every device, and looks
        at whatever depends on time."""
        for mode, rule, device, verdict in verdicts:
            watched = self.watched(mode, device, now)
            if watched is not None and (number := watched.plan.rule_index.get(rule)) is not None:
                self._set_verdict(watched, watched.plan.rules[number], verdict, now)
        for device in self.directory.devices:
            self.watched(Mode.ACTUAL, device, now)
        changes: list[VerdictChanged] = []
        for watched in list(self._watched.values()):
            if watched.verdicts:
                self.remember(watched)
            self._look_at_timed(watched, now, changes)
        return changes

    def remember(self, w: Watched) -> None:
        """Brings back cursor, values and windows from the stores. Every rule is looked at again with the next message,
        whatever it says: telemetry may not have kept the last one, a person may have resolved what a rule began."""
        w.unseen = False
        w.wake = tuple(dict.fromkeys((*w.wake, *range(len(w.plan.rules)))))
        cursor = self._history.cursor(w.mode, w.device.id)
        if cursor is None:
            return
        w.at, w.seq, w.received_at = cursor
        replay(w, self._window(w))

    def _window(self, w: Watched) -> Iterator[Past]:
        earliest = self._counts_from.get((w.mode, w.device.site), 0)
        stored = self._history.window(w.mode, w.device.id, max(since(w), earliest))
        return (past for past in stored if past.received_at >= earliest)

    # ---- messages

    def reading(self, w: Watched, values: Mapping[str, Value | None], cause: Cause) -> Change | None:
        """A reading newer than all before, `w.at`, `w.seq`, `w.received_at` already its own. None: no change.

        A value None: what was known counts no longer."""
        plan = w.plan
        index, kinds, known, lows, highs = plan.index, plan.kinds, w.values, w.lows, w.highs
        telling: dict[str, Value | None] | None = None
        for name, value in values.items():
            i = index.get(name, -1)
            if i >= 0 and value.__class__ is kinds[i]:
                if value.__class__ is str:
                    if value == known[i] and not plan.on_reading[i]:
                        continue
                elif lows[i] < value < highs[i]:  # type: ignore[operator]
                    known[i] = value
                    continue
            if telling is None:
                telling = {}
            telling[name] = value
        return self._reading_in_full(w, telling or {}, cause) if telling or w.wake else None

    def _reading_in_full(self, w: Watched, values: Mapping[str, Value | None], cause: Cause) -> Change | None:
        """Of a reading, those values that may change something."""
        plan, touched, faults = w.plan, dict.fromkeys(self._woken(w, cause)), []
        told: dict[int, Value] = {}
        for name, value in values.items():
            fault = plan.fault(name, value)
            if fault is not None and value is not None:
                faults.append(fault)
            if name in plan.index and (fault is None or fault[0] != "unknown metric"):
                i = plan.index[name]
                touched.update(dict.fromkeys(self._take(w, i, None if fault else value)))
                if fault is None and value is not None:
                    told[i] = value
        feed(w, told, cause.received_at)
        verdicts = self._judge(w, sorted(touched), cause)
        return Change(verdicts, faults) if verdicts or faults else None

    def _take(self, w: Watched, i: int, value: Value | None) -> tuple[int, ...]:
        """Sets one value (None: no longer believed); → the rules it can change."""
        plan, old = w.plan, w.values[i]
        w.values[i] = value
        w.lows[i], w.highs[i] = FORCE
        if value is None or old is None:
            touched = () if value is old else plan.on_metric[i]
        elif isinstance(value, float):
            touched = (*plan.crossed(i, old, value), *plan.on_reading[i])  # type: ignore[arg-type]
        else:
            touched = plan.on_metric[i] if value != old or plan.on_reading[i] else ()
        if isinstance(value, float):
            w.lows[i], w.highs[i] = plan.between(i, value)
        elif isinstance(value, bool) and not plan.on_reading[i]:
            w.lows[i], w.highs[i] = (0.5, 1.5) if value else (-0.5, 0.5)
        return touched

    def late_reading(
        self, w: Watched, values: Mapping[str, Value], cause: Cause, known: Callable[[str], bool]
    ) -> Change | None:
        """A reading older than the newest, not seen before. It can raise, never clear: the device has spoken since.

        `known` says whether the journal has a verdict's key already (a message redelivered after a crash).
        """
        kept = list(w.values)
        touched: dict[int, None] = {}
        for name, value in values.items():
            if w.plan.fault(name, value) is None:
                w.values[w.plan.index[name]] = value
                touched.update(dict.fromkeys(w.plan.on_metric[w.plan.index[name]]))
        raised = []
        for number in touched:
            rule = w.plan.rules[number]
            if w.verdict(rule.id) is not Verdict.HOLDS and rule.verdict(w, cause.received_at) is Verdict.HOLDS:
                change = self._changed(w, number, Verdict.HOLDS, cause)
                key = change.key()
                if key is None or not known(key):
                    raised.append(change)
                    w.verdicts = {**(w.verdicts or {}), rule.id: Verdict.HOLDS}
                    w.wake = tuple(dict.fromkeys((*w.wake, number)))
        w.values = kept
        return Change(raised, []) if raised else None

    def event(self, w: Watched, event: str, attributes: Attributes, cause: Cause) -> Change | None:
        touched = dict.fromkeys(self._woken(w, cause))
        if event not in w.plan.device_class.events:
            expected = ", ".join(w.plan.device_class.events) or "none"
            detail = f"{event!r} is not an event of {w.plan.device_class.id} ({expected})"
            return Change(self._judge(w, touched, cause), [("unknown event", detail)])
        for recall in w.plan.recalls_on_event.get(event, ()):
            recall.feed(w.memory(recall), w.values, cause.received_at, event, attributes)
        touched.update(dict.fromkeys(w.plan.on_event.get(event, ())))
        verdicts = self._judge(w, touched, cause)
        return Change(verdicts, []) if verdicts else None

    def status(self, w: Watched, online: bool, cause: Cause) -> Change | None:
        touched = dict.fromkeys(self._woken(w, cause)) if online else {}
        w.online = online
        touched.update(dict.fromkeys(w.plan.on_status))
        verdicts = self._judge(w, touched, cause)
        return Change(verdicts, []) if verdicts else None

    def skew(self, w: Watched, skew_s: float, cause: Cause) -> Change | None:
        """The device's clock against the gateway's; a metric every device has."""
        i = w.plan.skew
        if w.lows[i] < skew_s < w.highs[i]:
            w.values[i] = skew_s
            return None
        verdicts = self._judge(w, dict.fromkeys(self._take(w, i, skew_s)), cause)
        return Change(verdicts, []) if verdicts else None

    def consumed(self, device: str, first: int, hours: Sequence[float], now: Instant) -> list[VerdictChanged]:
        """Kilowatt hours of each hour from `first` (since 1970) on, not a number where it is not known. Judged is the
        last; what is said again changes nothing."""
        w = self.watched(Mode.ACTUAL, device, now)
        if w is None or not w.plan.on_consumption:
            return []
        w.memory(CONSUMPTION).take(first, hours)
        return self._judge(w, w.plan.on_consumption, Cause(now, now))

    def _woken(self, w: Watched, cause: Cause) -> tuple[int, ...]:
        """What any message of the device changes, whatever it says."""
        woken, w.wake = w.wake, ()
        if w.silent:
            w.silent, w.last = False, None
            self._silent.pop((w.mode, w.device.id), None)
            self._set_timer(w, SILENCE, cause.received_at + w.device.silent_after_ms)
        if w.online is not True and not cause.retained:  # what the broker kept is no sign of life
            w.online = True
            woken = (*woken, *w.plan.on_status)
        return tuple(number for number in woken if number != SILENCE)

    def announced(self, w: Watched, silent_after_ms: int, now: Instant) -> None:
        """The device itself says how long it may be silent."""
        if silent_after_ms != w.device.silent_after_ms:
            w.device = structs.replace(w.device, silent_after_ms=silent_after_ms)
            self._set_timer(w, SILENCE, max(now, w.heard_at(now) + silent_after_ms))

    # ---- judging

    def _judge(self, w: Watched, touched: Iterable[int], cause: Cause) -> list[VerdictChanged]:
        changes: list[VerdictChanged] = []
        for number in touched:
            rule = w.plan.rules[number]
            new, old = rule.verdict(w, cause.received_at), w.verdict(rule.id)
            no_news = old is Verdict.DOES_NOT and new in _STAYS and not w.settles(rule.id, cause.received_at)
            if new is not old and not no_news:
                changes.append(self._changed(w, number, new, cause))
                self._set_verdict(w, rule, new, cause.received_at)
            if rule.dues:
                self._reschedule(w, number, cause.received_at)
            if rule.wakes and any(wake(w, cause.received_at) for wake in rule.wakes):
                w.wake = tuple(dict.fromkeys((*w.wake, number)))
        return changes

    def _changed(self, w: Watched, number: int, verdict: Verdict, cause: Cause) -> VerdictChanged:
        rule, index = w.plan.rules[number], w.plan.places
        values = {name: value for name in rule.metrics if (value := w.values[index[name]]) is not None}
        for grounds in rule.grounds:
            values |= grounds(w)
        return VerdictChanged(
            mode=w.mode,
            rule=rule.id,
            device=w.device.id,
            verdict=verdict,
            at=cause.at,
            received_at=cause.received_at,
            values=values,
            seq=cause.seq,
            late=cause.late,
            retained=cause.retained,
            dated=cause.dated and cause.at == cause.received_at,
        )

    def _set_verdict(self, w: Watched, rule: PlannedRule, verdict: Verdict, now: Instant) -> None:
        verdicts = w.verdicts or {}
        if verdict is Verdict.DOES_NOT:
            verdicts.pop(rule.id, None)
            if rule.clear_hold_ms:
                w.settling = {**(w.settling or {}), rule.id: now + rule.clear_hold_ms}
        else:
            verdicts[rule.id] = verdict
        w.verdicts = verdicts or None

    # ---- time

    def listening(self, since: Instant | None) -> None:
        """Since when the gateway hears the broker; None: it does not. Then no device counts as silent."""
        self.ear.listening_since = since

    def next_deadline(self) -> Instant | None:
        return self._timers[0][0] if self._timers else None

    def advance(self, now: Instant) -> list[VerdictChanged]:
        """Looks at what time alone has changed up to `now`."""
        changes: list[VerdictChanged] = []
        while self._timers and self._timers[0][0] <= now:
            due, _, number, _, w = heapq.heappop(self._timers)
            if self._watched.get((w.mode, w.device.id)) is not w:
                continue
            if number == SILENCE:
                self._look_for_silence(w, now, changes)
            elif w.dues and w.dues.get(number) == due:
                del w.dues[number]
                changes.extend(self._judge(w, (number,), Cause(now, now)))
        return changes

    def _look_for_silence(self, w: Watched, now: Instant, changes: list[VerdictChanged]) -> None:
        due = w.heard_at(now) + w.device.silent_after_ms
        if due > now:
            self._set_timer(w, SILENCE, due)
            return
        w.last, w.silent = w.believed(), True
        self._silent[w.mode, w.device.id] = w
        w.follow(w.plan)  # what it last said is no longer believed
        w.wake = (*w.wake, SILENCE)
        believed = (Verdict.HOLDS, Verdict.DEADBAND)
        known = [rule for rule in w.plan.rules if w.verdict(rule.id) in believed or w.settles(rule.id, now)]
        doubted = {rule.number for rule in known if rule.metrics}
        changes.extend(self._judge(w, sorted(doubted.union(w.plan.at_limit)), Cause(now, now)))

    def _look_at_timed(self, w: Watched, now: Instant, changes: list[VerdictChanged]) -> None:
        for number in w.plan.timed:
            rule = w.plan.rules[number]
            if self._only_it_can_say(w, rule):
                w.wake = tuple(dict.fromkeys((*w.wake, number)))
            elif w.verdict(rule.id) is Verdict.NO_DATA:
                self._reschedule(w, number, now)  # what telemetry says of it was not believed before the restart
            elif number in w.plan.at_limit or rule.due(w, now) is not None:
                changes.extend(self._judge(w, (number,), Cause(now, now)))

    def _only_it_can_say(self, w: Watched, rule: PlannedRule) -> bool:
        """It was silent, or offline, before we began to listen: that ends when it speaks."""
        return bool(rule.wakes) and w.verdict(rule.id) is Verdict.HOLDS

    def _reschedule(self, w: Watched, number: int, now: Instant) -> None:
        due = w.plan.rules[number].due(w, now)
        planned = w.dues.get(number) if w.dues else None
        if due is not None and (planned is None or due < planned):
            w.dues = {**(w.dues or {}), number: due}
            self._set_timer(w, number, due)

    def _set_timer(self, w: Watched, number: int, due: Instant) -> None:
        """Of one instant by device and rule, whenever they were set: after a restart they fall in the same order."""
        heapq.heappush(self._timers, (due, w.device.id, number, next(self._order), w))

    # ---- hot reload

    def reload(
        self, directory: Directory, ruleset: Ruleset, calendars: Mapping[str, Calendar], now: Instant
    ) -> list[VerdictChanged]:
        """New rules or sites: what is known is judged by them at once. Memories are rebuilt from telemetry."""
        kept, self._watched, self._timers, self._silent = self._watched, {}, [], {}
        before = {rule.version for rule in self.ruleset.detections.values()}
        self._install(directory, ruleset, calendars)
        changes: list[VerdictChanged] = []
        for (mode, device), old in kept.items():
            if device in directory.devices:
                w = self._watch(directory.devices[device], mode, now)
                self._carry_over(old, w, now)
                same = [rule for rule in w.plan.rules if ruleset.detections[rule.id].version in before]
                stay = [rule.number for rule in same if self._only_it_can_say(w, rule)]
                w.wake = (*w.wake, *stay)
                judged = [number for number in range(len(w.plan.rules)) if number not in stay]
                changes.extend(self._judge(w, judged, Cause(now, now)))
        for device in directory.devices:
            if (Mode.ACTUAL, device) not in kept and (new := self.watched(Mode.ACTUAL, device, now)):
                self._look_at_timed(new, now, changes)
        return changes

    def _carry_over(self, old: Watched, w: Watched, now: Instant) -> None:
        w.at, w.seq, w.source, w.online = old.at, old.seq, old.source, old.online
        w.received_at, w.unseen, w.silent, w.last = old.received_at, old.unseen, old.silent, old.last
        verdicts = {rule: verdict for rule, verdict in (old.verdicts or {}).items() if rule in w.plan.rule_index}
        w.verdicts, w.settling = verdicts or None, old.settling
        if w.plan.span_ms and not w.unseen:
            replay(w, self._window(w))
        w.values = [None] * len(w.plan.names)
        for name, value in old.believed().items():
            if not w.silent and (name in PSEUDO_METRICS or w.plan.fault(name, value) is None):
                w.values[w.plan.places[name]] = value
        if w.silent:
            self._silent[w.mode, w.device.id] = w
            w.wake = (SILENCE,)
        else:
            self._set_timer(w, SILENCE, max(now, w.heard_at(now) + w.device.silent_after_ms))
