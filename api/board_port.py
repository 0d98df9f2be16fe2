"""The port's part of the board: open work orders by what is to be done next."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from rules.mode import Mode
from rules.order import OrderKind, WorkOrder


class BoardQuery(Struct, frozen=True):
    """None: any. `limit`: orders of one column; the lists of orders have the rest."""

    site: str | None = None
    sites: frozenset[str] | None = None
    zone: str | None = None
    kind: OrderKind | None = None
    mode: Mode | None = None
    role: str | None = None
    assignee: str | None = None
    limit: int = 50


class Column(Struct, frozen=True):
    """Orders that wait for the same: the overdue ones first, then what is due soonest."""

    count: int
    overdue: int
    items: list[WorkOrder]


class Board(Struct, frozen=True):
    """The four nodes: 报修受理, 现场勘查, 维修实施, 验收反馈."""

    acceptance: Column
    survey: Column
    repair: Column
    verification: Column


class BoardDesk(Protocol):
    async def board(self, query: BoardQuery) -> Board: ...
