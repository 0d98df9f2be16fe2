"""The part of Home Assistant's templates that is read here; nothing is ever evaluated.

Allowed: text with expressions in `{{ }}`; an expression is one variable (`value`, `value_json` and what a command
template knows), a path in it (`.name`, `['name']`, `[0]`) and filters from the list below with constant arguments.
Statements, arithmetic, comparisons, calls and every other filter are refused with a reason. A path is looked up in
the JSON alone: there is no attribute of an object that it could reach.

Semantics as documented: a result is text, without the blanks around it; a boolean is written True or False, null None.
`round`, `int`, `float`, `default`, `is_defined`, `multiply`, `add` as Home Assistant has them. Sources:
"MQTT", chapter "Using templates with the MQTT integration", https://www.home-assistant.io/integrations/mqtt/ ·
"Templating", https://www.home-assistant.io/docs/configuration/templating/ ·
"Template Designer Documentation", https://jinja.palletsprojects.com/en/stable/templates/
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

TEMPLATE_CHARACTERS_MAX = 2_000  # a longer one is a program
EXPRESSIONS_MAX = 32
STEPS_MAX = 16  # of a path, and of filters
RESULT_CHARACTERS_MAX = 16 * 1024
PRECISION_MAX = 15  # digits that a float has


class Refused(NamedTuple):
    """Why a template, or what came of it, is not taken."""

    why: str


class Missing:
    """A path that is not in the payload: says nothing, as a message of which a device left out a part."""


class Applied(NamedTuple):
    name: str
    arguments: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()


class Expression(NamedTuple):
    variable: str
    path: tuple[str | int, ...] = ()
    filters: tuple[Applied, ...] = ()


class Template(NamedTuple):
    parts: tuple[str | Expression, ...]
    variables: frozenset[str]


MISSING = Missing()
_TOKEN = re.compile(
    r"""(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>-?\d+(?:\.\d+)?)|(?P<text>"[^"\\]*"|'[^'\\]*')"""
    r"""|(?P<mark>[.\[\]|(),=])|(?P<blank>\s+)|(?P<other>.)""",
    re.DOTALL,
)
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}


class _Unsupported(Exception):
    pass


def parse(source: str, variables: frozenset[str]) -> Template | Refused:
    """`variables`: those that there are; any other is refused."""
    if len(source) > TEMPLATE_CHARACTERS_MAX:
        return Refused(f"{len(source)} characters; at most {TEMPLATE_CHARACTERS_MAX}")
    return _parsed(source, variables)


@lru_cache(maxsize=2_048)  # the same few templates come with every device of a kind
def _parsed(source: str, variables: frozenset[str]) -> Template | Refused:
    for mark, what in (("{%", "statements ({% %})"), ("{#", "comments ({# #})")):
        if mark in source:
            return Refused(f"{what} are not read; expected text and {{{{ value_json.name }}}}")
    try:
        parts = tuple(_parts(source))
        for part in parts:
            if isinstance(part, Expression) and part.variable not in variables:
                raise _Unsupported(f"{part.variable!r} is not known here; expected {', '.join(sorted(variables))}")
    except _Unsupported as unsupported:
        return Refused(str(unsupported))
    return Template(parts, frozenset(part.variable for part in parts if isinstance(part, Expression)))


def render(template: Template, values: Mapping[str, Any]) -> str | Missing | Refused:
    """`values`: for every variable of the template. Text without the blanks around it."""
    texts: list[str] = []
    for part in template.parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        try:
            value = _value(part, values[part.variable])
        except (ValueError, TypeError, OverflowError, ArithmeticError) as error:
            return Refused(f"{_shown(part)}: {error}")
        if isinstance(value, Missing):
            return MISSING
        if isinstance(value, dict | list):
            return Refused(f"{_shown(part)} is an object or a list; expected a value")
        try:
            texts.append(str(value))
        except ValueError:  # an integer of thousands of digits
            return Refused(f"{_shown(part)} is too long a number")
    result = "".join(texts).strip()
    if len(result) > RESULT_CHARACTERS_MAX:
        return Refused(f"{len(result)} characters; at most {RESULT_CHARACTERS_MAX}")
    return result


def _parts(source: str) -> Iterator[str | Expression]:
    rest, expressions = source, 0
    while rest:
        text, opened, rest = rest.partition("{{")
        if "}}" in text:
            raise _Unsupported("'}}' without '{{'")
        if not opened:
            if text:
                yield text
            return
        inner, closed, rest = rest.partition("}}")
        if not closed:
            raise _Unsupported("'{{' without '}}'")
        expressions += 1
        if expressions > EXPRESSIONS_MAX:
            raise _Unsupported(f"more than {EXPRESSIONS_MAX} expressions")
        if inner.startswith("-"):
            text, inner = text.rstrip(), inner[1:]
        if inner.endswith("-"):
            inner, rest = inner[:-1], rest.lstrip()
        if text:
            yield text
        yield _Reader(inner).expression()


class _Reader:
    """One expression's tokens, read from left to right."""

    def __init__(self, source: str) -> None:
        found = [(str(match.lastgroup), match.group()) for match in _TOKEN.finditer(source)]
        self._tokens = [token for token in found if token[0] != "blank"]
        self._at = 0

    def expression(self) -> Expression:
        kind, variable = self._next()
        if kind != "name":
            raise _Unsupported(f"{variable!r}; expected a variable such as value or value_json")
        path: list[str | int] = []
        while self._takes("."):
            path.append(self._expect("name"))
            self._count(path)
        while self._peek() == ("mark", "["):
            path.append(self._index())
            self._count(path)
            while self._takes("."):
                path.append(self._expect("name"))
                self._count(path)
        filters: list[Applied] = []
        while self._takes("|"):
            filters.append(self._filter())
            self._count(filters)
        kind, text = self._peek()
        if kind:
            raise _Unsupported(f"{text!r} after {variable}: only paths and filters are read, nothing is evaluated")
        return Expression(variable, tuple(path), tuple(filters))

    def _index(self) -> str | int:
        self._expect_mark("[")
        kind, text = self._next()
        if kind == "text":
            index: str | int = text[1:-1]
        elif kind == "number" and "." not in text and len(text) <= 6:
            index = int(text)
        else:
            raise _Unsupported(f"[{text}]; expected a name in quotes or a whole number")
        self._expect_mark("]")
        return index

    def _filter(self) -> Applied:
        name = self._expect("name")
        if name not in FILTERS:
            raise _Unsupported(f"the filter {name!r} is not read; expected {', '.join(FILTERS)}")
        arguments: list[Any] = []
        named: list[tuple[str, Any]] = []
        if self._takes("("):
            while not self._takes(")"):
                if arguments or named:
                    self._expect_mark(",")
                kind, text = self._next()
                if kind == "name" and text not in _CONSTANTS and self._takes("="):
                    named.append((text, self._constant(*self._next())))
                else:
                    arguments.append(self._constant(kind, text))
                self._count([*arguments, *named])
        return Applied(name, tuple(arguments), tuple(named))

    def _constant(self, kind: str, text: str) -> Any:
        if kind == "text":
            return text[1:-1]
        if kind == "number" and len(text) <= 32:
            return float(text) if "." in text else int(text)
        if kind == "name" and text in _CONSTANTS:
            return _CONSTANTS[text]
        raise _Unsupported(f"{text!r} as an argument; expected a constant")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _next(self) -> tuple[str, str]:
        token = self._peek()
        self._at += 1
        return token

    def _takes(self, mark: str) -> bool:
        if self._peek() != ("mark", mark):
            return False
        self._at += 1
        return True

    def _expect(self, kind: str) -> str:
        found, text = self._next()
        if found != kind:
            raise _Unsupported(f"{text or 'the end'!r}; expected a {kind}")
        return text

    def _expect_mark(self, mark: str) -> None:
        found = self._next()
        if found != ("mark", mark):
            raise _Unsupported(f"{found[1] or 'the end'!r}; expected {mark!r}")

    @staticmethod
    def _count(steps: list[Any]) -> None:
        if len(steps) > STEPS_MAX:
            raise _Unsupported(f"more than {STEPS_MAX} steps")


def _value(expression: Expression, value: Any) -> Any:
    for step in expression.path:
        value = _stepped(value, step)
    for applied in expression.filters:
        value = FILTERS[applied.name](value, applied)
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("not a finite number")
    return value


def _stepped(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step, MISSING) if isinstance(value, dict) else MISSING
    if isinstance(value, list) and -len(value) <= step < len(value):
        return value[step]
    return MISSING


def _argument(applied: Applied, position: int, name: str, otherwise: Any) -> Any:
    if len(applied.arguments) > position:
        return applied.arguments[position]
    return dict(applied.named).get(name, otherwise)


def _float(value: Any, applied: Applied) -> Any:
    return _converted(value, applied, float)


def _int(value: Any, applied: Applied) -> Any:
    return _converted(value, applied, _whole)


def _converted(value: Any, applied: Applied, convert: Callable[[Any], Any]) -> Any:
    otherwise = _argument(applied, 0, "default", MISSING)
    if isinstance(value, Missing):
        return otherwise
    try:
        if value is None or isinstance(value, dict | list):
            raise ValueError
        return convert(value)
    except (ValueError, OverflowError):
        if isinstance(otherwise, Missing):
            raise ValueError("not a number") from None
        return otherwise


def _whole(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        return int(float(value))


def _round(value: Any, applied: Applied) -> Any:
    precision = _argument(applied, 0, "precision", 0)
    method = _argument(applied, 1, "method", "common")
    if isinstance(value, Missing):
        return value
    if not isinstance(precision, int) or not -PRECISION_MAX <= precision <= PRECISION_MAX:
        raise ValueError(f"cannot round to {precision!r} digits")
    number = float(value)
    if method in ("ceil", "floor"):
        scale = 10.0**precision
        number = (math.ceil if method == "ceil" else math.floor)(number * scale) / scale
    elif method == "half":
        number = round(number * 2) / 2
    else:
        number = round(number, precision)
    return int(number) if precision == 0 and method != "half" else number


def _default(value: Any, applied: Applied) -> Any:
    falsy_too = _argument(applied, 1, "boolean", False)
    if isinstance(value, Missing) or (falsy_too and not value):
        return _argument(applied, 0, "default_value", "")
    return value


def _json(value: Any, _: Applied) -> Any:
    return value if isinstance(value, Missing) else msgspec.json.encode(value).decode()


def _text(convert: Callable[[str], str]) -> Callable[[Any, Applied], Any]:
    def apply(value: Any, _: Applied) -> Any:
        if isinstance(value, Missing | dict | list):
            return value
        return convert(str(value))

    return apply


def _number(convert: Callable[[float, float], float]) -> Callable[[Any, Applied], Any]:
    def apply(value: Any, applied: Applied) -> Any:
        if isinstance(value, Missing):
            return value
        return convert(float(value), float(_argument(applied, 0, "amount", 0)))

    return apply


def _same(value: Any, _: Applied) -> Any:
    return value


FILTERS: dict[str, Callable[[Any, Applied], Any]] = {
    "int": _int,
    "float": _float,
    "round": _round,
    "default": _default,
    "d": _default,
    "is_defined": _same,  # what is not defined says nothing anyway
    "lower": _text(str.lower),
    "upper": _text(str.upper),
    "title": _text(str.title),
    "capitalize": _text(str.capitalize),
    "trim": _text(str.strip),
    "string": _text(str),
    "abs": _number(lambda value, _: abs(value)),
    "multiply": _number(lambda value, amount: value * amount),
    "add": _number(lambda value, amount: value + amount),
    "tojson": _json,
    "to_json": _json,
}


def _shown(expression: Expression) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in expression.path)
    return f"{expression.variable}{path}"[:80]
