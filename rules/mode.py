"""Whether it is real. Decided by the topic tree a message came in on, never by its payload."""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"
