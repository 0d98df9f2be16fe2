"""The tables. A change here goes with a new migration; `tests/gateway/test_migrations.py` compares the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

metadata = MetaData()

# SQLite stores a row under its key without a second index only where the type is exactly INTEGER.
Whole = BigInteger().with_variant(Integer, "sqlite")

journal = Table(
    "journal",
    metadata,
    Column("index", Whole, primary_key=True, autoincrement=False),
    Column("at", Whole, nullable=False),
    Column("key", Text, unique=True),
    Column("event", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# One row. Without it nobody would miss the last rows of a journal from which they were cut.
journal_head = Table(
    "journal_head",
    metadata,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("index", Whole, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("one = 1", name="journal_head_is_one_row"),
)

entries = Table(
    "entries",
    metadata,
    Column("position", Whole, primary_key=True, autoincrement=False),
    Column("incident", Text),
    Column("number", Whole, nullable=False),
    Column("at", Whole, nullable=False),
    Column("kind", Text, nullable=False),
    Column("device", Text),
    Column("body", LargeBinary, nullable=False),
)
Index("entries_by_incident", entries.c.incident, entries.c.number)
Index("entries_by_device", entries.c.device, entries.c.position)
# A question says it word for word, too: a database uses the index of a part only where it sees that the part is meant.
COUNTED = text("kind IN ('chattering', 'configuration', 'detected', 'flood_ended', 'flood_started', 'stale')")
Index("entries_counted", entries.c.kind, entries.c.at, sqlite_where=COUNTED, postgresql_where=COUNTED)

NOTICES = text("substr(kind, 1, 7) = 'notice_'")
FAILED_NOTICES = text("kind = 'notice_failed'")
Index("entries_notices", entries.c.position, sqlite_where=NOTICES, postgresql_where=NOTICES)
Index("entries_failed_notices", entries.c.position, sqlite_where=FAILED_NOTICES, postgresql_where=FAILED_NOTICES)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("severity", SmallInteger, nullable=False),  # of its level: 3 is I
    Column("phase", Text, nullable=False),
    Column("signal", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("hazard", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("opened_at", Whole, nullable=False),
    Column("updated_at", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index(  # all that a list may be filtered by: 100 000 rows are looked through without one of their documents
    "incidents_listed",
    *(incidents.c[name] for name in ("opened_at", "id", "open", "severity", "phase", "signal", "mode", "hazard")),
    incidents.c.site,
    incidents.c.zone,
)
OPEN = text("open")
Index("incidents_open", incidents.c.opened_at, incidents.c.id, sqlite_where=OPEN, postgresql_where=OPEN)
Index("incidents_by_zone", incidents.c.zone, incidents.c.opened_at, incidents.c.id)

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("assignee", Text),
    Column("open", Boolean, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("opened_at", Whole, nullable=False),
    Column("due_at", Whole),
    Column("body", LargeBinary, nullable=False),
)
Index("orders_by_opening", orders.c.opened_at, orders.c.id)
Index("orders_by_openness", orders.c.open, orders.c.opened_at, orders.c.id)
Index(  # as they stand on the board
    "orders_waiting",
    *(orders.c[name] for name in ("node", "overdue", "due_at", "opened_at", "id")),
    sqlite_where=OPEN,
    postgresql_where=OPEN,
)
Index("orders_by_asset", orders.c.asset, orders.c.opened_at, orders.c.id)
Index(  # the engine's promise, kept by the database as well: at most one open order an asset and fault
    "orders_open_once",
    orders.c.mode,
    orders.c.asset,
    orders.c.fault,
    unique=True,
    sqlite_where=orders.c.open,
    postgresql_where=orders.c.open,
)

actions = Table(
    "actions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("asked_at", Whole, nullable=False),
    Column("due_at", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("actions_by_asking", actions.c.asked_at, actions.c.id)
Index("actions_by_incident", actions.c.incident)

handovers = Table(
    "handovers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("outgoing", Text, nullable=False),
    Column("incoming", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("filled_at", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("handovers_by_filling", handovers.c.filled_at, handovers.c.id)

shelves = Table(
    "shelves",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text),  # NULL: it keeps a rule quiet everywhere
    Column("device", Text),
    Column("zone", Text),
    Column("rule", Text),
    Column("maintenance", Boolean, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("since", Whole, nullable=False),
    Column("until", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("shelves_by_beginning", shelves.c.since, shelves.c.id)

drills = Table(
    "drills",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("passed", Boolean),  # NULL: not scored
    Column("started_at", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("drills_by_beginning", drills.c.started_at, drills.c.id)

# Only open detections have a row: the primary key is what makes a second one impossible.
detections = Table(
    "detections",
    metadata,
    Column("mode", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("device", Text, primary_key=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", Whole, nullable=False),
    Column("expires_at", Whole),
)
Index("outbox_by_next_try", outbox.c.next_try_at)

answers = Table(
    "answers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("at", Whole, nullable=False),
)
Index("answers_by_age", answers.c.at)

documents = Table(
    "documents",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# Of a version in `documents`: the site's own files that made it, as they were written. The first that did.
file_texts = Table(
    "file_texts",
    metadata,
    Column("version", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON: name → text
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("index", Whole, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),  # sha256 of the body
)

# States of long ago, one a month: each can become an anchor.
milestones = Table(
    "milestones",
    metadata,
    Column("index", Whole, primary_key=True, autoincrement=False),
    Column("at", Whole, nullable=False),
    Column("hash", LargeBinary, nullable=False),  # of the journal row
    Column("state", LargeBinary, nullable=False),  # compressed
)
Index("milestones_by_age", milestones.c.at)

# Where a pruned journal begins: the newest counts.
anchors = Table(
    "anchors",
    metadata,
    Column("index", Whole, primary_key=True, autoincrement=False),
    Column("at", Whole, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("carried", Text, nullable=False),  # sha256, hexadecimal
    Column("entries", Whole, nullable=False),
)

# What is older than the anchor and kept all the same.
carried = Table(
    "carried",
    metadata,
    Column("anchor", Whole, primary_key=True, autoincrement=False),
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),  # a table
    Column("key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("carried_by_key", carried.c.anchor, carried.c.kind, carried.c.key, unique=True)

# Of another format: what a device declares, and what it last said while nobody had given it a place.
inbox = Table(
    "inbox",
    metadata,
    Column("codec", Text, primary_key=True),
    Column("native_id", Text, primary_key=True),
    Column("last_at", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", Whole, nullable=False),
    Column("detail", Text, nullable=False),
    Column("first_bytes", Text, nullable=False),
    Column("first_at", Whole, nullable=False),
    Column("last_at", Whole, nullable=False),
)
Index("dead_letters_by_age", dead_letters.c.last_at)
