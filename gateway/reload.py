"""Tells when site, class, rule or plan files have changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from watchfiles import Change, awatch

SETTLE_MS = 300  # an editor writes a file in several steps; a deployment writes several files


async def changes(paths: Sequence[Path]) -> AsyncIterator[None]:
    """Yields after each burst of changes to a `.yaml` file among `paths` (files, or folders of them).

    Folders are watched rather than files: an editor replaces a file, and the new one is another inode. What lies
    below a file's folder is not watched: it may be our own data, which changes a thousand times a second.
    """
    folders = {path if path.is_dir() else path.parent for path in paths}
    if not folders:
        return
    files = {path.resolve() for path in paths if not path.is_dir()}
    roots = [path.resolve() for path in paths if path.is_dir()]
    endings = (".yaml", *(path.suffix for path in files))

    def concerns(change: Change, name: str) -> bool:
        if not name.endswith(endings):
            return False  # at once, for all that is written below a folder of files
        path = Path(name).resolve()
        return path in files or (path.suffix == ".yaml" and any(path.is_relative_to(root) for root in roots))

    watched = awatch(
        *folders, watch_filter=concerns, recursive=bool(roots), debounce=SETTLE_MS, step=50, rust_timeout=1_000
    )
    async for _ in watched:
        yield
