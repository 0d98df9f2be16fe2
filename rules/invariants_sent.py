"""What is always true of what is on its way to people, occupants, authorities and outside systems."""

from __future__ import annotations

from collections.abc import Iterator

from rules.instant import Instant
from rules.outgoing import PREFIXES
from rules.rate import HELD_BACK_NAMED_MAX
from rules.state import State


def check_sent(state: State) -> None:
    """Raises AssertionError that names the first thing that is not as it must be."""
    assert len(state.sent) <= state.effects_made
    for id, sent in state.sent.items():
        assert sent.id == id, f"{id} is kept as {sent.id}"
        assert id.startswith(PREFIXES[sent.what]), f"{id}: {sent.what}"
        incident = state.incidents.get(sent.incident or "")
        for step in incident.steps if incident else []:
            if step.id == sent.step:
                assert id in step.effects, f"{id} is on its way for {sent.incident}, {step.id}, which does not know it"
    for key, held in state.held_back.items():
        assert held.messages > 0, f"{key}: nothing was held back"
        assert len(held.incidents) <= HELD_BACK_NAMED_MAX, f"{key}: {len(held.incidents)} incidents"
        assert state.told.get(key), f"{key}: held back, and told nothing before"
    for incident in state.incidents.values():
        names = [message.identifier for message in incident.authority_messages]
        assert len(names) == len(set(names)), f"{incident.id}: a CAP identifier twice"


def sent_deadlines(state: State) -> Iterator[tuple[Instant, str]]:
    """Nothing that leaves is awaited for ever: that is what bounds `state.sent`."""
    for sent in state.sent.values():
        yield sent.expires_at, f"the delivery of {sent.id}"
    for key, held in state.held_back.items():
        yield held.due_at, f"what was held back from {key}"
