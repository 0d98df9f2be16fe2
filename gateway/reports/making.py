"""Which report each kind is."""

from __future__ import annotations

from collections.abc import Callable

from api.report_port import ReportKind
from rules.after_action_report import after_action_report
from rules.incident_report import incident_report
from rules.report import Report
from rules.report_facts import ReportFacts
from rules.timeline_text import Language

_MAKERS: dict[ReportKind, Callable[[ReportFacts, Language], Report]] = {
    ReportKind.INCIDENT: incident_report,
    ReportKind.AFTER_ACTION: after_action_report,
}


def made(facts: ReportFacts, kind: ReportKind, language: Language) -> Report:
    return _MAKERS[kind](facts, language)
