"""What a page shows, in parts that have a name: what has changed goes to the browsers, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Pieces = Mapping[str, str]
"""Id of an element → its HTML, in the order in which they stand."""


class Holder(NamedTuple):
    """What stands in the element with that `data-parts`. `inside`: the part in which that element is, if any: with it
    the whole of the holder goes."""

    pieces: Pieces
    inside: str = ""


class Parts(NamedTuple):
    """`look`: the classes of the whole. `holders`: by name, an outer one before what is inside of it."""

    look: str
    holders: Mapping[str, Holder]


NOTHING = Parts("", {})


def difference(old: Parts, new: Parts) -> dict[str, Any]:
    """What `tocsinPatch` (console.js) does to a page that shows `old`: empty where it shows `new` already."""
    changed: set[str] = set()
    holders: dict[str, Any] = {}
    for name, holder in new.holders.items():
        before = old.holders.get(name)
        known: Pieces = before.pieces if before is not None and holder.inside not in changed else {}
        pieces = {id: html for id, html in holder.pieces.items() if known.get(id) != html}
        reordered = list(known) != list(holder.pieces)
        changed |= set(pieces)
        if pieces or reordered:
            holders[name] = {"pieces": pieces} | ({"order": list(holder.pieces)} if reordered else {})
    look = {"look": new.look} if new.look != old.look else {}
    return look | ({"holders": holders} if holders else {})


def filled(skeleton: str, parts: Parts) -> str:
    """The HTML of a whole page of them."""
    whole = skeleton
    for name, holder in parts.holders.items():
        mark = f'data-parts="{name}">'
        before, found, after = whole.partition(mark)
        if not found:
            raise LookupError(f"nothing holds {name!r}")
        whole = f"{before}{mark}{''.join(holder.pieces.values())}{after}"
    return whole
