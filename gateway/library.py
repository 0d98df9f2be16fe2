"""What is to be in force: the shipped library and the files of this site, read and checked as one.

    loaded = load([Path("sites"), Path("rules")])    # raises BadFiles: then what is running stays

The gateway calls this when it starts and whenever one of the files has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.check import check
from gateway.documents import Document
from rules.people import Roster
from rules.problem import Problem
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.site import Directory


@dataclass(frozen=True)
class Loaded:
    """Each is content-addressed: equal files give equal values, whatever the order in which they are named."""

    directory: Directory
    ruleset: Ruleset
    plans: PlanBook
    roster: Roster
    remarks: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # "rules", "plans" → file → as written

    @property
    def documents(self) -> tuple[Document, ...]:
        """In the order in which they come into force: each builds on those before."""
        return self.directory, self.ruleset, self.plans, self.roster


class BadFiles(ValueError):
    """Something is wrong with the files. The text has one line a problem, with file, line and path."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load(
    paths: Iterable[Path],
    *,
    with_library: bool = True,
    posted: Mapping[str, str] | None = None,
    codecs: Iterable[str] | None = None,
) -> Loaded:
    """Files of every kind, or folders of them, in any order. Raises BadFiles; never OSError.

    `with_library=False` leaves out the shipped rules and plans, for tests of one's own; the shipped device classes
    and notices stay. `posted` and `codecs`: as `gateway.check.check` takes them.
    """
    known = frozenset(codecs) if codecs is not None else None
    checked = check(sorted(paths), with_library=with_library, posted=posted, codecs=known)
    directory, ruleset, plans, roster = checked.directory, checked.ruleset, checked.plans, checked.roster
    if checked.problems or directory is None or ruleset is None or plans is None or roster is None:
        raise BadFiles(checked.problems)
    return Loaded(directory, ruleset, plans, roster, tuple(checked.remarks), checked.texts)
