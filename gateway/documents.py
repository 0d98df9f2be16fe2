"""Directories and rulesets by content hash: what a journaled version means, for ever."""

from __future__ import annotations

from hashlib import sha256

from gateway.store import Store
from rules.codec import decode_directory, decode_roster, encode
from rules.people import Roster
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.site import Directory

DIRECTORY, RULES = "directory", "rules"


class StoredDocuments:
    """Those made this run, and those the store still has."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._directories: dict[str, Directory] = {}
        self._rulesets: dict[str, Ruleset] = {}

    def directory(self, version: str) -> Directory:
        """Raises LookupError for a version that was never in force."""
        if version not in self._directories:
            self._directories[version] = decode_directory(self._store.document(version))
        return self._directories[version]

    def ruleset(self, version: str) -> Ruleset:
        """Raises LookupError for a version that was never in force."""
        if version not in self._rulesets:
            self._rulesets[version] = Ruleset.model_validate_json(self._store.document(version))
        return self._rulesets[version]

    def plans(self, version: str) -> PlanBook:
        """Raises LookupError for a version that was never in force."""
        return PlanBook.model_validate_json(self._store.document(version))

    def roster(self, version: str) -> Roster:
        """Raises LookupError for a version that was never in force."""
        return decode_roster(self._store.document(version))

    def add_directory(self, directory: Directory) -> tuple[str, bytes]:
        """→ (version, body): the body goes into the store with the event that names the version."""
        body = encode(directory)
        version = sha256(body).hexdigest()
        self._directories = {version: directory}
        return version, body

    def add_ruleset(self, ruleset: Ruleset) -> tuple[str, bytes]:
        body = ruleset.to_bytes()
        version = sha256(body).hexdigest()
        self._rulesets = {version: ruleset}
        return version, body
