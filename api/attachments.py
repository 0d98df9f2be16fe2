"""Files that belong to work orders: photos, papers. Kept by the hash of their content."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from api.auth import Caller, needs
from api.bodies import media_type_of
from api.core import TheDesk
from api.documented import Responses, answers
from api.errors import RETRY_AFTER, Code, ProblemRaised, invalid
from api.file_forms import FILE_TYPES, begins_as
from api.permissions import Permission
from api.ports import UnknownAttachment
from api.requests import NoQuery
from api.response_examples import ATTACHMENT
from api.response_requests import SHA256, AttachmentQuery
from api.response_schemas import AttachmentOut

router = APIRouter(prefix="/attachments", tags=["orders"])

UPLOADS_AT_ONCE_MAX = 4  # each holds a whole file in memory
UPLOAD_SECONDS_MAX = 120.0  # the largest file over a line of 1 Mbit/s
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {"required": True, "content": dict.fromkeys(FILE_TYPES, _BINARY)}


class Uploads:
    """Files that are on their way."""

    def __init__(self, seconds_max: float = UPLOAD_SECONDS_MAX) -> None:
        self.under_way = 0
        self._seconds_max = seconds_max

    async def content(self, request: Request) -> bytes:
        """The whole body. Raises ProblemRaised when there are too many at once, or it does not come."""
        if self.under_way >= UPLOADS_AT_ONCE_MAX:
            detail = f"{self.under_way} are; send it again"
            raise ProblemRaised(Code.TOO_MANY_UPLOADS, detail, headers=RETRY_AFTER)
        self.under_way += 1
        try:
            async with asyncio.timeout(self._seconds_max):
                return await request.body()
        except TimeoutError as error:
            raise ProblemRaised(Code.BODY_TOO_SLOW, f"expected all of it within {self._seconds_max:g} s") from error
        finally:
            self.under_way -= 1


def _upload_answers() -> Responses:
    codes = (Code.BODY_TOO_SLOW, Code.BODY_TOO_LARGE, Code.FILE_TYPE_NOT_TAKEN, Code.TOO_MANY_UPLOADS)
    return answers(ATTACHMENT, *codes)


@router.post(
    "",
    summary="Send a file for a work order",
    responses=_upload_answers(),
    openapi_extra={"requestBody": _BODY},
    dependencies=[needs(Permission.WORK_ON_ORDERS)],
)
async def keep_attachment(
    request: Request, desk: TheDesk, _: Caller, query: Annotated[AttachmentQuery, Query()]
) -> AttachmentOut:
    """The body is the file, its type the Content-Type. Name its hash in a step of an order.

    The same content again is the same file, so this needs no Idempotency-Key.
    """
    uploads: Uploads = request.app.state.uploads
    media_type = media_type_of(request.headers["content-type"])
    content = await uploads.content(request)
    if not begins_as(media_type, content):
        raise invalid("body", content[:16], f"a file that is {media_type}")
    return AttachmentOut.model_validate(await desk.keep_attachment(query.name, media_type, content))


class _File(Response):
    media_type = "application/octet-stream"


def _file_answers() -> Responses:
    responses = answers("(bytes)", Code.UNKNOWN_ATTACHMENT, media_type="application/octet-stream")
    responses[200]["content"] |= dict.fromkeys(FILE_TYPES, _BINARY)
    responses[200]["content"]["application/octet-stream"]["schema"] = _BINARY["schema"]
    return responses


@router.get(
    "/{sha256}",
    summary="A file of a work order",
    response_class=_File,
    responses=_file_answers(),
    dependencies=[needs(Permission.READ)],
)
async def get_attachment(
    desk: TheDesk,
    _: Caller,
    sha256: Annotated[str, Path(description="of its content", examples=[ATTACHMENT.sha256])],
    query: Annotated[NoQuery, Query()],
) -> Response:
    """As it was sent; to be saved, never shown in place."""
    if not SHA256.fullmatch(sha256):
        raise UnknownAttachment(sha256)
    kept = await desk.attachment(sha256)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept.name, safe='')}",
        "ETag": f'"{kept.sha256}"',
    }
    return Response(await desk.attachment_content(sha256), headers=headers, media_type=kept.media_type)
