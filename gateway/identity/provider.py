"""Signing in at an OpenID provider (OpenID Connect, authorization code with PKCE), with Authlib as the client.

The provider says who somebody is; whether they are a user, and what they may do, Tocsin's own users say. Whoever an
admin has not named as a user's `external` identity gets nowhere.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import ssl
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from api.auth import is_loopback
from api.errors import Code
from api.identity_port import NotDone
from api.ports import Unavailable
from rules.instant import Instant

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

BEGUN_MAX = 1_000  # sign-ins that nobody has finished; the oldest are forgotten
BEGUN_MS = 10 * 60_000  # to type a password and a second factor
SECONDS_MAX = 10.0  # a provider on the same continent answers within one
METADATA_MS = 3_600_000
LEEWAY_S = 60  # between the provider's clock and ours
# Signed with a key that only the provider has. Never "none", never HMAC, whose key the client's secret would be.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})

log = logging.getLogger("tocsin.identity")


class ProviderSettings(Struct, frozen=True):
    """`claim`: which claim of the ID token names a user's `external` identity; one the provider never gives anew."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_url: str
    claim: str = "sub"
    scopes: tuple[str, ...] = ("openid",)


class Begun(Struct, frozen=True):
    nonce: str
    verifier: str
    cookie: str
    at: Instant


class Provider:
    def __init__(self, settings: ProviderSettings) -> None:
        """Raises ValueError where a secret would go over the network in the clear."""
        _check_private("issuer", settings.issuer)
        self._settings = settings
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._metadata: dict[str, Any] | None = None
        self._keys: dict[str, Any] | None = None
        self._read_at: Instant = 0
        self._tls: ssl.SSLContext | None = None

    async def begin(self, now: Instant) -> tuple[str, str]:
        """→ (where the browser goes, what it brings back in a cookie: so that nobody can sign somebody else in)."""
        metadata = await self._discovered(now)
        begun = Begun(secrets.token_urlsafe(24), secrets.token_urlsafe(48), secrets.token_urlsafe(24), now)
        async with self._client() as client:
            url, state = client.create_authorization_url(
                metadata["authorization_endpoint"], code_verifier=begun.verifier, nonce=begun.nonce
            )
        self._begun[state] = begun
        if len(self._begun) > BEGUN_MAX:
            self._begun.popitem(last=False)
        return str(url), begun.cookie

    async def finish(self, code: str, state: str, cookie: str, now: Instant) -> str:
        """→ who the provider says it is. Raises NotDone, Unavailable."""
        begun = self._begun.pop(state, None)
        if begun is None or now - begun.at > BEGUN_MS:
            raise NotDone(Code.INVALID_GRANT, "this sign-in was not begun here, or too long ago")
        if not hmac.compare_digest(begun.cookie.encode(), cookie.encode("utf-8", "surrogatepass")):
            raise NotDone(Code.INVALID_GRANT, "this sign-in was begun by another browser")
        metadata = await self._discovered(now)
        token = await self._token(metadata, code, begun.verifier)
        claims = await self._claims(metadata, token, begun.nonce, now)
        named = claims.get(self._settings.claim)
        if not isinstance(named, str) or not named:
            raise NotDone(Code.INVALID_GRANT, f"the provider's token has no claim {self._settings.claim}")
        return named

    async def _token(self, metadata: dict[str, Any], code: str, verifier: str) -> dict[str, Any]:
        import httpx
        from authlib.integrations.base_client import OAuthError

        async with self._client() as client:
            try:
                token: dict[str, Any] = await client.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=verifier, grant_type="authorization_code"
                )
            except OAuthError as error:
                raise NotDone(Code.INVALID_GRANT, f"the provider refuses: {error.error}") from error
            except httpx.HTTPError as error:
                raise _away(error) from error
        if not isinstance(token.get("id_token"), str):
            raise NotDone(Code.INVALID_GRANT, "the provider sends no ID token")
        return token

    async def _claims(
        self, metadata: dict[str, Any], token: dict[str, Any], nonce: str, now: Instant
    ) -> dict[str, Any]:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(algorithms=[each for each in offered if each in ALGORITHMS], strict_check_header=False)
        wanted = {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        try:
            try:
                read = jwt.decode(
                    token["id_token"], KeySet.import_key_set(await self._key_set(metadata)), registry=registry
                )
            except InvalidKeyIdError:  # the provider has a new key
                self._keys = None
                read = jwt.decode(
                    token["id_token"], KeySet.import_key_set(await self._key_set(metadata)), registry=registry
                )
            params = {"nonce": nonce, "client_id": self._settings.client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(read.claims, read.header, wanted, params)
            claims.validate(now=now // 1000, leeway=LEEWAY_S)
        except (JoseError, ValueError) as error:
            log.warning("the provider's ID token is refused: %s", type(error).__name__)
            raise NotDone(
                Code.INVALID_GRANT, f"the provider's ID token is not valid: {type(error).__name__}"
            ) from error
        return dict(claims)

    async def _discovered(self, now: Instant) -> dict[str, Any]:
        """What the provider says of itself. Raises Unavailable."""
        if self._metadata is None or not 0 <= now - self._read_at < METADATA_MS:
            found = await self._get(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self._settings.issuer:
                raise Unavailable(f"the provider calls itself {found.get('issuer')!r}, not {self._settings.issuer!r}")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                try:
                    _check_private(name, str(found.get(name)))
                except ValueError as error:
                    raise Unavailable(f"the OpenID provider cannot be used: {error}") from error
            self._metadata, self._keys, self._read_at = found, None, now
        return self._metadata

    async def _key_set(self, metadata: dict[str, Any]) -> Any:
        if self._keys is None:
            self._keys = await self._get(metadata["jwks_uri"])
        return self._keys

    async def _get(self, url: str) -> dict[str, Any]:
        import httpx  # a fifth of a second that a start without a provider need not pay

        try:
            async with httpx.AsyncClient(timeout=SECONDS_MAX, verify=self._context()) as client:
                answer = await client.get(url)
                answer.raise_for_status()
                found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _away(error) from error
        if not isinstance(found, dict):
            raise Unavailable("the OpenID provider answers something else than JSON objects")
        return found

    def _client(self) -> AsyncOAuth2Client:
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        settings = self._settings
        return AsyncOAuth2Client(
            settings.client_id,
            settings.client_secret,
            scope=" ".join(settings.scopes),
            redirect_uri=settings.redirect_url,
            code_challenge_method="S256",
            timeout=SECONDS_MAX,
            verify=self._context(),
        )

    def _context(self) -> ssl.SSLContext:
        """Made once: to read all certificates takes 30 ms, on the event loop."""
        import httpx

        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls


def _check_private(what: str, url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and (host == "localhost" or is_loopback(host))):
        raise ValueError(f"{what} is {url!r}; expected https://…")


def _away(error: Exception) -> Unavailable:
    log.warning("the OpenID provider does not answer: %s", type(error).__name__)
    return Unavailable("the OpenID provider does not answer")
