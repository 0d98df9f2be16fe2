"""Commands on their way, by the keys under which a format answers them. Pure, and bounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from gateway.codecs.known import Recent
from gateway.codecs.port import Answered, Output

COMMANDS_MAX = 1_024  # each is answered within seconds or minutes, or never

K = TypeVar("K")


class _Sent(Struct):
    id: str
    open: int


class Pending(Generic[K]):
    """A command of several messages is done when all are answered, and failed when one is."""

    def __init__(self, limit: int = COMMANDS_MAX) -> None:
        self._sent: Recent[K, _Sent] = Recent(limit)

    def __len__(self) -> int:
        return len(self._sent)

    def __contains__(self, key: K) -> bool:
        return self._sent.get(key) is not None

    def add(self, command_id: str, keys: Iterable[K]) -> None:
        """Added once more, as after a crash, it is open anew."""
        unique = list(dict.fromkeys(keys))
        sent = _Sent(command_id, len(unique))
        for key in unique:
            self._sent.put(key, sent)

    def answered(self, key: K, ok: bool, detail: str = "") -> list[Output]:
        """Nothing, where the command is unknown (sent before a restart), failed already, or waits for more."""
        sent = self._sent.drop(key)
        if sent is None or sent.open == 0:
            return []
        sent.open = sent.open - 1 if ok else 0
        return [] if sent.open else [Answered(sent.id, ok, detail)]
