"""Work orders, corrective actions, handovers, shelves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _orders()
    _actions()
    _handovers()
    _shelves()


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("asset", sa.Text, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("assignee", sa.Text),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("opened_at", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("orders_by_opening", "orders", ["opened_at", "id"])
    op.create_index("orders_by_openness", "orders", ["open", "opened_at", "id"])
    op.create_index("orders_by_asset", "orders", ["asset", "opened_at", "id"])
    op.create_index(
        "orders_open_once",
        "orders",
        ["mode", "asset", "fault"],
        unique=True,
        sqlite_where=sa.column("open", sa.Boolean),
        postgresql_where=sa.column("open", sa.Boolean),
    )


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("overdue", sa.Boolean, nullable=False),
        sa.Column("asked_at", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("actions_by_asking", "actions", ["asked_at", "id"])
    op.create_index("actions_by_incident", "actions", ["incident"])


def _handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("outgoing", sa.Text, nullable=False),
        sa.Column("incoming", sa.Text, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("filled_at", WHOLE, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("handovers_by_filling", "handovers", ["filled_at", "id"])


def _shelves() -> None:
    op.create_table(
        "shelves",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text),
        sa.Column("device", sa.Text),
        sa.Column("zone", sa.Text),
        sa.Column("rule", sa.Text),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("since", WHOLE, nullable=False),
        sa.Column("until", WHOLE, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("shelves_by_beginning", "shelves", ["since", "id"])
