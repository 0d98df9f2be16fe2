"""How Alembic runs: on the connection and in the transaction that `gateway.store.migrate` gives it."""

from __future__ import annotations

from alembic import context

from gateway.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
