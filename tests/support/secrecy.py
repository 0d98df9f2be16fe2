"""What must never stand in a log: every secret that a test's gateway was given, gave out, or made for itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

CHARACTERS_MIN = 8  # shorter than that it may stand in any log by chance
FIELD = re.compile(r"password|secret|token", re.IGNORECASE)
NO_SECRET = {"token_type", "token_type_hint"}
MADE = ("identity.key", "setup-secret")  # in the data folder


class Secrets:
    """Fills while a gateway is asked; `within` looks through a text."""

    def __init__(self, settings: Path, data: Path) -> None:
        self._settings, self._data = settings, data
        self._seen: set[str] = set()

    def asked(self, headers: dict[str, str], body: bytes | None) -> None:
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        if scheme:
            self._seen.add(credentials)
        self.said(body or b"")

    def said(self, body: bytes) -> None:
        """A form or a JSON document, whichever way it went."""
        if not FIELD.search(body.decode("utf-8", "replace")):
            return
        try:
            self._seen.update(_secret_fields(json.loads(body)))
        except ValueError:
            self._seen.update(value for name, value in parse_qsl(body.decode("utf-8", "replace")) if _is_secret(name))

    def within(self, text: str) -> list[str]:
        """Those that stand in it, as they are or as a form would write them."""
        known = {*self._seen, *self._of_files()}
        return sorted(each for each in known if len(each) >= CHARACTERS_MIN and each in text)

    def _of_files(self) -> Iterator[str]:
        """What the settings name as files of secrets, word by word; and what the gateway has made."""
        if self._settings.exists():
            for path in _files(json.loads(self._settings.read_text())):
                yield from _words(self._settings.parent / path)
        for name in MADE:
            yield from _words(self._data / name)


def _is_secret(name: str) -> bool:
    return bool(FIELD.search(name)) and name not in NO_SECRET


def _secret_fields(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _secret_fields(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _secret_fields(inner, name)
    elif isinstance(value, str) and _is_secret(name):
        yield value


def _files(settings: Any, name: str = "") -> Iterator[str]:
    if isinstance(settings, dict):
        for key, inner in settings.items():
            yield from _files(inner, key)
    elif isinstance(settings, str) and re.search(r"(password|secret|token|tokens|key|channels)_file$", name):
        yield settings


def _words(path: Path) -> list[str]:
    """`name token` is a name and a token: a line's last word is the secret."""
    if not path.is_file():
        return []
    return [line.split()[-1] for line in path.read_text(errors="replace").splitlines() if line.split()]
