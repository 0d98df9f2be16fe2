"""What the scenarios are played in."""

from __future__ import annotations

import pytest

from gateway.library import Loaded, load
from simulators.building import demo_tower, site_yaml
from simulators.crew import write_crew


@pytest.fixture(scope="session")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The demo tower, its crew, and everything that is shipped."""
    folder = tmp_path_factory.mktemp("tower")
    (folder / "tower-a.yaml").write_text("".join(site_yaml(demo_tower())), encoding="utf-8")
    return load([folder / "tower-a.yaml", *write_crew(folder / "crew")])
