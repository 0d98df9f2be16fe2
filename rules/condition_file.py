"""How a condition is written. One flat mapping whose keys say which form it is, so that errors stay short."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from rules.expression import RATED, expression_variables
from rules.file_types import FileModel
from rules.instant import DurationMs

WEEKS_MAX = 26  # half a year: the season before the last says nothing of this one (ours)
NESTING_MAX = 8  # a condition a person can still read
EVENT_WITHIN_MS = 60_000  # an event "holds" for so long where nothing else is said
Number = Annotated[float, Field(allow_inf_nan=False)]
Plain = bool | Number | Annotated[str, StringConstraints(max_length=200)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday", "workday"]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")

FORMS = ("metric", "event", "status", "silent_for", "schedule", "sequence", "baseline", "expr", "any", "all", "not")
COMPARISONS = ("above", "below", "between", "is", "in")
# Which keys may stand beside which form; `for` may stand at the top of `when` and `clear` alone.
ALLOWED = {
    "metric": {*COMPARISONS, "of", "changed", "rate_per", "aggregate", "over", "count", "within"},
    "event": {"attributes", "count", "within"},
    "sequence": {"within"},
}


class Schedule(FileModel):
    """Local time at the site. `from` after `to` runs over midnight; the day is the one it began on."""

    model_config = ConfigDict(populate_by_name=True)
    days: list[Day] = Field([], description="empty: every day; holidays come from the site file")
    from_: str = Field("00:00", alias="from")
    to: str = "24:00"

    @field_validator("from_", "to")
    @classmethod
    def _is_time(cls, text: str) -> str:
        if not _TIME.fullmatch(text):
            raise ValueError(f"{text!r} is not a time of day; expected HH:MM, 00:00 to 24:00")
        return text


class Baseline(FileModel):
    """The last whole hour's energy beside that of the same hour on past days. Bounds are so many spreads from what is
    expected; the defaults were chosen on generated years (docs/energy.md)."""

    above: Annotated[float, Field(gt=0, le=1_000)] | None = Field(None, description="more than so many spreads above")
    below: Annotated[float, Field(gt=0, le=1_000)] | None = Field(None, description="more than so many spreads below")
    weeks: int = Field(8, ge=1, le=WEEKS_MAX, description="how far back")
    hours_min: int = Field(4, ge=2, le=1_000, description="with fewer past hours nothing is said")
    floor: float = Field(0.1, ge=0, le=10, description="the spread is at least this share of what is expected")

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.above is None) == (self.below is None):
            given = "above and below" if self.above is not None else "neither"
            raise ValueError(f"{given} given; expected exactly one of 'above' and 'below'")
        if self.hours_min > self.weeks:
            raise ValueError(
                f"hours_min {self.hours_min} of {self.weeks} weeks: a weekday has one such hour a week; expected at "
                f"most {self.weeks}"
            )
        return self


class Condition(FileModel):
    """A condition on one device. Exactly one of the forms; see docs/rules.md for each with an example."""

    model_config = ConfigDict(populate_by_name=True)
    metric: str | None = None
    above: Number | None = None
    below: Number | None = None
    between: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None
    is_: Plain | None = Field(None, alias="is")
    in_: list[Plain] | None = Field(None, alias="in", min_length=1, max_length=100)
    of: str | None = Field(None, description="a rated value of the device that the bounds are multiples of")
    changed: Literal[True] | None = None
    rate_per: DurationMs | None = Field(None, description="change per this time instead of the value")
    aggregate: Literal["sum", "avg", "min", "max"] | None = None
    over: DurationMs | None = Field(None, description="the window of an aggregate or a rate")
    event: str | None = None
    attributes: dict[str, Plain] = {}
    count: int | None = Field(None, ge=1, le=10_000, description="at least so often")
    within: DurationMs | None = None
    status: Literal["online", "offline"] | None = None
    silent_for: DurationMs | Literal["limit"] | None = Field(None, description="limit: the device's own silence limit")
    schedule: Schedule | None = None
    sequence: list[Condition] | None = Field(None, min_length=2, max_length=10)
    baseline: Baseline | None = Field(None, description="for what measures energy: unusual for this hour of the week")
    expr: str | None = Field(None, max_length=2_000, description="CEL over the metrics and rated_… of the device")
    any: list[Condition] | None = Field(None, min_length=1, max_length=200)
    all: list[Condition] | None = Field(None, min_length=1, max_length=200)
    not_: Condition | None = Field(None, alias="not")
    for_: DurationMs | None = Field(None, alias="for", description="must hold so long without a break")

    @property
    def form(self) -> str:
        return next(name for name in FORMS if getattr(self, _attribute(name)) is not None)

    @property
    def children(self) -> list[Condition]:
        return [*(self.any or []), *(self.all or []), *(self.sequence or []), *([self.not_] if self.not_ else [])]

    @property
    def rated_in_expression(self) -> list[str]:
        names = expression_variables(self.expr) if self.expr else []
        return [name.removeprefix(RATED) for name in names if name.startswith(RATED)]

    def written(self) -> set[str]:
        return {(type(self).model_fields[name].alias or name) for name in self.model_fields_set}

    @field_validator("of")
    @classmethod
    def _is_rated(cls, text: str | None) -> str | None:
        """`rated_power_w`, as in expressions, and `power_w`, as on the nameplate, are the same."""
        return text.removeprefix(RATED) if text else text

    @field_validator("expr")
    @classmethod
    def _is_cel(cls, text: str | None) -> str | None:
        if text is not None:
            expression_variables(text)
        return text

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, value: Any) -> Any:
        if _depth(value) > NESTING_MAX:
            raise ValueError(f"nested deeper than {NESTING_MAX}; expected any/all/not that a person can read")
        return value

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [name for name in FORMS if getattr(self, _attribute(name)) is not None]
        if len(forms) != 1:
            raise ValueError(f"{_listed(forms)} in one condition; expected exactly one of {', '.join(FORMS)}")
        extra = self.written() - {forms[0], "for"} - ALLOWED.get(forms[0], set())
        if extra:
            raise ValueError(f"{_listed(sorted(extra))} cannot stand beside {forms[0]!r}")
        if forms[0] == "metric":
            self._check_metric()
        if forms[0] == "sequence" and self.within is None:
            raise ValueError("a sequence needs 'within'")
        if any(child.for_ is not None for child in self.children):
            raise ValueError("'for' inside a condition; expected it only at the top of 'when' or 'clear'")
        return self

    def _check_metric(self) -> None:
        how = self.written() & {*COMPARISONS, "changed"}
        if len(how) != 1:
            raise ValueError(f"{_listed(sorted(how))} on one metric; expected exactly one of {COMPARISONS} or changed")
        bounds = self.above is not None or self.below is not None or self.between is not None
        if not bounds and self.written() & {"of", "rate_per", "aggregate"}:
            raise ValueError("'of', 'rate_per' and 'aggregate' need 'above', 'below' or 'between'")
        if (self.aggregate is None) != (self.over is None) and self.rate_per is None:
            raise ValueError("'aggregate' and 'over' go together")
        if (self.count is None) != (self.within is None):
            raise ValueError("'count' and 'within' go together")
        if self.between and self.between[0] >= self.between[1]:
            raise ValueError(f"between {self.between}: expected [lower, upper]")


def _attribute(name: str) -> str:
    return "not_" if name == "not" else name


def _listed(names: list[str]) -> str:
    return " and ".join(repr(name) for name in names) or "nothing"


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level and depth <= NESTING_MAX:
        depth += 1
        level = [c for v in level if isinstance(v, dict) for c in _inner(v) if isinstance(c, dict)]
    return depth


def _inner(value: dict[Any, Any]) -> list[Any]:
    lists = [value.get(key) for key in ("any", "all", "sequence")]
    return [c for found in lists if isinstance(found, list) for c in found] + [value.get("not")]
