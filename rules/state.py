"""The engine's whole state: a value that can be stored, compared and taken up again.

Dictionaries keep the order of their making; nothing iterates a set. Closed incidents stay for `KEPT_CLOSED_MS`, so
that a late note or a late answer of a device still finds its timeline.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from rules.detection import Detection
from rules.incident import Incident
from rules.instant import DAY_MS, Instant

KEPT_CLOSED_MS = DAY_MS  # the shift that closed it may still add to it
CURSORS_MAX = 16_384  # more than any broker keeps in flight to us: what is redelivered after a crash is among them


class Cursor(Struct, frozen=True):
    """The newest journaled message of a device."""

    at: Instant
    seq: int  # -1: none
    received_at: Instant


class State(Struct):
    now: Instant = 0
    directory: str = ""  # content hash of the directory in force
    rules: str = ""  # content hash of the ruleset in force
    incidents_made: int = 0
    commands_made: int = 0
    entries_made: int = 0
    detections: dict[str, Detection] = {}  # by detection_key
    incidents: dict[str, Incident] = {}  # open, and closed not long ago
    groups: dict[str, str] = {}  # mode|zone|hazard → the open incident
    firings: dict[str, dict[str, Instant | None]] = {}  # confirmation|mode|place → device → cleared at; None: fires
    commands: dict[str, str] = {}  # command without an answer → its incident
    given_up: dict[str, str] = {}  # command that failed → its incident: a late answer finds it
    cursors: dict[str, Cursor] = {}  # mode|device, least recently journaled first

    def touch_cursor(self, source: str, cursor: Cursor) -> None:
        known = self.cursors.pop(source, None)
        self.cursors[source] = cursor if known is None or cursor.at >= known.at else known
        while len(self.cursors) > CURSORS_MAX:
            del self.cursors[next(iter(self.cursors))]


_encoder = msgspec.json.Encoder()  # keeps the order of dictionaries: a state taken up again walks them the same way
_decoder = msgspec.json.Decoder(State)


def encode_state(state: State) -> bytes:
    return _encoder.encode(state)


def decode_state(data: bytes) -> State:
    """Raises msgspec.ValidationError when `data` is no state of this version."""
    return _decoder.decode(data)
