"""Devices by where they stand and what they are: made once for a directory, so that a list asks of no others."""

from __future__ import annotations

from collections.abc import Sequence

from rules.site import Directory


class Located:
    def __init__(self, directory: Directory) -> None:
        self._all = sorted(directory.devices)
        self._by: dict[tuple[str, str], list[str]] = {}
        for id in self._all:
            device = directory.devices[id]
            for key in (("site", device.site), ("zone", device.zone), ("class", device.device_class)):
                self._by.setdefault(key, []).append(id)

    def in_zone(self, zone: str) -> int:
        """How many devices stand there."""
        return len(self._by.get(("zone", zone), ()))

    def among(self, site: str | None, zone: str | None, device_class: str | None) -> Sequence[str]:
        """Sorted ids, of which those that all hold for are some: the shortest list there is."""
        asked = (("site", site), ("zone", zone), ("class", device_class))
        lists = [self._by.get((kind, name), []) for kind, name in asked if name is not None]
        return min(lists, key=len, default=self._all)
