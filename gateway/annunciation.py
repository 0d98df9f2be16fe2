"""What of the gateway itself is not well, told to people: a trouble signal on the timeline, and a topic for a siren.

Every part reports itself; a fault counts once it has lasted its patience: a broker that is started anew rings no bell.
The timeline gets a `PartFailed`, and a `PartWell` when it is over. `tocsin/v1/SITE/gateway/trouble`, retained, also
says whether any trouble of Tocsin's own holds: a siren or a lamp on the local broker needs no more than that.
While the gateway is away, or its store has failed, `…/gateway/status` says `offline` (the broker's last will).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gateway.codecs.native import OURS, TREE_OF
from gateway.codecs.port import Publish
from gateway.sizes import Disk
from rules.codec import encode
from rules.instant import MINUTE_MS, SECOND_MS, Instant, format_duration, rfc3339
from rules.mode import Mode
from rules.trouble import trouble_key

LOOK_SECONDS = 1.0
PATIENCE_MS = {  # (ours); what is not named is told at once
    "broker": 10 * SECOND_MS,
    "commands": 10 * SECOND_MS,
    "api": 30 * SECOND_MS,
}
CLOCK_JUMP_MS = 2 * SECOND_MS  # of the wall clock against the one that only runs (GB 50440: 5 s, confidence low)
CLOCK_TOLD_MS = STORE_TOLD_MS = MINUTE_MS  # what is over as soon as it is seen is told for so long (ours)
DISK_FREE_MIN = 512 * 1024**2  # bytes; what is written until somebody comes (ours)
DISK_SHARE_MIN = 0.05  # of the whole disk (ours)

Tell = Callable[[str, str], bool]
"""`(part, fault)`, fault "" for well → whether the timeline was told."""


class Told(NamedTuple):
    fault: str
    since: Instant


class Annunciation:
    """`look` once a second. On the gateway's side of things: what it says is decided and journaled by the engine."""

    def __init__(self) -> None:
        self._since: dict[str, Told] = {}
        self._told: dict[str, bool] = {}
        self._until: dict[str, tuple[Instant, str]] = {}  # what is told for a while: until when, and what
        self._offset: int | None = None

    def anew(self) -> None:
        """Another core has come up from the store: it is told how everything is."""
        self._told.clear()

    def for_a_while(self, part: str, fault: str, until: Instant) -> None:
        self._until[part] = until, fault

    def clock(self, wall: Instant, monotonic_s: float) -> None:
        """Both read in one moment; a difference to the last time is a clock that was set."""
        offset = wall - round(monotonic_s * 1000)
        jump = 0 if self._offset is None else offset - self._offset
        self._offset = offset
        if abs(jump) >= CLOCK_JUMP_MS:
            way = "forward" if jump > 0 else "back"
            self.for_a_while("clock", f"set {way} by {format_duration(abs(jump))}", wall + CLOCK_TOLD_MS)

    def look(self, faults: Mapping[str, str], now: Instant, tell: Tell) -> None:
        """`faults`: part → its fault, "" for well."""
        for part in [part for part, (until, _) in self._until.items() if now >= until]:
            del self._until[part]
            faults = {part: "", **faults}
        for part, fault in {**faults, **{part: fault for part, (_, fault) in self._until.items()}}.items():
            self._look_at(part, fault, now, tell)

    def _look_at(self, part: str, fault: str, now: Instant, tell: Tell) -> None:
        if not fault:
            self._since.pop(part, None)
        elif part not in self._since:
            self._since[part] = Told(fault, now)
        lasts = bool(fault) and now - self._since[part].since >= PATIENCE_MS.get(part, 0)
        if (lasts or not fault) and self._told.get(part) is not lasts and tell(part, fault if lasts else ""):
            self._told[part] = lasts


def disk_fault(disk: Disk | None) -> str:
    """Empty: there is room, or nobody knows."""
    if disk is None or (disk.free >= DISK_FREE_MIN and disk.free >= disk.size * DISK_SHARE_MIN):
        return ""
    return f"{disk.free // 1024**2} MiB of the disk are free, {100 * disk.free / max(1, disk.size):.0f} %"


def own_troubles(known: Iterable[str]) -> list[str]:
    """Of the keys of `State.troubles`: the sources of Tocsin's own troubles, no device's."""
    prefix = trouble_key(Mode.ACTUAL, "")
    sources = [key.removeprefix(prefix) for key in known if key.startswith(prefix)]
    return sorted(source for source in sources if not source.startswith("command/"))


def siren(sites: Iterable[str], sources: list[str], now: Instant) -> list[Publish]:
    """What the local siren topic says, per site."""
    body = encode({"trouble": bool(sources), "sources": sources, "at": rfc3339(now)})
    return [Publish(f"{TREE_OF[Mode.ACTUAL]}/v1/{site}/{OURS}/trouble", body, 1, True) for site in sites]
