"""What is to be in force: the shipped library and the files of this site, read and checked as one.

    loaded = load([Path("sites"), Path("rules")])    # raises BadFiles: then what is running stays

The gateway calls this when it starts and whenever one of the files has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.check import check
from rules.problem import Problem
from rules.ruleset import Ruleset
from rules.site import Directory


@dataclass(frozen=True)
class Loaded:
    """Both are content-addressed: equal files give equal values, whatever the order in which they are named."""

    directory: Directory
    ruleset: Ruleset


class BadFiles(ValueError):
    """Something is wrong with the files. The text has one line a problem, with file, line and path."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load(paths: Iterable[Path], *, with_library: bool = True) -> Loaded:
    """Site, device-class and rule files, or folders of them, in any order. Raises BadFiles; never OSError.

    `with_library=False` leaves out the shipped rules, for tests of one's own; the shipped device classes stay.
    """
    checked = check(sorted(paths), with_library=with_library)
    if checked.problems or checked.directory is None or checked.ruleset is None:
        raise BadFiles(checked.problems)
    return Loaded(checked.directory, checked.ruleset)
