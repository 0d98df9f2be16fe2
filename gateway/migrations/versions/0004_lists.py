"""Indexes for lists: incidents by any filter, orders as they stand on the board, messages newest first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

NOTICES = "substr(kind, 1, 7) = 'notice_'"
FAILED_NOTICES = "kind = 'notice_failed'"
LISTED = ["opened_at", "id", "open", "severity", "phase", "signal", "mode", "hazard", "site", "zone"]


def upgrade() -> None:
    op.drop_index("incidents_by_opening", "incidents")
    op.drop_index("incidents_by_openness", "incidents")
    op.create_index(
        "incidents_open",
        "incidents",
        ["opened_at", "id"],
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )
    op.create_index("incidents_listed", "incidents", LISTED)
    op.create_index(
        "orders_waiting",
        "orders",
        ["node", "overdue", "due_at", "opened_at", "id"],
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )
    for name, part in (("entries_notices", NOTICES), ("entries_failed_notices", FAILED_NOTICES)):
        op.create_index(name, "entries", ["position"], sqlite_where=sa.text(part), postgresql_where=sa.text(part))
