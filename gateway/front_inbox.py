"""What the API sees of devices of other formats, and how one gets its place: a line in a file, put in force at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from api.inbox_port import FoundPoint, codec_and_id
from api.ports import BadCursor, Done, FoundDevice, InboxQuery, Page, UnknownInboxDevice
from gateway.core import Core
from gateway.foreign import assigned_file
from gateway.foreign.assigned import Key, suggests
from gateway.foreign.inbox import Item
from gateway.front_core import FrontCore
from gateway.library import BadFiles, load
from rules.requests import AboutInbox, AssignDevice, IgnoreDevice, UnassignDevice

PROBLEMS_SHOWN_MAX = 3
REASON_CHARACTERS_MAX = 1_000

log = logging.getLogger("tocsin.foreign")


class Step(NamedTuple):
    """A request about the inbox as it can be carried out, or as it is refused; and the file as it will be."""

    command: AboutInbox
    text: str | None = None


class FrontInbox(FrontCore):
    _assigning: asyncio.Lock | None = None
    _ours_at = -1  # of when the file is that was looked at
    _ours: frozenset[Key] | set[Key] = frozenset()

    async def inbox(self, query: InboxQuery) -> Page[FoundDevice]:
        core = self._core()
        after = _after(query.cursor)
        found: list[FoundDevice] = []
        for item in core.foreign.inbox.all():
            if after is not None and item.key <= after:
                continue
            device = core.foreign.device_of(item.key)
            if (
                query.codec in (None, item.codec)
                and query.assigned in (None, device is not None)
                and query.ignored in (None, item.ignored)
            ):
                found.append(self._shown(core, item))
                if len(found) > query.limit:
                    return Page(found[:-1], found[-2].id)
        return Page(found)

    async def found_device(self, codec: str, native_id: str) -> FoundDevice:
        core = self._core()
        return self._shown(core, _item(core, (codec, native_id)))

    def _shown(self, core: Core, item: Item) -> FoundDevice:
        device = core.foreign.device_of(item.key)
        found = item.found
        return FoundDevice(
            codec=item.codec,
            native_id=found.native_id,
            title=found.title,
            model=found.model,
            device_class=found.device_class,
            points=[
                FoundPoint(p.name, p.kind, p.unit, p.minimum, p.maximum, p.values, p.settable, p.metric)
                for p in found.points
            ],
            values=dict(item.values),
            said=item.said,
            first_at=item.first_at,
            last_at=item.last_at,
            online=item.online,
            ignored=item.ignored,
            gone=item.gone,
            silent_after_ms=found.silent_after_ms,
            commands={command: dict(points) for command, points in found.commands.items()},
            device=device,
            by_file=device is not None and not self._is_ours(item.key),
        )

    def _is_ours(self, key: Key) -> bool:
        """Whether the gateway's own file gives it its place."""
        path = self._gateway.settings.assigned
        seen = path.stat().st_mtime_ns if path.exists() else 0
        if seen != self._ours_at:
            try:
                entries = assigned_file.entries_of(path)
            except ValueError as error:
                log.warning("%s", error)
                entries = []
            sources = [each.get("source", {}) for each in entries]
            self._ours_at, self._ours = seen, {(str(s.get("codec")), str(s.get("id"))) for s in sources}
        return key in self._ours

    # ---- places

    async def _about_inbox(self, command: AboutInbox) -> Step:
        """Whether it can be, and what the file says then. Nothing has changed yet."""
        core = self._core()
        if not isinstance(command, IgnoreDevice) and not command.reason.strip():
            return Step(command)  # which refuses it
        if isinstance(command, AssignDevice):
            return await self._assign(core, command)
        key = (command.codec, command.native_id)
        item = core.foreign.inbox.get(key)
        device = core.foreign.device_of(key)
        if item is None and device is None:
            return Step(
                _against(command, "unknown_inbox_device", f"{'/'.join(key)} is not among the devices that were found")
            )
        if isinstance(command, IgnoreDevice):
            if device is not None:
                return Step(_against(command, "already_assigned", f"{'/'.join(key)} is {device}"))
            return Step(command)
        if device is None:
            return Step(_against(command, "not_assigned", f"{'/'.join(key)} has no place"))
        command = msgspec.structs.replace(command, device=device)
        try:
            entries = assigned_file.entries_of(self._gateway.settings.assigned)
        except ValueError as error:
            return Step(_against(command, "file_broken", str(error)))
        left = [each for each in entries if not assigned_file.is_of(each, *key)]
        if len(left) == len(entries):
            return Step(_against(command, "assigned_by_file", f"{device} stands in a site file; take it out there"))
        return await self._tried(command, left)

    async def _assign(self, core: Core, command: AssignDevice) -> Step:
        key = (command.source.codec, command.source.id)
        item, device = core.foreign.inbox.get(key), core.foreign.device_of(key)
        name = "/".join(key)
        if item is None:
            return Step(_against(command, "unknown_inbox_device", f"{name} is not among the devices that were found"))
        if device is not None:
            return Step(_against(command, "already_assigned", f"{name} is {device}"))
        device_class = core.screen.directory.device_classes.get(command.device_class)
        says_something = command.source.points or command.source.events or command.source.commands
        if device_class is not None and not says_something and not suggests(item.found, device_class):
            points = ", ".join(each.name for each in item.found.points[:20]) or "none that it declares"
            reason = (
                f"nothing says which points of {name} are metrics of {device_class.id}; name them (points: {points})"
            )
            return Step(_against(command, "no_points", reason))
        if not command.title and item.found.title.strip() and item.found.title.isprintable():
            title = item.found.title.strip()
            command = msgspec.structs.replace(command, title={"en": title, "zh": title})
        try:
            entries = assigned_file.entries_of(self._gateway.settings.assigned)
        except ValueError as error:
            return Step(_against(command, "file_broken", str(error)))
        return await self._tried(command, [*entries, assigned_file.entry_of(command, self._clock())])

    async def _tried(self, command: AssignDevice | UnassignDevice, entries: list[assigned_file.Entry]) -> Step:
        """All files are read as they would be, so that what would not come into force is not written."""
        settings, text = self._gateway.settings, assigned_file.text_of(entries)
        posted = {f"{settings.data.name}/{settings.assigned.name}": text}
        try:
            await asyncio.to_thread(load, settings.files, posted=posted, codecs=list(settings.codecs))
        except BadFiles as error:
            problems = "; ".join(each.message for each in error.problems[:PROBLEMS_SHOWN_MAX])
            return Step(_against(command, "not_valid", problems[:REASON_CHARACTERS_MAX]))
        return Step(command, text)

    def _lock(self) -> asyncio.Lock:
        """Made when first needed: one at a time reads and writes the file."""
        if self._assigning is None:
            self._assigning = asyncio.Lock()
        return self._assigning

    def _done_about_inbox(self, core: Core, command: AboutInbox, done: Done) -> Done:
        """With the device as it will be when the file is in force."""
        key = key_of(command)
        if isinstance(command, IgnoreDevice):
            core.foreign.inbox.ignore(key, command.ignored)
        item = core.foreign.inbox.get(key)
        if item is None:  # a site names a device that nobody has heard yet
            return done
        device = command.device if isinstance(command, AssignDevice) else None
        shown = msgspec.structs.replace(self._shown(core, item), device=device, by_file=False)
        return msgspec.structs.replace(done, found=shown)


@contextmanager
def placed(path: Path, text: str | None) -> Iterator[None]:
    """With the file written; as it was before, if what is done meanwhile fails. None: it stays. Raises OSError."""
    if text is None:
        yield
        return
    before = path.read_text(encoding="utf-8") if path.exists() else None
    assigned_file.write(path, text)
    try:
        yield
    except BaseException:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            assigned_file.write(path, before)
        raise


def _after(cursor: str | None) -> Key | None:
    """Raises BadCursor."""
    try:
        return None if cursor is None else codec_and_id(cursor)
    except ValueError as error:
        raise BadCursor(f"{cursor!r} is no cursor of this list") from error


def key_of(command: AboutInbox) -> Key:
    if isinstance(command, AssignDevice):
        return command.source.codec, command.source.id
    return command.codec, command.native_id


def _against(command: AboutInbox, code: str, reason: str) -> AboutInbox:
    return msgspec.structs.replace(command, against=(code, reason))


def _item(core: Core, key: Key) -> Item:
    """Raises UnknownInboxDevice."""
    item = core.foreign.inbox.get(key)
    if item is None:
        raise UnknownInboxDevice("/".join(key))
    return item
