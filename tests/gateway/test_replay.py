"""What is stored is compared with what the journal makes it, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.replay import differences, rebuilt
from tests.support import building, groups
from tests.support.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, url: str) -> Iterator[Stage]:
    made = Stage(tmp_path / "gateway", plans=(building.FIRE_PLAN,), url=url)
    for device in ("sd-1", "sd-2"):
        made.publish(device, smoke=0.4)
        made.deliver()
    yield made
    made.close()


def _tamper(stage: Stage, statement: str) -> None:
    before = list(stage.store.projections())
    groups.execute(stage.url, statement)
    assert list(stage.store.projections()) != before


def test_an_untouched_store_has_no_differences(stage: Stage) -> None:
    assert list(differences(stage.store)) == []


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("UPDATE incidents SET body = '{}' WHERE id = 'INC-000001'", "incidents INC-000001: stored as"),
        ("DELETE FROM detections", "missing; the journal makes it"),
        ("DELETE FROM outbox", "missing; the journal makes it"),
    ],
)
def test_what_was_altered_is_named_and_can_be_rebuilt(stage: Stage, statement: str, difference: str) -> None:
    _tamper(stage, statement)
    found = list(differences(stage.store))
    assert found
    assert difference in found[0]
    stage.store.replace_projections(rebuilt(stage.store))
    assert list(differences(stage.store)) == []
