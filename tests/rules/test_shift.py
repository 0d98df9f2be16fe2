"""Shift handover: it fills itself, takes notes, and is done when two people have signed."""

from __future__ import annotations

from typing import Any

import pytest

from rules.handover import Handover
from rules.level import Level
from rules.outcome import Outcome
from rules.requests import Assign, Corrective, FillHandover, NoteHandover, Review, SignHandover
from rules.shift import NOTES_MAX, SILENT_DEVICES_MAX
from rules.timeline import Kind
from tests.support.repairs import Repairs

DAY, NIGHT = "day shift", "night shift"


def fill(core: Repairs, by: str = DAY, **changes: Any) -> Outcome:
    fields = {"site": "tower-a", "incoming": NIGHT, **changes}
    return core.step(FillHandover(by=by, **fields))


def note(core: Repairs, text: str = "the pump hums", by: str = DAY, handover: str = "HO-000001") -> Outcome:
    return core.step(NoteHandover(by=by, handover=handover, text=text))


def sign(core: Repairs, by: str = DAY, handover: str = "HO-000001") -> Outcome:
    return core.step(SignHandover(by=by, handover=handover))


def handover(core: Repairs, id: str = "HO-000001") -> Handover:
    return core.state.handovers[id]


def code(outcome: Outcome) -> str:
    assert outcome.refused is not None
    return outcome.refused.code


def test_it_fills_itself_with_everything_that_is_open() -> None:
    core = Repairs(level="II")
    core.breaks("sd-8")
    core.works("sd-8")
    core.hand_over()
    core.acknowledge()
    core.resolve()
    action = Corrective(text="Train", owner="engineering lead", due_at=core.now + 60_000)
    core.step(Review(by=DAY, incident="INC-000001", cause="c", measures="m", result="r", actions=[action]))
    core.breaks("sd-1")
    core.wait("2min")
    core.ask_for_order("sd-2")
    core.wait("14min")
    fill(core, silent_devices=["tower-a/sd-9"])
    filled = handover(core)
    assert (filled.outgoing, filled.incoming, filled.filled_at) == (DAY, NIGHT, core.now)
    assert filled.open_incidents[0] == "INC-000002"  # troubles of the notifier may follow
    assert filled.open_orders == ["WO-000001", "WO-000002", "WO-000003"]
    assert filled.overdue_orders == ["WO-000001", "WO-000002"]
    assert filled.overdue_actions == ["CA-000001"]
    assert filled.silent_devices == ["tower-a/sd-9"]
    assert (core.entries[-1].kind, core.entries[-1].facts["what"]) == (Kind.HANDOVER, "filled")


def test_two_people_sign_and_then_it_is_archived() -> None:
    core = Repairs()
    fill(core)
    assert sign(core, DAY).refused is None
    assert code(sign(core, DAY)) == "already_signed"
    assert code(sign(core, "guard")) == "not_a_party"
    outcome = sign(core, NIGHT)
    assert core.state.handovers == {}
    done = outcome.handovers["HO-000001"]
    assert done.done
    assert core.entries[-1].reason == "both have signed"
    assert code(sign(core, NIGHT)) == "unknown_handover"


@pytest.mark.parametrize("first", [DAY, NIGHT])
def test_either_may_sign_first(first: str) -> None:
    core = Repairs()
    fill(core)
    sign(core, first)
    assert sign(core, NIGHT if first == DAY else DAY).handovers["HO-000001"].done


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"site": "tower-z"}, "unknown_site"),
        ({"incoming": DAY}, "same_person"),
        ({"incoming": " "}, "name_missing"),
    ],
)
def test_a_handover_that_cannot_be_is_refused(changes: dict[str, str], expected: str) -> None:
    core = Repairs()
    assert code(fill(core, **changes)) == expected
    assert core.state.handovers == {}
    assert core.entry(Kind.REFUSED).facts["code"] == expected


def test_nobody_signs_while_a_level_one_incident_has_no_named_owner() -> None:
    core = Repairs(level="I")
    core.breaks()
    fill(core)
    for person in (DAY, NIGHT):
        refused = sign(core, person).refused
        assert refused is not None
        assert (refused.code, refused.reason) == ("no_owner", "level I without a named owner: INC-000001")
    core.step(Assign(by=DAY, incident="INC-000001", to="engineering lead"))
    assert sign(core, DAY).refused is None
    assert sign(core, NIGHT).refused is None


def test_milder_incidents_need_no_owner_to_be_handed_over() -> None:
    core = Repairs(level="II")
    core.breaks()
    assert core.incident().level is Level.II
    fill(core)
    assert sign(core).refused is None


def test_the_first_signature_takes_the_site_as_it_stands_then() -> None:
    core = Repairs()
    fill(core)
    core.breaks()
    sign(core, DAY)
    assert handover(core).open_incidents == ["INC-000001"]


def test_what_comes_between_the_two_signatures_is_added_to_the_notes() -> None:
    core = Repairs()
    fill(core)
    sign(core, DAY)
    core.breaks()
    done = sign(core, NIGHT).handovers["HO-000001"]
    assert done.open_incidents == []
    assert done.notes == [
        "since the first signature, open incidents: INC-000001",
        "since the first signature, open orders: WO-000001",
    ]


def test_notes_name_who_made_them_and_are_bounded() -> None:
    core = Repairs()
    assert code(note(core)) == "unknown_handover"
    fill(core)
    note(core, by=NIGHT)
    assert handover(core).notes == ["night shift: the pump hums"]
    for _ in range(NOTES_MAX - 1):
        note(core)
    assert code(note(core)) == "too_many_notes"


def test_another_handover_of_the_site_supersedes_one_that_was_not_signed_by_both() -> None:
    core = Repairs()
    fill(core)
    sign(core)
    outcome = fill(core, incoming="second night shift")
    assert list(core.state.handovers) == ["HO-000002"]
    assert outcome.handovers["HO-000001"].superseded_by == "HO-000002"
    assert core.entries[-2].facts["what"] == "superseded"


def test_only_so_many_silent_devices_are_named() -> None:
    core = Repairs()
    fill(core, silent_devices=[f"tower-a/{number}" for number in range(SILENT_DEVICES_MAX + 5)])
    assert len(handover(core).silent_devices) == SILENT_DEVICES_MAX


def test_a_handover_survives_a_restart() -> None:
    core = Repairs()
    fill(core)
    sign(core)
    core.restart(down="1h")
    assert sign(core, NIGHT).handovers["HO-000001"].done
