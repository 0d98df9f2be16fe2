"""Every schema that a version of Tocsin has left on disks comes forward with what is in it.

`released/NNNN/` holds a store of that schema, a table a file, as the version of that time wrote it: a fire with its
timeline, and since 0002 an order, a shelf, a handover. A new schema gets a folder when a version with it goes out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Table, create_engine, func, select

from gateway.desk import recover
from gateway.documents import StoredDocuments
from gateway.keeping.backup import back_up
from gateway.keeping.proof import prove
from gateway.keeping.restore import restore
from gateway.replay import differences
from gateway.store import Store, Verified, migrate
from gateway.store.schema import metadata
from rules.events import TimePassed
from tests.support.released import RELEASED, as_released
from tests.support.stage import START

EVENTS = {"0001": 10, "0002": 14}


every_schema = pytest.mark.parametrize("folder", RELEASED, ids=lambda folder: folder.name)


def test_the_stores_of_released_schemas_are_those_that_migrations_come_from() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    assert {folder.name for folder in RELEASED} == EVENTS.keys()
    assert EVENTS.keys() <= known


@every_schema
def test_a_store_of_an_older_schema_comes_forward_with_all_that_is_in_it(folder: Path, url: str) -> None:
    as_released(folder, url)
    before = _counts(url, folder)
    with Store.open(url) as store:
        verified = store.verify()
        assert isinstance(verified, Verified)
        assert verified.rows == store.head()[0] == EVENTS[folder.name]
        incident = store.incident("INC-000001")
        assert incident is not None
        assert incident.hazard == "fire"
        assert [entry.number for entry in store.entries_of("INC-000001")] == list(range(1, incident.entries + 1))
        assert store.answer("key-1") == b'{"kept": true}'
        assert store.dead_letters().items[0].count == 1
        engine, _ = recover(store, StoredDocuments(store))
        engine.step(TimePassed(), engine.state.now + 1000)
    assert _counts(url, folder) == before


@every_schema
def test_what_came_forward_can_be_backed_up_and_restored(
    folder: Path, new_url: Callable[[], str], tmp_path: Path
) -> None:
    url = new_url()
    as_released(folder, url)
    Store.open(url).close()
    made = back_up(url, tmp_path, tmp_path / "backup.zip", START)
    target = new_url()
    restore(made.archive, target, tmp_path / "to")
    with Store.open(target, writer=False) as store:
        assert prove(store) == made.proof


def test_the_last_release_replays_to_what_it_stored(new_url: Callable[[], str]) -> None:
    """Of an earlier one a replay shows what has been decided otherwise since, and that is not a fault."""
    url = new_url()
    as_released(RELEASED[-1], url)
    with Store.open(url) as store:
        assert list(differences(store)) == []


def _counts(url: str, folder: Path) -> dict[str, int]:
    engine = create_engine(url)
    found = {}
    with engine.connect() as connection:
        for path in folder.glob("*.jsonl"):
            table: Table = metadata.tables[path.stem]
            found[path.stem] = connection.execute(select(func.count()).select_from(table)).scalar_one()
    engine.dispose()
    return found
