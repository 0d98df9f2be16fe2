"""Rules and plans that were in force, as people wrote them."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _texts()
    _maintenance()


def _maintenance() -> None:
    """Maintenance windows can be asked for apart from other shelves; those there are say so in their bodies."""
    op.add_column("shelves", sa.Column("maintenance", sa.Boolean, nullable=False, server_default=sa.false()))
    shelves = sa.table(
        "shelves", sa.column("id", sa.Text), sa.column("body", sa.LargeBinary), sa.column("maintenance", sa.Boolean)
    )
    connection = op.get_bind()
    for id_, body in connection.execute(sa.select(shelves.c.id, shelves.c.body)).all():
        if json.loads(body).get("maintenance"):
            connection.execute(shelves.update().where(shelves.c.id == id_).values(maintenance=True))


def _texts() -> None:
    op.create_table(
        "file_texts",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
