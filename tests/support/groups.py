"""Groups for the store, as a desk would make them: made by hand, or drawn by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from sqlalchemy import NullPool, create_engine

from gateway.store import GENESIS, Group, JournalRow, chain_hash
from rules.codec import encode
from rules.effects import PublishCommand
from rules.handover import Handover
from rules.incident import Confirmation, Incident, Phase
from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.order import OrderKind, WorkOrder
from rules.shelf import Shelf
from rules.signal import Signal
from rules.state import ActionState
from rules.timeline import Entry, Kind

AT: Instant = 1_764_000_000_000  # 2025-11-24T16:00:00Z


def incident(id_: str = "INC-000001", **changes: Any) -> Incident:
    fields: dict[str, Any] = {
        "id": id_,
        "mode": Mode.ACTUAL,
        "site": "tower-a",
        "building": "main",
        "floor": "12F",
        "zone": "tower-a/12F-east",
        "hazard": "fire",
        "signal": Signal.ALARM,
        "level": Level.II,
        "phase": Phase.ACTIVATED,
        "confirmation": Confirmation.PRE_ALARM,
        "title": {"en": "Smoke", "zh": "烟雾"},
        "first_out": "tower-a/sd-1203",
        "opened_at": AT,
        "updated_at": AT,
    }
    return Incident(**{**fields, **changes})


def entry(position: int, **changes: Any) -> Entry:
    fields: dict[str, Any] = {"incident": "INC-000001", "number": position, "at": AT + position, "kind": Kind.DETECTED}
    return Entry(position, **{**fields, **changes})


def command(id_: str = "CMD-000001", **changes: Any) -> PublishCommand:
    fields: dict[str, Any] = {
        "mode": Mode.ACTUAL,
        "device": "tower-a/damper-1",
        "command": "close",
        "args": {"percent": 100.0},
        "incident": "INC-000001",
        "issued_at": AT,
        "expires_at": AT + 60_000,
    }
    return PublishCommand(id=id_, **{**fields, **changes})


def order(id_: str = "WO-000001", **changes: Any) -> WorkOrder:
    fields: dict[str, Any] = {
        "kind": OrderKind.EMERGENCY,
        "mode": Mode.ACTUAL,
        "site": "tower-a",
        "zone": "tower-a/12F-east",
        "asset": "tower-a/sd-1203",
        "fault": f"fault of {id_}",
        "summary": "Look at the detector",
        "role": "engineer",
        "opened_at": AT,
        "opened_by": "tocsin",
    }
    return WorkOrder(id=id_, **{**fields, **changes})


def action(id_: str = "CA-000001", **changes: Any) -> ActionState:
    fields: dict[str, Any] = {
        "incident": "INC-000001",
        "text": "Move the toaster",
        "owner": "engineering lead",
        "due_at": AT + 86_400_000,
        "site": "tower-a",
        "asked_at": AT,
        "asked_by": "duty officer",
    }
    return ActionState(id=id_, **{**fields, **changes})


def handover(id_: str = "HO-000001", **changes: Any) -> Handover:
    lists = ("open_incidents", "open_orders", "overdue_orders", "shelves", "silent_devices", "overdue_actions")
    fields: dict[str, Any] = {"site": "tower-a", "outgoing": "day shift", "incoming": "night shift", "filled_at": AT}
    return Handover(id=id_, **{**fields, **{name: [] for name in lists}, **changes})


def shelf(id_: str = "SH-000001", **changes: Any) -> Shelf:
    fields: dict[str, Any] = {"by": "duty officer", "reason": "welding", "since": AT, "until": AT + 3_600_000}
    return Shelf(id=id_, **{**fields, **changes})


class Journal:
    """Chains rows as the desk does."""

    def __init__(self, index: int = 0, hash_: bytes = GENESIS) -> None:
        self.index, self.hash = index, hash_

    def row(self, event: bytes = b'{"type":"TimePassed"}', key: str | None = None, at: Instant = AT) -> JournalRow:
        self.index += 1
        self.hash = chain_hash(self.hash, self.index, at, event, key)
        return JournalRow(self.index, at, key, event, self.hash)

    def group(self, rows: int = 1, **parts: Any) -> Group:
        return Group(journal=[self.row() for _ in range(rows)], **parts)


# ---- drawn by hypothesis

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
instants = st.integers(0, 2**53)
values = st.dictionaries(names, st.booleans() | names | st.floats(allow_nan=False, allow_infinity=False), max_size=3)
detections = st.tuples(st.sampled_from(["actual", "test"]), names, names)
_some_incidents = st.sampled_from([f"INC-{number:06d}" for number in range(8)])


def _numbered(number: int, **changes: Any) -> Incident:
    return incident(f"INC-{number:06d}", opened_at=AT + number // 2, **changes)


incidents = st.builds(
    _numbered,
    st.integers(0, 7),
    mode=st.sampled_from(Mode),
    site=st.sampled_from(["tower-a", "tower-b"]),
    zone=st.sampled_from(["tower-a/1F", "tower-a/2F", "tower-b/1F"]),
    level=st.sampled_from(Level),
    phase=st.sampled_from(Phase),
    signal=st.sampled_from(Signal),
    hazard=st.sampled_from(["fire", "water"]),
    updated_at=instants,
)


@st.composite
def entries(draw: st.DrawFn, position: int) -> Entry:
    return Entry(
        position,
        draw(st.none() | _some_incidents),
        draw(st.integers(0, 50)),
        draw(instants),
        draw(st.sampled_from(Kind)),
        device=draw(st.none() | names),
        facts=draw(values),
        reason=draw(names),
    )


@st.composite
def journal_rows(draw: st.DrawFn, journal: Journal, count: int) -> list[JournalRow]:
    return [
        journal.row(
            event=encode(draw(values)),
            key=draw(st.none() | names.map(lambda name, number=journal.index: f"{name}/{number}")),
            at=draw(instants),
        )
        for _ in range(count)
    ]


# ---- behind the store's back


def execute(url: str, *statements: str) -> None:
    """SQL on a connection of its own, as somebody with a shell would."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def count(url: str, table: str) -> int:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
