"""What the API knows of sites and of kinds of devices beside how they are now."""

from __future__ import annotations

from msgspec import Struct

from rules.site import Title


class SiteState(Struct, frozen=True):
    id: str
    title: Title
    timezone: str  # IANA name
    buildings: list[str]


class DeviceClassState(Struct, frozen=True):
    """What devices of a kind measure, say and can be told."""

    id: str
    title: Title
    metrics: dict[str, Title]
    commands: dict[str, Title]
