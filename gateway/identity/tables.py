"""The tables of users, sessions, API tokens and the access log. A change here goes with a new migration.

On SQLite they are a file of their own, `identity.sqlite`, readable by its owner alone: the journal is handed to
auditors and copied for `tocsin replay`, and password hashes have no place in it; nor does a sign-in ever wait for, or
hold up, the commit of an alarm. On PostgreSQL they stand beside the others.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, SmallInteger, Table, Text

metadata = MetaData()

Whole = BigInteger().with_variant(Integer, "sqlite")

# One row, raised by every change of users, sessions and tokens: what others remember is then read again.
stamp = Table(
    "identity_stamp",
    metadata,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("changes", Whole, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("roles", Text, nullable=False),  # words, comma-separated
    Column("sites", Text),  # NULL: all
    Column("person", Text, unique=True),  # of the roster
    Column("plan_roles", Text, nullable=False),
    Column("external", Text, unique=True),  # who it is to the OpenID provider
    Column("password", Text),  # argon2; NULL: signs in at the provider alone
    Column("disabled", Boolean, nullable=False),
    Column("epoch", Whole, nullable=False),  # sessions of an earlier one are over
    Column("revision", Whole, nullable=False),
    Column("made_at", Whole, nullable=False),
    Column("made_by", Text, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("epoch", Whole, nullable=False),
    Column("peer", Text, nullable=False),
    Column("made_at", Whole, nullable=False),
    Column("ends_at", Whole, nullable=False),
    Column("revoked_at", Whole),
)
Index("sessions_by_end", sessions.c.ends_at)
Index("sessions_by_user", sessions.c.user, sessions.c.made_at)

# Used ones stay as long as their session: one that comes again is how a theft shows.
refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("session", Text, nullable=False),
    Column("ends_at", Whole, nullable=False),
    Column("used_at", Whole),
)
Index("refresh_tokens_by_session", refresh_tokens.c.session)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("sites", Text),
    Column("made_at", Whole, nullable=False),
    Column("ends_at", Whole, nullable=False),
    Column("revoked_at", Whole),
)
Index("api_tokens_by_owner", api_tokens.c.owner, api_tokens.c.name, unique=True)

access_log = Table(
    "access_log",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=True),
    Column("at", Whole, nullable=False),
    Column("what", Text, nullable=False),
    Column("who", Text, nullable=False),  # empty: nobody knows
    Column("peer", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("times", Whole, nullable=False),  # how often within the second
)
Index("access_log_by_who", access_log.c.who, access_log.c.position)
Index("access_log_by_what", access_log.c.what, access_log.c.position)
