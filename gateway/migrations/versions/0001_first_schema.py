"""First schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
GENESIS = bytes(32)

# A conflict that REPLACE settles deletes the old row without asking a DELETE trigger: the INSERT ones stand against it.
SQLITE_TRIGGERS = """
CREATE TRIGGER journal_refuses_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_refuses_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END;
CREATE TRIGGER journal_refuses_replace BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal WHERE "index" = NEW."index") OR EXISTS (SELECT 1 FROM journal WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'journal has this index or key already'); END;
CREATE TRIGGER entries_refuses_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries is append-only'); END;
CREATE TRIGGER entries_refuses_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries is append-only'); END;
CREATE TRIGGER entries_refuses_replace BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'entries has this position already'); END
"""

POSTGRES_TRIGGERS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER journal_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    _events()
    _timeline()
    _incidents()
    _things_to_do()
    _documents()
    _dead_letters()
    _triggers()


def _events() -> None:
    op.create_table(
        "journal",
        sa.Column("index", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("key", sa.Text, unique=True),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    head = op.create_table(
        "journal_head",
        sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("index", WHOLE, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("one = 1", name="journal_head_is_one_row"),
    )
    op.execute(head.insert().values(one=1, index=0, hash=GENESIS))


def _timeline() -> None:
    op.create_table(
        "entries",
        sa.Column("position", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("incident", sa.Text),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("device", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("entries_by_incident", "entries", ["incident", "number"])
    op.create_index("entries_by_device", "entries", ["device", "position"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("signal", sa.Text, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("hazard", sa.Text, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("opened_at", WHOLE, nullable=False),
        sa.Column("updated_at", WHOLE, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("incidents_by_opening", "incidents", ["opened_at", "id"])
    op.create_index("incidents_by_openness", "incidents", ["open", "opened_at", "id"])
    op.create_index("incidents_by_zone", "incidents", ["zone", "opened_at", "id"])
    op.create_table(
        "detections",
        sa.Column("mode", sa.Text, primary_key=True),
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
    )


def _things_to_do() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", WHOLE, nullable=False),
        sa.Column("expires_at", WHOLE),
    )
    op.create_index("outbox_by_next_try", "outbox", ["next_try_at"])
    op.create_table(
        "answers",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
    )
    op.create_index("answers_by_age", "answers", ["at"])


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "snapshots",
        sa.Column("index", WHOLE, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, primary_key=True),
        sa.Column("count", WHOLE, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("first_bytes", sa.Text, nullable=False),
        sa.Column("first_at", WHOLE, nullable=False),
        sa.Column("last_at", WHOLE, nullable=False),
    )
    op.create_index("dead_letters_by_age", "dead_letters", ["last_at"])


def _triggers() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (SQLITE_TRIGGERS if sqlite else POSTGRES_TRIGGERS).split(";\nCREATE"):
        op.execute(sa.text(statement if statement.lstrip().startswith("CREATE") else "CREATE" + statement))
