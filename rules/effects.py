"""What the engine wants done. The shell does it, through the outbox, and reports back with an event.

Each has an `id` that is its idempotency key, a `mode` (nothing of an exercise reaches the real world's channels), and
`expires_at`: after it the effect is not performed any more.
"""

from __future__ import annotations

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value


class PublishCommand(Struct, frozen=True, tag=True):
    """A linkage command to one device."""

    id: str  # "CMD-000007"
    mode: Mode
    device: str
    command: str
    args: dict[str, Value]
    incident: str
    issued_at: Instant
    expires_at: Instant


class Notify(Struct, frozen=True, tag=True):
    """A message to one person by one channel (a name in the gateway's settings)."""

    id: str  # "NTF-000007"
    mode: Mode
    person: str
    channel: str
    title: str
    body: str
    incident: str | None
    urgent: bool  # level I: never held back
    issued_at: Instant
    expires_at: Instant


class TellOccupants(Struct, frozen=True, tag=True):
    """A notice to owners and people affected, in each language, by one of the place's channels."""

    id: str
    mode: Mode
    place: str  # "tower-a/tower": the building; or a zone, a floor, a site, as `rules.places.place` names it
    texts: dict[str, str]  # language → text
    incident: str
    issued_at: Instant
    expires_at: Instant
    channel: str = ""  # a name in the gateway's settings


class SendToAuthority(Struct, frozen=True, tag=True):
    """A CAP 1.2 document, ready to be sent to the authority that the settings name `to`."""

    id: str  # "AUT-000003"
    mode: Mode
    to: str
    identifier: str  # CAP <identifier>
    document: str  # XML
    incident: str
    issued_at: Instant
    expires_at: Instant


class PushOrder(Struct, frozen=True, tag=True):
    """The state of a work order for the outside maintenance system, if one is set up."""

    id: str
    mode: Mode
    order: str
    body: str  # JSON
    issued_at: Instant
    expires_at: Instant


Effect = PublishCommand | Notify | TellOccupants | SendToAuthority | PushOrder
