"""A fire in one zone: how fast it grows, what smoke and heat reach a detector, how both go once it is put out.

Growth: Q = α·t² after the smouldering (NFPA 204 and NFPA 72 annex B classify by the time to 1055 kW: 600, 300, 150
and 75 s, hence the four coefficients; confidence high), up to what fuel and air allow.

Smoke: the soot of the mass burnt, mixed into the upper third of a zone of 320 m² by 3 m. Optical density per metre
is 4.34 · 8.7 m²/g · soot / volume (Mulholland, SFPE Handbook: specific extinction of flaming smoke 8.7 m²/g;
confidence medium). Yield 0.05 g/g and 20 kJ/g: furniture, between wood and foam (confidence medium). Smouldering
gives the smoke of a steady 20 kW: more than its flames would, for it burns badly (ours).

Heat: Alpert's ceiling jet for r/H > 0.18, ΔT = 5.38 · (Q/r)^⅔ / H (SFPE Handbook; confidence high), without the
detector's own lag.

Way: a detector stands 2 to 12 m from the seat, settled by the seed; smoke spreads along the ceiling at 0.3 m/s and
thins with the way. What comes to other zones, and when: `plume`.
Put out: the heat is gone within a minute, the smoke is vented with a time constant of 20 s (ours).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from rules.instant import Instant
from simulators.chance import between, key
from simulators.plume import Passage

HEAT_KW_REFERENCE = 1_055.0
SMOULDERING_KW = 20.0
SMOKE_VOLUME_M3 = 320.0
SOOT_YIELD = 0.05  # g of soot per g burnt
HEAT_OF_COMBUSTION_KJ_PER_G = 20.0
DB_PER_M_PER_G = 4.34 * 8.7 / SMOKE_VOLUME_M3
CEILING_M = 3.0
SMOKE_SPEED_M_PER_S = 0.3
HALVING_M = 6.0  # the way along which smoke thins to a half
CLEARING_S = 20.0
COOLING_S = 15.0
WARMING_K_MAX = 90.0  # beyond this the detector is gone
CLEAR_MS = 10 * 60_000  # thirty time constants after it was put out, and the longest way


class Growth(Enum):
    SLOW = "slow"
    MEDIUM = "medium"
    FAST = "fast"
    ULTRA_FAST = "ultra_fast"

    @property
    def kw_per_s2(self) -> float:
        """0.00293, 0.01172, 0.0469, 0.1876."""
        return HEAT_KW_REFERENCE / _SECONDS_TO_REFERENCE[self] ** 2


_SECONDS_TO_REFERENCE = {Growth.SLOW: 600, Growth.MEDIUM: 300, Growth.FAST: 150, Growth.ULTRA_FAST: 75}


@dataclass(frozen=True)
class Fire:
    """`zone` is "site/zone". It smoulders for `smoulder_s`, then flames, until `put_out_at` (None: never)."""

    zone: str
    started_at: Instant
    growth: Growth = Growth.MEDIUM
    smoulder_s: float = 0.0
    put_out_at: Instant | None = None
    peak_kw: float = 2_000.0  # an office fire that sprinklers keep to some 4 m²

    def heat_kw(self, at: Instant) -> float:
        """Heat release rate at the seat, the smouldering included."""
        burnt_s, ended_s = self._times(at, 0.0)
        return self._kw(burnt_s) * math.exp(-ended_s / COOLING_S)

    def smoke_db_per_m(self, seed: int, device: str, way: Passage | None, at: Instant) -> float:
        """Optical density at a detector to whose zone the smoke comes by `way` (None: it does not)."""
        if way is None:
            return 0.0
        reach_m = _reach_m(seed, device)
        burnt_s, ended_s = self._times(at, way.delay_s + reach_m / SMOKE_SPEED_M_PER_S)
        soot_g = self._burnt_kj(burnt_s) / HEAT_OF_COMBUSTION_KJ_PER_G * SOOT_YIELD
        thinned = way.share * math.exp2(-reach_m / HALVING_M)
        return soot_g * DB_PER_M_PER_G * thinned * math.exp(-ended_s / CLEARING_S)

    def warming_k(self, seed: int, device: str, way: Passage | None, at: Instant) -> float:
        """How much warmer than its room the air at a detector is; only the burning zone warms."""
        if way is None or way.hops:
            return 0.0
        reach_m = _reach_m(seed, device)
        burnt_s, ended_s = self._times(at, reach_m / SMOKE_SPEED_M_PER_S)
        if not burnt_s:
            return 0.0
        rise = 5.38 * math.pow(self._kw(burnt_s) / reach_m, 2 / 3) / CEILING_M
        return min(rise, WARMING_K_MAX) * math.exp(-ended_s / COOLING_S)

    def reaches_at(self, way: Passage | None) -> Instant | None:
        """The earliest at which a detector so far away can notice anything; None: never."""
        return None if way is None else self.started_at + round(way.delay_s * 1000)

    @property
    def clear_at(self) -> Instant | None:
        """When nothing of it can be noticed anywhere any more; None: it burns on."""
        return None if self.put_out_at is None else self.put_out_at + CLEAR_MS

    def _times(self, at: Instant, delay_s: float) -> tuple[float, float]:
        """(seconds it has burnt, seconds since it was put out), as seen after `delay_s`."""
        seen = at - delay_s * 1000
        end = seen if self.put_out_at is None else min(seen, self.put_out_at)
        burnt_s = max(0.0, (end - self.started_at) / 1000)
        gone_s = 0.0 if self.put_out_at is None else max(0.0, (at - self.put_out_at) / 1000)
        return burnt_s, gone_s

    def _kw(self, burnt_s: float) -> float:
        if burnt_s <= 0:
            return 0.0
        flaming_s = max(0.0, burnt_s - self.smoulder_s)
        return min(self.peak_kw, SMOULDERING_KW + self.growth.kw_per_s2 * flaming_s**2)

    def _burnt_kj(self, burnt_s: float) -> float:
        """The integral of `_kw`."""
        flaming_s = max(0.0, burnt_s - self.smoulder_s)
        growing_s = min(flaming_s, math.sqrt(max(0.0, self.peak_kw - SMOULDERING_KW) / self.growth.kw_per_s2))
        grown = self.growth.kw_per_s2 * growing_s**3 / 3
        steady = (self.peak_kw - SMOULDERING_KW) * (flaming_s - growing_s)
        return SMOULDERING_KW * burnt_s + grown + steady


def _reach_m(seed: int, device: str) -> float:
    return between(key(seed, f"{device}/reach"), 2.0, 12.0)
