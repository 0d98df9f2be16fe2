"""Topics with named levels, and texts with `{names}` in them. Pure: a name is replaced, nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from rules.reading import Value

LEVELS_MAX = 16
_NAME = r"[a-z_][a-z0-9_]{0,31}"
_LEVEL = re.compile(rf"(?P<wild>[+#])(?P<name>{_NAME})?|(?P<literal>[^+#\x00]+)")
_VARIABLE = re.compile(rf"\{{({_NAME})\}}")


class TopicPattern:
    """`plant/+name/+kind`: an MQTT filter whose wildcards have names; `#name` stands last and takes the rest. Raises
    ValueError that shows the offending level."""

    def __init__(self, text: str) -> None:
        levels = text.split("/")
        if len(levels) > LEVELS_MAX:
            raise ValueError(f"{text!r} has {len(levels)} levels; at most {LEVELS_MAX}")
        self.text = text
        self.names: tuple[str, ...] = ()
        expressions, filters = [], []
        for number, level in enumerate(levels, start=1):
            match = _LEVEL.fullmatch(level)
            if match is None or (level.startswith("#") and number < len(levels)):
                raise ValueError(f"{text!r}: level {number}, {level!r}, is not a word, +, +name, or #name at the end")
            if match["literal"]:
                expressions.append(re.escape(level))
                filters.append(level)
                continue
            some = "[^/]+" if match["wild"] == "+" else ".+"
            name = match["name"]
            if name in self.names:
                raise ValueError(f"{text!r}: there are two levels called {name!r}")
            self.names += (name,) if name else ()
            expressions.append(f"(?P<{name}>{some})" if name else some)
            filters.append(match["wild"])
        self._expression = re.compile("/".join(expressions))
        self.filter = "/".join(filters)

    def match(self, topic: str) -> dict[str, str] | None:
        """The named levels of a topic."""
        found = self._expression.fullmatch(topic)
        return found.groupdict() if found is not None else None


def variables(template: str) -> list[str]:
    return _VARIABLE.findall(template)


def check_variables(template: str, known: tuple[str, ...]) -> None:
    """Raises ValueError for a name that nothing gives a value."""
    for name in variables(template):
        if name not in known:
            expected = ", ".join(f"{{{each}}}" for each in known) or "none here"
            raise ValueError(f"{template!r}: {{{name}}} is not known; expected {expected}")


def fill(template: str, words: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: words.get(match[1], match[0]), template)


def fill_json(template: str, words: Mapping[str, str], value: Value) -> str:
    """For a template of JSON: `{value}` becomes a JSON value, every other name text within quotes that the template
    has; neither can end the place it stands in."""
    quoted = {name: msgspec.json.encode(word).decode()[1:-1] for name, word in words.items()}
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return fill(template, {**quoted, "value": msgspec.json.encode(whole).decode()})
