"""How much of the organisation is mobilised (三级应急响应; property norm, confidence high). I is the worst."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """I: top management decides, all is mobilised. II: middle management. III: front-line staff."""

    I = "I"  # noqa: E741 - the norm's own name
    II = "II"
    III = "III"

    @property
    def severity(self) -> int:
        """3 for I, 2 for II, 1 for III: for databases, which do not know Roman numerals."""
        return 4 - len(self._value_)

    # each written out, and without `value`: levels are compared in every step, and both cost a call more

    def __lt__(self, other: object) -> bool:
        return len(self._value_) > len(other._value_) if isinstance(other, Level) else NotImplemented

    def __le__(self, other: object) -> bool:
        return len(self._value_) >= len(other._value_) if isinstance(other, Level) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return len(self._value_) < len(other._value_) if isinstance(other, Level) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return len(self._value_) <= len(other._value_) if isinstance(other, Level) else NotImplemented
