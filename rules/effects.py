"""What the engine wants done. The shell does it, through the outbox, and reports back with an event."""

from __future__ import annotations

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value


class PublishCommand(Struct, frozen=True, tag=True):
    """A linkage command to one device. Not performed once `expires_at` has passed."""

    id: str  # "CMD-000007": its idempotency key, in the outbox and at the device
    mode: Mode
    device: str
    command: str
    args: dict[str, Value]
    incident: str
    issued_at: Instant
    expires_at: Instant


Effect = PublishCommand
