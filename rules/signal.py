"""What kind of condition it is. Trouble never masks an alarm (NFPA 72 ch. 10, confidence high)."""

from __future__ import annotations

from enum import Enum


class Signal(Enum):
    ALARM = "alarm"  # people or property in danger now
    SUPERVISORY = "supervisory"  # a condition that needs watching
    TROUBLE = "trouble"  # the watching itself is impaired
