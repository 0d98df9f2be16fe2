"""Conditions as they are written → functions of a device's state, compiled once per class of device.

Every function answers True, False or None (no data); `any` and `all` follow Kleene's logic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rules import baseline
from rules.condition_file import EVENT_WITHIN_MS, Baseline, Condition
from rules.expression import compile_expression
from rules.instant import Instant
from rules.memory import Attributes, LastTwo, Occurrences, Progress, Recall, Values, Window
from rules.reading import Value
from rules.schedule import schedule_now
from rules.watched import Watched

Truth = bool | None
Evaluate = Callable[[Watched, Instant], Truth]
Due = Callable[[Watched, Instant], Instant | None]
Bound = Callable[[float], bool]
Grounds = Callable[[Watched], Mapping[str, Value]]


_FOLDS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "avg": lambda values: sum(values) / len(values),
}


class Leaf(NamedTuple):
    """What the plan must know of a compiled condition: what can change its answer."""

    cuts: tuple[tuple[int, float], ...] = ()  # (metric, threshold): a value crossing it
    metrics: tuple[int, ...] = ()  # any change of these (booleans, strings)
    readings: tuple[int, ...] = ()  # every reading of these
    events: tuple[str, ...] = ()
    recalls: tuple[Recall, ...] = ()
    dues: tuple[Due, ...] = ()  # when time alone can change it
    wakes: tuple[Evaluate, ...] = ()  # true while the next message of the device, whatever it says, can change it
    status: bool = False
    at_limit: bool = False  # when the device has been silent for its limit
    grounds: tuple[Grounds, ...] = ()  # what it rests on, beside the values of its metrics
    weeks: int = 0  # how far back it asks for the device's consumption


class Compiled(NamedTuple):
    evaluate: Evaluate
    leaf: Leaf


class Compiler:
    """For one class of device with its metrics' indexes and one set of rated values."""

    def __init__(self, metrics: Mapping[str, int], numeric: set[int], rated: Mapping[str, float]) -> None:
        self.metrics, self.numeric, self.rated = metrics, numeric, rated

    def compile(self, condition: Condition) -> Compiled:
        form = condition.form
        build: Callable[[Condition], Compiled] = getattr(self, f"_{form}")
        return build(condition)

    # ---- combinations

    def _any(self, condition: Condition) -> Compiled:
        parts = [self.compile(child) for child in condition.any or []]
        return Compiled(_any_of(tuple(part.evaluate for part in parts)), _joined(parts))

    def _all(self, condition: Condition) -> Compiled:
        parts = [self.compile(child) for child in condition.all or []]
        return Compiled(_all_of(tuple(part.evaluate for part in parts)), _joined(parts))

    def _not(self, condition: Condition) -> Compiled:
        assert condition.not_ is not None
        inner, leaf = self.compile(condition.not_)
        return Compiled(lambda w, now: None if (truth := inner(w, now)) is None else not truth, leaf)

    # ---- one metric

    def _metric(self, condition: Condition) -> Compiled:
        assert condition.metric is not None
        index = self.metrics[condition.metric]
        if condition.count is not None:
            return self._count_of_metric(condition)
        if condition.changed:
            return self._changed(index)
        if condition.rate_per is not None:
            return self._rate(index, condition)
        if condition.aggregate is not None:
            return self._aggregate(index, condition)
        return self._value(index, condition)

    def _value(self, index: int, condition: Condition) -> Compiled:
        test = self._test(condition)

        def evaluate(w: Watched, now: Instant) -> Truth:
            value = w.values[index]
            return None if value is None else test(value)

        if index in self.numeric:
            return Compiled(evaluate, Leaf(cuts=tuple((index, cut) for cut in self._thresholds(condition))))
        return Compiled(evaluate, Leaf(metrics=(index,)))

    def _test(self, condition: Condition) -> Callable[[Any], bool]:
        if condition.in_ is not None:
            wanted = tuple(condition.in_)
            return lambda value: any(value == each and type(value) is type(each) for each in wanted)
        if condition.is_ is not None:
            only = condition.is_
            return lambda value: bool(value == only)
        return self._bound(condition)

    def _bound(self, condition: Condition) -> Bound:
        factor = self.rated[condition.of] if condition.of else 1.0
        if condition.between is not None:
            lower, upper = (bound * factor for bound in condition.between)
            return lambda value: lower <= value <= upper
        if condition.above is not None:
            above = condition.above * factor
            return lambda value: value > above
        assert condition.below is not None
        below = condition.below * factor
        return lambda value: value < below

    def _thresholds(self, condition: Condition) -> Iterator[float]:
        factor = self.rated[condition.of] if condition.of else 1.0
        for bound in (condition.above, condition.below, *(condition.between or ())):
            if bound is not None:
                yield bound * factor
        for bound in (condition.is_, *(condition.in_ or ())):
            if isinstance(bound, float):
                yield bound

    def _changed(self, index: int) -> Compiled:
        recall = LastTwo(index)

        def evaluate(w: Watched, now: Instant) -> Truth:
            pair = w.memory(recall)
            return pair[0][1] != pair[1][1] if len(pair) == 2 and w.values[index] is not None else None

        return Compiled(evaluate, Leaf(readings=(index,), recalls=(recall,)))

    def _rate(self, index: int, condition: Condition) -> Compiled:
        recall: Recall = Window(index, condition.over) if condition.over else LastTwo(index)
        bound, per_ms = self._bound(condition), condition.rate_per or 1

        def evaluate(w: Watched, now: Instant) -> Truth:
            entries = w.memory(recall)
            recall.due(entries, now)  # lets what is too old go
            if w.values[index] is None or len(entries) < 2 or entries[-1][0] <= entries[0][0]:
                return None
            (first_at, first), (last_at, last) = entries[0], entries[-1]
            return bound((last - first) * per_ms / (last_at - first_at))

        return Compiled(evaluate, Leaf(readings=(index,), recalls=(recall,), dues=(_due_of(recall),)))

    def _aggregate(self, index: int, condition: Condition) -> Compiled:
        recall, bound = Window(index, condition.over or 0), self._bound(condition)
        fold = _FOLDS[condition.aggregate or "avg"]

        def evaluate(w: Watched, now: Instant) -> Truth:
            entries = w.memory(recall)
            recall.due(entries, now)  # lets what is too old go
            return bound(fold([value for _, value in entries])) if entries and w.values[index] is not None else None

        return Compiled(evaluate, Leaf(readings=(index,), recalls=(recall,), dues=(_due_of(recall),)))

    def _count_of_metric(self, condition: Condition) -> Compiled:
        inner = condition.model_copy(update={"count": None, "within": None})
        came, leaf = self._fed(inner)
        key = f"edges/{inner.model_dump_json(exclude_defaults=True)}/{condition.within}/{sorted(self.rated.items())}"
        return _counted(Occurrences(key, condition.within or 0, came, edge=True), condition.count or 1, leaf)

    # ---- events and sequences

    def _event(self, condition: Condition) -> Compiled:
        came, leaf = self._fed(condition)
        within_ms = condition.within or EVENT_WITHIN_MS
        key = f"event/{condition.event}/{sorted(condition.attributes.items())}/{within_ms}"
        return _counted(Occurrences(key, within_ms, came, edge=False), condition.count or 1, leaf)

    def _sequence(self, condition: Condition) -> Compiled:
        steps, leaves = zip(*(self._fed(step) for step in condition.sequence or []), strict=True)
        recall = Progress(f"sequence/{condition.model_dump_json(exclude_defaults=True)}", condition.within or 0, steps)

        def evaluate(w: Watched, now: Instant) -> Truth:
            completed = w.memory(recall)[1]
            return completed is not None and now - completed <= recall.within_ms

        return Compiled(evaluate, together([*leaves, Leaf(recalls=(recall,), dues=(_due_of(recall),))]))

    def _fed(self, condition: Condition) -> tuple[Callable[[Values, str | None, Attributes], Truth], Leaf]:
        """A step or an occurrence: judged as a reading or event is fed, not when the rule is evaluated."""
        if condition.event is not None:
            name, wanted = condition.event, condition.attributes
            return (
                lambda values, event, attributes: (
                    event == name and all(attributes.get(key) == value for key, value in wanted.items())
                ),
                Leaf(events=(name,)),
            )
        assert condition.metric is not None
        index, test = self.metrics[condition.metric], self._test(condition)
        return (
            lambda values, event, attributes: (
                None if event is not None or (value := values[index]) is None else test(value)
            ),
            Leaf(readings=(index,)),
        )

    # ---- the rest

    def _status(self, condition: Condition) -> Compiled:
        wanted = condition.status == "online"
        return Compiled(
            lambda w, now: None if w.online is None else w.online is wanted,
            Leaf(status=True, wakes=(lambda w, now: w.online is False,)),
        )

    def _silent_for(self, condition: Condition) -> Compiled:
        fixed = condition.silent_for if isinstance(condition.silent_for, int) else None

        def due(w: Watched, now: Instant) -> Instant:
            return w.heard_at(now) + (w.device.silent_after_ms if fixed is None else fixed)

        def evaluate(w: Watched, now: Instant) -> Truth:
            return now >= due(w, now)

        if fixed is None:  # every device has a timer for its limit anyway
            return Compiled(evaluate, Leaf(wakes=(evaluate,), at_limit=True))
        ahead: Due = lambda w, now: due(w, now) if now < due(w, now) else None  # noqa: E731
        return Compiled(evaluate, Leaf(dues=(ahead,), wakes=(evaluate,)))

    def _schedule(self, condition: Condition) -> Compiled:
        schedule = condition.schedule
        assert schedule is not None
        return Compiled(
            lambda w, now: schedule_now(schedule, w.calendar, now)[0],
            Leaf(dues=(lambda w, now: schedule_now(schedule, w.calendar, now)[1],)),
        )

    def _baseline(self, condition: Condition) -> Compiled:
        asked = condition.baseline
        assert asked is not None

        def evaluate(w: Watched, now: Instant) -> Truth:
            hours = _consumed(w)
            if hours is None or baseline.is_stale(hours, now):
                return None
            value, usual = hours.of(hours.last), hours.expectation(asked, w.calendar)
            if value is None or usual is None:
                return None
            if asked.above is not None:
                return value > usual.expected + asked.above * usual.spread
            return value < usual.expected - (asked.below or 0) * usual.spread

        due = _due_of(baseline.CONSUMPTION)
        return Compiled(evaluate, Leaf(dues=(due,), grounds=(_grounds(asked),), weeks=asked.weeks))

    def _expr(self, condition: Condition) -> Compiled:
        evaluate, indexes = compile_expression(condition.expr or "", self.metrics, self.rated)
        return Compiled(evaluate, Leaf(readings=indexes))


def _consumed(w: Watched) -> baseline.Consumption | None:
    hours: baseline.Consumption | None = _made(w, baseline.CONSUMPTION)
    return None if hours is None or hours.empty else hours


def _grounds(asked: Baseline) -> Grounds:
    def grounds(w: Watched) -> Mapping[str, Value]:
        hours = _consumed(w)
        value = None if hours is None else hours.of(hours.last)
        usual = None if hours is None else hours.expectation(asked, w.calendar)
        if value is None or usual is None:
            return {}
        said = (round(value, 3), round(usual.expected, 3), round(usual.spread, 3), float(usual.hours))
        return dict(zip(baseline.SAID, said, strict=True))

    return grounds


def _counted(recall: Occurrences, count: int, leaf: Leaf) -> Compiled:
    def evaluate(w: Watched, now: Instant) -> Truth:
        memory = _made(w, recall)
        if memory is None:
            return False
        recall.due(memory, now)  # lets what is too old go
        return len(memory[1]) >= count

    return Compiled(evaluate, together([leaf, Leaf(recalls=(recall,), dues=(_due_of(recall),))]))


def _due_of(recall: Recall) -> Due:
    def due(w: Watched, now: Instant) -> Instant | None:
        memory = _made(w, recall)
        return None if memory is None else recall.due(memory, now)

    return due


def _made(w: Watched, recall: Recall) -> Any | None:
    """The memory, if anything was ever fed to it. To ask makes none: an empty one takes 700 bytes, of every device."""
    return w.memories.get(recall.key) if w.memories else None


def _joined(parts: list[Compiled]) -> Leaf:
    return together([part.leaf for part in parts])


def together(leaves: list[Leaf]) -> Leaf:
    """What can change any of several conditions."""
    return Leaf(
        cuts=tuple(cut for leaf in leaves for cut in leaf.cuts),
        metrics=tuple(index for leaf in leaves for index in leaf.metrics),
        readings=tuple(index for leaf in leaves for index in leaf.readings),
        events=tuple(event for leaf in leaves for event in leaf.events),
        recalls=tuple(recall for leaf in leaves for recall in leaf.recalls),
        dues=tuple(due for leaf in leaves for due in leaf.dues),
        wakes=tuple(wake for leaf in leaves for wake in leaf.wakes),
        status=any(leaf.status for leaf in leaves),
        at_limit=any(leaf.at_limit for leaf in leaves),
        grounds=tuple(grounds for leaf in leaves for grounds in leaf.grounds),
        weeks=max((leaf.weeks for leaf in leaves), default=0),
    )


def _any_of(parts: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(w: Watched, now: Instant) -> Truth:
        answer: Truth = False
        for part in parts:
            truth = part(w, now)
            if truth:
                return True
            if truth is None:
                answer = None
        return answer

    return evaluate


def _all_of(parts: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(w: Watched, now: Instant) -> Truth:
        answer: Truth = True
        for part in parts:
            truth = part(w, now)
            if truth is False:
                return False
            if truth is None:
                answer = None
        return answer

    return evaluate
