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
    ended_at: Instant | None = None
    ended_by: str | None = None  # a person, or "tocsin"
    ended_because: str = ""

    @property
    def named(self) -> str:
        return f"{'maintenance' if self.maintenance else 'shelf'} {self.id}"


class Suppressed(Struct, frozen=True):
    """Why a detection that fires raises nothing."""

    by: str  # "shelf SH-000003", "maintenance SH-000004", "inhibition power-outage-silences"
    reason: str
    until: Instant | None = None  # None: until what inhibits it is over


class Chatter(Struct):
    """How often a detection has come and gone of late; and since when that is too often."""

    latest: list[Instant] = []  # its latest firings, as many as make it chattering
    since: Instant | None = None  # it chatters
    changed_at: Instant = 0  # last on or off
    incident: str = ""  # that it was evidence of last
    look_at: Instant | None = None  # whether it is quiet by then
    times: int = 0  # firings since it chatters
    folded: int = 0  # changes that have no entry of their own


class Flood(Struct):
    """More detections at a site than its operator can look at."""

    since: Instant
    look_at: Instant  # whether it is over by then
    times: int  # detections since it began
