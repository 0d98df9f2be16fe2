"""Databases for the tests of storage: the same test runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """`url = new_url()`: of a database that is empty, each time it is called."""
    if request.param == "postgresql":
        postgres: Callable[[], str] = request.getfixturevalue("postgres")
        return postgres
    numbers = itertools.count(1)
    return lambda: f"sqlite:///{tmp_path}/tocsin-{next(numbers)}.sqlite"


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened
