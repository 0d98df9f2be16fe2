"""What the API sees of the files that belong to work orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from api.ports import Unavailable, UnknownAttachment
from gateway.attachments import Attachments, NotKept
from gateway.front_core import FrontReads
from rules.order import Attachment

T = TypeVar("T")

FOLDER = "attachments"


class FrontFiles(FrontReads):
    async def keep_attachment(self, name: str, media_type: str, content: bytes) -> Attachment:
        return await self._with_files(lambda files: files.keep(name, media_type, content))

    async def attachment(self, sha256: str) -> Attachment:
        found = await self._with_files(lambda files: files.find(sha256))
        if found is None:
            raise UnknownAttachment(sha256)
        return found

    async def attachment_content(self, sha256: str) -> bytes:
        try:
            return await self._with_files(lambda files: files.content(sha256))
        except LookupError as error:
            raise UnknownAttachment(sha256) from error

    async def _with_files(self, use: Callable[[Attachments], T]) -> T:
        """In a thread: a disk may take its time. Raises Unavailable; LookupError as `use` does."""
        if self._files is None:
            self._files = Attachments(self._gateway.settings.data / FOLDER)
        try:
            return await asyncio.to_thread(use, self._files)
        except (OSError, NotKept) as error:
            raise Unavailable(f"the file cannot be kept or read: {error}") from error
