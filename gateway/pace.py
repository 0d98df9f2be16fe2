"""How many messages the broker lets be in flight to us, learnt from where it stops.

A broker that sends at most N unacknowledged messages (Mosquitto: 20 by default) would make every batch wait for its
time to be up. When several batches in a row ended with time up and the same number of messages, that number is
taken for N, and a batch of N is committed at once. After a while it is learnt anew: the setting may have changed.
"""

from __future__ import annotations

ALIKE = 3  # so many batches in a row of one size are no accident
SIZE_MIN = 8  # smaller batches are a quiet building, not a limit
TRUSTED_FOR = 2_000  # batches


class Pace:
    def __init__(self) -> None:
        self._limit = 0  # 0: none known
        self._last, self._alike, self._used = 0, 0, 0

    def full(self, messages: int) -> bool:
        """Whether the broker will send no more before it is answered."""
        if not self._limit or messages < self._limit:
            return False
        self._used += 1
        if messages > self._limit or self._used > TRUSTED_FOR:
            self._limit, self._used, self._alike = 0, 0, 0
        return True

    def learn(self, messages: int) -> None:
        """Time was up for a batch of so many messages."""
        self._alike = self._alike + 1 if messages == self._last else 1
        self._last = messages
        if self._alike >= ALIKE and messages >= SIZE_MIN:
            self._limit = messages
