"""Brings a database to the schema of this version. Alembic is imported only when there is something to do."""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from gateway.store.errors import StoreFailed

HEAD = "0011"  # the newest file in gateway/migrations/versions
_ALEMBIC = threading.Lock()  # it keeps what it does in globals, and users have a database of their own
SCRIPTS = Path(__file__).parent.parent / "migrations"


def version_of(engine: Engine) -> str | None:
    """The schema version a database has; None: it has none yet."""
    with engine.connect() as connection:
        return version_seen(connection)


def version_seen(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def bring_to_head(engine: Engine) -> None:
    """Raises StoreFailed when the database is of a newer version than this program."""
    version = version_of(engine)
    if version == HEAD:
        return
    refuse_newer(version)
    with engine.begin() as connection:
        upgrade(connection)


def refuse_newer(version: str | None) -> None:
    if version is not None and version > HEAD:
        raise StoreFailed(f"the database has schema {version}; this version of Tocsin knows up to {HEAD}")


def refuse_other(version: str | None) -> None:
    refuse_newer(version)
    if version != HEAD:
        raise StoreFailed(f"the database has schema {version}, not {HEAD}; start the gateway once to bring it there")


def upgrade(connection: Connection, revision: str = "head", scripts: Path = SCRIPTS) -> None:
    """Runs what is missing of those migrations, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    with _ALEMBIC:
        command.upgrade(config, revision)
