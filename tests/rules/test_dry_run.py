"""A dry run: what would come of some messages."""

from __future__ import annotations

from typing import Any

from rules.dry_run import LASTS_MS_MAX, SHOWN_MAX, Heard, Rehearsed, rehearse
from rules.incident import Confirmation, Phase
from rules.instant import DAY_MS, MINUTE_MS
from rules.level import Level
from rules.mode import Mode
from rules.people import Roster
from rules.rehearsal import InForce
from rules.timeline import Kind
from rules.verdict import Verdict
from tests.support import building
from tests.support.trial import START


def in_force(*rules: str, plans: tuple[str, ...] = (building.FIRE_PLAN,)) -> InForce:
    directory = building.directory()
    return InForce(
        directory,
        building.rules(*(rules or (building.FIRE,))),
        building.plans(*plans),
        Roster(),
        building.calendars(directory),
    )


def said(device: str, after_ms: int = 0, **values: Any) -> Heard:
    return Heard(f"{building.SITE}/{device}", START + after_ms, values=values)


def run(*heard: Heard, lasts_ms: int = MINUTE_MS, force: InForce | None = None, mode: Mode = Mode.ACTUAL) -> Rehearsed:
    return rehearse(force or in_force(), heard, lasts_ms, mode)


def test_verdict_firing_and_incident_of_one_reading_are_shown_with_its_values() -> None:
    found = run(said("sd-1", smoke=0.3), lasts_ms=1_000)
    assert [(each.rule, each.verdict) for each in found.verdicts] == [("smoke-high", Verdict.HOLDS)]
    (firing,) = found.firings
    assert (firing.rule, firing.device, firing.since, firing.until) == ("smoke-high", "tower-a/sd-1", START, None)
    assert firing.values == {"smoke": 0.3}
    fire = next(each for each in found.incidents if each.hazard == "fire")
    assert fire.confirmation is Confirmation.PRE_ALARM


def test_time_goes_on_after_the_last_message_and_deadlines_fall() -> None:
    found = run(said("sd-1", smoke=0.3), lasts_ms=20_000)
    assert found.ends == START + 20_000
    fire = next(each for each in found.incidents if each.hazard == "fire")
    assert (fire.confirmation, fire.level) == (Confirmation.CONFIRMED, Level.I)


def test_a_second_device_confirms_and_every_command_is_obeyed_at_once() -> None:
    found = run(said("sd-1", smoke=0.3), said("sd-2", 3_000, smoke=0.4))
    assert found.effects["PublishCommand"] == 2
    kinds = [entry.kind for entry in found.entries]
    assert kinds.count(Kind.COMMAND_DONE) == 2
    assert Kind.COMMAND_FAILED not in kinds


def test_what_becomes_normal_again_has_an_end() -> None:
    found = run(said("sd-1", smoke=0.3), said("sd-1", 5_000, smoke=0.01), lasts_ms=1_000)
    assert [each.until for each in found.firings] == [START + 5_000]


def test_nothing_of_an_exercise_is_taken_for_real() -> None:
    found = run(said("sd-1", smoke=0.3), mode=Mode.EXERCISE)
    assert {each.mode for each in found.verdicts} == {Mode.EXERCISE}
    assert {each.mode for each in found.incidents if each.hazard == "fire"} == {Mode.EXERCISE}


def test_what_no_device_could_say_is_a_fault_with_the_number_of_the_message() -> None:
    found = run(
        said("sd-1", smoke=0.1, colour="red"),
        said("nothing", 10, smoke=0.1),
        Heard("tower-a/door-1", START + 20, event="explode"),
        said("sd-1", 30, smoke=99.0),
    )
    assert [(each.number, each.reason) for each in found.faults] == [
        (0, "unknown metric"),
        (1, "unknown device"),
        (2, "unknown event"),
        (3, "out of range"),
    ]


def test_events_and_statuses_are_heard_as_well() -> None:
    rules = """
rules:
  - id: duress
    title: {en: Duress}
    device_class: door
    hazard: security
    signal: alarm
    level: I
    when: {event: duress}
"""
    found = run(
        Heard("tower-a/door-1", START, event="duress"),
        Heard("tower-a/door-1", START + 10, online=False),
        force=in_force(rules, plans=()),
    )
    assert [each.rule for each in found.firings] == ["duress"]
    assert found.faults == []
    assert [each.phase for each in found.incidents if each.hazard == "security"] == [Phase.ACTIVATED]


def test_the_same_dry_run_gives_the_same_in_every_respect() -> None:
    heard = (said("sd-1", smoke=0.3), said("sd-2", 3_000, smoke=0.4), said("sd-2", 9_000, smoke=0.0))
    assert run(*heard) == run(*heard)


def test_it_lasts_a_week_at_most_and_shows_so_many_lines_at_most() -> None:
    flapping = [said("sd-1", number * 100, smoke=0.3 if number % 2 else 0.0) for number in range(2 * SHOWN_MAX + 9)]
    found = run(*flapping, lasts_ms=30 * DAY_MS)
    assert found.ends == START + LASTS_MS_MAX
    assert len(found.verdicts) == SHOWN_MAX
    assert found.left_out > 0
