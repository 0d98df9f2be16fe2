"""The journal's hash chain: whoever changes, adds or removes a row without redoing all that follow is found out.

It shows accidents and careless hands. Someone who may write to the database can redo the whole chain; only a head
that was noted elsewhere shows that.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from gateway.store.anchor import Anchor
from rules.codec import decode_event
from rules.events import JournalPruned
from rules.instant import Instant

GENESIS = bytes(32)  # the hash "before" the first row

_layout = struct.Struct(">qqi")
_NO_KEY = -1


class Verified(msgspec.Struct, frozen=True):
    """Every row is as it was written."""

    rows: int
    head: bytes


class BrokenAt(msgspec.Struct, frozen=True):
    """The first row that is not as it was written, or is not there."""

    index: int
    why: str


def chain_hash(previous: bytes, index: int, at: Instant, event: bytes, key: str | None = None) -> bytes:
    """32 bytes, over the hash of the row before and everything this row says."""
    if key is None:
        return sha256(previous + _layout.pack(index, at, _NO_KEY) + event).digest()
    key_bytes = key.encode()
    return sha256(previous + _layout.pack(index, at, len(key_bytes)) + key_bytes + event).digest()


def verify(
    chunks: Iterable[Sequence[Any]], head: tuple[int, bytes] | None, anchor: Anchor | None = None
) -> Verified | BrokenAt:
    """Recomputes the chain over rows (index, at, key, event, hash) in order, and compares its end with `head`.

    A pruned journal begins after its `anchor`, which one of its own rows has to name.
    """
    previous, last = (GENESIS, 0) if anchor is None else (anchor.hash, anchor.index)
    first, named = last, anchor is None
    for chunk in chunks:
        for index, at, key, event, hash_ in chunk:
            named = named or _names(event, anchor)
            last += 1
            if index != last:
                return BrokenAt(last, f"row {last} is missing: the next one has index {index}")
            try:
                expected = chain_hash(previous, index, at, event, key)
            except (AttributeError, TypeError, ValueError, struct.error):  # text where bytes were, and the like
                expected = b""
            if expected != hash_:
                return BrokenAt(index, "what the row says does not give its hash")
            previous = hash_
    if not named:
        return BrokenAt(first + 1, f"{first} rows before it are gone, and no row says that they were pruned")
    return _compare_end(last, previous, head)


def _names(event: Any, anchor: Anchor | None) -> bool:
    """Whether a row says that the journal was pruned to that anchor, and to nothing else."""
    if anchor is None or not isinstance(event, bytes) or b'"JournalPruned"' not in event:
        return False
    try:
        said = decode_event(event)
    except ValueError:
        return False
    return isinstance(said, JournalPruned) and (said.until, said.digest) == (anchor.index, anchor.digest)


def _compare_end(last: int, hash_: bytes, head: tuple[int, bytes] | None) -> Verified | BrokenAt:
    if head is None:
        return BrokenAt(last, "the record of the journal's end is missing")
    if head[0] > last:
        return BrokenAt(last + 1, f"the journal ends at {last}, but {head[0]} rows were written")
    if head[0] < last:
        return BrokenAt(head[0] + 1, f"the row was added: {head[0]} rows were written")
    if head[1] != hash_:
        return BrokenAt(last, "the last row's hash is not the one on record: rows were rewritten")
    return Verified(last, hash_)
