"""A gateway as a child process, ended with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import RunningGateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Callable[..., RunningGateway]]:
    """`made = gateway(site_yaml, broker, **settings)`: not started yet."""
    made: list[RunningGateway] = []

    def make(site: str, broker: str | dict[str, Any], folder: str = "gateway", **settings: Any) -> RunningGateway:
        made.append(RunningGateway(tmp_path / folder, site, broker, **settings))
        return made[-1]

    yield make
    for each in made:
        each.kill()
    for each in made:  # whatever a test was about: no log of it holds a secret
        assert each.secrets.within(each.log) == []
