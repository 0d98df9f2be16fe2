"""A service manager's ear: a private NOTIFY_SOCKET, and what it was told."""

from __future__ import annotations

import select
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

SECONDS_MAX = 30.0  # a loaded CI machine
MESSAGE_BYTES_MAX = 4096


class ServiceManager:
    """`environment`: what systemd would give the program. `said`: messages so far, in order."""

    def __init__(self, folder: Path, watchdog_ms: int = 0) -> None:
        self._path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        self.said: list[str] = []
        self.environment = {"NOTIFY_SOCKET": self._path}
        if watchdog_ms:
            self.environment["WATCHDOG_USEC"] = str(watchdog_ms * 1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def hear(self, seconds: float) -> bool:
        """One more message, if it comes in time."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return False
        self.said.append(self._socket.recv(MESSAGE_BYTES_MAX).decode())
        return True

    def until(self, word: str, times: int = 1) -> None:
        """It has been told `word` so often."""
        deadline = time.monotonic() + SECONDS_MAX
        while sum(word in each.split("\n") for each in self.said) < times:
            if not self.hear(max(0.0, deadline - time.monotonic())):
                pytest.fail(f"{word} was not told {times} times: {self.said}")

    def all_that_is_there(self) -> list[str]:
        while self.hear(0):
            pass
        return self.said
