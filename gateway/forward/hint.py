"""How a server is called in logs and troubles."""

from __future__ import annotations

from urllib.parse import urlsplit


def hint(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
