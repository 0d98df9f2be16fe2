"""The kinds of file that people write. A new kind is one line here; its meaning is checked in `check.py`."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel

from gateway.config import GatewaySettings
from gateway.files import Document
from rules.class_file import ClassFile
from rules.notice_file import NoticeFile
from rules.problem import Problem
from rules.response_plan import PlanFile
from rules.roster_file import RosterFile
from rules.ruleset import RuleFile
from rules.site_file import AssignedFile, SiteFile
from rules.wording import listed, meant


class Kind(NamedTuple):
    name: str
    keys: tuple[str, ...]  # any of these at the top of a file says that it is of this kind
    model: type[BaseModel]


KINDS = (
    # before the rules: settings, too, have `rules` at their top, and name folders with it
    Kind("settings", ("broker", "http", "telemetry", "data", "store", "codecs"), GatewaySettings),
    Kind("site", ("site",), SiteFile),
    Kind("assigned", ("assigned",), AssignedFile),
    Kind("device-classes", ("device_classes",), ClassFile),
    Kind("rules", ("rules", "disable"), RuleFile),
    Kind(
        "plans",
        ("plans", "inhibitions", "discipline", "orders", "reviews", "drills", "theory", "disable_plans"),
        PlanFile,
    ),
    Kind("notices", ("notices", "authorities", "limit", "link"), NoticeFile),
    Kind("roster", ("people", "rota", "shifts", "absences", "channels", "places"), RosterFile),
)


def kind_of(document: Document) -> Kind | Problem:
    """The kind of a document that could be read, by the keys at its top; a problem if none is known."""
    top = list(document.value)
    for kind in KINDS:
        if any(key in document.value for key in kind.keys):
            return kind
    keys = [key for kind in KINDS for key in kind.keys]
    hint = next(filter(None, (meant(key, keys) for key in top)), "")
    message = f"has {listed(top)} at its top; expected one of {', '.join(keys)}{hint}"
    return Problem((), message, document.file, 1)
