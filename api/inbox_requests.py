"""What requests about devices of other formats may carry."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.inbox_port import InboxQuery
from api.requests import ArgValue, AssetId, Body, Cursor, Limit, LineText, NeededText, QueriedName, Query, Text
from api.rules_requests import Duration
from rules.file_types import Name, check_id
from rules.site import Source, SourcePoint
from rules.source_file import BITS_MAX

ASSIGNED_POINTS_MAX = 64  # of one device by hand; a site file takes more

PointName = Annotated[str, Field(min_length=1, max_length=200)]
DeviceName = Annotated[str, AfterValidator(check_id)]
_ASSIGN: dict[str, Any] = {
    "by": "engineer-1",
    "zone": "tower-a/12F-east",
    "name": "sd-1209",
    "device_class": "smoke_detector",
    "title": "Smoke, corridor east",
    "reason": "fitted on 24 November",
}


class PointIn(BaseModel):
    """Which metric a point is: a bit of it, then words, then scale and offset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: Name
    bit: int | None = Field(default=None, ge=0, lt=BITS_MAX)
    words: dict[PointName, ArgValue] = Field(default={}, max_length=ASSIGNED_POINTS_MAX)
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)


class AssignDeviceIn(Body):
    """A place for a device that was found."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ASSIGN]})

    zone: AssetId = Field(description="`site/zone`, of a site file", examples=["tower-a/12F-east"])
    name: DeviceName = Field(description="what it is called at its site from now on", examples=["sd-1209"])
    device_class: Name
    reason: NeededText
    title: LineText = Field(default="", description="for people; without it, what its format calls it")
    rated: dict[Name, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(default={}, max_length=20)
    silent_after_ms: Duration | None = Field(
        default=None, alias="silent_after", description="null: what it announces, else what its class has"
    )
    points: dict[PointName, PointIn] = Field(
        default={}, max_length=ASSIGNED_POINTS_MAX, description="empty: what its format leaves no doubt of"
    )
    events: dict[PointName, Name] = Field(default={}, max_length=ASSIGNED_POINTS_MAX)
    commands: dict[Name, dict[PointName, ArgValue]] = Field(
        default={}, max_length=20, description="command → point → what it is set to; empty: as its format suggests"
    )

    def source(self, codec: str, native_id: str) -> Source:
        points = {
            name: SourcePoint(each.metric, each.bit, dict(each.words), each.scale, each.offset)
            for name, each in self.points.items()
        }
        commands = {command: dict(each) for command, each in self.commands.items()}
        return Source(codec, native_id, points, dict(self.events), commands, self.silent_after_ms is None)


class UnassignDeviceIn(Body):
    """Its place is taken from it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "engineer-1", "reason": "taken down"}]})

    reason: NeededText


class IgnoreDeviceIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"by": "engineer-1", "ignored": True, "reason": "a neighbour's"}]}
    )

    ignored: bool = True
    reason: Text = ""


class FoundDevicesQuery(Query):
    codec: QueriedName | None = None
    assigned: bool | None = None
    ignored: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 50

    def question(self) -> InboxQuery:
        return InboxQuery(self.codec, self.assigned, self.ignored, self.cursor, self.limit)
