"""All configuration files read and checked together: for `tocsin check`, and before the gateway uses any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from gateway.config import GatewaySettings
from gateway.file_kinds import kind_of
from gateway.files import Document, locate, read_document, read_file, validate
from gateway.remarks import remarks
from rules.class_file import ClassFile, build_classes
from rules.notice import NoticeBook
from rules.notice_file import NoticeFile, build_notices
from rules.people import Roster
from rules.plan_check import build_plans
from rules.problem import Problem
from rules.response_plan import PlanBook, PlanFile
from rules.roster_file import RosterFile, build_roster
from rules.rule_check import build_ruleset
from rules.ruleset import RuleFile, Ruleset
from rules.site import Directory
from rules.site_file import AssignedFile, SiteFile, build_directory

LIBRARY = "library:"  # what the names of shipped files start with in problems
CLASSES, RULES, PLANS, NOTICES = "classes", "rules", "plans", "notices"  # folders of the shipped files

M = TypeVar("M", bound=BaseModel)


@dataclass
class Checked:
    """What stands in the files, and all that is wrong with them, by file and line.

    `directory` is None if there is any problem with sites or classes, `ruleset` if there is any with rules or
    classes, `plans` if there is any with plans, rules or classes, `roster` if there is any with people, notices, sites
    or classes. Counts are of the files given, without the shipped library.
    """

    problems: list[Problem] = field(default_factory=list)
    directory: Directory | None = None
    ruleset: Ruleset | None = None
    plans: PlanBook | None = None
    roster: Roster | None = None
    remarks: list[str] = field(default_factory=list)  # what is no fault and should be known all the same
    texts: dict[str, dict[str, str]] = field(default_factory=dict)  # RULES and PLANS → label → the file as it stands
    files: int = 0
    sites: int = 0
    devices: int = 0


@dataclass
class _Gathered:
    """Every file that could be read, and the content of those whose shape is right."""

    documents: dict[str, Document] = field(default_factory=dict)
    contents: dict[str, BaseModel] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    misshapen: set[type[BaseModel]] = field(default_factory=set)  # models of which at least one file is wrong

    def of(self, model: type[M]) -> dict[str, M]:
        return {name: content for name, content in self.contents.items() if isinstance(content, model)}


class Given(NamedTuple):
    """A file to check. `label`: its name without the folders that only this machine has."""

    name: str
    label: str
    path: Path | None = None
    text: str = ""  # where there is no path


def check(
    paths: Iterable[Path],
    *,
    with_library: bool = True,
    posted: Mapping[str, str] | None = None,
    codecs: frozenset[str] | None = None,
) -> Checked:
    """Read the files and the shipped library, and check them one by one and against each other.

    A folder stands for all .yaml files below it. What cannot be opened is a problem, too: nothing is raised.
    `with_library=False` leaves out the shipped rules and plans; the shipped device classes and notices are always
    there.

    `posted`: files that are on no disk, name → text. One stands in for the file of `paths` whose path it ends; and
    where there are any (or an empty mapping), problems name the others by their labels. `codecs`: those there are;
    None: those that settings among the files name, or nobody knows.
    """
    gathered = _Gathered()
    checked = Checked()
    given = [each for each in _files(paths, gathered.problems) if not _stood_in_for(each, posted or {})]
    given += [Given(name, name, None, text) for name, text in (posted or {}).items()]
    folders = (CLASSES, NOTICES, RULES, PLANS) if with_library else (CLASSES, NOTICES)
    _gather_library(folders, {each.path.resolve() for each in given if each.path}, gathered)
    for each in given:
        _gather(each.name if posted is None else each.label, each, gathered)
        _keep_text(each, gathered, checked)
    checked.files = len(given)
    sites = [document.value for document in gathered.documents.values() if document.value and "site" in document.value]
    checked.sites = len(sites)
    added = [each for each in gathered.contents.values() if isinstance(each, AssignedFile)]
    checked.devices = _count_devices(sites) + sum(len(each.assigned) for each in added)
    checked.directory = _check_meaning(gathered, codecs)
    classes = _classes(checked.directory, gathered)
    checked.ruleset = _check_rules(classes, gathered)
    checked.roster = _check_roster(checked.directory, gathered)
    notices = checked.roster.notices if checked.roster and with_library else None
    checked.plans = _check_plans(classes, checked.ruleset, notices, gathered)
    checked.remarks = remarks(checked.plans, checked.roster)
    checked.problems = sorted(gathered.problems, key=lambda p: (p.file, p.line, tuple(map(str, p.path)), p.message))
    return checked


def summary(checked: Checked) -> str:
    """`2 files, 1 site, 412 devices, 3 problems`"""
    counts = [(checked.files, "file"), (checked.sites, "site"), (checked.devices, "device")]
    parts = [_count(number, noun) for number, noun in counts]
    problems = len(checked.problems)
    return ", ".join([*parts, _count(problems, "problem") if problems else "no problems"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _check_meaning(gathered: _Gathered, codecs: frozenset[str] | None) -> Directory | None:
    """What only shows when the files are seen together. Checks of further kinds of file belong here.

    With a class file misread, every device of its classes would be reported: then the sites wait.
    """
    if codecs is None and (settings := gathered.of(GatewaySettings)):
        codecs = frozenset(name for each in settings.values() for name in each.codecs)
    if ClassFile in gathered.misshapen:
        return None
    sites, assigned = gathered.of(SiteFile), gathered.of(AssignedFile)
    directory, problems = build_directory(gathered.of(ClassFile), sites, assigned, codecs)
    gathered.problems += _located(problems, gathered)
    return None if gathered.misshapen & {SiteFile, AssignedFile} else directory


def _classes(directory: Directory | None, gathered: _Gathered) -> Directory | None:
    """The directory; where the sites are wrong, one of the device classes alone; None where these are wrong."""
    if directory is not None or ClassFile in gathered.misshapen:
        return directory
    classes, _ = build_classes(gathered.of(ClassFile))
    return Directory(device_classes={name: known.device_class for name, known in classes.items()})


def _check_rules(directory: Directory | None, gathered: _Gathered) -> Ruleset | None:
    """Rules need the device classes, not the sites. With one file of either misread the others would be blamed."""
    if directory is None or RuleFile in gathered.misshapen:
        return None
    written = gathered.of(RuleFile)
    ruleset, problems = build_ruleset(written, directory, _shipped(written))
    gathered.problems += _located(problems, gathered)
    return ruleset


def _check_plans(
    directory: Directory | None, ruleset: Ruleset | None, notices: NoticeBook | None, gathered: _Gathered
) -> PlanBook | None:
    """Plans need the rules, whose hazards they are for. With anything wrong there the plans wait."""
    if directory is None or ruleset is None or PlanFile in gathered.misshapen:
        return None
    written = gathered.of(PlanFile)
    plans, problems = build_plans(written, directory, ruleset, _shipped(written), notices)
    gathered.problems += _located(problems, gathered)
    return plans


def _check_roster(directory: Directory | None, gathered: _Gathered) -> Roster | None:
    """People, and what they are told. With the sites wrong the people's places are not looked at."""
    if gathered.misshapen & {NoticeFile, RosterFile}:
        return None
    written = gathered.of(NoticeFile)
    notices, problems = build_notices(written, _shipped(written))
    roster, faults = build_roster(gathered.of(RosterFile), directory or Directory(), notices)
    gathered.problems += _located([*problems, *faults], gathered)
    return None if problems or directory is None else roster


def _shipped(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith(LIBRARY)}


def _located(problems: Iterable[Problem], gathered: _Gathered) -> Iterator[Problem]:
    for problem in problems:
        yield from locate([problem], gathered.documents[problem.file])


def _files(paths: Iterable[Path], problems: list[Problem]) -> Iterator[Given]:
    """Each file, once, in the order of the paths and of names within a folder."""
    seen: set[Path] = set()
    for path in paths:
        found = [path]
        if path.is_dir():
            found = sorted(each for each in path.rglob("*.yaml") if each.is_file())
            if not found:
                problems.append(Problem((), "no .yaml file in this folder", str(path)))
        for each in found:
            if (resolved := each.resolve()) not in seen:
                seen.add(resolved)
                label = each.relative_to(path.parent) if path.is_dir() else Path(each.name)
                yield Given(str(each), str(label), each)


def _stood_in_for(given: Given, posted: Mapping[str, str]) -> bool:
    parts = Path(given.name).parts
    return any(parts[-len(wanted) :] == wanted for wanted in (Path(name).parts for name in posted) if wanted)


def _keep_text(given: Given, gathered: _Gathered, checked: Checked) -> None:
    """Of rules and plans: what was in force is to be seen as it was written."""
    for name in (given.name, given.label):
        content = gathered.contents.get(name)
        kind = RULES if isinstance(content, RuleFile) else PLANS if isinstance(content, PlanFile) else None
        if kind is not None:
            checked.texts.setdefault(kind, {})[given.label] = gathered.documents[name].text
            return


def _gather(name: str, given: Given, gathered: _Gathered) -> None:
    try:
        document = read_file(given.path, name) if given.path else read_document(given.text, name)
    except OSError as fault:
        gathered.problems.append(Problem((), f"cannot be read: {fault.strerror}", name))
        return
    gathered.documents[name] = document
    if document.value is None:
        gathered.problems += document.problems
        return
    kind = kind_of(document)
    if isinstance(kind, Problem):
        gathered.problems += [*document.problems, kind]
        return
    content, problems = validate(kind.model, document)
    gathered.problems += problems
    if problems:
        gathered.misshapen.add(kind.model)
    if content is not None:
        gathered.contents[name] = content


def _gather_library(folders: Iterable[str], given: set[Path], gathered: _Gathered) -> None:
    """The shipped files come first, so that a file which defines something anew is the one at fault."""
    with as_file(files("rules") / "library") as library:
        for path in sorted(path for folder in folders for path in (library / folder).rglob("*.yaml")):
            if path.resolve() not in given:
                name = f"{LIBRARY}{path.relative_to(library)}"
                _gather(name, Given(name, name, path), gathered)


def _count_devices(value: Any) -> int:
    """Entries of all lists called `devices`, also in a file whose shape is wrong."""
    if isinstance(value, list):
        return sum(map(_count_devices, value))
    if not isinstance(value, dict):
        return 0
    devices = value.get("devices")
    below = sum(_count_devices(each) for key, each in value.items() if key != "devices")
    return below + (len(devices) if isinstance(devices, list) else 0)
