"""Each shipped scenario as a drill: the real core and the real desk, on virtual time, with its score."""

from __future__ import annotations

from functools import cache

import pytest

from api.report_port import Format
from gateway.library import Loaded
from gateway.replay import differences
from gateway.reports.rendering import rendered
from rules.drill import Stage
from rules.drill_report import drill_report
from rules.effects import Notify, TellOccupants
from rules.invariants import Watch, check
from rules.mode import Mode
from rules.outcome import Outcome
from rules.state import State
from rules.timeline import Kind
from rules.timeline_text import LANGUAGES, Language
from simulators.drill import HeldDrill, VirtualDrill
from simulators.scenario import Scenario, modes_of, read_scenario, shipped

PASSED = ("fire-on-12f", "lift-entrapment", "power-outage", "gas-leak", "water-leak", "waste-bin-smoke")
RETRAIN = ("fire-nobody-comes", "entrapment-unanswered", "alarm-flood")
_TOWERS: dict[int, Loaded] = {}


def written(name: str) -> Scenario:
    scenario, problems = read_scenario(name)
    assert scenario is not None, problems
    return scenario


@cache
def _held(name: str, tower: int) -> HeldDrill:
    watch = Watch()
    watch.position = 4  # what was put in force before the drill began

    def see(outcome: Outcome, state: State) -> None:
        check(state)
        watch.see(outcome, state)

    return VirtualDrill(written(name), _TOWERS[tower], "tower-a", see).hold()


def held(name: str, tower: Loaded) -> HeldDrill:
    _TOWERS[id(tower)] = tower
    return _held(name, id(tower))


@pytest.mark.parametrize("name", shipped())
def test_each_scenario_can_be_held_as_a_drill_and_is_scored(name: str, tower: Loaded) -> None:
    drill = held(name, tower).drill
    assert drill.stage is Stage.ENDED
    assert drill.score is not None
    assert 0 <= drill.score.percent <= 100
    assert drill.score.of == pytest.approx(sum(line.of for line in drill.score.lines))
    assert drill.incidents


@pytest.mark.parametrize("name", shipped())
def test_nothing_that_is_only_played_becomes_real(name: str, tower: Loaded) -> None:
    """Where the scenario has nothing real in it, no incident is; where it has, the two stay apart."""
    found = held(name, tower)
    real = {entry.incident for entry in found.entries if entry.kind is Kind.OPENED and entry.mode is Mode.ACTUAL}
    happens_for_real = any(getattr(each, "mode", None) is Mode.ACTUAL for each in written(name).happens)
    assert bool(real) is happens_for_real
    for effect in found.played.effects:
        incident = getattr(effect, "incident", None)
        assert (effect.mode is Mode.ACTUAL) is (incident in real), effect
    for told in found.played.effects:
        if isinstance(told, Notify | TellOccupants) and told.mode is Mode.EXERCISE:
            assert told.channel in ("app", "lobby-screens")  # those of the crew that are marked for exercises


@pytest.mark.parametrize("name", PASSED)
def test_who_does_everything_in_time_passes(name: str, tower: Loaded) -> None:
    score = held(name, tower).drill.score
    assert score is not None
    assert score.passed, [(line.title["en"], line.met.value, line.reason) for line in score.lines]


@pytest.mark.parametrize("name", RETRAIN)
def test_who_does_not_is_to_be_trained_again(name: str, tower: Loaded) -> None:
    score = held(name, tower).drill.score
    assert score is not None
    assert not score.passed


def test_a_real_fire_cuts_the_drill_off(tower: Loaded) -> None:
    found = held("fire-in-a-fire-drill", tower)
    assert found.drill.score is not None
    assert not found.drill.score.complete
    suspended = next(entry for entry in found.entries if entry.facts.get("what") == "suspended")
    opened = next(e for e in found.entries if e.kind is Kind.OPENED and e.mode is Mode.ACTUAL)
    assert (suspended.at, suspended.reason) == (opened.at, f"a real alarm: {opened.incident}")


@pytest.mark.parametrize("name", ["fire-on-12f", "fire-in-a-fire-drill"])
def test_a_replay_of_the_journal_makes_the_same_of_a_drill(name: str, tower: Loaded) -> None:
    found: list[str] = []
    VirtualDrill(written(name), tower, "tower-a", ended=lambda store: found.extend(differences(store))).hold()
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["fire-nobody-comes", "fire-in-a-fire-drill"])
def test_the_report_is_stamped_and_has_everything_in_each_format(name: str, language: Language, tower: Loaded) -> None:
    found = held(name, tower)
    report = drill_report(found.facts, language)
    stamp = {"en": "EXERCISE", "zh": "演练"}[language]
    assert (report.stamp, report.subject) == (stamp, found.drill.id)
    assert found.drill.score is not None
    for format in (Format.HTML, Format.MARKDOWN, Format.JSON):
        text = rendered(report, format).decode()
        for told in (stamp, found.drill.id, str(found.drill.score.percent), report.footing.hash):
            assert told in text, (format, told)


def test_the_report_is_set_as_pdf(tower: Loaded) -> None:
    assert rendered(drill_report(held("fire-on-12f", tower).facts), Format.PDF).startswith(b"%PDF-")


def test_the_report_leaves_out_what_is_real(tower: Loaded) -> None:
    found = held("fire-in-a-fire-drill", tower)
    real = next(e.incident for e in found.entries if e.kind is Kind.OPENED and e.mode is Mode.ACTUAL)
    assert {entry.mode for entry in found.facts.entries} == {Mode.EXERCISE}
    timeline = next(each for each in drill_report(found.facts).sections if each.id == "timeline")
    assert real not in {row[0].text for row in timeline.blocks[0].rows}  # type: ignore[union-attr]
    assert modes_of(written("fire-in-a-fire-drill"), Mode.EXERCISE)


def test_played_again_a_drill_rests_on_the_same_journal(tower: Loaded) -> None:
    again = VirtualDrill(written("fire-on-12f"), tower, "tower-a").hold()
    assert again.facts.footing == held("fire-on-12f", tower).facts.footing
