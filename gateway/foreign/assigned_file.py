"""The file of devices that were given a place while the gateway ran: one line each, who did it and why among it.

It is read like any file of a site; people may look at it, and correct it while the gateway is down.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from gateway.files import read_file
from rules.instant import Instant, format_duration, rfc3339
from rules.requests import AssignDevice
from rules.site import Source

HEADING = "# Devices that were given a place while the gateway ran. Written by Tocsin: `tocsin devices` changes it.\n"

Entry = dict[str, Any]


def entries_of(path: Path) -> list[Entry]:
    """Raises ValueError for a file that cannot be read: then nothing may be written over it."""
    if not path.exists():
        return []
    document = read_file(path)
    found = document.value.get("assigned") if document.value else None
    if document.problems or not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError(f"{path} is not as Tocsin writes it: {next(iter(document.problems), 'no list of devices')}")
    return found


def entry_of(command: AssignDevice, now: Instant) -> Entry:
    """As a site file would say it, and where, by whom and why."""
    _, _, name = command.device.partition("/")
    entry: Entry = {"zone": command.zone, "id": name, "class": command.device_class}
    if command.title:
        entry["title"] = command.title
    if command.rated:
        entry["rated"] = command.rated
    if command.silent_after_ms is not None:
        entry["silent_after"] = format_duration(command.silent_after_ms)
    return entry | {
        "source": _source(command.source),
        "by": command.by,
        "reason": command.reason,
        "at": rfc3339(now),
    }


def is_of(entry: Entry, codec: str, native_id: str) -> bool:
    source = entry.get("source")
    return isinstance(source, dict) and (source.get("codec"), source.get("id")) == (codec, native_id)


def text_of(entries: list[Entry]) -> str:
    """YAML, of which JSON is a part: a line a device, so that what changes can be seen."""
    lines = [f"  - {msgspec.json.encode(entry).decode()}\n" for entry in entries]
    return HEADING + ("assigned:\n" + "".join(lines) if lines else "assigned: []\n")


def write(path: Path, text: str) -> None:
    """Whole or not at all, also when the power fails. Raises OSError."""
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _source(source: Source) -> dict[str, Any]:
    """Without what has its default."""
    written: dict[str, Any] = {"codec": source.codec, "id": source.id}
    if source.points:
        written["points"] = {
            name: {
                field: value for field, value in msgspec.structs.asdict(point).items() if not _is_default(field, value)
            }
            for name, point in source.points.items()
        }
    for name, value in (("events", source.events), ("commands", source.commands)):
        if value:
            written[name] = value
    return written


_DEFAULTS: dict[str, Any] = {"bit": None, "words": {}, "scale": 1.0, "offset": 0.0}


def _is_default(field: str, value: Any) -> bool:
    return field in _DEFAULTS and value == _DEFAULTS[field]
