"""The building of the fault simulation: where everything stands, and what is in force there."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from gateway.library import Loaded, load
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset

SITE = "trial"
FOLDER = Path(__file__).parent
CHANGED_HOLD = "40s"  # of `overload`, where other rules come into force


@cache
def loaded() -> Loaded:
    return load(sorted(FOLDER.glob("*.yaml")), with_library=False)


@cache
def changed() -> Loaded:
    """As somebody has changed it: an overload is held longer before it counts, and the plan for fire has another
    title."""
    known = loaded()
    rules = known.ruleset.model_dump(mode="json", by_alias=True, exclude_unset=True)
    rules["detections"]["overload"]["when"]["for"] = CHANGED_HOLD
    plans = known.plans.model_dump(mode="json", by_alias=True, exclude_unset=True)
    plans["plans"]["fire"]["title"] = {"en": "Fire, revised", "zh": "火灾应急预案（修订）"}
    return replace(known, ruleset=Ruleset.model_validate(rules), plans=PlanBook.model_validate(plans))
