"""`pytest tests/drills --rewrite-golden` writes the golden timelines anew; read the difference before committing it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from gateway.library import Loaded, load
from simulators.building import demo_tower, site_yaml
from simulators.crew import write_crew


def pytest_addoption(parser: pytest.Parser) -> None:
    with suppress(ValueError):  # another folder's conftest has it already
        parser.addoption("--rewrite-golden", action="store_true", help="write the golden timelines anew")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """False also where the option is not known, because the run began above this folder."""
    return bool(request.config.getoption("--rewrite-golden", default=False))


@pytest.fixture(scope="session")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The demo tower, its crew, and everything that is shipped."""
    folder = tmp_path_factory.mktemp("tower")
    (folder / "tower-a.yaml").write_text("".join(site_yaml(demo_tower())), encoding="utf-8")
    return load([folder / "tower-a.yaml", *write_crew(folder / "crew")])
