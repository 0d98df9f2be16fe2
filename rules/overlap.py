"""Whether `when` and `clear` can both be true: then there is no gap between them, and the detection would flap.

Decided for comparisons of values, windows and rates, joined by `any` and `all`. Everything else is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import inf
from typing import NamedTuple

from rules.condition_file import Condition
from rules.wording import shown

CLAUSES_MAX = 2_000  # of `when` times `clear`; more were generated, and are left alone

# A bound is (value, 0 included / 1 or -1 excluded), so that bounds compare as numbers do.
Bound = tuple[float, int]
Span = tuple[Bound, Bound]
_ALL: Span = ((-inf, 0), (inf, 0))


class Quantity(NamedTuple):
    """What is compared: two conditions limit each other only where these are equal."""

    metric: str
    of: str | None
    rate_per: int | None
    aggregate: str | None
    over: int | None


class Allowed(NamedTuple):
    """What a quantity may be: numbers within any of the spans, or one of the values."""

    spans: tuple[Span, ...] = ()
    values: frozenset[bool | str] = frozenset()

    def both(self, other: Allowed) -> Allowed:
        met = [(max(a[0], b[0]), min(a[1], b[1])) for a in self.spans for b in other.spans]
        return Allowed(tuple(span for span in met if span[0] <= span[1]), self.values & other.values)


Clause = dict[Quantity, Allowed] | None  # None: it says something that is not decided here


def overlap(when: Condition, clear: Condition) -> str:
    """What both allow, in words: `smoke between 0.15 and 0.2`. Empty: nothing, or it cannot be decided."""
    whens, clears = _clauses(when), _clauses(clear)
    if len(whens) * len(clears) > CLAUSES_MAX:
        return ""
    for one, other in product(whens, clears):
        if one is None or other is None or not one.keys() & other.keys():
            continue
        joined = _joined([one, other])
        if joined is not None and all(allowed.spans or allowed.values for allowed in joined.values()):
            return _described(joined, one.keys() & other.keys())
    return ""


def _clauses(condition: Condition) -> list[Clause]:
    """The condition as alternatives, each of them limits to quantities that hold together."""
    if condition.any is not None:
        return [clause for child in condition.any for clause in _clauses(child)]
    if condition.all is not None:
        clauses: list[Clause] = [{}]
        for child in condition.all:
            clauses = [_joined(pair) for pair in product(clauses, _clauses(child))]
            if len(clauses) > CLAUSES_MAX:
                return [None]
        return clauses
    if condition.metric is None or condition.count is not None or condition.changed:
        return [None]
    quantity = Quantity(condition.metric, condition.of, condition.rate_per, condition.aggregate, condition.over)
    return [{quantity: _allowed(condition)}]


def _joined(clauses: Iterable[Clause]) -> Clause:
    joined: dict[Quantity, Allowed] = {}
    for clause in clauses:
        if clause is None:
            return None
        for quantity, allowed in clause.items():
            joined[quantity] = joined[quantity].both(allowed) if quantity in joined else allowed
    return joined


def _allowed(condition: Condition) -> Allowed:
    if condition.above is not None:
        return Allowed((((condition.above, 1), _ALL[1]),))
    if condition.below is not None:
        return Allowed(((_ALL[0], (condition.below, -1)),))
    if condition.between is not None:
        lower, upper = condition.between
        return Allowed((((lower, 0), (upper, 0)),))
    wanted = condition.in_ if condition.in_ is not None else [condition.is_]
    points = tuple(((value, 0), (value, 0)) for value in wanted if isinstance(value, float))
    return Allowed(points, frozenset(value for value in wanted if isinstance(value, bool | str)))


def _described(joined: dict[Quantity, Allowed], shared: Iterable[Quantity]) -> str:
    return " and ".join(_one(quantity, joined[quantity]) for quantity in joined if quantity in shared)


def _one(quantity: Quantity, allowed: Allowed) -> str:
    return f"{quantity.metric} {' or '.join(_ranges(allowed))}"


def _ranges(allowed: Allowed) -> Iterator[str]:
    for (lower, _), (upper, _) in allowed.spans:
        if lower == upper:
            yield f"{lower:g}"
        elif upper == inf:
            yield f"above {lower:g}"
        else:
            yield f"below {upper:g}" if lower == -inf else f"between {lower:g} and {upper:g}"
    yield from sorted(shown(value) for value in allowed.values)
