"""How a site file says where a device of another format speaks, and what is checked of it.

source:
  codec: z2m                          # a name of `codecs` in the settings
  id: "0x00158d0001dc126a"            # what the format calls it
  points:                             # without them: what the format's own description says beyond doubt
    smoke: alarm
    voltage: {metric: battery, scale: 0.05, offset: -50}
  commands: {silence: {alarm: false}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from rules.file_types import FileModel
from rules.problem import Problem
from rules.site import DeviceClass, Source, SourcePoint
from rules.wording import not_one_of

POINTS_MAX = 256  # as many as values in one message
NATIVE_ID_CHARACTERS_MAX = 256  # Sparkplug: group, node and device
BITS_MAX = 64

Short = Annotated[str, Field(min_length=1, max_length=200)]
Word = bool | float | Short
Finite = Annotated[float, Field(allow_inf_nan=False)]


def _in_full(value: Any) -> Any:
    """`smoke: alarm` is short for `smoke: {metric: alarm}`."""
    return {"metric": value} if isinstance(value, str) else value


class PointEntry(FileModel):
    metric: Short = Field(description="of the device's class")
    bit: int | None = Field(default=None, ge=0, lt=BITS_MAX, description="0 is the lowest of the number")
    words: dict[Short, Word] = Field(default={}, description="the point's value → the metric's")
    scale: Finite = 1.0
    offset: Finite = 0.0


PointMeant = Annotated[PointEntry, BeforeValidator(_in_full, json_schema_input_type=PointEntry | Short)]


class SourceEntry(FileModel):
    codec: Short = Field(description="one of `codecs` in the settings")
    id: Annotated[str, Field(min_length=1, max_length=NATIVE_ID_CHARACTERS_MAX)] = Field(
        description="what the format calls the device: `tocsin devices` shows it"
    )
    points: Annotated[dict[Short, PointMeant], Field(max_length=POINTS_MAX)] = Field(
        default={}, description="the format's names → metrics; without them, what the format itself says counts"
    )
    events: Annotated[dict[Short, Short], Field(max_length=POINTS_MAX)] = Field(
        default={}, description="the format's words → events of the class"
    )
    commands: Annotated[dict[Short, dict[Short, Word]], Field(max_length=POINTS_MAX)] = Field(
        default={}, description="command → point → what it is set to"
    )


def source_of(entry: SourceEntry, silence_announced: bool) -> Source:
    points = {
        name: SourcePoint(each.metric, each.bit, dict(each.words), each.scale, each.offset)
        for name, each in entry.points.items()
    }
    commands = {command: dict(each) for command, each in entry.commands.items()}
    return Source(entry.codec, entry.id, points, dict(entry.events), commands, silence_announced)


def source_faults(
    entry: SourceEntry, device_class: DeviceClass, codecs: frozenset[str] | None, path: tuple[str | int, ...]
) -> Iterator[Problem]:
    """`codecs`: those there are; None: nobody knows."""
    if codecs is not None and entry.codec not in codecs:
        yield Problem((*path, "codec"), not_one_of(entry.codec, "one of `codecs` in the settings", sorted(codecs)))
    metrics: dict[str, str] = {}
    for name, point in entry.points.items():
        where = (*path, "points", name)
        if point.metric not in device_class.metrics:
            yield Problem(where, not_one_of(point.metric, f"a metric of {device_class.id}", list(device_class.metrics)))
        elif metrics.setdefault(point.metric, name) != name:
            yield Problem(where, f"{point.metric!r} is already what {metrics[point.metric]!r} tells")
        if point.scale == 0.0:
            yield Problem((*where, "scale"), "0 makes the same of every value; expected any other number")
    for word, event in entry.events.items():
        if event not in device_class.events:
            wrong = not_one_of(event, f"an event of {device_class.id}", list(device_class.events))
            yield Problem((*path, "events", word), wrong)
    for command, set_to in entry.commands.items():
        where = (*path, "commands", command)
        if command not in device_class.commands:
            yield Problem(where, not_one_of(command, f"a command of {device_class.id}", list(device_class.commands)))
        if not set_to:
            yield Problem(where, "sets no point; expected point: value")
