"""What a report of an incident is made of: everything that is known of it at one moment, read at once."""

from __future__ import annotations

from rules.incident import Incident
from rules.order import WorkOrder
from rules.report_saying import Known, Saying
from rules.response_times import Limits
from rules.site import Title
from rules.state import ActionState
from rules.timeline import Entry
from rules.timeline_text import Language


class ReportFacts(Known, frozen=True, kw_only=True):
    """`entries` is the whole timeline, in order. `orders` and `actions` are those of the incident."""

    incident: Incident
    entries: tuple[Entry, ...]
    orders: tuple[WorkOrder, ...]
    actions: tuple[ActionState, ...]
    limits: Limits  # of the plan that the incident follows, and of reviews
    plan_title: Title
    lead: str  # the role in command by its plan; empty: no plan


class Telling(Saying):
    """The facts of an incident, and how they are said in a language."""

    def __init__(self, facts: ReportFacts, language: Language) -> None:
        self.facts, self.incident = facts, facts.incident
        super().__init__(facts, language, self.incident.opened_at, max(facts.now, self.incident.updated_at))
