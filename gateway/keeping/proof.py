"""What is the same of a store before and after: the journal's end, its chain, and the engine's state."""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct

from gateway.desk import recover
from gateway.documents import StoredDocuments
from gateway.store import BrokenAt, Store, StoreFailed
from rules.state import encode_state

UNBROKEN = "unbroken"


class Proof(Struct, frozen=True):
    entries: int  # the journal's last index
    head: str  # its hash, hexadecimal
    chain: str  # "unbroken", or where and why it is not
    state: str  # SHA-256 of the engine's state at the journal's end; empty: it cannot be recovered


def prove(store: Store) -> Proof:
    """Walks the whole chain and brings the engine up. Raises StoreFailed when the store cannot be read."""
    entries, head = store.head()
    verified = store.verify()
    chain = f"broken at journal entry {verified.index}: {verified.why}" if isinstance(verified, BrokenAt) else UNBROKEN
    return Proof(entries, head.hex(), chain, state_hash(store))


def state_hash(store: Store) -> str:
    """Empty when the engine cannot be brought up from what is stored."""
    try:
        engine, _ = recover(store, StoredDocuments(store))
    except (StoreFailed, LookupError, ValueError):
        return ""
    return sha256(encode_state(engine.state)).hexdigest()
