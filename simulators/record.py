"""What was seen of a run from outside: what came in, what went out, who was told what. The checkers judge by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api.ports import Done, Refused
from gateway.store import JournalRow
from rules.effects import Effect
from rules.incident import Incident
from rules.instant import Instant
from rules.mode import Mode
from rules.order import WorkOrder
from rules.reading import Value
from rules.requests import PersonCommand
from rules.shelf import Shelf
from rules.timeline import Entry
from simulators.faults import Script


@dataclass
class Delivered:
    """One delivery to the gateway. Positions are those of the newest committed entry."""

    life: int
    clock: Instant
    position: int


@dataclass(eq=False)
class Message:
    """What a device published. `topic` and `payload` are all the gateway can know it by."""

    topic: str
    payload: bytes
    device: str
    mode: Mode
    kind: str
    values: dict[str, Value]
    event: str
    at: Instant | None  # the device's own time
    seq: int | None
    understood: bool = True
    delivered: list[Delivered] = field(default_factory=list)
    acknowledged_at: int | None = None  # position of the newest committed entry, when the first PUBACK came


@dataclass
class Performed:
    """One attempt at an effect, as the outside saw it."""

    id: str
    kind: str
    mode: Mode  # what it says of itself
    incident: str | None
    to: str  # device, channel, authority
    text: str
    expires_at: Instant
    life: int
    clock: Instant
    position: int  # of the newest committed entry when it began
    topic: str = ""
    arrived: bool = False  # somebody got it
    outcome: str = ""  # "ok", "failed", "cut"; as the gateway was told. Empty: it was not told


@dataclass
class Asked:
    """A person's request, and each answer. None: there was no answer."""

    request: PersonCommand
    key: str | None
    clock: Instant
    life: int
    answers: list[Done | Refused | None] = field(default_factory=list)
    position: int = 0  # of the newest committed entry when it was asked first


@dataclass
class Lived:
    """One process, from its first commit to its end."""

    number: int
    began: Instant
    ended: Instant = 0
    how: str = ""  # "crash", "store failed", "stopped"


@dataclass
class Record:
    script: Script
    messages: list[Message] = field(default_factory=list)
    performed: list[Performed] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    lives: list[Lived] = field(default_factory=list)
    disturbed: list[tuple[Instant, Instant]] = field(
        default_factory=list
    )  # by the gateway's clock: nothing was in time
    clock_touched: bool = False
    faults: list[str] = field(default_factory=list)  # errors nobody expected, as they were raised
    waiting: list[str] = field(default_factory=list)  # what the broker still kept at the end
    ended: Instant = 0  # by the gateway's clock

    # read from the stores at the end
    entries: list[Entry] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    orders: dict[str, WorkOrder] = field(default_factory=dict)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    telemetry: dict[tuple[str, str], list[tuple[Any, ...]]] = field(default_factory=dict)  # (mode, device) → rows
    letters: int = 0
    outbox: list[Effect] = field(default_factory=list)
    open_incidents: set[str] = field(default_factory=set)  # as the API lists those of level I
    differences: list[str] = field(default_factory=list)  # what is stored is not what the journal makes
    chain: str = ""  # why the hash chain is broken; empty: it is not
    memory: bytes = b""  # the state of the engine at the end
    replayed: bytes = b""  # the state that the journal alone makes
    recovered: bytes = b""  # the state that a start makes, snapshot and journal
    audit: list[tuple[str, Instant, Instant | None]] = field(default_factory=list)  # what the auditor finds missing
