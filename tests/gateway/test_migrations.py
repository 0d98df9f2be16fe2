"""From an empty database to the schema the code works with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, create_engine

from gateway.store import Store, StoreFailed
from gateway.store.migrate import HEAD, SCRIPTS
from gateway.store.schema import metadata
from tests.support import groups


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return ScriptDirectory.from_config(config)


def test_there_is_one_newest_migration_and_the_code_knows_it() -> None:
    assert scripts().get_heads() == [HEAD]


def test_migrations_lead_to_the_schema_of_the_code(url: str) -> None:
    Store.open(url).close()
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_alembic_is_not_imported_for_a_database_that_is_up_to_date(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.sqlite"
    Store.open(url).close()
    program = (
        f"import sys; from gateway.store import Store; Store.open({url!r}).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_a_database_of_a_newer_version_is_refused_and_left_alone(url: str) -> None:
    Store.open(url).close()
    groups.execute(url, "UPDATE alembic_version SET version_num = '9999'")
    for writer in (True, False):
        with pytest.raises(StoreFailed, match=f"has schema 9999; this version of Tocsin knows up to {HEAD}"):
            Store.open(url, writer=writer)
    groups.execute(url, f"UPDATE alembic_version SET version_num = '{HEAD}'")
    Store.open(url).close()


def test_a_reader_does_not_migrate(url: str) -> None:
    groups.execute(url, "CREATE TABLE something (x INTEGER)")
    with pytest.raises(StoreFailed, match="start the gateway once to bring it there"):
        Store.open(url, writer=False)


def test_a_migration_that_fails_leaves_the_database_empty(url: str) -> None:
    groups.execute(url, "CREATE TABLE dead_letters (in_the_way INTEGER)")
    with pytest.raises(StoreFailed, match="dead_letters"):
        Store.open(url)
    groups.execute(url, "DROP TABLE dead_letters")
    with Store.open(url) as store:
        assert store.head()[0] == 0
