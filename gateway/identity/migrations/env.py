"""How Alembic runs: on the connection and in the transaction that `gateway.identity.database` gives it."""

from __future__ import annotations

from alembic import context

from gateway.identity.database import VERSION_TABLE
from gateway.identity.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
context.run_migrations()
