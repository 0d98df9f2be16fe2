"""What a process that tries something does with its question. `progress(share)` is told now and then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.rules_port import DryRunAnswer, FileProblem, FilesChecked, Posted
from gateway import check as files
from gateway.files import read_document
from gateway.store import Store
from gateway.store.chain import Verified
from gateway.trials.comparison import Comparison
from gateway.trials.words import (
    Answer,
    Backtest,
    Chain,
    Check,
    Checked,
    DryRun,
    Problems,
    Question,
    Ran,
    Tested,
    VerifyJournal,
    Where,
)
from gateway.versions import in_force
from rules.codec import decode_directory, decode_roster
from rules.dry_run import rehearse
from rules.people import Roster
from rules.problem import Problem, dotted
from rules.rehearsal import InForce
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.schedule import calendars
from rules.site import Directory


def answer(question: Question, progress: Callable[[float], None]) -> Answer:
    """Raises StoreFailed."""
    if isinstance(question, Check):
        return Checked(checked(question.posted, question.where))
    if isinstance(question, DryRun):
        return _dry_run(question)
    if isinstance(question, Backtest):
        return _backtest(question, progress)
    return _verify(question)


# ---- files


def checked(posted: Posted, where: Where) -> FilesChecked:
    found = _check(posted, where)
    return FilesChecked(_problems(found), found.remarks, files.summary(found))


def _check(posted: Posted, where: Where) -> files.Checked:
    paths = [Path(each) for each in where.files] if posted.beside == "running" else []
    return files.check(sorted(paths), posted={each.name: each.text for each in posted.files})


def _problems(found: files.Checked) -> list[FileProblem]:
    return [_problem(each) for each in found.problems]


def _problem(problem: Problem) -> FileProblem:
    return FileProblem(problem.file, problem.line, dotted(problem.path), problem.message, str(problem))


# ---- what is in force, and what is tried


def _running(store: Store) -> InForce:
    """As the journal says."""
    bodies = {kind: _body(store, kind) for kind in ("directory", "rules", "plans", "roster")}
    directory = decode_directory(bodies["directory"]) if bodies["directory"] else Directory()
    return InForce(
        directory,
        Ruleset.model_validate_json(bodies["rules"] or b"{}"),
        PlanBook.model_validate_json(bodies["plans"] or b"{}"),
        decode_roster(bodies["roster"]) if bodies["roster"] else Roster(),
        calendars(directory),
    )


def _body(store: Store, kind: str) -> bytes:
    version = in_force(store, kind)
    return store.document(version) if version else b""


def _tried(found: files.Checked) -> InForce | None:
    """None: the files have problems."""
    directory, ruleset, plans, roster = found.directory, found.ruleset, found.plans, found.roster
    if found.problems or directory is None or ruleset is None or plans is None or roster is None:
        return None
    return InForce(directory, ruleset, plans, roster, calendars(directory))


# ---- dry run


def _dry_run(question: DryRun) -> Answer:
    asked = question.asked
    if asked.posted is None:
        with Store.open(question.where.store_url, writer=False) as store:
            force = _running(store)
    else:
        found = _check(asked.posted, question.where)
        tried = _tried(found)
        if tried is None:
            return Ran(DryRunAnswer(_problems(found)))
        force = tried
    return Ran(DryRunAnswer(rehearsed=rehearse(force, asked.heard, asked.lasts_ms, asked.mode)))


# ---- backtest


def _backtest(question: Backtest, progress: Callable[[float], None]) -> Answer:
    asked, folder = question.asked, Path(question.where.telemetry)
    found = _check(asked.posted, question.where)
    candidate = _tried(found)
    if candidate is None:
        return Problems(_problems(found))
    with Store.open(question.where.store_url, writer=False) as store:
        running = _running(store)
    run = Comparison(asked, candidate, running, _ids_in(asked.posted))
    run.play(folder, progress)
    return Tested(run.compared())


def _ids_in(posted: Posted) -> list[str]:
    """Ids of the rules that stand in the posted files, whether they differ or not."""
    documents = [read_document(each.text, each.name).value for each in posted.files]
    rules = [rule for value in documents if isinstance(value, dict) for rule in value.get("rules") or []]
    return [str(rule["id"]) for rule in rules if isinstance(rule, dict) and "id" in rule]


# ---- the journal


def _verify(question: VerifyJournal) -> Answer:
    with Store.open(question.where.store_url, writer=False) as store:
        found = store.verify()
    if isinstance(found, Verified):
        return Chain(found.rows, found.head.hex(), None, "")
    return Chain(found.index - 1, "", found.index, found.why)
