"""What the API is told when it is made. The gateway reads files and environment; nothing here does."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from rules.timeline_text import Language

TOKEN_CHARACTERS_MIN = 24  # 24 characters of base64 are 144 random bits; a word or a name is never as long
TOKEN_CHARACTERS_MAX = 512  # a token is compared on every request
TOKENS_MAX = 100  # all are compared on every request; more people than this need the user system, not a file
ONLY_NAME = "operator"  # whose token it is in a file that holds nothing but a token
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # RFC 6750: what a bearer token may consist of

PrincipalName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
Host = Annotated[str, StringConstraints(pattern=r"^(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9.-]*)$")]


class ApiSettings(BaseModel):
    """Without `tokens` the API serves this machine alone, and refuses everyone else, wherever it is bound."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tokens: dict[PrincipalName, SecretStr] = Field(
        default={}, max_length=TOKENS_MAX, description="who may ask → the bearer token that proves it; see read_tokens"
    )
    open_until_first_user: bool = Field(
        default=True,
        description="without tokens and users, this machine may do all but make users",
    )
    allowed_hosts: tuple[Host, ...] = Field(
        default=(), description="names this API is called by, besides localhost; without tokens others are refused"
    )
    language: Language = Field(default="en", description="of timeline texts, where a request asks for none")
    streams_max: int = Field(default=500, ge=1, le=10_000, description="event streams open at once")
    streams_per_user_max: int = Field(default=50, ge=1, le=10_000, description="of them, of one user or token")
    stream_queue_entries: int = Field(default=256, ge=1, le=10_000, description="waiting for one reader of a stream")
    stream_stall_seconds: float = Field(
        default=10, ge=0, le=300, description="a reader whose queue stays full for longer is closed"
    )
    stream_heartbeat_seconds: float = Field(
        default=15, gt=0, le=300, description="between comments on a quiet stream; proxies close after 30 to 60 s"
    )

    @model_validator(mode="after")
    def _tokens_are_fit_for_use(self) -> Self:
        values = [token.get_secret_value() for token in self.tokens.values()]
        for name, value in zip(self.tokens, values, strict=True):
            if not TOKEN_CHARACTERS_MIN <= len(value) <= TOKEN_CHARACTERS_MAX or not _TOKEN.fullmatch(value):
                raise ValueError(
                    f"the token of {name} has {len(value)} characters; expected {TOKEN_CHARACTERS_MIN} to "
                    f"{TOKEN_CHARACTERS_MAX} of A-Z a-z 0-9 . _ ~ + / = -, e.g. from `openssl rand -base64 32`"
                )
        if len(set(values)) < len(values):
            raise ValueError("two names have the same token; expected one of its own for each")
        return self


def read_tokens(text: str) -> dict[str, SecretStr]:
    """A file of tokens → name → token. A line is `name token`; `#` begins a comment; a token alone is `operator`'s.

    Raises ValueError with the line's number; a token is never part of the message.
    """
    tokens: dict[str, SecretStr] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if len(words) > 2:
            raise ValueError(f"line {number}: {len(words)} words; expected a name and a token")
        name = words[0] if len(words) == 2 else ONLY_NAME
        if name in tokens:
            raise ValueError(f"line {number}: a second token for {name}; expected one a name")
        tokens[name] = SecretStr(words[-1])
    return tokens
