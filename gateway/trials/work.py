"""What a process that tries something does with its question. `progress(share)` is told now and then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from api.rules_port import BacktestQuestion, Compared, DryRunAnswer, FileProblem, FilesChecked, Posted
from gateway import check as files
from gateway.files import read_document
from gateway.store import Store
from gateway.store.chain import Verified
from gateway.telemetry.sequence import Received, devices_of, received
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
from rules.backtest import Judge, differing, limited, looked_at, matched, memory_ms, scope
from rules.codec import decode_directory, decode_roster
from rules.dry_run import rehearse
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, Instant, format_duration, rfc3339
from rules.mode import Mode
from rules.people import Roster
from rules.plan import Plans
from rules.problem import Problem, dotted
from rules.reading import Value
from rules.rehearsal import InForce
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.schedule import calendars
from rules.site import Directory

WARM_UP_MS_MIN = 10 * MINUTE_MS  # what held when the range begins is not taken for new
WARM_UP_MS_MAX = 8 * DAY_MS  # a rule that looks further back begins with less than it would have
REMARKS_MAX = 50
GAP_MS = 2 * MINUTE_MS  # with no message of any device for so long the gateway was down, or did not hear the broker

_values = msgspec.json.Decoder(dict[str, Value]).decode


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
    run = _Backtest(asked, candidate, running, _ids_in(asked.posted))
    run.play(folder, progress)
    return Tested(run.compared())


def _ids_in(posted: Posted) -> list[str]:
    """Ids of the rules that stand in the posted files, whether they differ or not."""
    documents = [read_document(each.text, each.name).value for each in posted.files]
    rules = [rule for value in documents if isinstance(value, dict) for rule in value.get("rules") or []]
    return [str(rule["id"]) for rule in rules if isinstance(rule, dict) and "id" in rule]


class _Backtest:
    """Both rulesets over the same messages."""

    def __init__(self, asked: BacktestQuestion, candidate: InForce, running: InForce, posted: list[str]) -> None:
        self._asked = asked
        self.remarks: list[str] = []
        ids = differing(candidate.ruleset, running.ruleset)
        if not ids:
            self.remarks.append("no rule differs from those in force; those of the files are judged")
            ids = posted
        self.rules = scope(ids, candidate.ruleset, running.ruleset, candidate.plans)
        sides = [each._replace(ruleset=limited(each.ruleset, self.rules)) for each in (candidate, running)]
        warm_up_ms = self._warm_up_ms(sides)
        self._begins = asked.since - warm_up_ms
        self._judges = [Judge(side, self._begins, asked.since) for side in sides]
        devices: set[str] = set().union(*(looked_at(side.directory, side.ruleset) for side in sides))
        self._devices = {each for each in devices if asked.site in (None, each.partition("/")[0])}
        self._remark_on_statuses(sides)
        self.messages = 0

    def _warm_up_ms(self, sides: list[InForce]) -> int:
        wanted = max(WARM_UP_MS_MIN, *(memory_ms(side.directory, side.ruleset) for side in sides))
        if wanted > WARM_UP_MS_MAX:
            most = format_duration(WARM_UP_MS_MAX)
            self.remarks.append(f"rules look back {format_duration(wanted)}; {most} before the range were read")
        return min(wanted, WARM_UP_MS_MAX)

    def _remark_on_statuses(self, sides: list[InForce]) -> None:
        for side in sides:
            plans = Plans(side.directory.device_classes, side.ruleset.detections.values())
            if any(plans.of(device).on_status for device in side.directory.devices.values()):
                self.remarks.append("statuses are not stored: to rules that look at them, who speaks is online")
                return

    def play(self, folder: Path, progress: Callable[[float], None]) -> None:
        asked = self._asked
        wanted = {source: name for source, name in devices_of(folder, "actual").items() if name in self._devices}
        last = self._begins
        length = max(1, asked.until - self._begins)
        for rows in received(folder, self._begins, asked.until):
            for row in rows:
                if row[3] - last > GAP_MS:
                    self._deaf(last, row[3])
                last = max(last, row[3])
                device = wanted.get(row[0])
                if device is not None:
                    self._hear(device, row)
            progress((last - self._begins) / length)
        if asked.until - last > GAP_MS:
            self._deaf(last, asked.until)

    def _deaf(self, since: Instant, until: Instant) -> None:
        """The gateway heard nothing at all: it was down, or its broker was."""
        if since >= self._asked.since and until - since >= HOUR_MS:
            self.remarks.append(f"nothing was received for {(until - since) // MINUTE_MS} min from {rfc3339(since)}")
        for judge in self._judges:
            judge.deaf_until(until)

    def _hear(self, device: str, row: Received) -> None:
        _, at, seq, received_at, event, body = row
        values = _values(body)
        self.messages += received_at >= self._asked.since
        for judge in self._judges:
            judge.pass_until(received_at)
            if event is None:
                judge.reading(Mode.ACTUAL, device, values, at, seq)
            else:
                judge.event(Mode.ACTUAL, device, event, values, at, seq)

    def compared(self) -> Compared:
        candidate, running = (judge.judged_until(self._asked.until) for judge in self._judges)
        for name, each in (("candidate", candidate), ("running", running)):
            if each.fired > len(each.firings):
                self.remarks.append(f"{name}: the first {len(each.firings)} firings are shown and compared")
        both, only_candidate, only_running = matched(candidate, running)
        return Compared(
            rules=self.rules,
            candidate=candidate,
            running=running,
            both=both,
            only_candidate=only_candidate,
            only_running=only_running,
            readings=self.messages,
            remarks=self.remarks[:REMARKS_MAX],
        )


# ---- the journal


def _verify(question: VerifyJournal) -> Answer:
    with Store.open(question.where.store_url, writer=False) as store:
        found = store.verify()
    if isinstance(found, Verified):
        return Chain(found.rows, found.head.hex(), None, "")
    return Chain(found.index - 1, "", found.index, found.why)
