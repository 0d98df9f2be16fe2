"""Plan files beside rules and classes, and the plans that ship. What is wrong with a file: tests/gateway/bad/plans.*"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gateway.library import load
from rules.level import Level
from rules.notice import NoticeBook
from rules.plan_check import build_plans, worst_levels
from rules.response_plan import PlanBook, PlanFile, ResponsePlan

LOADED = load([])
PLANS = LOADED.plans.plans
FOLDER = Path(__file__).parents[2] / "rules" / "library" / "plans"
WANTED = {  # issue: shipped plans for …
    "fire",
    "lift_entrapment",
    "lift_fault",
    "power_outage",
    "electrical",
    "intrusion",
    "duress",
    "water_leak",
    "gas",
    "device",
}


def written(hazard: str = "fire", **changes: Any) -> dict[str, Any]:
    plan = {
        "id": "mine",
        "title": {"en": "Mine"},
        "hazard": hazard,
        "lead": "lead",
        "team": ["guard"],
        "acknowledge": {"ladder": ["guard"]},
        "steps": [{"id": "look", "title": {"en": "Look"}, "task": {"role": "guard"}}],
    }
    return plan | changes


def build(
    *plans: dict[str, Any], notices: NoticeBook | None = None, **files: dict[str, Any]
) -> tuple[PlanBook | None, list[str]]:
    """The plans as if they had shipped, and files of one's own."""
    given = {"library": {"plans": list(plans)}, **files}
    models = {name: PlanFile.model_validate(content) for name, content in given.items()}
    book, problems = build_plans(models, LOADED.directory, LOADED.ruleset, {"library"}, notices)
    return book, [str(problem) for problem in problems]


# ---- reading


def test_a_plan_of_ones_own_takes_the_place_of_one_that_is_switched_off() -> None:
    book, problems = build(written(), mine={"disable_plans": ["mine"], "plans": [written(title={"en": "Own"})]})
    assert problems == []
    assert book is not None
    assert book.by_hazard["fire"].title == {"en": "Own"}


def test_without_the_plan_of_a_hazard_there_is_none() -> None:
    book, problems = build(written(), mine={"disable_plans": ["mine"]})
    assert (problems, book) == ([], PlanBook())


def test_settings_stand_in_one_file_and_have_defaults() -> None:
    book, problems = build(mine={"orders": {"push": True}})
    assert problems == []
    assert book is not None
    assert book.orders.push
    assert not PlanBook().orders.push


def test_equal_plans_have_equal_bytes_and_every_change_another_version() -> None:
    first, second = (build(mine={"plans": [written()]})[0] for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.to_bytes() == second.to_bytes()
    assert PlanBook.model_validate_json(first.to_bytes()) == first
    other = ResponsePlan.model_validate(written(first_response_within="14min"))
    assert other.version != first.plans["mine"].version


def test_templates_and_authorities_are_looked_at_where_they_are_known() -> None:
    tell = {"id": "tell", "title": {"en": "Tell"}, "notify": {"role": "guard", "template": "incidnt"}}
    plan = written(steps=[tell])
    assert build(mine={"plans": [plan]})[1] == []
    (problem,) = build(mine={"plans": [plan]}, notices=LOADED.roster.notices)[1]
    assert "did you mean incident?" in problem


def test_the_worst_level_of_a_hazard_is_that_of_its_rules_and_confirmations() -> None:
    worst = worst_levels(LOADED.ruleset)
    assert (worst["fire"], worst["duress"], worst["device"]) == (Level.I, Level.II, Level.III)


# ---- what ships


def test_every_plan_that_has_to_ship_does_and_every_hazard_has_one() -> None:
    assert set(LOADED.plans.by_hazard) >= WANTED
    assert {rule.hazard for rule in LOADED.ruleset.detections.values()} == set(LOADED.plans.by_hazard)


def as_own() -> list[str]:
    """The faults that the shipped plans would have as anybody's."""
    return build(mine={"plans": [plan.model_dump(by_alias=True, exclude_defaults=True) for plan in PLANS.values()]})[1]


def test_the_shipped_plans_stand_up_to_every_check_of_other_plans() -> None:
    assert as_own() == []


@pytest.mark.parametrize("plan", PLANS.values(), ids=lambda plan: plan.id)
def test_a_shipped_plan_reads_in_both_languages_and_names_only_templates_there_are(plan: ResponsePlan) -> None:
    titles = [plan.title, *(step.title for step in plan.steps)]
    assert [title for title in titles if set(title) != {"en", "zh"}] == []
    templates = [step.notify.template for step in plan.steps if step.notify]
    templates += [step.occupant_notice.template for step in plan.steps if step.occupant_notice]
    assert set(templates) <= set(LOADED.roster.notices.templates)


@pytest.mark.parametrize("hazard", sorted(WANTED - {"duress"}))
def test_a_grave_incident_has_a_work_order_in_its_plan(hazard: str) -> None:
    steps = LOADED.plans.by_hazard[hazard].steps
    assert any(step.work_order for step in steps if step.level >= Level.II or step.level is Level.III)


def test_duress_is_handled_quietly() -> None:
    plan = LOADED.plans.by_hazard["duress"]
    assert {step.action for step in plan.steps} == {"task", "notify"}
    assert plan.acknowledge.raises_to is Level.II


def test_only_what_may_wait_a_day_waits_longer_than_the_norm_for_the_first_response() -> None:
    late = [plan.hazard for plan in PLANS.values() if plan.first_response_within > 15 * 60_000]
    assert late == ["device"]


NUMBER = re.compile(r"\b(within|first_response_within|re_alarm_after|expires_after):? [\[\"]?\d")
SOURCE = re.compile(r"confidence (high|medium|low)|; (high|medium)[;)/]|ours|first response|as above|as the vents")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_every_number_of_a_shipped_plan_says_where_it_is_from(path: Path) -> None:
    """In a comment at its line or the one above: a source with its confidence, or that it is ours."""
    above, silent = "", []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        content, _, comment = text.partition("#")
        if NUMBER.search(content) and not SOURCE.search(comment + above):
            silent.append(f"{path.name}:{number} {content.strip()}")
        above = text if text.lstrip().startswith("#") else ""
    assert silent == []
