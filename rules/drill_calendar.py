"""Which drills a site has to hold, when the next is due, and the trouble signal when it is overdue.

At least once a year each: fire, power outage, lift fault (property-management norm, confidence high). A drill counts
when it was neither aborted nor cut off by something real, and one of the hazards was really drilled: an incident of it
was opened. Whether it was passed is another matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.drill import Drill
from rules.drill_settings import Required
from rules.instant import Instant, format_duration
from rules.state import DueDrill
from rules.trouble import Somewhere, clear_trouble, raise_trouble
from rules.turn import Turn


def required(turn: Turn) -> Iterator[tuple[str, str, Required]]:
    """(key in `State.drills_due`, site, what): of sites that have devices for one of its hazards."""
    for site in turn.directory.sites:
        for each in turn.plans.drills.calendar.required:
            if site in each.sites or (not each.sites and _can_happen(turn, site, each)):
                yield f"{site}|{each.id}", site, each


def _can_happen(turn: Turn, site: str, what: Required) -> bool:
    """A plan that would be drilled, and a device whose rules would lead to it."""
    if not any(hazard in turn.plans.by_hazard for hazard in what.hazards):
        return False
    classes = dict.fromkeys(each.device_class for each in turn.directory.devices.values() if each.site == site)
    rules = [rule for rule in turn.ruleset.detections.values() if rule.hazard in what.hazards]
    return any(rule.applies_to(name) for rule in rules for name in classes)


def reloaded(turn: Turn) -> None:
    """Other sites, rules or plans are in force: what is required may be other than before."""
    wanted = {key: each for key, _, each in required(turn)}
    due = turn.state.drills_due
    for key in [key for key in due if key not in wanted]:
        del due[key]
        clear_trouble(turn, _source(key), "it is no longer required")
    for key, what in wanted.items():
        known = due.get(key)
        if known is None:
            due[key] = known = DueDrill(turn.now, turn.now + what.every)
            turn.set_deadline(known.due_at, "drill due", key)
        elif not known.overdue:
            _set(turn, key, known, max((known.last_at or known.since) + what.every, turn.now + 1))


def held(turn: Turn, drill: Drill) -> None:
    """A drill has ended: what it covers is due again in a year."""
    for key, site, what in required(turn):
        if site == drill.site and set(what.hazards) & set(drill.hazards):
            known = turn.state.drills_due[key]
            known.last_at, known.last, known.overdue = turn.now, drill.id, False
            _set(turn, key, known, turn.now + what.every)
            clear_trouble(turn, _source(key), f"held: {drill.id}")


def due_over(turn: Turn, key: str, due: Instant) -> None:
    """Nothing if it no longer stands (`due` tells)."""
    known = turn.state.drills_due.get(key)
    what = next(((site, each) for id, site, each in required(turn) if id == key), None)
    if known is None or what is None or known.due_at != due:
        return
    site, each = what
    known.overdue = True
    reason = f"not held for {format_duration(turn.now - (known.last_at or known.since))}"
    title = {"en": f"Drill overdue: {_name(each, 'en')}", "zh": f"演练逾期：{_name(each, 'zh')}"}
    raise_trouble(turn, _source(key), Somewhere(site), title, reason)
    _set(turn, key, known, turn.now + turn.plans.drills.calendar.remind_every)


def _set(turn: Turn, key: str, known: DueDrill, due: Instant) -> None:
    if known.due_at != due:
        known.due_at = due
        turn.set_deadline(due, "drill due", key)


def _source(key: str) -> str:
    return f"drill/{key.replace('|', '/')}"


def _name(what: Required, language: str) -> str:
    return what.title.get(language) or next(iter(what.title.values()))
