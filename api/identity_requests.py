"""What requests about users, API tokens and the access log may carry."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from api.identity_port import AccessQuery, Change
from api.permissions import Permission, Role
from api.requests import Cursor, Limit, NeededText, PersonName, QueriedInstant, QueriedName, Query, Text
from rules.file_types import Name
from rules.instant import Instant
from rules.mode import Mode

DAY_MS = 86_400_000
RANGE_MS_MAX = 31 * DAY_MS  # of events: some hundred files of telemetry are looked through
PASSWORD_CHARACTERS_MAX = 256
SECRET_CHARACTERS_MAX = 512
SITES_MAX = 1_000
DAYS_MAX = 366  # then a program is looked at again
EXTERNAL_CHARACTERS_MAX = 255  # OpenID Connect Core: a `sub` is no longer

UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
TokenName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Password = Annotated[str, Field(max_length=PASSWORD_CHARACTERS_MAX)]
Secret = Annotated[str, Field(max_length=SECRET_CHARACTERS_MAX)]
SecretPassword = Annotated[SecretStr, Field(max_length=PASSWORD_CHARACTERS_MAX)]
SiteName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f/,]{1,128}$")]
Sites = Annotated[frozenset[SiteName] | None, Field(max_length=SITES_MAX, description="null: all, also later ones")]
External = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,255}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SetUpIn(_Body):
    """The first admin."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"secret": "the text of data/setup-secret", "name": "ada", "password": "a long pass phrase"}]
        }
    )

    secret: Annotated[SecretStr, Field(max_length=SECRET_CHARACTERS_MAX)]
    name: UserName
    password: SecretPassword


class _Reasoned(_Body):
    reason: Text = Field(default="", description="stands on the access log")


class ChangeUserIn(_Reasoned):
    """What a user becomes: what is not named takes its default."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"roles": ["operator"], "sites": ["tower-a"], "person": "duty-officer-1"}]}
    )

    roles: frozenset[Role] = Field(max_length=len(Role))
    sites: Sites = None
    person: PersonName | None = Field(default=None, description="id of the roster: who goes on record")
    plan_roles: frozenset[Name] = Field(
        default=frozenset(), max_length=50, description="roles of plans they may act in where there is no roster"
    )
    external: External | None = Field(default=None, description="who they are to the OpenID provider")
    disabled: bool = False

    def change(self) -> Change:
        return Change(self.roles, self.sites, self.person, self.plan_roles, self.external, self.disabled)


class AddUserIn(ChangeUserIn):
    """A new user."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "grace", "password": "a long pass phrase", "roles": ["viewer"], "sites": ["tower-a"]}]
        }
    )

    name: UserName
    password: SecretPassword | None = Field(default=None, description="null: signs in at the OpenID provider alone")


class SetPasswordIn(_Reasoned):
    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "another pass phrase", "reason": "lost"}]})

    password: SecretPassword


class ChangePasswordIn(_Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"old": "a long pass phrase", "new": "another pass phrase"}]}
    )

    old: SecretPassword
    new: SecretPassword


class EndSessionsIn(_Reasoned):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "telephone lost"}]})


class MakeTokenIn(_Body):
    """For a program."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "wall-screen", "scopes": ["read"], "sites": ["tower-a"], "days": 90}]}
    )

    name: TokenName
    scopes: frozenset[Permission] = Field(min_length=1, max_length=len(Permission))
    sites: Sites = None
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 90


class RevokeTokenIn(_Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class UnmaskIn(_Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "door B1-2 forced at night"}]})

    reason: NeededText


class EventsQueryIn(Query):
    since: QueriedInstant | None = Field(default=None, description="at or after; else a day before `until`")
    until: QueriedInstant | None = Field(default=None, description="before; else now")
    mode: Mode = Mode.ACTUAL
    limit: Limit = 100

    def range(self, now: Instant) -> tuple[Instant, Instant]:
        """Raises ValueError for one that is none."""
        until = now + 1 if self.until is None else self.until
        since = until - DAY_MS if self.since is None else self.since
        if not 0 < until - since <= RANGE_MS_MAX:
            raise ValueError("since before until, at most 31 days apart")
        return since, until


class TokensQuery(Query):
    all: bool = Field(default=False, description="everybody's; for those who manage users")


class AccessLogQuery(Query):
    who: QueriedName | None = None
    what: QueriedName | None = None
    since: QueriedInstant | None = None
    until: QueriedInstant | None = None
    cursor: Cursor | None = None
    limit: Limit = 100

    @model_validator(mode="after")
    def _time_runs_forward(self) -> Self:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("since before until")
        return self

    def question(self) -> AccessQuery:
        return AccessQuery(**dict(self))
