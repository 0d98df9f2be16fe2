"""What was sent because of an incident, and what became of it: read off its timeline."""

from __future__ import annotations

from typing import NamedTuple

from console.client import Json

WHATS = ("notify", "occupant_notice", "authority")
STAGES = {"notice_issued": "issued", "notice_done": "done", "notice_failed": "failed"}
NODES = {"open": 0, "accepted": 1, "surveyed": 2, "repaired": 3, "verified": 4, "cancelled": 0}


class Sent(NamedTuple):
    what: str  # notify, occupant_notice, authority
    to: str
    channel: str
    stage: str  # issued, done, failed
    detail: str


class Group(NamedTuple):
    what: str
    sent: list[Sent]


def sent(entries: list[Json]) -> list[Sent]:
    """One a message, as the last entry about it has it, in the order in which they were first named."""
    found: dict[str, Sent] = {}
    for entry in entries:
        facts, stage = entry["facts"], STAGES.get(entry["kind"])
        if stage is None or facts.get("what") not in WHATS:
            continue
        to, channel = str(facts.get("to", "")), str(facts.get("channel", ""))
        made = Sent(str(facts["what"]), to.rpartition("/")[2], channel, stage, str(facts.get("detail", "")))
        found[str(facts.get("id") or f"{to}/{channel}")] = made
    return list(found.values())


def groups(messages: list[Sent]) -> list[Group]:
    made = [Group(what, [each for each in messages if each.what == what]) for what in WHATS]
    return [group for group in made if group.sent]
