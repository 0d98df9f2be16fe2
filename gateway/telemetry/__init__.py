"""Readings and device events, stored locally before anything else is done with them.

SQLite files by the hour in which a message was received, written in order of receipt: retention is to unlink a file.
`Telemetry` says what each row holds. After a power cut the last moments may be missing (`synchronous=NORMAL`); a crash
of the program loses nothing.
"""

from gateway.telemetry.local import Telemetry
from gateway.telemetry.read import Stored
from gateway.telemetry.write import Row, buffered_mark

__all__ = ["Row", "Stored", "Telemetry", "buffered_mark"]
