"""Dead letters of the present batch, counted by topic and reason until they are stored with it."""

from __future__ import annotations

from api.ports import DeadLetter
from rules.instant import Instant

FIRST_BYTES = 200  # enough for a person to recognise the message
TOPIC_CHARACTERS_MAX = 300  # a topic longer than this is cut: it is somebody's mistake or malice
DETAIL_CHARACTERS_MAX = 500


class Letters:
    def __init__(self) -> None:
        self._found: dict[tuple[str, str], DeadLetter] = {}
        self.counts: dict[str, int] = {}  # since the start, by reason; reasons are a fixed few

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, topic: bytes, reason: str, detail: str, payload: bytes, now: Instant) -> None:
        text = _text(topic)[:TOPIC_CHARACTERS_MAX]
        known = self._found.get((text, reason))
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self._found[text, reason] = DeadLetter(
            topic=text,
            reason=reason,
            detail=detail[:DETAIL_CHARACTERS_MAX],
            first_bytes=_text(payload[:FIRST_BYTES]),
            count=known.count + 1 if known else 1,
            first_at=known.first_at if known else now,
            last_at=now,
        )

    def take(self) -> list[DeadLetter]:
        found, self._found = self._found, {}
        return list(found.values())


def _text(raw: bytes) -> str:
    """As text in one line; bytes that are no UTF-8 and control characters escaped."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
