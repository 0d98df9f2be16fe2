"""Shapes of what is answered about devices of other formats."""

from __future__ import annotations

from pydantic import Field

from api.schemas import At, ListOf, NewEntries, Repeated, Wire
from rules.reading import Value
from rules.site import MetricKind


class FoundPointOut(Wire):
    name: str = Field(description="as the format has it, nested names joined with a dot")
    kind: MetricKind | None = Field(description="null: the format does not say")
    unit: str
    minimum: float | None
    maximum: float | None
    values: list[str]
    settable: bool
    metric: str = Field(description="of `device_class`, where the format leaves no doubt; else empty")


class FoundDeviceOut(Wire):
    """A device that a codec has found."""

    id: str
    codec: str = Field(description="as the settings name it")
    native_id: str = Field(description="what a site file names it by")
    title: str
    model: str
    device_class: str = Field(description="empty: the format leaves doubt")
    device: str | None = Field(description="`site/name`, where it has a place")
    by_file: bool = Field(description="a site file gives it its place")
    points: list[FoundPointOut]
    commands: dict[str, dict[str, Value]] = Field(description="command → point → what it is set to")
    values: dict[str, Value] = Field(description="what it last said, by its points")
    said: int = Field(description="messages since it was found")
    first_at: At
    last_at: At
    online: bool | None
    ignored: bool
    gone: bool = Field(description="its format says that it is no longer there")
    silent_after_ms: int | None = Field(description="how long it may be silent, as it announces")


class InboxOut(ListOf[FoundDeviceOut]):
    """By codec and native id."""


class InboxDoneOut(Wire):
    found: FoundDeviceOut
    entries: NewEntries
    repeated: Repeated
