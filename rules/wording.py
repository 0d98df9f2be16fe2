"""How the problems of all files are worded: the offending value, what was expected, what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

CHOICES_SHOWN_MAX = 8  # more would hide the message; the one probably meant is named in any case
SHOWN_CHARS_MAX = 60


def shown(value: object) -> str:
    """A value as a person would write it in YAML, in at most `SHOWN_CHARS_MAX` characters and one line."""
    if isinstance(value, dict):
        text = "{" + ", ".join(map(str, value)) + "}" if value else "{}"
    elif isinstance(value, list):
        text = f"a list of {len(value)}" if value else "[]"
    elif value is None or isinstance(value, bool):
        text = {None: "nothing", True: "true", False: "false"}[value]
    else:
        text = repr(value).removesuffix(".0") if isinstance(value, float) else repr(value)
    text = text.replace("\n", " ")
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"


def not_one_of(value: object, what: str, choices: Iterable[str]) -> str:
    """`'smoke_detektor' is not a device class (heat_detector, …); did you mean smoke_detector?`"""
    names = list(choices)
    message = f"{shown(value)} is not {what} ({listed(names)})"
    return f"{message}{meant(value, names)}"


def listed(names: list[str]) -> str:
    """The names, the first `CHOICES_SHOWN_MAX` of them, or `none`."""
    if not names:
        return "there is none"
    return ", ".join(names[:CHOICES_SHOWN_MAX]) + (", …" if len(names) > CHOICES_SHOWN_MAX else "")


def meant(value: object, choices: Iterable[str]) -> str:
    """`; did you mean smoke_detector?`, or nothing if no choice is near."""
    near = get_close_matches(str(value)[:SHOWN_CHARS_MAX], list(choices), n=1)
    return f"; did you mean {near[0]}?" if near else ""
