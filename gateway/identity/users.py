"""Users, sessions, API tokens and the access log: `api.identity_port.Identity`."""

from __future__ import annotations

from gateway.identity.administration import Administration
from gateway.identity.signing_in import SigningIn


class Users(SigningIn, Administration):
    """Over a database of its own; see `gateway.identity.core`."""
