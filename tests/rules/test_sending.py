"""Messages: who gets them, by which channel, and what happens when they do not arrive."""

from __future__ import annotations

from typing import Any

import pytest

from rules.effects import Notify, TellOccupants
from rules.events import EffectTried
from rules.incident import StepStage
from rules.level import Level
from rules.mode import Mode
from rules.outcome import Outcome
from rules.timeline import Kind
from tests.support import building
from tests.support.core import Core
from tests.support.roster import TEAM, roster

PLAN = """
plans:
  - id: fire
    title: {en: Fire, zh: 火灾}
    hazard: fire
    lead: safety_officer
    team: [duty_officer, engineer]
    acknowledge: {within: 1h, ladder: [duty_officer]}
    first_response_within: 2h
    steps:
      - {id: tell, title: {en: Tell the duty officer}, notify: {role: duty_officer, template: incident}}
      - {id: occupants, title: {en: Tell occupants}, confirmed: false,
         occupant_notice: {same: building, template: fire_evacuate}}
"""


def a_fire(text: str = TEAM, *, mode: Mode = Mode.ACTUAL, devices: tuple[str, ...] = ("sd-1",), **more: Any) -> Core:
    """A smoke detector in its zone; its plan tells the duty officer and the occupants."""
    core = Core(building.FIRE, plans=PLAN, roster=roster(text, **more))
    core.effects.clear()
    for device in devices:
        core.reading(device, smoke=0.2, mode=mode)
    return core


def sent(core: Core) -> list[Notify]:
    return [effect for effect in core.effects if isinstance(effect, Notify)]


def tried(core: Core, id: str, ok: bool, attempt: int = 1, last: bool = True, detail: str = "") -> Outcome:
    return core.step(EffectTried(id, ok, attempt, last or ok, detail))


def lines(core: Core, kind: Kind) -> list[str]:
    return [
        f"{entry.facts.get('to')}: {entry.reason or entry.facts.get('detail', '')}"
        for entry in core.entries
        if entry.kind is kind
    ]


def first(core: Core, person: str = "duty-officer-1") -> Notify:
    return next(effect for effect in sent(core) if effect.person == person)


def test_who_has_the_role_gets_a_message_by_the_first_channel() -> None:
    message = first(a_fire())
    assert (message.channel, message.mode, message.incident) == ("app", Mode.ACTUAL, "INC-000001")
    assert message.title == "LEVEL II fire: 12F-east, 12F"
    assert "https://control-room.example/incidents/INC-000001" in message.body


def test_the_timeline_says_to_whom_by_what_and_whether_it_arrived() -> None:
    core = a_fire()
    message = first(core)
    tried(core, message.id, False, 1, last=False, detail="HTTP 503")
    tried(core, message.id, True, 2, detail="taken by app")
    told = [entry for entry in core.entries if entry.facts.get("id") == message.id]
    assert [entry.kind for entry in told] == [Kind.NOTICE_ISSUED, Kind.NOTICE_TRIED, Kind.NOTICE_DONE]
    assert {(entry.facts["to"], entry.facts["channel"]) for entry in told} == {("duty-officer-1", "app")}
    step = next(step for step in core.incident().steps if step.id == "tell")
    assert (step.stage, step.done_by, step.note) == (StepStage.DONE, "tocsin", "taken by app")
    assert message.id not in core.state.sent
    assert message.id in core.last.settled


def test_the_last_failure_is_followed_by_the_next_channel_in_few_characters() -> None:
    core = a_fire()
    message = first(core)
    tried(core, message.id, False, 3, detail="HTTP 503")
    again = sent(core)[-1]
    assert (again.person, again.channel, again.title) == ("duty-officer-1", "sms", "")
    assert len(again.body) <= 70
    step = next(step for step in core.incident("INC-000001").steps if step.id == "tell")
    assert again.id in step.effects
    assert step.stage is StepStage.ISSUED


def test_a_channel_that_fails_is_itself_a_trouble_until_it_delivers_again() -> None:
    core = a_fire()
    tried(core, first(core).id, False, 3, detail="HTTP 503")
    trouble = core.incident("INC-000002")
    assert (trouble.hazard, trouble.title["en"]) == ("device", "Channel app does not deliver")
    for effect in core.effects[1:]:
        tried(core, effect.id, True, detail="taken")
    core.acknowledge("INC-000002")
    core.reading("sd-8", smoke=0.2)
    assert trouble.open
    tried(core, sent(core)[-1].id, True, detail="taken by app")
    assert trouble.sources_normal
    assert core.state.troubles == {}


def test_ladder_and_plan_do_not_say_the_same_twice_to_one_person() -> None:
    core = a_fire()
    assert [message.person for message in sent(core)] == ["duty-officer-1"]
    assert next(step for step in core.incident().steps if step.id == "tell").effects == [sent(core)[0].id]


def test_a_plan_that_tells_somebody_first_and_a_ladder_that_calls_the_same_person_after_it_say_it_once() -> None:
    plan = PLAN.replace(
        "{within: 1h, ladder: [duty_officer]}",
        "{within: 1h, ladder: [engineer], quorum: {I: [engineer, duty_officer]}}",
    )
    core = Core(
        building.FIRE, plans=plan.replace("template: incident}}", "template: incident}, level: I}"), roster=roster(TEAM)
    )
    core.reading("sd-1", smoke=0.2)
    core.acknowledge(by="engineer-1")
    core.effects.clear()
    core.wait("3min")  # nobody has investigated: level I, for which the duty officer is missing
    assert core.incident("INC-000001").level is Level.I
    told = [message.id for message in sent(core) if message.incident == "INC-000001"]
    assert len(told) == 1
    assert next(step for step in core.incident("INC-000001").steps if step.id == "tell").effects == told


def test_when_no_channel_is_left_the_step_has_failed() -> None:
    core = a_fire()
    tried(core, first(core).id, False, 3, detail="HTTP 503")
    tried(core, sent(core)[-1].id, False, 3, detail="no credit")
    assert lines(core, Kind.NOTICE_FAILED) == ["duty-officer-1: no credit"]
    step = next(step for step in core.incident("INC-000001").steps if step.id == "tell")
    assert (step.stage, step.note) == (StepStage.FAILED, "no credit")
    titles = [each.title["en"] for each in core.incident("INC-000002").evidence]
    assert titles == ["Channel app does not deliver", "Channel sms does not deliver"]


def test_what_nobody_reports_on_falls_back_by_itself_and_says_how_late() -> None:
    core = a_fire()
    message = first(core)
    core.restart(down="3min")
    again = sent(core)[-1]
    assert again.channel == "sms"
    entry = next(entry for entry in reversed(core.entries) if entry.facts.get("id") == message.id)
    assert (entry.kind, entry.facts["detail"]) == (Kind.NOTICE_TRIED, "not delivered in time")
    assert entry.late_ms == 60_000


def test_a_report_on_what_is_not_on_its_way_is_an_entry_and_nothing_else() -> None:
    core = a_fire()
    tried(core, "NTF-999999", False)
    tried(core, "NTF-999998", True)
    reasons = [entry.reason for entry in core.entries if entry.kind is Kind.UNKNOWN]
    assert reasons == [
        "nothing called NTF-999999 is on its way",
        "NTF-999998 was delivered after it had been given up",
    ]


def test_where_nobody_has_the_role_the_whole_team_is_told_and_a_trouble_raised() -> None:
    core = a_fire(TEAM.replace("duty_officer]", "night_watch]"))
    assert [message.person for message in sent(core)][:2] == ["safety-officer-1", "engineer-1"]
    assert "duty_officer: nobody has the role duty_officer now" in lines(core, Kind.NOTICE_FAILED)
    assert core.incident("INC-000002").title["en"] == "Nobody is on duty as duty_officer"


def test_without_any_people_an_entry_says_so_and_no_trouble_is_raised() -> None:
    core = a_fire("channels: {}")
    assert sent(core) == []
    assert set(lines(core, Kind.NOTICE_FAILED)) == {
        "duty_officer: no people are set up",
        "tower-a/tower: no notice channel is set up for tower-a/tower",
    }
    assert list(core.state.incidents) == ["INC-000001"]
    assert {step.stage for step in core.incident().steps} == {StepStage.FAILED}


def test_in_an_exercise_only_channels_marked_for_it_are_used() -> None:
    text = TEAM.replace("[app, sms]}", "[app, drill-app]}").replace("[lobby]", "[lobby, drill-app]")
    core = a_fire(text, mode=Mode.EXERCISE)
    message = first(core)
    assert (message.channel, message.mode) == ("drill-app", Mode.EXERCISE)
    assert message.title.startswith("EXERCISE: ")
    assert message.body.startswith("EXERCISE: ")
    (notice,) = [effect for effect in core.effects if isinstance(effect, TellOccupants)]
    assert notice.channel == "drill-app"
    assert all(text.startswith(("EXERCISE: ", "【演练】")) for text in notice.texts.values())


def test_in_an_exercise_without_such_a_channel_nothing_leaves_and_the_timeline_says_why() -> None:
    core = a_fire(mode=Mode.EXERCISE)
    assert core.effects == []
    assert "duty-officer-1: no channel of duty-officer-1 is marked for exercises" in lines(core, Kind.NOTICE_HELD_BACK)
    assert {step.stage for step in core.incident().steps} == {StepStage.SKIPPED}


def test_in_mode_test_nothing_leaves_at_all() -> None:
    core = a_fire(TEAM.replace("{}", "{exercise: true}"), mode=Mode.TEST)
    assert core.effects == []
    assert "duty_officer: nothing is sent in mode test" in lines(core, Kind.NOTICE_HELD_BACK)
    assert {step.stage for step in core.incident().steps} == {StepStage.SKIPPED}


def test_occupants_are_told_by_the_channels_of_the_smallest_place_around_them() -> None:
    core = a_fire(TEAM.replace("tower-a: [lobby]", "tower-a: [lobby]\n  tower-a/tower: [app, sms]"))
    notices = [effect for effect in core.effects if isinstance(effect, TellOccupants)]
    assert [(notice.place, notice.channel) for notice in notices] == [
        ("tower-a/tower", "app"),
        ("tower-a/tower", "sms"),
    ]
    assert all(len(text) <= 70 for text in notices[1].texts.values())
    assert "撤离" in notices[0].texts["zh"]
    assert "stairs" in notices[0].texts["en"]


def test_a_notice_that_does_not_arrive_is_a_trouble_and_a_failed_step() -> None:
    core = a_fire()
    (notice,) = [effect for effect in core.effects if isinstance(effect, TellOccupants)]
    core.wait("10min")
    assert notice.id not in core.state.sent
    step = next(step for step in core.incident("INC-000001").steps if step.id == "occupants")
    assert step.stage is StepStage.FAILED
    assert "Channel lobby does not deliver" in [each.title["en"] for each in core.incident("INC-000002").evidence]


@pytest.mark.parametrize("mode", [Mode.ACTUAL, Mode.EXERCISE])
def test_a_message_is_worded_as_the_person_reads(mode: Mode) -> None:
    text = TEAM.replace("{characters_max: 70}", "{characters_max: 70, exercise: true}")
    core = a_fire(text.replace("[duty_officer]", "[x]").replace("safety_officer]", "duty_officer]"), mode=mode)
    assert first(core, "safety-officer-1").body.startswith("【演练】II级" if mode is Mode.EXERCISE else "II级")
