"""Reports from the store alone, beside a gateway that runs or without one: for `tocsin report`.

Card holders are masked here as well, with a key of this one report: what is filed leaves the building.
"""

from __future__ import annotations

import secrets
from importlib.metadata import version

from api import report_port
from api.privacy import Masks
from api.report_port import Format
from api.report_sight import masked
from api.timeline_csv import csv_head, csv_rows
from gateway.reports.reading import facts_of_incident
from gateway.reports.rendering import rendered
from gateway.store import Store
from rules.instant import Instant
from rules.place_names import titles_of
from rules.report_kinds import ReportKind, report_of
from rules.timeline_text import Language

CSV = "csv"
ENDINGS = {format.value: ending for format, ending in report_port.ENDINGS.items()} | {CSV: CSV}


class Unknown(LookupError):
    """There is no such incident."""


def written(store: Store, incident: str, kind: str, format: str, language: Language, now: Instant) -> bytes:
    """Raises Unknown, StoreFailed, `gateway.reports.pdf.NotSet`."""
    found = facts_of_incident(store, incident, now, version("tocsin"))
    if found is None:
        raise Unknown(incident)
    facts = masked(found, Masks(secrets.token_bytes(32)))
    if format == CSV:
        return csv_head(language) + csv_rows(facts.entries, language, titles_of(facts.directory), facts.zone)
    return rendered(report_of(facts, ReportKind(kind), language), Format(format))
