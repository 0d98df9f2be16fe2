"""The people of a scenario: each act once, at its time, on the incident it is meant for."""

from __future__ import annotations

from typing import Any

import pytest

from rules.incident import Confirmation, Phase
from rules.mode import Mode
from simulators.people import People
from simulators.scenario import Scenario


class Seen:
    """An incident as people see it."""

    def __init__(self, **fields: Any) -> None:
        self.id = "INC-000001"
        self.mode = Mode.ACTUAL
        self.hazard = "fire"
        self.zone = "tower-a/12F-east"
        self.phase = Phase.ACTIVATED
        self.confirmation = Confirmation.PRE_ALARM
        vars(self).update(fields)


def people(*acts: dict[str, Any], mode: Mode = Mode.ACTUAL) -> People:
    written = [{"by": "duty officer", "does": "note", "text": "seen"} | act for act in acts]
    scenario = Scenario.model_validate({"scenario": "x", "title": {"en": "X"}, "people": written})
    return People(scenario.people, "tower-a", mode)


@pytest.mark.parametrize(
    ("when", "not_yet", "then"),
    [
        ("acknowledged", Seen(), Seen(phase=Phase.RESPONDING)),
        ("confirmed", Seen(), Seen(confirmation=Confirmation.CONFIRMED)),
        ("confirmed", Seen(), Seen(confirmation=Confirmation.NOT_NEEDED)),
        ("normal", Seen(phase=Phase.RESPONDING), Seen(phase=Phase.CLOSING)),
    ],
)
def test_a_person_waits_for_what_they_wait_for(when: str, not_yet: Seen, then: Seen) -> None:
    crew = people({"when": when, "wait": "5s"})
    crew.see(not_yet, 1_000)
    assert not crew.take_due(60_000)
    crew.see(then, 2_000)
    crew.see(then, 3_000)
    assert not crew.take_due(6_999)
    assert [due.incident for due in crew.take_due(7_000)] == ["INC-000001"]
    assert crew.idle


def test_acts_come_in_order_of_time_whatever_their_order_in_the_file() -> None:
    crew = people({"when": "opened", "wait": "9s", "text": "late"}, {"when": "opened", "wait": "3s", "text": "early"})
    crew.see(Seen(), 0)
    assert [due.at for due in crew.take_due(10_000)] == [3_000, 9_000]


@pytest.mark.parametrize(
    "other",
    [Seen(hazard="lift"), Seen(zone="tower-a/3F-west"), Seen(mode=Mode.EXERCISE)],
    ids=["hazard", "zone", "mode"],
)
def test_an_incident_that_is_not_meant_is_left_to_others(other: Seen) -> None:
    crew = people({"when": "opened", "hazard": "fire", "zone": "12F-east"})
    crew.see(other, 0)
    assert not crew.take_due(1_000)
    crew.see(Seen(), 0)
    assert len(crew.take_due(1_000)) == 1


def test_in_a_drill_nobody_touches_a_real_incident() -> None:
    crew = people({"when": "opened"}, mode=Mode.EXERCISE)
    crew.see(Seen(), 0)
    assert not crew.take_due(1_000)


def test_what_is_done_for_each_incident_is_done_once_for_every_one() -> None:
    crew = people({"when": "opened", "wait": "1s", "each": True})
    assert len(crew.waiting) == 1
    for id in ("INC-000001", "INC-000002", "INC-000001"):
        crew.see(Seen(id=id), 1_000)
    assert [due.incident for due in crew.take_due(2_000)] == ["INC-000001", "INC-000002"]
    assert crew.waiting == []
    assert crew.idle


def test_an_act_of_another_mode_waits_for_an_incident_of_that_mode() -> None:
    crew = people({"when": "opened", "mode": "actual"}, mode=Mode.EXERCISE)
    crew.see(Seen(mode=Mode.EXERCISE), 1_000)
    assert crew.take_due(5_000) == []
    crew.see(Seen(mode=Mode.ACTUAL), 6_000)
    assert len(crew.take_due(6_000)) == 1
