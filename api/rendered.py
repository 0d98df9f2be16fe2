"""Entries as events of a stream, written out once for all who read them at about the same time."""

from __future__ import annotations

from collections.abc import Mapping

from api.schemas import entry_out
from rules.site import Title
from rules.timeline import Entry
from rules.timeline_text import Language

KEPT_EVENTS = 4_096  # some 2 MB: what readers that keep up are apart from each other


class Rendered:
    """By position and language; what one reader may not see in full is another entry, and written out again."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Language], tuple[Entry, bytes]] = {}

    def event(self, entry: Entry, language: Language, titles: Mapping[str, Title]) -> bytes:
        key = (entry.position, language)
        found = self._kept.get(key)
        if found is not None and (found[0] is entry or found[0] == entry):
            return found[1]
        document = entry_out(entry, language, titles).model_dump_json()
        event = f"id: {entry.position}\nevent: {entry.kind.value}\ndata: {document}\n\n".encode()
        self._kept[key] = (entry, event)
        if len(self._kept) > KEPT_EVENTS:
            del self._kept[next(iter(self._kept))]
        return event
