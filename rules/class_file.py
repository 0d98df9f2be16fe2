"""Device-class files: what kinds of device there are, what they measure, say and can be told. No Python for a new one.

device_classes:
  smoke_detector:
    title: {en: Smoke detector, zh: 感烟火灾探测器}
    life_safety: true
    silent_after: 10min
    metrics:
      smoke: {kind: number, unit: dB/m, min: 0, max: 10}
      alarm: {kind: boolean}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from rules.file_types import FileModel, Name, Titles
from rules.instant import DAY_MS, SECOND_MS, DurationMs, format_duration
from rules.problem import Problem
from rules.site import DeviceClass, Metric, MetricKind, Title
from rules.wording import shown

SILENT_AFTER_MS_MIN = 10 * SECOND_MS  # shorter, and every hiccup of a network is a trouble signal
SILENT_AFTER_MS_MAX = 7 * DAY_MS  # a device that may be silent for longer is not being watched
UNIT_CHARS_MAX = 16
RESERVED_METRICS = ("clock_skew_s",)  # every device has it: the gateway works it out from the times of its messages


def _check_silence(silent_after_ms: int) -> int:
    if not SILENT_AFTER_MS_MIN <= silent_after_ms <= SILENT_AFTER_MS_MAX:
        bounds = f"{format_duration(SILENT_AFTER_MS_MIN)} to {format_duration(SILENT_AFTER_MS_MAX)}"
        raise ValueError(f"{format_duration(silent_after_ms)} is not a limit of silence; expected {bounds}")
    return silent_after_ms


SilentAfter = Annotated[DurationMs, AfterValidator(_check_silence)]


class MetricEntry(FileModel):
    kind: MetricKind
    unit: str = Field(default="", max_length=UNIT_CHARS_MAX)
    min: float | None = Field(default=None, description="a lower number is a broken sensor, not a reading")
    max: float | None = Field(default=None, description="a higher number is a broken sensor, not a reading")
    values: tuple[str, ...] = Field(default=(), description="what a string may be; empty: any short string")
    title: Titles | None = None


class WordEntry(FileModel):
    """An event or a command."""

    title: Titles | None = None


class RatedEntry(FileModel):
    """A figure from the nameplate that rules compare with (`above: 0.9, of: rated_power_w`)."""

    unit: str = Field(max_length=UNIT_CHARS_MAX)
    required: bool = Field(default=False, description="every device of the class must state it")
    title: Titles | None = None


class ClassEntry(FileModel):
    title: Titles
    metrics: dict[Name, MetricEntry]
    events: dict[Name, WordEntry] = Field(default={})
    rated: dict[Name, RatedEntry] = Field(default={})
    commands: dict[Name, WordEntry] = Field(default={})
    silent_after: SilentAfter = Field(description="no message for so long: trouble")
    life_safety: bool = Field(default=False, description="no on-delay, ever, on its alarms")


class ClassFile(FileModel):
    device_classes: dict[Name, ClassEntry]


class KnownClass(NamedTuple):
    device_class: DeviceClass
    rated_required: tuple[str, ...]


def build_classes(files: Mapping[str, ClassFile]) -> tuple[dict[str, KnownClass], list[Problem]]:
    """File name → content, to class id → class. A class that two files define is a problem of the later one."""
    classes: dict[str, KnownClass] = {}
    home: dict[str, str] = {}
    problems: list[Problem] = []
    for file, content in files.items():
        for name, entry in content.device_classes.items():
            path = ("device_classes", name)
            problems += (problem._replace(file=file) for problem in _class_faults(path, entry))
            if name in classes:
                message = f"{name!r} is already a device class, of {home[name]}; expected a new name"
                problems.append(Problem(path, message, file))
                continue
            home[name] = file
            required = tuple(rated for rated, figure in entry.rated.items() if figure.required)
            classes[name] = KnownClass(_device_class(name, entry), required)
    return classes, problems


def _class_faults(path: tuple[str | int, ...], entry: ClassEntry) -> Iterator[Problem]:
    for name, metric in entry.metrics.items():
        if name in RESERVED_METRICS:
            yield Problem(
                (*path, "metrics", name), f"{name!r} is a metric that every device has; expected another name"
            )
        yield from _metric_faults((*path, "metrics", name), metric)


def _metric_faults(path: tuple[str | int, ...], metric: MetricEntry) -> Iterator[Problem]:
    kind = metric.kind
    for key, given in (("unit", metric.unit), ("min", metric.min), ("max", metric.max)):
        if kind is not MetricKind.NUMBER and given not in ("", None):
            yield Problem((*path, key), f"{shown(given)} on a {kind.value}; only a number has a {key}")
    if kind is not MetricKind.STRING and metric.values:
        yield Problem((*path, "values"), f"{', '.join(metric.values)} on a {kind.value}; only a string has values")
    if metric.min is not None and metric.max is not None and metric.min >= metric.max:
        yield Problem((*path, "max"), f"{metric.max:g} is not above min, {metric.min:g}")


def _device_class(name: str, entry: ClassEntry) -> DeviceClass:
    return DeviceClass(
        id=name,
        title=titles(entry.title),
        metrics={
            metric: Metric(
                name=metric,
                kind=given.kind,
                unit=given.unit,
                minimum=given.min,
                maximum=given.max,
                values=given.values,
                title=titles(given.title),
            )
            for metric, given in entry.metrics.items()
        },
        events={event: titles(given.title) for event, given in entry.events.items()},
        rated={rated: given.unit for rated, given in entry.rated.items()},
        commands={command: titles(given.title) for command, given in entry.commands.items()},
        silent_after_ms=entry.silent_after,
        life_safety=entry.life_safety,
    )


def titles(given: Titles | None) -> Title:
    """A title as the rest of Tocsin knows it; empty where the file gives none."""
    return given or {}
