"""The database of users, on SQLite and PostgreSQL: its schema, its access log, and users from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from typer.testing import CliRunner

from api.errors import NotDone
from api.identity_port import Access, AccessQuery
from api.permissions import Role
from gateway.clock import now_ms
from gateway.identity import access, accounts, sessions
from gateway.identity.access import KEPT_MS, WAITING_MAX, Waiting
from gateway.identity.at_the_console import Console
from gateway.identity.database import HEAD, SCRIPTS, VERSION_TABLE, Database, identity_url
from gateway.identity.tables import metadata
from gateway.store import StoreFailed
from tests.support.identity import PASSWORD, change, cheap, users_in
from tocsin.cli import app

DAY_MS = 86_400_000


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(identity_url(url))
    yield database
    database.close()


def test_there_is_one_newest_migration_and_the_code_knows_it() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations_lead_to_the_schema_of_the_code(database: Database) -> None:
    with database.transaction() as connection:
        theirs = set(metadata.tables)
        options = {
            "compare_type": True,
            "version_table": VERSION_TABLE,
            "include_object": lambda it, name, kind, *_: kind != "table" or name in theirs,
        }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_a_database_of_a_newer_version_is_refused(database: Database, url: str) -> None:
    with database.transaction() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    newer = Database(identity_url(url))
    with pytest.raises(StoreFailed, match="has schema 9999"), newer.transaction():
        pass
    newer.close()


def test_users_and_their_sessions_are_as_they_were_written(database: Database) -> None:
    with database.transaction() as connection:
        wanted = change(Role.OPERATOR, sites=frozenset({"tower-a", "塔楼"}), person="duty-officer-1")
        accounts.add(connection, "grace", wanted, "hash", "ada", 1)
        session = sessions.open_session(connection, "grace", "192.0.2.7", 1, 100)
        token = sessions.new_refresh_token(connection, session, 50)
    with database.transaction() as connection:
        found = accounts.one(connection, "grace")
        assert (found.roles, found.sites, found.person) == (wanted.roles, wanted.sites, wanted.person)
        assert sessions.use(connection, token, 49) == session
        with pytest.raises(sessions.Reused):
            sessions.use(connection, token, 49)


def test_nothing_remains_of_a_transaction_that_fails(database: Database) -> None:
    def add_twice() -> None:
        with database.transaction() as connection:
            for _ in range(2):
                accounts.add(connection, "grace", change(Role.VIEWER), None, "ada", 1)

    with pytest.raises(NotDone):
        add_twice()
    with database.transaction() as connection:
        assert accounts.count(connection) == 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE access_log SET who = 'nobody'",
        "DELETE FROM access_log",
        "INSERT INTO access_log SELECT * FROM access_log",
    ],
)
def test_nobody_alters_the_access_log_or_removes_what_is_younger_than_three_years(database: Database, sql: str) -> None:
    now = now_ms()
    with database.transaction() as connection:
        access.write(connection, [Access("refused", "grace", "192.0.2.7", at=now)])
    with pytest.raises(StoreFailed), database.transaction() as connection:
        connection.execute(text(sql))
    with database.transaction() as connection:
        access.forget(connection, now + KEPT_MS - DAY_MS)
        assert len(access.page(connection, AccessQuery()).items) == 1


def test_what_is_older_than_three_years_is_forgotten(database: Database) -> None:
    now = now_ms()
    with database.transaction() as connection:
        access.write(connection, [Access("refused", "grace", "", at=at) for at in (now - KEPT_MS - DAY_MS, now)])
        access.forget(connection, now)
        assert [each.at for each in access.page(connection, AccessQuery()).items] == [now]


def test_the_access_log_is_read_page_by_page_newest_first_and_by_who_what_and_when(database: Database) -> None:
    with database.transaction() as connection:
        whats = ["refused", "signed_in"] * 3
        access.write(connection, [Access(what, f"u{at % 2}", "192.0.2.7", at=at) for at, what in enumerate(whats)])
        first = access.page(connection, AccessQuery(limit=4))
        rest = access.page(connection, AccessQuery(limit=4, cursor=first.next_cursor))
        assert [each.at for each in (*first.items, *rest.items)] == [5, 4, 3, 2, 1, 0]
        assert rest.next_cursor is None
        found = access.page(connection, AccessQuery(who="u1", what="signed_in", since=2, until=5))
        assert [each.at for each in found.items] == [3]


def test_a_flood_of_refusals_is_a_few_lines_with_counts() -> None:
    waiting = Waiting()
    for number in range(10_000):
        waiting.add(Access("refused", "", f"192.0.2.{number % 250}", "GET /x"))
    lines = waiting.take(now=1)
    assert len(lines) == WAITING_MAX + 1
    assert sum(line.times for line in lines) == 10_000
    assert not waiting


async def test_what_the_command_line_changes_the_gateway_notices_within_a_second(tmp_path: Path) -> None:
    clock_ms = [1_000_000]
    users = users_in(tmp_path, lambda: clock_ms[0])
    await users.look()
    console = Console(Database(identity_url(f"sqlite:///{tmp_path}/journal.sqlite")), "root", passwords=cheap())
    console.add("ada", change(Role.ADMIN), PASSWORD)
    assert not users.users_exist
    clock_ms[0] += 1_000
    await users.look()
    assert users.users_exist
    (line,) = (await users.access_log(AccessQuery())).items
    assert (line.what, line.who, line.peer, line.about) == ("user_made", "root", "command line", "ada")
    console.close()
    await users.close()


def test_users_are_made_changed_and_disabled_from_the_command_line(tmp_path: Path) -> None:
    environment = {"TOCSIN_DATA": str(tmp_path / "data")}

    def tocsin(*arguments: str, typed: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(app, ["users", *arguments], input=typed, env=environment)
        return done.exit_code, done.output.strip()

    assert tocsin("add", "ada", "--role", "admin", typed=PASSWORD) == (0, "ada  admin  all sites")
    assert tocsin("add", "ada", "--role", "viewer", typed=PASSWORD)[0] == 2
    assert tocsin("add", "eve", "--role", "boss", typed=PASSWORD)[1].startswith("tocsin: 'boss' is no role")
    assert tocsin("add", "eve", "--role", "viewer", typed="short")[1] == "tocsin: expected 12 to 256 characters"
    assert tocsin("add", "rob", "--role", "viewer", "--site", "tower-a", typed=PASSWORD)[0] == 0
    changed = tocsin("change", "rob", "--role", "operator", "--all-sites", "--person", "duty-officer-1")
    assert changed == (0, "rob  operator  all sites  as duty-officer-1")
    assert tocsin("disable", "rob") == (0, "rob  operator  all sites  as duty-officer-1  disabled")
    assert tocsin("disable", "ada") == (2, "tocsin: ada is the only admin left")
    assert tocsin("list")[1].splitlines()[0] == "ada  admin  all sites"
