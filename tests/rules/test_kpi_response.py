"""How fast people respond, and how often limits were kept."""

from __future__ import annotations

from typing import Any

import msgspec

from rules.codec import encode
from rules.incident import StepStage
from rules.instant import DAY_MS, MINUTE_MS, SECOND_MS
from rules.kpi_response import Ordered, Responded, ResponseFacts, ResponseFigures, Stage, percentile, response_figures
from rules.level import Level
from rules.order import Node, NodeRecord, OrderKind, OrderStep
from rules.order_settings import OrderSettings
from rules.requests import Finding
from rules.signal import Signal
from tests.support import reported
from tests.support.reported import BEGAN, NOW


def handled(**fields: Any) -> Responded:
    known = Responded("INC-1", "tower-a", "fire", Signal.ALARM, Level.II, BEGAN, plan="fire", plan_version="v1")
    return msgspec.structs.replace(known, **fields)


def figures(*incidents: Responded, orders: tuple[Ordered, ...] = (), now: int = NOW) -> ResponseFigures:
    limits = {("fire", "v1"): reported.LIMITS}
    return response_figures(ResponseFacts(BEGAN, NOW, now, incidents, orders, limits, OrderSettings()))


def stage(found: ResponseFigures, id: str) -> Stage:
    return next(each for each in found.overall.stages if each.id == id)


def test_a_limit_is_kept_at_its_last_moment_and_missed_after_it() -> None:
    found = figures(
        handled(acknowledged_at=BEGAN + MINUTE_MS, closed_at=NOW),
        handled(acknowledged_at=BEGAN + MINUTE_MS + 1, closed_at=NOW),
    )
    acknowledged = stage(found, "acknowledge")
    assert (acknowledged.kept, acknowledged.limited, acknowledged.kept_share) == (1, 2, 0.5)


def test_what_was_closed_before_its_limit_has_missed_nothing() -> None:
    found = figures(handled(acknowledged_at=BEGAN + 1, closed_at=BEGAN + 2 * MINUTE_MS))
    assert (stage(found, "first_response").open, stage(found, "first_response").limited) == (1, 0)


def test_an_open_incident_misses_a_limit_when_it_passes() -> None:
    assert stage(figures(handled(), now=BEGAN + MINUTE_MS), "acknowledge").limited == 0
    late = stage(figures(handled(), now=BEGAN + MINUTE_MS + 1), "acknowledge")
    assert (late.kept, late.limited, late.median_ms) == (0, 1, None)


def test_rescue_counts_from_the_alarm_to_the_tick_of_the_task() -> None:
    rescuer = reported.step("rescuer-on-site", 21 * MINUTE_MS, 30 * MINUTE_MS)
    late = reported.step("rescuer-on-site", 40 * MINUTE_MS, 30 * MINUTE_MS)
    skipped = reported.step("rescuer-on-site", None, 30 * MINUTE_MS, stage=StepStage.SKIPPED)
    found = figures(
        *(handled(hazard="lift_entrapment", steps=[step], closed_at=NOW) for step in (rescuer, late, skipped))
    )
    rescued = stage(found, "rescue")
    assert (rescued.median_ms, rescued.longest_ms, rescued.happened) == (21 * MINUTE_MS, 40 * MINUTE_MS, 2)
    assert (rescued.kept, rescued.limited) == (1, 3)


def test_levels_and_hazards_have_figures_of_their_own() -> None:
    found = figures(handled(level=Level.I), handled(hazard="water_leak"), handled(finding=Finding.FALSE_ALARM))
    assert [(group.name, group.incidents) for group in found.by_level] == [("I", 1), ("II", 2)]
    assert [(group.name, group.incidents) for group in found.by_hazard] == [("fire", 2), ("water_leak", 1)]
    assert (found.false_alarms, found.false_alarm_share) == (1, 1.0)


def test_a_work_order_is_measured_at_each_node_from_its_opening() -> None:
    records = [
        NodeRecord(OrderStep.ACCEPT, "e", BEGAN + 10 * MINUTE_MS),
        NodeRecord(OrderStep.SURVEY, "e", BEGAN + 40 * MINUTE_MS),
    ]
    order = Ordered(OrderKind.EMERGENCY, BEGAN, Node.SURVEYED, records)
    (group,) = figures(orders=(order,), now=BEGAN + 50 * MINUTE_MS).orders
    kept = {each.id: (each.kept, each.limited) for each in group.stages}
    assert kept == {"accept": (1, 1), "survey": (0, 1), "repair": (0, 0), "verify": (0, 0)}


def test_a_stored_incident_is_read_by_the_names_of_its_fields() -> None:
    """Else a field that is renamed would read as never happened."""
    stored = reported.incident()
    read = msgspec.json.decode(encode(stored), type=Responded)
    for name in Responded.__struct_fields__:
        assert getattr(read, name) == getattr(stored, name), name
    assert msgspec.json.decode(encode(reported.order()), type=Ordered).records == reported.order().records


def test_a_percentile_is_a_time_that_somebody_took() -> None:
    took = [SECOND_MS * number for number in range(1, 11)]
    assert [percentile(took, share) for share in (0.5, 0.9, 0.95)] == [5_000, 9_000, 10_000]
    assert percentile([], 0.5) is None
    assert percentile([DAY_MS], 0.95) == DAY_MS
