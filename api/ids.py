"""Ids as they stand in paths, and the ETag of what they name."""

from __future__ import annotations

import re
from typing import Annotated, Protocol

from fastapi import Path

from api.ports import Unknown, UnknownAction, UnknownDrill, UnknownHandover, UnknownIncident, UnknownOrder, UnknownShelf

IncidentId = Annotated[str, Path(description="e.g. `INC-000042`", examples=["INC-000042"])]
OrderId = Annotated[str, Path(description="e.g. `WO-000017`", examples=["WO-000017"])]
ActionId = Annotated[str, Path(description="e.g. `CA-000003`", examples=["CA-000003"])]
ShelfId = Annotated[str, Path(description="e.g. `SH-000003`", examples=["SH-000003"])]
DrillId = Annotated[str, Path(description="e.g. `DRL-000003`", examples=["DRL-000003"])]
HandoverId = Annotated[str, Path(description="e.g. `HO-000005`", examples=["HO-000005"])]

_NUMBER = re.compile(r"[0-9]{6,12}")


class Revised(Protocol):
    @property
    def revision(self) -> int: ...


def incident_id(text: str) -> str:
    """The id, if it looks like one: nothing else reaches a store. Raises UnknownIncident."""
    return _known_form(text, "INC-", UnknownIncident)


def order_id(text: str) -> str:
    """Raises UnknownOrder."""
    return _known_form(text, "WO-", UnknownOrder)


def action_id(text: str) -> str:
    """Raises UnknownAction."""
    return _known_form(text, "CA-", UnknownAction)


def shelf_id(text: str) -> str:
    """Raises UnknownShelf."""
    return _known_form(text, "SH-", UnknownShelf)


def handover_id(text: str) -> str:
    """Raises UnknownHandover."""
    return _known_form(text, "HO-", UnknownHandover)


def drill_id(text: str) -> str:
    """Raises UnknownDrill."""
    return _known_form(text, "DRL-", UnknownDrill)


def _known_form(text: str, prefix: str, unknown: type[Unknown]) -> str:
    if not (text.startswith(prefix) and _NUMBER.fullmatch(text.removeprefix(prefix))):
        raise unknown(text)
    return text


def etag(subject: Revised) -> str:
    return f'"{subject.revision}"'
