"""The users of a gateway, as its settings say."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.ports import Unavailable
from gateway.clock import Clock, now_ms
from gateway.config import GatewaySettings, read_secret
from gateway.identity.core import Lives
from gateway.identity.database import Database, identity_url
from gateway.identity.provider import Provider, ProviderSettings
from gateway.identity.users import Users

log = logging.getLogger("tocsin.identity")


@asynccontextmanager
async def open_users(settings: GatewaySettings, clock: Clock = now_ms) -> AsyncIterator[Users]:
    """Raises ValueError for a signing key or a provider that cannot be used. The database may come later."""
    settings.data.mkdir(parents=True, exist_ok=True)
    access = settings.access
    lives = Lives(round(access.token_minutes * 60_000), round(access.session_hours * 3_600_000))
    database = Database(identity_url(settings.store_url))
    users = Users(database, settings.data, clock, lives, provider=_provider(settings))
    try:
        await users.look()
    except Unavailable:
        log.warning("users cannot be looked up yet; whoever asks is told so")
    try:
        yield users
    finally:
        await users.close()


def _provider(settings: GatewaySettings) -> Provider | None:
    part = settings.access.provider
    if part is None:
        return None
    secret = read_secret(part.client_secret_file)
    if not secret:
        raise ValueError(f"{part.client_secret_file} is empty")
    return Provider(
        ProviderSettings(part.issuer, part.client_id, secret, part.redirect_url, part.claim, tuple(part.scopes))
    )
