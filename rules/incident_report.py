"""The incident report (事件全过程记录): time, place, cause, measures, result, and everything that proves it."""

from __future__ import annotations

from rules import report_people, report_sections
from rules.report import Report, Section
from rules.report_facts import ReportFacts, Telling
from rules.report_timeline import timeline
from rules.timeline_text import Language


def incident_report(facts: ReportFacts, language: Language = "en") -> Report:
    telling = Telling(facts, language)
    sections = (
        report_sections.summary(telling),
        report_sections.course(telling),
        report_sections.times(telling),
        report_sections.evidence(telling),
        report_sections.control(telling),
        report_people.tasks(telling),
        report_people.told(telling),
        report_people.people(telling),
        report_people.orders(telling),
        report_people.review(telling),
        report_people.actions(telling),
        report_people.signatures(
            telling, ("sign_prepared", ""), ("sign_command", commander(facts)), ("sign_approved", "")
        ),
        timeline(telling),
    )
    return put_together("incident", telling, sections)


def commander(facts: ReportFacts) -> str:
    """Who acknowledged in the role that commands by the plan; empty: nobody did, and whoever it was signs by hand."""
    return next((each.by for each in facts.incident.acknowledgements if facts.lead and each.role == facts.lead), "")


def put_together(kind: str, telling: Telling, sections: tuple[Section | None, ...]) -> Report:
    incident = telling.incident
    headline = f"{telling.title(incident.title)} · {report_sections.place(telling)}"
    return telling.report(kind, incident.id, incident.site, headline, incident.mode, not incident.open, sections)
