"""Which tables a backup holds: those of the store, and those of users, which SQLite keeps in a file of their own.

Sessions and what renews them are left out: a restore must not bring back to life what was signed out or taken away
since. Whoever was signed in signs in again.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct
from sqlalchemy import URL, Connection, Table, inspect, text

from gateway.identity import database as users
from gateway.identity import tables as users_tables
from gateway.store import migrate, schema
from gateway.store.engines import parse_url
from gateway.store.errors import StoreFailed

LEFT_OUT = ("refresh_tokens", "sessions")


class Kind(Struct, frozen=True):
    """Tables that have a schema and migrations of their own."""

    folder: str  # in the archive
    tables: tuple[Table, ...]
    head: str  # the version of their schema that this version of Tocsin knows
    scripts: Path
    version_table: str

    def version(self, connection: Connection) -> str | None:
        """None: they are not there."""
        if not inspect(connection).has_table(self.version_table):
            return None
        return connection.execute(text(f"SELECT version_num FROM {self.version_table}")).scalar()  # noqa: S608  # nosec B608

    def refuse_other(self, connection: Connection) -> bool:
        """→ whether they are there. Raises StoreFailed when they are not of this version."""
        version = self.version(connection)
        if version not in (None, self.head):
            raise StoreFailed(
                f"{self.folder} have schema {version}, not {self.head}; start the gateway once to bring them there"
            )
        return version is not None


STORE = Kind("tables", tuple(schema.metadata.sorted_tables), migrate.HEAD, migrate.SCRIPTS, "alembic_version")
USERS = Kind(
    "users",
    tuple(table for table in users_tables.metadata.sorted_tables if table.name not in LEFT_OUT),
    users.HEAD,
    users.SCRIPTS,
    users.VERSION_TABLE,
)


def url_of(kind: Kind, store_url: str) -> URL:
    """Raises StoreFailed."""
    return parse_url(store_url) if kind is STORE else users.identity_url(store_url)
