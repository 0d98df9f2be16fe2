"""How many messages a person gets: what comes too thick is held back, counted, and said in one message.

Level I is never held back, whatever has gone before. What was held back is told with the next message that goes out,
or by itself as soon as the limit allows; never dropped. (Limits are ours; flood: ISA-18.2, confidence high.)
"""

from __future__ import annotations

from rules import discipline
from rules.incident import Incident
from rules.instant import format_duration
from rules.mode import Mode
from rules.state import HeldBack
from rules.turn import Turn

HELD_BACK_NAMED_MAX = 5  # incidents that the one message names; the rest are a number


def person_key(mode: Mode, person: str) -> str:
    """An exercise uses up nothing of what a person may be told of real things."""
    return f"{mode.value}|{person}"


def hold_back(turn: Turn, person: str, mode: Mode, site: str | None, incident: Incident | None) -> str:
    """Why the person gets no message now; empty: none is held back. What is, is counted."""
    limit, key = turn.roster.notices.limit, person_key(mode, person)
    recent = [at for at in turn.state.told.get(key, []) if at > turn.now - limit.within_ms]
    flooded = site is not None and discipline.is_flooded(turn, site)
    if len(recent) >= limit.messages:
        due_at = recent[-limit.messages] + limit.within_ms
        reason = f"{limit.messages} messages within {format_duration(limit.within_ms)} are the limit"
    elif flooded and recent:
        due_at, reason = recent[-1] + limit.within_ms, f"alarm flood at {site}: messages are grouped"
    else:
        return ""
    held = turn.state.held_back.get(key)
    if held is None:
        held = turn.state.held_back[key] = HeldBack(due_at, 0, mode, site, [])
        turn.set_deadline(due_at, "held back", key)
    held.messages += 1
    if incident is not None and incident.id not in held.incidents and len(held.incidents) < HELD_BACK_NAMED_MAX:
        held.incidents.append(incident.id)
    return reason


def told(turn: Turn, person: str, mode: Mode, language: str) -> str:
    """A message goes out to the person. → what it has to say of those held back before; empty: there were none."""
    limit, key = turn.roster.notices.limit, person_key(mode, person)
    recent = [at for at in turn.state.told.get(key, []) if at > turn.now - limit.within_ms]
    turn.state.told[key] = [*recent, turn.now][-limit.messages :]
    held = turn.state.held_back.pop(key, None)
    return summary(held, language) if held else ""


def summary(held: HeldBack, language: str) -> str:
    """`(3 more messages were held back: INC-000004, INC-000005)`"""
    if language == "zh":
        return (
            f"（另有 {held.messages} 条消息合并未发：{'、'.join(held.incidents)}）"
            if held.incidents
            else (f"（另有 {held.messages} 条消息合并未发）")
        )
    named = f": {', '.join(held.incidents)}" if held.incidents else ""
    more = "1 more message was" if held.messages == 1 else f"{held.messages} more messages were"
    return f"({more} held back{named})"
