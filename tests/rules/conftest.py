"""`pytest tests/rules --rewrite-golden` writes the golden timelines anew; read the difference before committing it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden timelines anew")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """False also where the option is not known, because the run began above this folder."""
    return bool(request.config.getoption("--rewrite-golden", default=False))
