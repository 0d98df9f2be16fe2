"""Pydantic's errors → problems in our words: the offending value and what was expected, in one line."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.model_keys import allowed_keys
from rules.problem import Problem
from rules.wording import listed, not_one_of, shown

Path = tuple[str | int, ...]

# error type → what was expected instead; {names} come from the error's context
_EXPECTED: dict[str, str] = {
    "string_type": "text",
    "string_sub_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "none_required": "nothing",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping of keys to values",
    "mapping_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "dataclass_type": "a mapping of keys to values",
    "date_type": "a date, e.g. 2026-10-01",
    "date_parsing": "a date, e.g. 2026-10-01",
    "date_from_datetime_parsing": "a date, e.g. 2026-10-01",
    "time_type": "a time of day, e.g. 22:30",
    "time_parsing": "a time of day, e.g. 22:30",
    "greater_than": "above {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "below {lt:g}",
    "less_than_equal": "{le:g} or less",
    "multiple_of": "a multiple of {multiple_of:g}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "too_short": "a list or mapping of at least {min_length}",
    "too_long": "a list or mapping of at most {max_length}",
    "string_pattern_mismatch": "text that matches {pattern}",
}


def problems_of(errors: ValidationError, model: type[BaseModel], value: Any) -> list[Problem]:
    """Problems with paths into `value`, which was validated as `model`.

    What the branches of a union expected at the same place becomes one problem: `'x' is not a number or true or false`.
    """
    problems: list[Problem] = []
    wanted: dict[tuple[Path, str], list[str]] = {}
    for error in errors.errors(include_url=False):
        path, offending = _real_path(error, value)
        if expected := _EXPECTED.get(error["type"]):
            wanted.setdefault((path, shown(offending)), []).append(expected.format_map(error.get("ctx", {})))
        else:
            problems.append(Problem(path, _message(error, offending, model)))
    for (path, text), all_expected in wanted.items():
        problems.append(Problem(path, f"{text} is not {' or '.join(dict.fromkeys(all_expected))}"))
    return list(dict.fromkeys(problems))


def _real_path(error: ErrorDetails, value: Any) -> tuple[Path, Any]:
    """The path in the file and the value there.

    Pydantic puts names of union branches and of validators into its locations; the file has no such steps.
    """
    path: list[Any] = []
    for step in error["loc"]:
        keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if step in keys:
            value = value[step]
            path.append(step)
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    elif error["loc"][-1:] == ("[key]",):
        value = path[-1]
    return tuple(path), value


def _message(error: ErrorDetails, offending: Any, model: type[BaseModel]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"is missing; there are only {listed(list(offending))}" if offending else "is missing"
    if kind == "extra_forbidden":
        return not_one_of(error["loc"][-1], "a key here", allowed_keys(model, error["loc"][:-1]))
    if kind in ("enum", "literal_error", "union_tag_invalid"):
        choices = re.findall(r"'([^']*)'", str(context.get("expected", context.get("expected_tags"))))
        return not_one_of(context.get("tag", offending), "allowed here", choices)
    if kind in ("value_error", "assertion_error"):
        return str(context["error"])
    return f"{shown(offending)}: {error['msg'][:1].lower()}{error['msg'][1:]}"
