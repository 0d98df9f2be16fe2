"""How smoke finds its way through a building: what share of it comes to each zone, and how much later.

Assumptions (ours; what open doors, stairs and broken windows let through, set so that the order of a building's alarms
is right, not their second): to a zone beside comes a fifth, 90 s later; up the stairs, from a hub to the hub above,
three tenths, 60 s later; by the windows to the zone above a fiftieth, 3 minutes later. Of several ways the one that
lets most through counts. Nothing goes down: smoke is buoyant. Less than a thousandth is nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple, Protocol

BESIDE_SHARE, BESIDE_S = 0.2, 90.0
STAIRS_SHARE, STAIRS_S = 0.3, 60.0
WINDOWS_SHARE, WINDOWS_S = 0.02, 180.0
SHARE_MIN = 0.001


class Passage(NamedTuple):
    """What of a fire's smoke comes to a zone. `hops` 0: the burning zone itself."""

    share: float
    delay_s: float
    hops: int


class Neighbours(Protocol):
    @property
    def zones(self) -> dict[str, tuple[str, int]]: ...
    def beside(self, zone: str) -> Sequence[str]: ...
    def stairs(self, zone: str) -> Sequence[str]: ...
    def over(self, zone: str) -> Sequence[str]: ...


def passages(layout: Neighbours, origin: str) -> dict[str, Passage]:
    """Zone → its passage, for every zone that smoke from `origin` comes to; the largest share first."""
    found: dict[str, Passage] = {}
    if origin not in layout.zones:
        return found
    way = [(-1.0, 0.0, 0, origin)]
    while way:
        share, delay_s, hops, zone = heapq.heappop(way)
        if zone in found:
            continue
        found[zone] = Passage(-share, delay_s, hops)
        for neighbours, part, takes_s in (
            (layout.beside(zone), BESIDE_SHARE, BESIDE_S),
            (layout.stairs(zone), STAIRS_SHARE, STAIRS_S),
            (layout.over(zone), WINDOWS_SHARE, WINDOWS_S),
        ):
            if -share * part >= SHARE_MIN:
                for each in neighbours:
                    heapq.heappush(way, (share * part, delay_s + takes_s, hops + 1, each))
    return found
