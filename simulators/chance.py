"""Chance as a pure function: the same (seed, name, moment) gives the same number, in any order, in any process.

A stream of `random.Random` would make a value depend on all values drawn before it; a device model has to give its
reading at any instant without having lived until then. So numbers are hashed, not drawn (splitmix64's finaliser,
Steele, Lea and Flood 2014: enough for noise that looks like noise, no use for secrets).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

_MASK = (1 << 64) - 1
_THIRD = (1 << 17) - 1
_GOLDEN = 0x9E3779B97F4A7C15
KEYS_MAX = 1 << 18  # of 100 000 devices, with two names each


@lru_cache(maxsize=KEYS_MAX)
def key(seed: int, name: str) -> int:
    """64 bits that stand for `name` under `seed`; the same in every process, whatever PYTHONHASHSEED says."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def uniform(of: int, index: int = 0) -> float:
    """The `index`-th number of a key, evenly spread over [0, 1)."""
    x = (of + (index + 1) * _GOLDEN) & _MASK
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & _MASK
    return ((x ^ x >> 31) >> 11) / (1 << 53)


def noise(of: int, index: int = 0) -> float:
    """Roughly normal, mean 0, deviation 1, never beyond ±3: sensors have no endless tails."""
    drawn = int(uniform(of, index) * (1 << 51))
    total = (drawn & _THIRD) + (drawn >> 17 & _THIRD) + (drawn >> 34)
    return total * (2.0 / _THIRD) - 3.0  # the sum of three evenly spread numbers has deviation 0.5


def between(of: int, low: float, high: float, index: int = 0) -> float:
    return low + (high - low) * uniform(of, index)
