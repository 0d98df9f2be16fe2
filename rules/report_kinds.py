"""The reports that are made of an incident. One of something else (a drill) is a `rules.report.Report` all the same."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from rules.after_action_report import after_action_report
from rules.incident_report import incident_report
from rules.report import Report
from rules.report_facts import ReportFacts
from rules.timeline_text import Language


class ReportKind(Enum):
    INCIDENT = "incident"  # what happened and what was done
    AFTER_ACTION = "after_action"  # how the response went, and what has to change


_MAKERS: dict[ReportKind, Callable[[ReportFacts, Language], Report]] = {
    ReportKind.INCIDENT: incident_report,
    ReportKind.AFTER_ACTION: after_action_report,
}


def report_of(facts: ReportFacts, kind: ReportKind, language: Language) -> Report:
    return _MAKERS[kind](facts, language)
