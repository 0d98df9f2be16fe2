"""Devices that codecs have found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("codec", sa.Text, primary_key=True),
        sa.Column("native_id", sa.Text, primary_key=True),
        sa.Column("last_at", WHOLE, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
