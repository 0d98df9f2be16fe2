"""What is known of a device or an incident, put together from what is stored: for `tocsin explain`.

It opens journal and telemetry to read only and makes of them the state and the screen that the gateway has, so that it
works beside a gateway that runs and without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.core import calendars
from gateway.desk import recover
from gateway.documents import StoredDocuments
from gateway.rollup.keeper import Past as ConsumedBefore
from gateway.store import Store
from gateway.telemetry import Telemetry
from rules.explain import Line, explain_device
from rules.explain_incident import explain_incident
from rules.in_force import in_force
from rules.instant import Instant
from rules.mode import Mode
from rules.screen import Past, Screen
from rules.state import State
from rules.timeline import Entry

ENTRIES_MAX = 500  # of one page


class Unknown(LookupError):
    """There is no such incident or device."""


class _Stored:
    """`rules.screen.History` over telemetry and a state that was read."""

    def __init__(self, telemetry: Telemetry, state: State) -> None:
        self._telemetry, self._state = telemetry, state

    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        stored = self._telemetry.last(self._telemetry.source(mode.value, device))
        journaled = self._state.cursors.get(f"{mode.value}|{device}")
        if journaled is None or (stored is not None and stored[2] >= journaled.received_at):
            return stored
        return journaled.at, journaled.seq, journaled.received_at

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        source = self._telemetry.source(mode.value, device)
        for at, seq, received_at, event, values in self._telemetry.window(source, since):
            yield Past(at, seq, received_at, event, values)


def explain(store: Store, telemetry: Path, what: str, now: Instant, mode: Mode = Mode.ACTUAL) -> list[Line]:
    """`what`: an incident ("INC-000042") or a device ("site/name"). Raises Unknown, StoreFailed."""
    documents = StoredDocuments(store)
    engine, _ = recover(store, documents)
    state = engine.state
    force, now = in_force(state, documents), max(now, state.now)
    if what.startswith("INC-"):
        incident = state.incidents.get(what) or store.incident(what)
        if incident is None:
            raise Unknown(f"there is no incident {what}")
        return explain_incident(state, force, incident, _timeline(store, what), now)
    if what not in force.directory.devices:
        raise Unknown(f"there is no device {what}")
    stored = Telemetry(telemetry, writer=False)
    try:
        history, past = _Stored(stored, state), ConsumedBefore(telemetry)
        screen = Screen(force.directory, force.ruleset, history, calendars(force.directory), past)
        screen.listening(0)  # what it has not said is silence: nobody else listens for us
        watched = screen.watched(mode, what, now)
        assert watched is not None
        screen.remember(watched)
        if watched.at and now - watched.received_at >= watched.device.silent_after_ms:
            watched.last, watched.silent = watched.believed(), True
            watched.follow(watched.plan)  # what it last said is no longer believed
        return explain_device(state, force, watched, now)
    finally:
        stored.close()


def _timeline(store: Store, incident: str) -> list[Entry]:
    found: list[Entry] = []
    while page := store.entries_of(incident, len(found), ENTRIES_MAX):
        found += page
    return found
