"""Whether a scenario came to what it expects: each expectation, met or not, and what there was instead.

    judged = judge(scenario.expects, played.entries, played.state.incidents.values(), played.begins, "tower-a", mode)
    faults = [each for each in judged if not each.met]

Looks at entries and incidents alone, those of the engine or those of the API: what was played live is judged by the
same measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from rules.incident import CommandStage, Confirmation, Phase, StepStage
from rules.instant import Instant, format_duration
from rules.level import Level
from rules.mode import Mode
from rules.reading import Value
from rules.requests import Finding
from rules.timeline import Kind
from simulators.acts import SeenIncident, SeenStep
from simulators.expect import EntryExpected, Expected, Expects, IncidentExpected

FOUND_MAX = 3  # so many of those that there are instead are named


class Judged(NamedTuple):
    path: tuple[str | int, ...]  # of the expectation in the scenario file
    expected: str
    met: bool
    found: str


class PlayedEntry(Protocol):
    @property
    def incident(self) -> str | None: ...
    @property
    def at(self) -> Instant: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def mode(self) -> Mode | None: ...
    @property
    def device(self) -> str | None: ...
    @property
    def rule(self) -> str | None: ...
    @property
    def by(self) -> str | None: ...
    @property
    def facts(self) -> Mapping[str, Value]: ...


class PlayedStep(SeenStep, Protocol):
    @property
    def action(self) -> str: ...
    @property
    def mandatory(self) -> bool: ...
    @property
    def carried_by(self) -> str | None: ...


class PlayedCommand(Protocol):
    @property
    def device(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def stage(self) -> CommandStage: ...


class PlayedIncident(SeenIncident, Protocol):
    @property
    def first_out(self) -> str: ...
    @property
    def finding(self) -> Finding | None: ...
    @property
    def steps(self) -> Sequence[PlayedStep]: ...
    @property
    def commands(self) -> Sequence[PlayedCommand]: ...


def judge(
    expects: Expects,
    entries: Iterable[PlayedEntry],
    incidents: Iterable[PlayedIncident],
    begins: Instant,
    site: str,
    mode: Mode = Mode.ACTUAL,
    refused: int | None = None,
) -> list[Judged]:
    """Every expectation in the order of the file, then what nobody expected. `mode`: in which it was played;
    `refused`: how many requests of its people were, where that is known."""
    judged = list(_Judge(list(entries), list(incidents), begins, site, mode).all(expects))
    if refused is not None:
        words = f"{expects.refused} requests refused"
        judged.append(Judged(("expects", "refused"), words, refused == expects.refused, f"{refused}"))
    return judged


def gravest_levels(entries: Iterable[PlayedEntry]) -> dict[str, Level]:
    """Incident → the gravest level that it reached."""
    found: dict[str, Level] = {}
    for entry in entries:
        told = {Kind.OPENED: "level", Kind.LEVEL_RAISED: "to"}.get(entry.kind)
        if told and entry.incident:
            level = Level(entry.facts[told])
            found[entry.incident] = max(level, found.get(entry.incident, level))
    return found


class _Judge:
    def __init__(
        self,
        entries: Sequence[PlayedEntry],
        incidents: Sequence[PlayedIncident],
        begins: Instant,
        site: str,
        mode: Mode,
    ) -> None:
        self._entries, self._begins, self._site, self._mode = entries, begins, site, mode
        self._incidents = {each.id: each for each in incidents}
        self._levels = gravest_levels(entries)
        self._expected: set[str] = set()

    def all(self, expects: Expects) -> Iterator[Judged]:
        for index, incident in enumerate(expects.incidents):
            if incident.played not in (None, self._mode):
                continue
            yield self._incident(("expects", "incidents", index), incident)
        for index, entry in enumerate(expects.timeline):
            if entry.played in (None, self._mode):
                yield self._entry(("expects", "timeline", index), entry)
        others = [
            each
            for each in self._incidents.values()
            if each.id not in self._expected and each.hazard not in expects.besides
        ]
        if expects.incidents or others:
            what = "no other incident" + (f" but of {', '.join(expects.besides)}" if expects.besides else "")
            names = [f"{each.hazard} in {each.zone} ({each.mode.value})" for each in others]
            yield Judged(("expects", "incidents"), what, not others, _few(names) or "none")

    def _incident(self, path: tuple[str | int, ...], expected: IncidentExpected) -> Judged:
        fitting = [each for each in self._incidents.values() if self._fits(expected, each)]
        self._expected.update(each.id for each in fitting)
        faults = [f"{each.id}: {fault}" for each in fitting for fault in self._faults(expected, each)]
        if len(fitting) != expected.times:
            faults.insert(0, f"{len(fitting)} of them")
        return Judged(path, _incident_in_words(expected), not faults, _few(faults) or "as expected")

    def _fits(self, expected: IncidentExpected, incident: PlayedIncident) -> bool:
        return (
            incident.hazard == expected.incident
            and incident.mode is (expected.mode or self._mode)
            and expected.zone in (None, incident.zone.partition("/")[2])
            and expected.device in (None, incident.first_out.partition("/")[2])
        )

    def _faults(self, expected: IncidentExpected, incident: PlayedIncident) -> Iterator[str]:
        level = self._levels.get(incident.id, incident.level)
        if expected.level not in (None, level):
            yield f"level {level.value}"
        confirmed = incident.confirmation is Confirmation.CONFIRMED
        if expected.confirmed not in (None, confirmed):
            yield incident.confirmation.value.replace("_", " ")
        if expected.closed not in (None, incident.phase is Phase.CLOSED):
            yield incident.phase.value
        if expected.finding not in (None, incident.finding):
            yield f"finding {incident.finding.value if incident.finding else 'none'}"
        yield from _task_faults(expected, incident)
        for command, times in expected.commands.items():
            done = {
                each.device for each in incident.commands if each.command == command and each.stage is CommandStage.DONE
            }
            if len(done) != times:
                yield f"{command} carried out by {len(done)}"

    def _entry(self, path: tuple[str | int, ...], expected: EntryExpected) -> Judged:
        alike = [each for each in self._entries if self._is_such(expected, each)]
        timely = [each for each in alike if self._in_time(expected, each)]
        met = len(timely) == expected.times if expected.times is not None else len(timely) >= expected.times_min
        where = [f"at {_since(each.at - self._begins)}" for each in (timely if met else alike)]
        return Judged(path, _entry_in_words(expected), met, _few(where) or "none")

    def _is_such(self, expected: EntryExpected, entry: PlayedEntry) -> bool:
        incident = self._incidents.get(entry.incident or "")
        if expected.hazard is not None and (incident is None or incident.hazard != expected.hazard):
            return False
        if expected.zone is not None and (incident is None or incident.zone != f"{self._site}/{expected.zone}"):
            return False
        return (
            entry.kind is expected.entry
            and entry.mode in (None, expected.mode or self._mode)
            and expected.device in (None, (entry.device or "").partition("/")[2])
            and expected.by in (None, entry.by)
            and expected.rule in (None, entry.rule)
            and all(entry.facts.get(name) == value for name, value in expected.facts.items())
        )

    def _in_time(self, expected: EntryExpected, entry: PlayedEntry) -> bool:
        if expected.at is not None:
            return abs(entry.at - self._begins - expected.at) <= expected.tolerance
        if expected.after is None:
            return True
        before = next(
            (each for each in self._entries if each.incident == entry.incident and each.kind is expected.after), None
        )
        if before is None or entry.incident is None or before.at > entry.at:
            return False
        return expected.within is None or entry.at - before.at <= expected.within


def _task_faults(expected: IncidentExpected, incident: PlayedIncident) -> Iterator[str]:
    steps = {each.id: each.stage for each in incident.steps if each.action == "task"}
    good = (StepStage.DONE,) if expected.mandatory == "done" else (StepStage.DONE, StepStage.SKIPPED)
    if expected.mandatory is not None:
        mandatory = [each.id for each in incident.steps if each.mandatory and not each.carried_by]
        yield from (f"{task} {steps[task].value}" for task in mandatory if steps[task] not in good)
    for task in expected.tasks:
        if steps.get(task) is not StepStage.DONE:
            yield f"{task} {steps[task].value if task in steps else 'never issued'}"


def _incident_in_words(expected: IncidentExpected) -> str:
    parts = [f"{expected.times} × {expected.incident}" + _which(expected)]
    parts += [f"level {expected.level.value}"] if expected.level else []
    parts += [_yes("confirmed", expected.confirmed), _yes("closed", expected.closed)]
    parts += [f"finding {expected.finding.value}"] if expected.finding else []
    parts += [f"mandatory tasks {expected.mandatory}"] if expected.mandatory else []
    parts += [f"{task} done" for task in expected.tasks]
    parts += [f"{command} × {times}" for command, times in expected.commands.items()]
    return ", ".join(part for part in parts if part)


def _entry_in_words(expected: EntryExpected) -> str:
    times = "1 or more" if expected.times_min == 1 else f"{expected.times_min} or more"
    parts = [f"{times if expected.times is None else expected.times} × {expected.entry.value.replace('_', ' ')}"]
    parts += [f"of {expected.hazard}"] if expected.hazard else []
    parts += [f"by {expected.by}"] if expected.by else []
    parts += [expected.rule] if expected.rule else []
    parts += [f"{name} {value}" for name, value in expected.facts.items()]
    text = " ".join(parts) + _which(expected)
    if expected.at is not None:
        return f"{text}, at {_since(expected.at)} ± {format_duration(expected.tolerance)}"
    if expected.after is not None:
        within = f" by {format_duration(expected.within)}" if expected.within is not None else ""
        return f"{text}, after {expected.after.value.replace('_', ' ')}{within}"
    return text


def _which(expected: Expected) -> str:
    parts = [f" in {expected.zone}"] if expected.zone else []
    parts += [f" at {expected.device}"] if expected.device else []
    parts += [f" ({expected.mode.value})"] if expected.mode else []
    return "".join(parts)


def _yes(word: str, value: bool | None) -> str:
    return "" if value is None else word if value else f"not {word}"


def _few(found: Sequence[str]) -> str:
    shown = ", ".join(found[:FOUND_MAX])
    return f"{shown} and {len(found) - FOUND_MAX} more" if len(found) > FOUND_MAX else shown


def _since(elapsed_ms: int) -> str:
    minutes, rest = divmod(elapsed_ms, 60_000)
    return f"{minutes}:{rest // 1000:02d}.{rest % 1000 // 100}"
