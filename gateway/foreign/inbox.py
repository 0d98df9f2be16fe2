"""Devices that a codec has found: those that have a place, and those that wait for somebody to give them one.

What waits is bounded in number and size; the one that has been quiet for the longest goes first. What has a place is
kept, for with it the codec's own memory of it (`Found.memory`) is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from gateway.codecs.port import Found
from gateway.foreign.assigned import Key
from rules.codec import encode
from rules.instant import Instant
from rules.reading import Value

WAITING_MAX = 2_000  # unassigned devices; a building's whole Zigbee network has some hundreds
WAITING_BYTES_MAX = 32 * 1024**2  # of what they declared
FOUND_BYTES_MAX = 1024**2  # of what one device declares; a Sparkplug device of 1 000 metrics has 150 KiB
POINTS_MAX = 1_024
SHOWN_VALUES_MAX = 64  # of one device, to recognise it by
TEXT_CHARACTERS_MAX = 200
WRITE_EVERY_MS = 10_000  # values and counts of the unassigned: of a crash's last moments nobody needs them


class Item(Struct):
    """One device as the inbox knows it. The value of a point is None once it counts no longer: then it is left out."""

    codec: str
    found: Found
    first_at: Instant
    last_at: Instant
    values: dict[str, Value] = {}
    said: int = 0
    online: bool | None = None
    ignored: bool = False
    gone: bool = False

    @property
    def key(self) -> Key:
        return self.codec, self.found.native_id


class Inbox:
    """`urgent`: what has to be stored with the batch; `changed`: what may wait for `WRITE_EVERY_MS`."""

    def __init__(self, stored: Iterable[Item], assigned: Iterable[Key] = ()) -> None:
        self._places = set(assigned)
        self._sizes: dict[Key, int] = {}
        self._size = 0
        self.placed: dict[Key, Item] = {}
        self.waiting: dict[Key, Item] = {}  # the quietest first
        self.urgent: set[Key] = set()
        self.changed: set[Key] = set()
        self.dropped: set[Key] = set()
        for item in sorted(stored, key=lambda each: each.last_at):
            self._put(item)

    def __getitem__(self, key: Key) -> Item:
        """Raises KeyError."""
        return self.placed[key] if key in self.placed else self.waiting[key]

    def get(self, key: Key) -> Item | None:
        return self.placed.get(key) or self.waiting.get(key)

    def all(self) -> list[Item]:
        """By codec and id."""
        return [self[key] for key in sorted([*self.placed, *self.waiting])]

    def assign(self, keys: Iterable[Key]) -> None:
        """These have a place from now on, and no others."""
        self._places = set(keys)
        moved = [key for key in self.waiting if key in self._places]
        moved += [key for key in self.placed if key not in self._places]
        for item in [self._forget(key) for key in moved]:
            item.ignored = False
            self._put(item)
            self.urgent.add(item.key)
        self._shrink()

    # ---- what codecs say

    def found(self, codec: str, found: Found, now: Instant) -> bool:
        """→ whether that is news. Raises ValueError for one that declares more than can be kept."""
        found = _bounded(found)
        size = len(encode(found))
        if size > FOUND_BYTES_MAX:
            raise ValueError(f"{found.native_id[:60]!r} declares {size} bytes; at most {FOUND_BYTES_MAX}")
        key = (codec, found.native_id)
        item = self.get(key)
        if item is not None and item.found == found and not item.gone:
            self._touch(item, now)
            return False
        if item is None:
            item = Item(codec, found, now, now)
        else:
            self._forget(key)
            item.found, item.gone, item.last_at = found, False, now
        self._put(item)
        self.urgent.add(key)
        self._shrink()
        return True

    def said(self, key: Key, values: Mapping[str, Value | None], now: Instant) -> None:
        item = self._touch(self._known(key, now), now)
        item.said += 1
        for name, value in values.items():
            if value is None:
                item.values.pop(name, None)
            elif name in item.values or len(item.values) < SHOWN_VALUES_MAX:
                item.values[name[:TEXT_CHARACTERS_MAX]] = (
                    value[:TEXT_CHARACTERS_MAX] if isinstance(value, str) else value
                )
        self._note(key)

    def heard(self, key: Key, online: bool, now: Instant) -> None:
        item = self._touch(self._known(key, now), now)
        if item.online is not online:
            item.online = online
            self._note(key)

    def gone(self, key: Key) -> None:
        """One that waits is forgotten; one that has a place is not."""
        item = self.get(key)
        if item is None:
            return
        if key in self.placed:
            item.gone, item.online = True, False
            self.urgent.add(key)
        else:
            self._forget(key)
            self.dropped.add(key)

    def ignore(self, key: Key, ignored: bool) -> None:
        """Raises KeyError."""
        self[key].ignored = ignored
        self.urgent.add(key)

    # ---- bounds

    def _note(self, key: Key) -> None:
        """What those with a place say is in telemetry."""
        if key in self.waiting:
            self.changed.add(key)

    def _known(self, key: Key, now: Instant) -> Item:
        item = self.get(key)
        if item is None:
            codec, native_id = key
            item = Item(codec, Found(native_id), now, now)
            self._put(item)
            self.urgent.add(key)
            self._shrink()
        return item

    def _touch(self, item: Item, now: Instant) -> Item:
        item.last_at = now
        if item.key in self.waiting:
            self.waiting[item.key] = self.waiting.pop(item.key)
        return item

    def _put(self, item: Item) -> None:
        if item.key in self._places:
            self.placed[item.key] = item
            return
        self.waiting[item.key] = item
        self._sizes[item.key] = len(encode(item.found))
        self._size += self._sizes[item.key]
        self.dropped.discard(item.key)

    def _forget(self, key: Key) -> Item:
        item = self.placed.pop(key) if key in self.placed else self.waiting.pop(key)
        self._size -= self._sizes.pop(key, 0)
        self.urgent.discard(key)
        self.changed.discard(key)
        return item

    def _shrink(self) -> None:
        while self.waiting and (len(self.waiting) > WAITING_MAX or self._size > WAITING_BYTES_MAX):
            oldest = next((key for key, item in self.waiting.items() if not item.ignored), next(iter(self.waiting)))
            self._forget(oldest)
            self.dropped.add(oldest)


def _bounded(found: Found) -> Found:
    cut = TEXT_CHARACTERS_MAX
    return structs.replace(found, title=found.title[:cut], model=found.model[:cut], points=found.points[:POINTS_MAX])
