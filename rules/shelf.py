"""What is kept quiet on purpose, by whom, why and until when (OPC UA Part 9 5.8.17, ISA-18.2; confidence high)."""

from __future__ import annotations

from msgspec import Struct

from rules.instant import Instant


class Shelf(Struct):
    """A person keeps detections of a device, a zone or a rule from raising anything. Ends by itself, always."""

    id: str  # "SH-000003"
    by: str
    reason: str
    since: Instant
    until: Instant
    device: str | None = None
    zone: str | None = None
    rule: str | None = None
    one_shot: bool = False  # ends as soon as what it keeps quiet is over
    second: str | None = None  # the second person, where two are needed
    maintenance: bool = False  # a maintenance window


class Suppressed(Struct, frozen=True):
    """Why a detection that fires raises nothing."""

    by: str  # "shelf SH-000003", "inhibition power-outage-silences-meters: INC-000004"
    reason: str
    until: Instant | None = None  # None: until what inhibits it is over
