"""`expr:` conditions, in the Common Expression Language (CEL), compiled once.

Slower than the native forms (3 µs against 0.1 µs an evaluation): for what they cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rules.instant import Instant

if TYPE_CHECKING:
    from rules.watched import Watched

RATED = "rated_"  # a rated value's name in an expression: rated_power_w


def expression_variables(text: str) -> list[str]:
    """The names an expression uses. Raises ValueError when it is no CEL."""
    try:
        return sorted(_compile(text).variables())
    except ValueError as error:
        raise ValueError(f"{text!r} is not a CEL expression: {str(error).splitlines()[0]}") from error


def compile_expression(
    text: str, metrics: Mapping[str, int], rated: Mapping[str, float]
) -> tuple[Callable[[Watched, Instant], bool | None], tuple[int, ...]]:
    """→ (the evaluation, the metrics it looks at). A value not known, or an error in evaluation, is no data."""
    program = _compile(text)
    names = expression_variables(text)
    fixed = {name: rated[name.removeprefix(RATED)] for name in names if name.startswith(RATED)}
    looked_at = tuple((name, metrics[name]) for name in names if name in metrics)

    def evaluate(w: Watched, now: Instant) -> bool | None:
        values = {name: w.values[index] for name, index in looked_at}
        if None in values.values():
            return None
        try:
            answer = program.execute(values | fixed)
        except (ValueError, TypeError, RuntimeError, ArithmeticError):  # e.g. a division by zero: an answer unknown
            return None
        return answer if isinstance(answer, bool) else None

    return evaluate, tuple(index for _, index in looked_at)


def _compile(text: str) -> Any:
    """Imported here: it brings its own command line with it (0.1 s), and most rules need no expression."""
    import cel

    return cel.compile(text)
