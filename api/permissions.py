"""Who may do what: roles of users, permissions of operations, and the table that joins them.

Every route names the permission it needs (`api.auth.needs`); an app with a route that names none cannot be made. A
permission's name is also a scope of an API token. These roles are not those of plans and roster (`duty_officer`, …):
which of those a person may act in, the roster says (docs/access.md).
"""

from __future__ import annotations

from enum import Enum


class Role(Enum):
    """What a user of the API is, from the least to the most."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    RESPONDER = "responder"
    ENGINEER = "engineer"
    SUPERVISOR = "supervisor"
    DRILL_DIRECTOR = "drill_director"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(Enum):
    # Reading
    READ = "read"  # incidents, timelines, streams, orders, shelves, handovers, devices, plans, explanations
    READ_ROSTER = "roster:read"  # who is on duty, by name
    READ_MESSAGES = "messages:read"  # who was told what
    READ_REPORTS = "reports:read"  # reports, KPIs, exports
    READ_DEAD_LETTERS = "dead-letters:read"
    READ_INBOX = "inbox:read"  # devices that a codec has found, with or without a place
    READ_RULES = "rules:read"  # rules and plans as they are written, and their versions
    READ_METRICS = "metrics:read"
    READ_ACCESS_LOG = "access-log:read"  # who signed in, who was refused, who unmasked
    VERIFY = "journal:verify"
    UNMASK = "cardholders:unmask"  # see the card numbers of access control

    # Incidents
    RAISE = "incidents:raise"  # a person opens one
    NOTE = "incidents:note"
    ACKNOWLEDGE = "incidents:acknowledge"
    CONFIRM = "incidents:confirm"
    RESPOND = "incidents:respond"  # on site; tick and skip tasks
    CHANGE_LEVEL = "incidents:level"
    ASSIGN = "incidents:assign"
    RESOLVE = "incidents:resolve"
    REVIEW = "incidents:review"
    COMMAND = "devices:command"  # by hand, past the plan

    # What goes on around them
    OPEN_ORDERS = "orders:open"
    WORK_ON_ORDERS = "orders:work"  # accept, survey, repair, verify; files
    DIRECT_ORDERS = "orders:direct"  # assign, hand over to somebody outside
    CORRECT = "actions:work"  # corrective actions
    SHELVE = "shelves:write"
    HAND_OVER = "handovers:write"
    ASSIGN_DEVICES = "devices:assign"  # gives devices that were found a place, and takes it
    TRY_RULES = "rules:try"  # check, dry-run and backtest what is not in force
    RUN_DRILLS = "drills:run"

    # The gateway itself
    CLEAR_DEAD_LETTERS = "dead-letters:clear"
    KEEP = "keeping:manage"  # retention, backup
    MANAGE_USERS = "users:manage"
    OWN_ACCOUNT = "account:own"  # one's own password, sessions and API tokens


P = Permission
_READS = {P.READ, P.READ_REPORTS, P.OWN_ACCOUNT}
_ON_SITE = _READS | {P.READ_ROSTER, P.NOTE, P.ACKNOWLEDGE, P.CONFIRM, P.RESPOND, P.OPEN_ORDERS, P.RAISE}
_CONTROL_ROOM = _ON_SITE | {
    P.READ_MESSAGES, P.ASSIGN, P.RESOLVE, P.COMMAND, P.SHELVE, P.HAND_OVER, P.WORK_ON_ORDERS, P.CORRECT, P.READ_RULES,
}  # fmt: skip

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset(_READS),
    Role.RESPONDER: frozenset(_ON_SITE | {P.WORK_ON_ORDERS, P.CORRECT}),
    Role.OPERATOR: frozenset(_CONTROL_ROOM),
    Role.ENGINEER: frozenset(
        _ON_SITE
        | {P.WORK_ON_ORDERS, P.DIRECT_ORDERS, P.CORRECT, P.SHELVE, P.COMMAND}
        | {P.READ_DEAD_LETTERS, P.CLEAR_DEAD_LETTERS, P.READ_RULES, P.READ_METRICS, P.TRY_RULES, P.READ_MESSAGES}
        | {P.READ_INBOX, P.ASSIGN_DEVICES}
    ),
    Role.SUPERVISOR: frozenset(
        _CONTROL_ROOM
        | {P.CHANGE_LEVEL, P.REVIEW, P.DIRECT_ORDERS, P.TRY_RULES, P.RUN_DRILLS, P.UNMASK, P.VERIFY}
        | {P.READ_METRICS, P.READ_DEAD_LETTERS, P.READ_INBOX}
    ),
    Role.DRILL_DIRECTOR: frozenset(_READS | {P.READ_ROSTER, P.READ_MESSAGES, P.READ_RULES, P.NOTE, P.RUN_DRILLS}),
    Role.AUDITOR: frozenset(
        _READS
        | {P.READ_ROSTER, P.READ_MESSAGES, P.READ_RULES, P.READ_DEAD_LETTERS, P.READ_METRICS, P.READ_INBOX}
        | {P.READ_ACCESS_LOG, P.VERIFY}
    ),
    Role.ADMIN: frozenset(Permission),
}


def granted(roles: frozenset[Role]) -> frozenset[Permission]:
    """All that these roles may do."""
    return frozenset[Permission]().union(*(GRANTS[role] for role in roles))
