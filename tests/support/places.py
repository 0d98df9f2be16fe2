"""Zones of the demo's tower in which a test can have a fire of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

FLOORS = range(2, 20)
SIDES = {"east": ("东区", 0), "west": ("西区", 4)}  # → its name in Chinese, detectors of the floor before its first


class Place(NamedTuple):
    """Rooms on one side of a floor, with four smoke detectors."""

    floor: int
    side: str

    @property
    def zone(self) -> str:
        """Without the site."""
        return f"{self.floor}F-{self.side}"

    @property
    def en(self) -> str:
        return f"{self.floor}F {self.side}"

    @property
    def zh(self) -> str:
        return f"{self.floor}层{SIDES[self.side][0]}"

    def detector(self, number: int = 1) -> str:
        """Its name at the site. `number`: 1 to 4."""
        return f"sd-{self.floor:02d}{SIDES[self.side][1] + number:02d}"


def places() -> Iterator[Place]:
    """In turn, so that one comes again many tests later: what comes and goes would count as chattering."""
    return cycle(Place(floor, side) for side in SIDES for floor in FLOORS)
