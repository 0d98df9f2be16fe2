"""Who has a role now: people, shifts, rota, absences. Pure; content-addressed like rules and sites.

How they are written in a file is `roster_file.py`. A person's addresses are not here: `channels` name entries of
the gateway's settings, where the secrets are.
"""

from __future__ import annotations

from msgspec import Struct

from rules.instant import Instant


class Person(Struct, frozen=True):
    id: str
    name: str
    roles: tuple[str, ...]
    language: str  # "en", "zh"
    channels: tuple[str, ...]  # first choice first; the next is the fallback
    site: str | None = None  # None: all sites


class Turnus(Struct, frozen=True):
    """People who take turns in a role."""

    role: str
    site: str | None
    people: tuple[str, ...]
    starts_at: Instant  # the first person's turn begins
    turn_ms: int  # how long a turn lasts
    from_minute: int = 0  # of the local day, when the shift begins
    to_minute: int = 1_440  # and ends; before `from_minute`: over midnight


class Absence(Struct, frozen=True):
    person: str
    since: Instant
    until: Instant


class Roster(Struct, frozen=True):
    people: dict[str, Person] = {}
    rota: tuple[Turnus, ...] = ()
    absences: tuple[Absence, ...] = ()
