"""The port's part of devices of other formats: what was found, and who has a place."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Protocol

from msgspec import Struct

from api.port_basics import Page
from rules.instant import Instant
from rules.reading import Value
from rules.site import MetricKind


class FoundPoint(Struct, frozen=True):
    """What a device says or may be told, by its format's names."""

    name: str
    kind: MetricKind | None = None  # None: the format does not say
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    settable: bool = False
    metric: str = ""  # of `FoundDevice.device_class`, where the format leaves no doubt


class FoundDevice(Struct, frozen=True):
    codec: str  # as the settings name it
    native_id: str
    title: str
    model: str
    device_class: str  # empty: the format leaves doubt
    points: list[FoundPoint]
    values: dict[str, Value]  # what it last said, by its points
    said: int  # messages since it was found
    first_at: Instant
    last_at: Instant
    online: bool | None
    ignored: bool
    gone: bool  # its format says that it is no longer there
    silent_after_ms: int | None  # what it announces
    commands: dict[str, dict[str, Value]]
    device: str | None = None  # its place: "site/name"
    by_file: bool = False  # a site file gives it that place, which only the file can take

    @property
    def id(self) -> str:
        """Codec and native id, in letters that a path takes."""
        return found_id(self.codec, self.native_id)


def found_id(codec: str, native_id: str) -> str:
    return urlsafe_b64encode(f"{codec}\0{native_id}".encode("utf-8", "surrogatepass")).decode().rstrip("=")


def codec_and_id(found: str) -> tuple[str, str]:
    """Of a `found_id`. Raises ValueError for what is none."""
    text = urlsafe_b64decode(found + "=" * (-len(found) % 4)).decode("utf-8", "surrogatepass")
    codec, separator, native_id = text.partition("\0")
    if not separator:
        raise ValueError(f"{found!r} is no id of a device that was found")
    return codec, native_id


class InboxQuery(Struct, frozen=True):
    """By codec and native id. None: any."""

    codec: str | None = None
    assigned: bool | None = None
    ignored: bool | None = None
    cursor: str | None = None
    limit: int = 50


class InboxDesk(Protocol):
    async def inbox(self, query: InboxQuery) -> Page[FoundDevice]: ...

    async def found_device(self, codec: str, native_id: str) -> FoundDevice:
        """Raises UnknownInboxDevice."""
        ...
