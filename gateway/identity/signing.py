"""Access tokens: short-lived JWTs, signed with HMAC-SHA256 by a key that never leaves the gateway (RFC 9068's type).

A token says who and which session; what they may do is looked up when it is used, so that a role that was taken away
is gone at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from rules.instant import Instant

if TYPE_CHECKING:
    from joserfc.jwk import OctKey

ISSUER = "tocsin"
ALGORITHM = "HS256"
TYPE = "at+jwt"


class Claims(Struct, frozen=True):
    user: str
    session: str
    epoch: int
    ends_at: Instant


class Signer:
    def __init__(self, key: bytes) -> None:
        self._bytes = key
        self._key: OctKey | None = None

    def sign(self, claims: Claims, now: Instant) -> str:
        from joserfc import jwt

        body = {
            "iss": ISSUER,
            "sub": claims.user,
            "sid": claims.session,
            "epo": claims.epoch,
            "iat": now // 1000,
            "exp": claims.ends_at // 1000,
        }
        return jwt.encode({"alg": ALGORITHM, "typ": TYPE}, body, self._octets())

    def read(self, token: str, now: Instant) -> Claims | None:
        """None: it is none of ours, or it is over."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            found = jwt.decode(token, self._octets(), algorithms=[ALGORITHM])
        except (JoseError, ValueError):
            return None
        claims = found.claims
        if claims.get("iss") != ISSUER or found.header.get("typ") != TYPE:
            return None
        try:
            read = Claims(str(claims["sub"]), str(claims["sid"]), int(claims["epo"]), int(claims["exp"]) * 1000)
        except (KeyError, TypeError, ValueError):
            return None
        return read if now < read.ends_at else None

    def _octets(self) -> OctKey:
        """Its library takes 150 ms to load, which a gateway without users does not wait for."""
        if self._key is None:
            from joserfc.jwk import OctKey

            self._key = OctKey.import_key(self._bytes)
        return self._key
