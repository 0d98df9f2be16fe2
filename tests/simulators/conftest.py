"""The demo tower as the gateway reads it, and instants of a working day in it."""

from __future__ import annotations

import pytest

from gateway.check import check
from rules.site import Directory
from simulators.building import demo_tower, site_yaml


@pytest.fixture(scope="session")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    path = tmp_path_factory.mktemp("tower") / "tower-a.yaml"
    path.write_text("".join(site_yaml(demo_tower())), encoding="utf-8")
    checked = check([path])
    assert not checked.problems
    assert checked.directory is not None
    return checked.directory
