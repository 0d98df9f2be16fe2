"""Secrets that the gateway makes for itself, in the data folder, readable by its owner alone."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

KEY_FILE = "identity.key"
SETUP_FILE = "setup-secret"
KEY_BYTES = 32
OWNER_ALONE = 0o600


def signing_key(folder: Path) -> bytes:
    """The key that access tokens are signed with; made when there is none. Raises ValueError for an unfit one.

    To take it out of use, delete the file and start again: whoever is signed in refreshes within minutes.
    """
    path = folder / KEY_FILE
    made = _make(path, secrets.token_hex(KEY_BYTES))
    text = made if made is not None else _read(path)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} holds no key of {KEY_BYTES} bytes; delete it, and another is made")
    return key


def setup_secret(folder: Path) -> Path:
    """The file with the one-time secret that makes the first admin; made when there is none."""
    path = folder / SETUP_FILE
    _make(path, secrets.token_urlsafe(KEY_BYTES) + "\n")
    return path


def is_setup_secret(folder: Path, given: str) -> bool:
    try:
        expected = _read(folder / SETUP_FILE).strip()
    except ValueError:
        return False
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def forget_setup_secret(folder: Path) -> None:
    (folder / SETUP_FILE).unlink(missing_ok=True)


def _make(path: Path, text: str) -> str | None:
    """→ text; None: there is a file already."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ALONE)
    except FileExistsError:
        return None
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return text


def _read(path: Path) -> str:
    """Raises ValueError for a file that cannot be read, or that others can read too."""
    try:
        if path.stat().st_mode & 0o077:
            raise ValueError(f"{path} can be read by others than its owner; expected mode 0600")
        return path.read_text()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
