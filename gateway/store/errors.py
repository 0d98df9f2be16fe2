"""What can go wrong with storage, as far as a caller can act on it."""

from __future__ import annotations


class StoreFailed(Exception):
    """Nothing of what was asked is on disk; the message says why. The same call may be tried again."""


class StoreLocked(StoreFailed):
    """Another process writes to this database."""
