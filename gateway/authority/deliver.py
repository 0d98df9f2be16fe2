"""Brings a CAP document to an authority: by HTTP POST to its address, or as a file into a folder.

The receipt, which goes onto the timeline, is what it answered. Here stands the second lock on exercises: whatever the
engine decided, nothing of one goes to an authority whose settings do not say that it takes part.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway.sender import Undelivered
from rules.effects import SendToAuthority
from rules.mode import Mode

if TYPE_CHECKING:
    import httpx  # a fifth of a second that not every start has to pay

MEDIA_TYPE = "application/cap+xml"
RECEIPT_CHARACTERS_MAX = 200
ANSWER_BYTES_MAX = 64 * 1024  # of an answer that is read; a receipt is a line
AGAIN = frozenset({408, 425, 429})  # of the answers 4xx: only these may be different the next time
_NOT_IN_FILE_NAME = re.compile(r"[^\w.@-]+")


class Authority(NamedTuple):
    """Exactly one of `url` and `folder`."""

    url: str | None
    folder: Path | None
    token: str | None
    exercise: bool  # takes messages of an exercise


class AuthorityPost:
    def __init__(self, authorities: Mapping[str, Authority], seconds_max: float) -> None:
        self._authorities, self._seconds_max = authorities, seconds_max
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address, and some hold a secret

    async def send(self, effect: SendToAuthority) -> str:
        authority = self._authorities.get(effect.to)
        if authority is None:
            raise Undelivered(f"the settings name no authority {effect.to}", again=False)
        if effect.mode is Mode.TEST or (effect.mode is Mode.EXERCISE and not authority.exercise):
            raise Undelivered(f"{effect.to} takes no messages of mode {effect.mode.value}", again=False)
        if authority.folder is not None:
            return await asyncio.to_thread(put, authority.folder, effect)
        return await self._post(authority, effect)

    async def _post(self, authority: Authority, effect: SendToAuthority) -> str:
        import httpx

        headers = {"Content-Type": f"{MEDIA_TYPE}; charset=utf-8", "Idempotency-Key": effect.id}
        if authority.token:
            headers["Authorization"] = f"Bearer {authority.token}"
        assert authority.url is not None
        try:
            async with (
                httpx.AsyncClient(timeout=self._seconds_max, follow_redirects=False) as client,
                client.stream("POST", authority.url, content=effect.document.encode(), headers=headers) as answer,
            ):
                receipt = f"{answer.status_code} {await _beginning(answer)}".strip()
        except httpx.HTTPError as error:
            raise Undelivered(f"{effect.to} cannot be reached: {type(error).__name__}") from None
        if answer.is_success:
            return receipt
        raise Undelivered(f"answered {receipt}", again=answer.status_code >= 500 or answer.status_code in AGAIN)


async def _beginning(answer: httpx.Response) -> str:
    """Of what it says; the rest is not read."""
    read = b""
    async for chunk in answer.aiter_bytes():
        read += chunk
        if len(read) >= ANSWER_BYTES_MAX:
            break
    return " ".join(read.decode(errors="replace").split())[:RECEIPT_CHARACTERS_MAX]


def put(folder: Path, effect: SendToAuthority) -> str:
    """The document as a file of its identifier's name: whole or not at all. Raises Undelivered."""
    name = f"{_NOT_IN_FILE_NAME.sub('-', effect.identifier).lstrip('.')}.xml"
    partial = folder / f".{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(effect.document)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(folder / name)
        _flush(folder)
    except OSError as error:
        raise Undelivered(f"{name} cannot be written: {error.strerror}") from None
    return f"written: {name}"


def _flush(folder: Path) -> None:
    """The name, too, is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
