"""Pages of lists, written out a few items at a time: a long one does not keep a stream, or another caller, waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from fastapi import Response
from pydantic import BaseModel

T = TypeVar("T")

ITEMS_AT_A_TIME = 5  # incidents with their plan and commands: some 0.2 ms each


async def page_response(
    items: Sequence[T], write: Callable[[T], BaseModel], headers: dict[str, str] | None = None, **others: object
) -> Response:
    """`{"items": […], …others}`"""
    written: list[bytes] = []
    for number, item in enumerate(items, start=1):
        written.append(write(item).model_dump_json().encode())
        if number % ITEMS_AT_A_TIME == 0:
            await asyncio.sleep(0)
    rest = "".join(f',"{name}":{msgspec.json.encode(value).decode()}' for name, value in others.items())
    body = b'{"items":[' + b",".join(written) + b"]" + rest.encode() + b"}"
    return Response(body, headers=headers, media_type="application/json")
