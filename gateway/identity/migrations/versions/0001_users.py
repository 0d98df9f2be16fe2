"""Users, sessions, API tokens, and an access log that nobody can alter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# The access log is kept for three years; younger lines can be neither altered nor removed.
SQLITE_TRIGGERS = """
CREATE TRIGGER access_log_refuses_update BEFORE UPDATE ON access_log
BEGIN SELECT RAISE(ABORT, 'access_log is append-only'); END;
CREATE TRIGGER access_log_refuses_delete BEFORE DELETE ON access_log
WHEN OLD.at > (CAST(strftime('%s', 'now') AS INTEGER) - 94608000) * 1000
BEGIN SELECT RAISE(ABORT, 'access_log is kept for three years'); END;
CREATE TRIGGER access_log_refuses_replace BEFORE INSERT ON access_log
WHEN EXISTS (SELECT 1 FROM access_log WHERE position = NEW.position)
BEGIN SELECT RAISE(ABORT, 'access_log has this position already'); END
"""

POSTGRES_TRIGGERS = """
CREATE FUNCTION access_log_is_kept() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
IF TG_OP = 'DELETE' AND OLD.at <= (extract(epoch FROM now())::bigint - 94608000) * 1000 THEN RETURN OLD; END IF;
RAISE EXCEPTION 'access_log is append-only, and kept for three years';
END $$;
CREATE TRIGGER access_log_refuses_change BEFORE UPDATE OR DELETE ON access_log
FOR EACH ROW EXECUTE FUNCTION access_log_is_kept();
CREATE TRIGGER access_log_refuses_truncate BEFORE TRUNCATE ON access_log
FOR EACH STATEMENT EXECUTE FUNCTION access_log_is_kept()
"""


def upgrade() -> None:
    stamp = op.create_table(
        "identity_stamp",
        sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("changes", WHOLE, nullable=False),
    )
    op.execute(stamp.insert().values(one=1, changes=1))
    _users()
    _tokens()
    _log()


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("sites", sa.Text),
        sa.Column("person", sa.Text, unique=True),
        sa.Column("plan_roles", sa.Text, nullable=False),
        sa.Column("external", sa.Text, unique=True),
        sa.Column("password", sa.Text),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.Column("revision", WHOLE, nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("epoch", WHOLE, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("ends_at", WHOLE, nullable=False),
        sa.Column("revoked_at", WHOLE),
    )
    op.create_index("sessions_by_end", "sessions", ["ends_at"])
    op.create_index("sessions_by_user", "sessions", ["user", "made_at"])


def _tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("session", sa.Text, nullable=False),
        sa.Column("ends_at", WHOLE, nullable=False),
        sa.Column("used_at", WHOLE),
    )
    op.create_index("refresh_tokens_by_session", "refresh_tokens", ["session"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("sites", sa.Text),
        sa.Column("made_at", WHOLE, nullable=False),
        sa.Column("ends_at", WHOLE, nullable=False),
        sa.Column("revoked_at", WHOLE),
    )
    op.create_index("api_tokens_by_owner", "api_tokens", ["owner", "name"], unique=True)


def _log() -> None:
    op.create_table(
        "access_log",
        sa.Column("position", WHOLE, primary_key=True, autoincrement=True),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("times", WHOLE, nullable=False),
    )
    op.create_index("access_log_by_who", "access_log", ["who", "position"])
    op.create_index("access_log_by_what", "access_log", ["what", "position"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (SQLITE_TRIGGERS if sqlite else POSTGRES_TRIGGERS).split(";\nCREATE"):
        op.execute(sa.text(statement if statement.lstrip().startswith("CREATE") else "CREATE" + statement))
