"""How often somebody may try to sign in. In memory, bounded, on the caller's clock.

Two limits. An address gets so many attempts a minute, whoever it names. A name that gets a wrong password too often is
locked for a while, longer each time; but apart for each address from which its user has signed in before, so that
nobody elsewhere can lock a duty officer out of the control room. Names that do not exist are locked alike: a lock-out
tells nobody which names do.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

from msgspec import Struct

from rules.instant import Instant

ATTEMPTS_A_MINUTE = 20  # of an address; a control room behind one address changes shifts within it
FAILURES_MAX = 5  # in a row
LOCKED_MS = 60_000  # doubled each time
LOCKED_MS_MAX = 15 * 60_000  # long enough that guessing is hopeless, short enough for a night shift
KEPT_MAX = 10_000  # names and addresses remembered of each; the oldest are forgotten
ELSEWHERE = "elsewhere"


class Failures(Struct):
    in_a_row: int = 0
    locked_until: Instant = 0
    lock_ms: int = LOCKED_MS


class Bucket(Struct):
    """Tokens of a bucket, filled by time."""

    left: float
    at: Instant


class Lockout:
    def __init__(self) -> None:
        self._failures: OrderedDict[tuple[str, str], Failures] = OrderedDict()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def attempt(self, peer: str, now: Instant) -> int | None:
        """Takes an attempt of an address. → seconds until it may try again, if it has none left."""
        key = network(peer)
        bucket = self._buckets.pop(key, None) or Bucket(ATTEMPTS_A_MINUTE, now)
        filled = bucket.left + (now - bucket.at) * ATTEMPTS_A_MINUTE / 60_000
        bucket.left, bucket.at = min(filled, ATTEMPTS_A_MINUTE), now
        self._buckets[key] = bucket
        _bound(self._buckets)
        if bucket.left < 1:
            return max(1, round(60 / ATTEMPTS_A_MINUTE))
        bucket.left -= 1
        return None

    def locked(self, name: str, place: str, now: Instant) -> int | None:
        """→ seconds until a name is tried again from a place, if it is locked. `place`: an address known for it, or
        ELSEWHERE."""
        known = self._failures.get((name, place))
        if known is None or known.locked_until <= now:
            return None
        return max(1, -(-(known.locked_until - now) // 1000))

    def failed(self, name: str, place: str, now: Instant) -> bool:
        """→ whether the name is locked from now on."""
        known = self._failures.pop((name, place), None) or Failures()
        known.in_a_row += 1
        if locked := known.in_a_row >= FAILURES_MAX:
            known.in_a_row = 0
            known.locked_until = now + known.lock_ms
            known.lock_ms = min(known.lock_ms * 2, LOCKED_MS_MAX)
        self._failures[name, place] = known
        _bound(self._failures)
        return locked

    def succeeded(self, name: str, place: str) -> None:
        self._failures.pop((name, place), None)

    def unlock(self, name: str) -> None:
        for key in [key for key in self._failures if key[0] == name]:
            del self._failures[key]


def network(peer: str) -> str:
    """What one subscriber has: an IPv4 address, or 2^64 of IPv6."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return address.exploded[:19]


def _bound(kept: OrderedDict[str, Bucket] | OrderedDict[tuple[str, str], Failures]) -> None:
    if len(kept) > KEPT_MAX:
        kept.popitem(last=False)
