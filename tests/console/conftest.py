"""What all tests of the console share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console import clock as times


@pytest.fixture
def zone_as_before() -> Iterator[None]:
    """The console has one zone for all its pages: what a test makes of it ends with the test."""
    before = times.zone
    times.choose("")
    yield
    times.zone = before
