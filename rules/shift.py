"""Shift handover (三清): it fills itself from the state, takes notes, and is done when both have signed.

The first signature takes the site as it stands then; what has come since is added to the notes when the second
follows, so that nothing is missing between the two and nobody has to begin again.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.handover import Handover
from rules.incident import Incident
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Refused
from rules.reading import Value
from rules.requests import FillHandover, NoteHandover, SignHandover
from rules.shelf import Shelf
from rules.timeline import Kind
from rules.turn import Turn

NOTES_MAX = 100
SILENT_DEVICES_MAX = 1_000  # of a site whose network is down; nobody reads more names


def fill(turn: Turn, request: FillHandover) -> None:
    """Another one of the site that is not signed by both yet is superseded by it: shifts change plans, not papers."""
    refusal = None
    if request.site not in turn.directory.sites:
        refusal = Refused("unknown_site", f"there is no site {request.site}")
    elif not request.incoming.strip():
        refusal = Refused("name_missing", "a shift is handed over to somebody")
    elif request.incoming == request.by:
        refusal = Refused("same_person", f"{request.by} cannot hand over to {request.incoming}")
    if refusal is not None:
        _refuse(turn, request.by, "fill handover", refusal)
        return
    turn.state.handovers_made += 1
    handover = Handover(
        f"HO-{turn.state.handovers_made:06d}",
        request.site,
        outgoing=request.by,
        incoming=request.incoming,
        filled_at=turn.now,
        open_incidents=[],
        open_orders=[],
        overdue_orders=[],
        shelves=[],
        silent_devices=request.silent_devices[:SILENT_DEVICES_MAX],
        overdue_actions=[],
    )
    _take_stock(turn, handover)
    for before in [each for each in turn.state.handovers.values() if each.site == request.site]:
        before.superseded_by = handover.id
        _tell(turn, before, "superseded", request.by, f"{handover.id} was filled before both had signed it")
        del turn.state.handovers[before.id]
    turn.state.handovers[handover.id] = handover
    _tell(turn, handover, "filled", request.by)


def note(turn: Turn, request: NoteHandover) -> None:
    handover = turn.state.handovers.get(request.handover)
    refusal = None
    if handover is None:
        refusal = _unknown(request.handover)
    elif len(handover.notes) >= NOTES_MAX:
        refusal = Refused("too_many_notes", f"{handover.id} has {NOTES_MAX} notes")
    if refusal is not None:
        _refuse(turn, request.by, "note handover", refusal)
        return
    assert handover is not None
    handover.notes.append(f"{request.by}: {request.text}")
    _tell(turn, handover, "noted", request.by, request.text)


def sign(turn: Turn, request: SignHandover) -> None:
    handover = turn.state.handovers.get(request.handover)
    refusal = _unknown(request.handover) if handover is None else _sign_refusal(turn, handover, request.by)
    if refusal is not None:
        _refuse(turn, request.by, "sign handover", refusal)
        return
    assert handover is not None
    first = handover.signed_by_outgoing_at is None and handover.signed_by_incoming_at is None
    if first:
        _take_stock(turn, handover)
    else:
        handover.notes += _since(handover, _as_it_stands(turn, handover.site))
    if request.by == handover.outgoing:
        handover.signed_by_outgoing_at = turn.now
    else:
        handover.signed_by_incoming_at = turn.now
    what = "signed by the outgoing" if request.by == handover.outgoing else "signed by the incoming"
    _tell(turn, handover, what, request.by, "both have signed" if handover.done else "")
    if handover.done:
        del turn.state.handovers[handover.id]


def _sign_refusal(turn: Turn, handover: Handover, by: str) -> Refused | None:
    if by not in (handover.outgoing, handover.incoming):
        return Refused("not_a_party", f"{handover.id} is between {handover.outgoing} and {handover.incoming}")
    signed = handover.signed_by_outgoing_at if by == handover.outgoing else handover.signed_by_incoming_at
    if signed is not None:
        return Refused("already_signed", f"{by} has signed {handover.id}")
    nobodys = [each.id for each in _incidents(turn, handover.site) if _has_to_be_somebodys(each)]
    if nobodys:
        return Refused("no_owner", f"level I without a named owner: {', '.join(nobodys)}")
    return None


def _has_to_be_somebodys(incident: Incident) -> bool:
    return incident.level is Level.I and incident.mode is Mode.ACTUAL and incident.owner is None


def _take_stock(turn: Turn, handover: Handover) -> None:
    for name, ids in _as_it_stands(turn, handover.site).items():
        setattr(handover, name, ids)


def _as_it_stands(turn: Turn, site: str) -> dict[str, list[str]]:
    orders = [each for each in turn.state.orders.values() if each.site == site and each.open]
    actions = [each for each in turn.state.actions.values() if each.site == site]
    return {
        "open_incidents": [each.id for each in _incidents(turn, site)],
        "open_orders": [each.id for each in orders],
        "overdue_orders": [each.id for each in orders if each.overdue],
        "shelves": [each.id for each in turn.state.shelves.values() if _is_of(each, site)],
        "overdue_actions": [each.id for each in actions if each.overdue],
    }


def _incidents(turn: Turn, site: str) -> Iterator[Incident]:
    return (each for each in turn.state.incidents.values() if each.open and each.site in (site, ""))


def _is_of(shelf: Shelf, site: str) -> bool:
    """One that names neither a device nor a zone keeps its rule quiet everywhere."""
    place = shelf.device or shelf.zone
    return place is None or place.partition("/")[0] == site


def _since(handover: Handover, now: dict[str, list[str]]) -> list[str]:
    come = {name: [id for id in ids if id not in getattr(handover, name)] for name, ids in now.items()}
    return [
        f"since the first signature, {name.replace('_', ' ')}: {', '.join(ids)}" for name, ids in come.items() if ids
    ]


def _unknown(id: str) -> Refused:
    return Refused("unknown_handover", f"there is no handover {id} to be signed")


def _tell(turn: Turn, handover: Handover, what: str, by: str, reason: str = "") -> None:
    handover.revision += handover.id not in turn.outcome.handovers
    turn.outcome.handovers[handover.id] = handover
    facts: dict[str, Value] = {"id": handover.id, "what": what, "site": handover.site}
    turn.write(Kind.HANDOVER, mode=Mode.ACTUAL, by=by, facts=facts, reason=reason)


def _refuse(turn: Turn, by: str, what: str, refusal: Refused) -> None:
    turn.refuse(refusal.code, refusal.reason, by, what)
