"""Stores of schemas that versions of Tocsin have left on disks: `tests/gateway/released/NNNN/`, a table a file."""

from __future__ import annotations

from pathlib import Path

from gateway.keeping import lines
from gateway.store import migrate
from gateway.store.engines import parse_url, writing_engine
from tests.support.sources import ROOT

RELEASED = sorted(path for path in (ROOT / "tests" / "gateway" / "released").iterdir() if path.is_dir())


def as_released(folder: Path, url: str) -> None:
    """The store as that version left it."""
    engine = writing_engine(parse_url(url))
    with engine.begin() as connection:
        migrate.upgrade(connection, folder.name)
        connection.exec_driver_sql("DELETE FROM journal_head")
        for path in sorted(folder.glob("*.jsonl")):
            with path.open("rb") as stream:
                assert lines.load(connection, path.stem, stream) > 0
    engine.dispose()
