"""Durable storage: the journal, what follows from it, and what still has to be done. SQLite, or PostgreSQL by URL.

One writer. `Store.commit` brings a whole `Group` to disk or nothing of it; everything else reads.
"""

from gateway.store.chain import GENESIS, BrokenAt, Verified, chain_hash
from gateway.store.errors import StoreFailed, StoreLocked
from gateway.store.group import Group, JournalRow
from gateway.store.outbox import Due
from gateway.store.store import Store

__all__ = [
    "GENESIS",
    "BrokenAt",
    "Due",
    "Group",
    "JournalRow",
    "Store",
    "StoreFailed",
    "StoreLocked",
    "Verified",
    "chain_hash",
]
