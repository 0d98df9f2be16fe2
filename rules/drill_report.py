"""A drill's report (演练报告): how it went, what it has covered, who did what in time, and the whole timeline."""

from __future__ import annotations

from collections.abc import Sequence

from rules.drill import Stage
from rules.drill_facts import DrillFacts, DrillTelling
from rules.drill_words import MET, PARTS, STAGES
from rules.report import Cell, Column, Grid, Paragraph, Report, Section, Tone, facts_of
from rules.report_people import signatures
from rules.report_timeline import timeline_of
from rules.score import Line, Met, Part, Score, Tally
from rules.timeline import Entry
from rules.timeline_text import Language

INCIDENTS_NAMED_MAX = 20  # a flood's are in the timeline

_TONES = {Met.YES: Tone.GOOD, Met.LATE: Tone.FAIR, Met.NO: Tone.BAD, Met.NOT_ASKED: Tone.QUIET}
_RESULTS = {"passed": Tone.GOOD, "retrain": Tone.BAD, "cut_off": Tone.FAIR}


def drill_report(facts: DrillFacts, language: Language = "en") -> Report:
    telling = DrillTelling(facts, language)
    drill = facts.drill
    sections = (
        result(telling),
        summary(telling),
        *(scored(telling, drill.score) if drill.score is not None else ()),
        theory(telling),
        signatures(telling, ("director", drill.started_by), ("sign_safety", "")),
        timeline(telling),
    )
    title = telling.title(drill.title, drill.scenario)
    return telling.report("drill", drill.id, drill.site, title, drill.mode, not drill.open, sections)


def result(telling: DrillTelling) -> Section:
    """Passed or not, in large; what was needed, and what stood in the way."""
    drill, score = telling.drill, telling.drill.score
    if score is None:
        key = "aborted" if drill.stage is Stage.ABORTED else "not_scored_yet"
        told = Paragraph(telling.say(key, stage=STAGES[telling.language][drill.stage]), Tone.FAIR, large=True)
        return Section("result", telling.say("result"), (told,))
    name = _result(score)
    blocks = [
        Paragraph(telling.say("verdict", percent=score.percent, result=telling.say(name)), _RESULTS[name], large=True),
        Paragraph(telling.say("needed", needed=score.pass_percent), Tone.QUIET),
    ]
    missed = [_missed(telling, line) for line in score.lines if line.mandatory and line.met is Met.NO]
    if not score.complete:
        blocks.append(Paragraph(telling.say("nothing_proven"), Tone.FAIR))
    elif missed:
        blocks.append(Paragraph(telling.say("left_undone", what=telling.joined(missed)), Tone.BAD))
    return Section("result", telling.say("result"), tuple(blocks))


def _missed(telling: DrillTelling, line: Line) -> str:
    several = line.incident and len(telling.drill.incidents) > 1
    return telling.title(line.title) + (f" ({line.incident})" if several else "")


def _result(score: Score) -> str:
    return "passed" if score.passed else "retrain" if score.complete else "cut_off"


def summary(telling: DrillTelling) -> Section:
    drill, score = telling.drill, telling.drill.score
    ended = drill.ended_at
    lasted = None if ended is None else ended - drill.started_at
    stood_still = sum(until - since for since, until in drill.pauses)
    pauses = {"times": len(drill.pauses), "lasted": telling.took(stood_still)}
    facts = facts_of(
        telling.fact("id", drill.id, drill.id, Tone.STRONG),
        telling.fact("scenario", drill.scenario, drill.scenario),
        telling.fact("state", STAGES[telling.language][drill.stage], drill.stage.value),
        telling.fact("score", f"{score.points:g} / {score.of:g}" if score else "", score.percent if score else None),
        telling.fact("started", _by(telling, drill.started_at, drill.started_by), drill.started_at),
        telling.fact("ended", "" if ended is None else _by(telling, ended, drill.ended_by), ended),
        telling.fact("lasted", telling.took(lasted), lasted),
        telling.fact("suspended", telling.say("suspension", **pauses) if drill.pauses else "", stood_still),
        telling.fact("hazards", telling.joined([telling.word(each) for each in drill.hazards])),
        telling.fact("reason", telling.reason(drill.reason), drill.reason),
        telling.fact("incidents", _incidents(telling), len(drill.incidents)),
    )
    return Section("summary", telling.say("summary"), (facts,))


def _by(telling: DrillTelling, at: int, who: str | None) -> str:
    return telling.say("at_by", at=telling.local.text(at), by=telling.person(who))


def _incidents(telling: DrillTelling) -> str:
    incidents = telling.drill.incidents
    more = [telling.say("more_rows", len(incidents) - INCIDENTS_NAMED_MAX)] if incidents[INCIDENTS_NAMED_MAX:] else []
    return telling.joined([*incidents[:INCIDENTS_NAMED_MAX], *more])


def scored(telling: DrillTelling, score: Score) -> tuple[Section | None, ...]:
    roles = [(telling.word(each.name), each) for each in score.roles]
    people = [(telling.person(each.name), each) for each in score.people]
    return (
        covered(telling, score),
        sheet(telling, score),
        tallies(telling, "roles", "role", roles),
        tallies(telling, "people", "person", people),
    )


def covered(telling: DrillTelling, score: Score) -> Section:
    rows = [
        (
            Cell(PARTS[telling.language][part], part.value),
            _whether(telling, score.parts.get(part.value, False), "covered"),
        )
        for part in Part
    ]
    return Section("covered", telling.say("parts"), (telling.grid(telling.columns(("part", 1), ("met", 3)), rows),))


def sheet(telling: DrillTelling, score: Score) -> Section:
    """All of its lines, however many: what is not seen cannot be disputed."""
    numbers: tuple[tuple[str, float, bool], ...] = (("took", 0, True), ("limit", 0, True))
    who: tuple[tuple[str, float], ...] = (("role", 1.6), ("person", 1.6))
    several = len(telling.drill.incidents) > 1
    where: tuple[tuple[str, float], ...] = (("incident", 0),) if several else ()
    columns = telling.columns(*where, ("what", 4), *who, *numbers, ("met", 0), ("points", 0, True))
    rows = tuple(_line(telling, each)[0 if several else 1 :] for each in score.lines)
    return Section("sheet", telling.say("sheet"), (Grid(columns, rows),))


def _line(telling: DrillTelling, line: Line) -> tuple[Cell, ...]:
    why = f" · {telling.reason(line.reason)}" if line.reason else ""
    itself = "" if line.role or line.person else telling.say("itself")
    return (
        Cell(line.incident, line.incident, Tone.QUIET),
        Cell(f"{telling.title(line.title)}{why}", line.what),
        Cell(telling.word(line.role) or itself, line.role),
        Cell(telling.person(line.person), line.person),
        Cell(telling.took(line.took_ms), line.took_ms),
        Cell(telling.took(line.limit_ms), line.limit_ms),
        Cell(MET[telling.language][line.met], line.met.value, _TONES[line.met]),
        Cell(f"{line.points:g} / {line.of:g}" if line.of else "–", line.points),
    )


def tallies(telling: DrillTelling, id: str, of: str, rows: Sequence[tuple[str, Tally]]) -> Section | None:
    if not rows:
        return None
    columns = telling.columns((of, 1.5), ("points", 0, True), ("met", 0), ("missed", 4))
    cells = [
        (
            Cell(name, each.name),
            Cell(f"{each.points:g} / {each.of:g}", each.points),
            _whether(telling, each.passed, "passed", "retrain"),
            Cell(telling.joined([telling.title(title) for title in each.missed])),
        )
        for name, each in rows
    ]
    return Section(id, telling.say(id), (telling.grid(columns, cells),))


def theory(telling: DrillTelling) -> Section | None:
    columns = telling.columns(("person", 1.5), ("plan", 1.5), ("points", 0, True), ("met", 0), ("wrong", 3))
    rows = [
        (
            Cell(telling.person(each.person), each.person),
            Cell(each.plan, each.plan),
            Cell(f"{each.points} / {each.of}", each.points),
            _whether(telling, each.passed, "passed", "retrain"),
            Cell(telling.joined(each.wrong)),
        )
        for each in telling.drill.theory
    ]
    return Section("theory", telling.say("theory"), (telling.grid(columns, rows),)) if rows else None


def timeline(telling: DrillTelling) -> Section | None:
    """The drill's own and those of its incidents, each row with the incident."""
    if not telling.facts.entries:
        return None
    return timeline_of(telling, telling.facts.entries, Column("incident", telling.say("incident"), 0), _incident)


def _incident(burst: Sequence[Entry]) -> Cell:
    return Cell(burst[0].incident or "", burst[-1].position, Tone.QUIET)


def _whether(telling: DrillTelling, met: bool, yes: str, no: str = "") -> Cell:
    word = yes if met else no or f"not_{yes}"
    return Cell(telling.say(word), met, Tone.GOOD if met else Tone.BAD)
