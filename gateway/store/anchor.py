"""The anchor: where a pruned journal begins; and the milestones that can become one.

Rows up to the anchor's index may be gone. Everything that is kept follows from the anchor's state, what was carried
over, and the rows after it; the journal itself says so, in an event that names the anchor's digest and thereby stands
in the hash chain.
"""

from __future__ import annotations

import zlib
from hashlib import sha256

import msgspec
from msgspec import Struct

from gateway.store.errors import StoreFailed
from rules.instant import Instant
from rules.state import State, decode_state


class Milestone(Struct, frozen=True):
    """The engine's state after the journal row `index`, whose hash is `hash`."""

    index: int
    at: Instant
    hash: bytes
    state: bytes  # as `rules.state.encode_state` wrote it, compressed


class Anchor(Struct, frozen=True):
    index: int  # rows up to this one may be gone
    at: Instant
    hash: bytes  # of that row
    state: bytes  # compressed, as of a milestone
    carried: str  # SHA-256 of what was carried over
    entries: int  # timeline entries up to this position may be gone

    @property
    def digest(self) -> str:
        """What the journal says of this anchor."""
        what = [self.index, self.at, self.hash.hex(), sha256(self.state).hexdigest(), self.carried, self.entries]
        return sha256(msgspec.json.encode(what)).hexdigest()


def packed(state: bytes) -> bytes:
    return zlib.compress(state)


def state_of(anchor: Anchor | Milestone) -> State:
    """Raises StoreFailed when it does not read back."""
    try:
        return decode_state(zlib.decompress(anchor.state))
    except (zlib.error, ValueError) as error:
        raise StoreFailed(f"the state at journal entry {anchor.index} does not read back: {error}") from error
