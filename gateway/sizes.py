"""How much is stored, and how much room is left: looked at now and then, for the metrics."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import NamedTuple

LOOK_SECONDS = 60.0
PARTS = {  # what stands in the data folder, as people speak of it
    "journal": ("journal.sqlite",),
    "search": ("search.sqlite",),
    "attachments": ("attachments",),
    "energy": ("telemetry/energy.sqlite",),
    "telemetry": ("telemetry",),
}
_ENDINGS = ("", "-wal", "-shm")  # a SQLite database is up to three files


class Disk(NamedTuple):
    """Bytes of the file system that the data folder is on."""

    size: int
    free: int


class Sizes:
    """`run` it as a task: a folder of telemetry has thousands of files, which is nothing for the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.parts: dict[str, int] = {}
        self.disk: Disk | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.parts, self.disk = await asyncio.to_thread(measured, self._folder)
            await asyncio.sleep(LOOK_SECONDS)


def measured(folder: Path) -> tuple[dict[str, int], Disk | None]:
    """(part → bytes, the disk; None: it cannot be asked)."""
    sizes = {part: sum(_bytes_of(folder / name) for name in names) for part, names in PARTS.items()}
    sizes["telemetry"] -= sizes["energy"]
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return sizes, None
    return sizes, Disk(usage.total, usage.free)


def _bytes_of(path: Path) -> int:
    """Of a database with all its files, or of a folder with all that is in it; 0 where there is none."""
    if not path.is_dir():
        return sum(_size(path.with_name(path.name + ending)) for ending in _ENDINGS)
    return sum(_size(Path(folder) / name) for folder, _, names in os.walk(path) for name in names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone meanwhile
        return 0
