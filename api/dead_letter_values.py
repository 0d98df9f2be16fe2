"""A message that said nothing Tocsin understands, as the port has it: part of `api.ports`."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from msgspec import Struct

from rules.instant import Instant


class DeadLetter(Struct, frozen=True):
    """Messages that said nothing Tocsin understands, counted by topic and reason."""

    topic: str  # as text; bytes that are no UTF-8 are escaped
    reason: str
    detail: str
    first_bytes: str  # of the latest payload, escaped
    count: int
    first_at: Instant
    last_at: Instant

    @property
    def id(self) -> str:
        """What it is asked for by: topic and reason, in letters that a path takes."""
        return urlsafe_b64encode(f"{self.topic}\0{self.reason}".encode("utf-8", "surrogatepass")).decode().rstrip("=")
