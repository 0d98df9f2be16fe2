"""Where a pruned journal begins, and what may be deleted before it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# Only what lies before the anchor, and was not carried over it, may go; nothing may ever be changed.
SQLITE = """
DROP TRIGGER journal_refuses_delete;
CREATE TRIGGER journal_refuses_delete BEFORE DELETE ON journal
WHEN OLD."index" > coalesce((SELECT max("index") FROM anchors), 0)
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
DROP TRIGGER entries_refuses_delete;
CREATE TRIGGER entries_refuses_delete BEFORE DELETE ON entries
WHEN OLD.position > coalesce((SELECT max(entries) FROM anchors), 0) OR EXISTS (
    SELECT 1 FROM carried WHERE anchor = (SELECT max("index") FROM anchors) AND kind = 'entries'
    AND key = CAST(OLD.position AS TEXT)
)
BEGIN SELECT RAISE(ABORT, 'entries is append-only'); END
"""

POSTGRES = """
DROP TRIGGER journal_refuses_change ON journal;
CREATE TRIGGER journal_refuses_change BEFORE UPDATE OR TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TRIGGER entries_refuses_change ON entries;
CREATE TRIGGER entries_refuses_change BEFORE UPDATE OR TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_delete_from_journal() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF OLD."index" > coalesce((SELECT max("index") FROM anchors), 0) THEN
    RAISE EXCEPTION 'journal is append-only';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER journal_refuses_delete BEFORE DELETE ON journal
FOR EACH ROW EXECUTE FUNCTION refuse_delete_from_journal();
CREATE FUNCTION refuse_delete_from_entries() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF OLD.position > coalesce((SELECT max(entries) FROM anchors), 0) OR EXISTS (
    SELECT 1 FROM carried WHERE anchor = (SELECT max("index") FROM anchors) AND kind = 'entries'
    AND key = OLD.position::text
  ) THEN
    RAISE EXCEPTION 'entries is append-only';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER entries_refuses_delete BEFORE DELETE ON entries
FOR EACH ROW EXECUTE FUNCTION refuse_delete_from_entries()
"""


def upgrade() -> None:
    op.create_table(
        "milestones",
        sa.Column("index", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_index("milestones_by_age", "milestones", ["at"])
    op.create_table(
        "anchors",
        sa.Column("index", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
        sa.Column("carried", sa.Text, nullable=False),
        sa.Column("entries", WHOLE, nullable=False),
    )
    op.create_table(
        "carried",
        sa.Column("anchor", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("number", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("carried_by_key", "carried", ["anchor", "kind", "key"], unique=True)
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _statements(SQLITE if sqlite else POSTGRES):
        op.execute(sa.text(statement))


def _statements(script: str) -> list[str]:
    """Each begins a line with CREATE or DROP."""
    found: list[list[str]] = []
    for line in script.strip().splitlines():
        if line.startswith(("CREATE ", "DROP ")):
            found.append([])
        found[-1].append(line)
    return ["\n".join(lines).rstrip(";") for lines in found]
