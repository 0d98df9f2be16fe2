"""An index of the few kinds of entries that figures and reports are made of, whatever they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COUNTED = "kind IN ('chattering', 'configuration', 'detected', 'flood_ended', 'flood_started', 'stale')"


def upgrade() -> None:
    op.create_index(
        "entries_counted",
        "entries",
        ["kind", "at"],
        sqlite_where=sa.text(COUNTED),
        postgresql_where=sa.text(COUNTED),
    )
