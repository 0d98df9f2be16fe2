"""What requests for reports may carry."""

from __future__ import annotations

from pydantic import Field

from api.report_port import Format, ReportKind
from api.requests import LanguageQuery


class ReportQuery(LanguageQuery):
    kind: ReportKind = Field(ReportKind.INCIDENT, description="incident, or after_action: how the response went")
    format: Format = Field(Format.HTML, description="html, pdf, markdown or json")
    download: bool = Field(False, description="to be saved; else a browser shows it")
