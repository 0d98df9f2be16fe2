"""What can happen to a gateway: what devices and people do, and what goes wrong. A script is a list of these.

Every act stands for itself: without any of the others it still means the same, so that a script can be shortened. All
times count from the beginning of the run, in milliseconds, by a clock that no fault touches.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value

Point = Literal["now", "before journal", "after journal", "after telemetry", "after sending"]
POINTS: tuple[Point, ...] = ("now", "before journal", "after journal", "after telemetry", "after sending")


class Act(Struct, frozen=True, omit_defaults=True, kw_only=True):
    at: int


class Says(Act, frozen=True, tag=True):
    """A device says something, and keeps saying it. `dated`, `counted`: with its own time, with a counter.

    `skew_ms`: how far its clock is off; `stuck`: it stands still for as long as the device says so. `delay_ms`: how
    long the network takes; later messages overtake it. `copies`: how often it comes, for the device had no
    acknowledgement.
    """

    device: str
    mode: Mode = Mode.ACTUAL
    values: dict[str, Value] = {}
    event: str = ""
    status: str = ""
    raw: str = ""  # instead of all of these: bytes that are no message
    dated: bool = True
    counted: bool = True
    skew_ms: int = 0
    stuck: bool = False
    reboots: bool = False  # its counter begins anew
    retained: bool = False
    delay_ms: int = 0
    copies: int = 1


class Mutes(Act, frozen=True, tag=True):
    """A device says nothing of itself any more."""

    device: str
    lasts: int


# ---- what goes wrong around the gateway


class BrokerAway(Act, frozen=True, tag=True):
    """The broker cannot be reached. It keeps what devices say, and sends again what was not acknowledged."""

    lasts: int


class AcksLost(Act, frozen=True, tag=True):
    """What the gateway acknowledges does not arrive; then the connection breaks."""

    lasts: int


class ClockJumps(Act, frozen=True, tag=True):
    """The gateway's wall clock is set."""

    by_ms: int


class ClockStuck(Act, frozen=True, tag=True):
    """The gateway's wall clock stands still, and then is right again."""

    lasts: int


class DiskFails(Act, frozen=True, tag=True):
    """`full`: nothing is written. `in doubt`: it is written, and an error is returned all the same (a flush that fails
    at the very end, a connection that breaks)."""

    part: Literal["journal", "telemetry", "letters", "outbox"]
    how: Literal["full", "in doubt"] = "full"
    lasts: int = 0  # 0: once


class Crashes(Act, frozen=True, tag=True):
    """The process is gone, at the next time it comes to `point`. `power`: telemetry of the last second is gone too."""

    point: Point = "now"
    down_ms: int = 500
    power: bool = False


class Stops(Act, frozen=True, tag=True):
    """An orderly stop, as for an update."""

    down_ms: int = 500


class Reloads(Act, frozen=True, tag=True):
    """Other rules and plans come into force; the next time those from before."""


class ChannelFails(Act, frozen=True, tag=True):
    """A channel, an authority or the maintenance system. `in doubt`: it delivers and reports a failure."""

    channel: str
    how: Literal["refuses", "hangs", "slow", "breaks", "in doubt"] = "refuses"
    lasts: int = 60_000


class DeviceDisobeys(Act, frozen=True, tag=True):
    device: str
    how: Literal["refuses", "mute", "late", "twice"] = "mute"
    lasts: int = 60_000


# ---- people


class Asks(Act, frozen=True, tag=True):
    """A person asks for something, about the `pick`-th of what is open then (the newest is 0).

    `clicks`: so often at once, under one idempotency key where `keyed`. Who `insists` asks again until answered.
    """

    does: Literal[
        "acknowledge",
        "respond",
        "confirm",
        "note",
        "lower",
        "raise",
        "do tasks",
        "order step",
        "resolve",
        "resolve as false",
        "shelve",
        "unshelve",
        "start drill",
        "suspend drill",
        "resume drill",
        "end drill",
        "abort drill",
    ]
    by: str = "officer-1"
    mode: Mode = Mode.ACTUAL
    pick: int = 0
    clicks: int = 1
    keyed: bool = True
    insists: bool = True
    device: str = ""  # to be shelved
    lasts: int = 120_000


class AtTheLimit(Act, frozen=True, tag=True):
    """From now on: the next pre-alarm is acknowledged so long before its limit, to the millisecond."""

    before_ms: int = 0
    by: str = "officer-1"
    mode: Mode = Mode.ACTUAL


AnyAct = (
    Says
    | Mutes
    | BrokerAway
    | AcksLost
    | ClockJumps
    | ClockStuck
    | DiskFails
    | Crashes
    | Stops
    | Reloads
    | ChannelFails
    | DeviceDisobeys
    | Asks
    | AtTheLimit
)


class Script(Struct, frozen=True):
    """`begins`: what the wall clock says at the beginning. `seed` also decides what is left to chance in the program
    itself, such as how long it waits before it connects again."""

    seed: int
    begins: Instant
    lasts: int
    acts: tuple[AnyAct, ...]


def encode_script(script: Script) -> str:
    """One line for the run, one for each act: what `tocsin fuzz --replay` reads."""
    head = msgspec.json.encode({"seed": script.seed, "begins": script.begins, "lasts": script.lasts})
    return "\n".join([head.decode(), *(msgspec.json.encode(act).decode() for act in script.acts)]) + "\n"


class _Head(Struct, forbid_unknown_fields=True):
    seed: int
    begins: Instant
    lasts: int


def decode_script(text: str) -> Script:
    """Raises ValueError that names the line."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise ValueError("the script is empty")
    head = _decoded(*lines[0], _Head)
    acts = tuple(_decoded(number, line, AnyAct) for number, line in lines[1:])
    return Script(head.seed, head.begins, head.lasts, acts)


def _decoded(number: int, line: str, of: Any) -> Any:
    try:
        return msgspec.json.decode(line, type=of)
    except msgspec.MsgspecError as error:
        raise ValueError(f"line {number}: {error}: {line[:100]}") from error
