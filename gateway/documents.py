"""Directories, rulesets, plan books and rosters by content hash: what a journaled version means, for ever."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from gateway.store import Store
from rules.codec import decode_directory, decode_roster, encode
from rules.people import Roster
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.site import Directory

Document = Directory | Ruleset | PlanBook | Roster
KINDS: dict[type[Document], str] = {Directory: "directory", Ruleset: "rules", PlanBook: "plans", Roster: "roster"}


FORMER = ("linkage",)  # of rulesets of schema 0001; commands are steps of plans since


def _known(ruleset: bytes) -> bytes:
    """A stored ruleset without what rulesets no longer have."""
    if not any(f'"{name}"'.encode() in ruleset for name in FORMER):
        return ruleset
    fields = msgspec.json.decode(ruleset, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: value for name, value in fields.items() if name not in FORMER})


class StoredDocuments:
    """Those made this run, and those the store still has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._directories: dict[str, Directory] = {}
        self._rulesets: dict[str, Ruleset] = {}
        self._plans: dict[str, PlanBook] = {}
        self._rosters: dict[str, Roster] = {}

    def directory(self, version: str) -> Directory:
        """Raises LookupError for a version that was never in force."""
        if version not in self._directories:
            self._directories[version] = decode_directory(self._store.document(version))
        return self._directories[version]

    def ruleset(self, version: str) -> Ruleset:
        """Raises LookupError for a version that was never in force."""
        if version not in self._rulesets:
            self._rulesets[version] = Ruleset.model_validate_json(_known(self._store.document(version)))
        return self._rulesets[version]

    def plans(self, version: str) -> PlanBook:
        """Raises LookupError for a version that was never in force."""
        if version not in self._plans:
            self._plans[version] = PlanBook.model_validate_json(self._store.document(version))
        return self._plans[version]

    def roster(self, version: str) -> Roster:
        """Raises LookupError for a version that was never in force."""
        if version not in self._rosters:
            self._rosters[version] = decode_roster(self._store.document(version))
        return self._rosters[version]

    def add(self, document: Document) -> tuple[str, bytes]:
        """→ (version, body): the body goes into the store with the event that names the version.

        What was known of its kind before is forgotten: the store still has it.
        """
        body = document.to_bytes() if isinstance(document, Ruleset | PlanBook) else encode(document)
        version = sha256(body).hexdigest()
        if isinstance(document, Directory):  # as a replay reads it: its order decides the order of commands
            self._directories = {version: decode_directory(body)}
        elif isinstance(document, Ruleset):
            self._rulesets = {version: document}
        elif isinstance(document, PlanBook):
            self._plans = {version: document}
        else:
            self._rosters = {version: decode_roster(body)}
        return version, body
