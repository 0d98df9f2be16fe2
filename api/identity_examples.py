"""What answers about users, tokens and the access log look like, as `examples.py`."""

from __future__ import annotations

from api.identity_schemas import (
    AccessLogOut,
    AccessOut,
    AccountOut,
    AccountsOut,
    ApiTokenOut,
    ApiTokensOut,
    EventsOut,
    HappenedOut,
    MeOut,
    NewTokenOut,
    RoleOut,
    RolesOut,
    SignedOutOut,
    TokensOut,
)
from api.permissions import Permission, Role

AT = "2026-11-24T05:00:00.120Z"

TOKENS = TokensOut(
    access_token="eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…",  # noqa: S106 (no secret)
    expires_in=600,
    refresh_token="J2dJ0k3V…",  # noqa: S106 (no secret)
    scope="account:own read reports:read",
)
SIGNED_OUT = SignedOutOut()
ACCOUNT = AccountOut(
    name="grace",
    roles=[Role.OPERATOR],
    sites=["tower-a"],
    person="duty-officer-1",
    plan_roles=[],
    external=None,
    has_password=True,
    disabled=False,
    revision=1,
    made_at=AT,
    made_by="ada",
)
ACCOUNTS = AccountsOut(items=[ACCOUNT])
ME = MeOut(
    name="duty-officer-1",
    account="grace",
    permissions=[Permission.ACKNOWLEDGE, Permission.READ],
    sites=["tower-a"],
    plan_roles=["duty_officer"],
    users_exist=True,
)
ROLES = RolesOut(items=[RoleOut(role=Role.VIEWER, permissions=[Permission.READ, Permission.READ_REPORTS])])
API_TOKEN = ApiTokenOut(
    id="TK-000001",
    owner="grace",
    name="wall-screen",
    scopes=[Permission.READ],
    sites=["tower-a"],
    made_at=AT,
    ends_at="2027-02-22T05:00:00.120Z",
    revoked_at=None,
)
API_TOKENS = ApiTokensOut(items=[API_TOKEN])
NEW_TOKEN = NewTokenOut(token=API_TOKEN, secret="tocsin_5f0c2b7e…")  # noqa: S106 (no secret)
EVENTS = EventsOut(
    device="tower-a/door-12",
    items=[HappenedOut(at=AT, event="access_denied", attributes={"card": "masked-3f2a9c51", "reason": "expired"})],
)
ACCESS_LOG = AccessLogOut(
    items=[
        AccessOut(
            position=17,
            at=AT,
            what="refused",
            who="grace",
            peer="192.0.2.7",
            about="POST /api/v1/incidents/INC-000042/level",
            why="forbidden",
            request="5f0c2b7e9a1d4c36",
            times=1,
        )
    ]
)
