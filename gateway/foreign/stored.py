"""The inbox on the disk: a row a device."""

from __future__ import annotations

import logging

import msgspec

from gateway.foreign.assigned import Key
from gateway.foreign.inbox import Inbox, Item
from gateway.store import Store
from gateway.store.texts import storable
from rules.codec import encode
from rules.source_file import NATIVE_ID_CHARACTERS_MAX

log = logging.getLogger("tocsin.foreign")

_decode = msgspec.json.Decoder(Item).decode


def stored_items(store: Store) -> list[Item]:
    """Raises StoreFailed. A row that cannot be read is passed over: the device will declare itself again."""
    items = []
    for codec, native_id, body in store.inbox_rows():
        try:
            items.append(_decode(body))
        except msgspec.MsgspecError as error:
            log.warning("inbox: %s/%s is passed over: %s", codec, native_id, error)
    return items


def _named(key: Key) -> Key:
    codec, native_id = key
    return codec, storable(native_id, NATIVE_ID_CHARACTERS_MAX)


def put_into(store: Store, inbox: Inbox, whole: bool) -> None:
    """`whole`: also what may wait. Raises StoreFailed: then all of it is still to be stored."""
    keys = inbox.urgent | inbox.changed if whole else set(inbox.urgent)
    rows = [(*_named(key), inbox[key].last_at, encode(inbox[key])) for key in sorted(keys)]
    store.inbox_write(rows, [_named(key) for key in sorted(inbox.dropped)])
    inbox.dropped.clear()
    inbox.urgent.clear()
    if whole:
        inbox.changed.clear()
