"""What the API needs of the core. The gateway implements it; tests pass a fake; a process of its own could too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from msgspec import Struct

from api.board_port import BoardDesk
from api.building_port import DeviceClassState as DeviceClassState
from api.building_port import SiteState as SiteState
from api.dead_letter_values import DeadLetter as DeadLetter
from api.drill_values import DrillCalendar as DrillCalendar
from api.drill_values import DrillQuery as DrillQuery  # part of this port
from api.drill_values import Held as Held
from api.drill_values import RequiredDrill as RequiredDrill
from api.duty_port import DutyDesk
from api.duty_port import OnDuty as OnDuty
from api.events_port import EventsDesk
from api.inbox_port import FoundDevice as FoundDevice
from api.inbox_port import InboxDesk
from api.inbox_port import InboxQuery as InboxQuery
from api.port_basics import BadCursor as BadCursor  # part of this port, as what follows
from api.port_basics import Page as Page
from api.port_basics import Unavailable as Unavailable
from api.port_basics import Unknown as Unknown
from api.port_basics import UnknownDevice as UnknownDevice
from api.readings_port import ReadingsDesk
from api.report_port import ReportDesk
from api.rules_port import RulesDesk
from rules.drill import Drill
from rules.explain import Line
from rules.handover import Handover
from rules.incident import Incident, Phase
from rules.instant import Instant
from rules.level import Level
from rules.mode import Mode
from rules.order import Attachment, Node, OrderKind, WorkOrder
from rules.outcome import Refused as Refused  # part of this port
from rules.reading import Value
from rules.requests import PersonCommand
from rules.response_plan import ResponsePlan
from rules.shelf import Shelf
from rules.signal import Signal
from rules.site import Title
from rules.state import ActionState
from rules.theory import Paper
from rules.timeline import Entry


class IncidentQuery(Struct, frozen=True):
    """Newest first. None: any. `sites`: those that the caller may see, whatever they ask for."""

    site: str | None = None
    sites: frozenset[str] | None = None
    zone: str | None = None
    level: Level | None = None
    phase: Phase | None = None
    signal: Signal | None = None
    mode: Mode | None = None
    hazard: str | None = None
    open: bool | None = None
    since: Instant | None = None  # opened at or after
    until: Instant | None = None  # opened before
    ids: list[str] | None = None  # those of these that there are
    text: str | None = None  # all of these words, or beginnings of words, in what is known of it and said about it
    cursor: str | None = None
    limit: int = 50


class DeviceQuery(Struct, frozen=True):
    site: str | None = None
    sites: frozenset[str] | None = None
    zone: str | None = None
    device_class: str | None = None
    silent: bool | None = None
    cursor: str | None = None
    limit: int = 100


class OrderQuery(Struct, frozen=True):
    """Newest first. None: any."""

    site: str | None = None
    sites: frozenset[str] | None = None
    zone: str | None = None
    asset: str | None = None
    node: Node | None = None
    kind: OrderKind | None = None
    mode: Mode | None = None
    open: bool | None = None
    overdue: bool | None = None
    assignee: str | None = None
    role: str | None = None
    cursor: str | None = None
    limit: int = 50


class ActionQuery(Struct, frozen=True):
    """Corrective actions, newest first. None: any."""

    site: str | None = None
    sites: frozenset[str] | None = None
    incident: str | None = None
    owner: str | None = None
    open: bool | None = None
    overdue: bool | None = None
    cursor: str | None = None
    limit: int = 50


class ShelfQuery(Struct, frozen=True):
    """Newest first. None: any."""

    site: str | None = None  # those that keep a rule quiet everywhere are among them
    sites: frozenset[str] | None = None  # one that keeps a rule quiet everywhere is of all of them
    device: str | None = None
    zone: str | None = None
    rule: str | None = None
    maintenance: bool | None = None  # maintenance windows alone, or none of them
    open: bool | None = None  # in force
    cursor: str | None = None
    limit: int = 50


class HandoverQuery(Struct, frozen=True):
    """Newest first. None: any."""

    site: str | None = None
    sites: frozenset[str] | None = None
    done: bool | None = None  # signed by both
    cursor: str | None = None
    limit: int = 50


class NoticeQuery(Struct, frozen=True):
    """Entries about messages to people, occupants and authorities, newest first. None: any."""

    incident: str | None = None
    failed: bool | None = None  # only what did not arrive
    cursor: str | None = None
    limit: int = 100


class DeviceState(Struct, frozen=True):
    id: str
    name: str
    device_class: str
    site: str
    building: str
    floor: str
    zone: str
    title: Title
    values: dict[str, Value]  # the latest believed values, actual mode
    last_seen_at: Instant | None
    online: bool | None  # what its last will says; None: it never said
    silent: bool  # longer without a message than its limit
    firing: list[str]  # rules that fire for it now


class ZoneState(Struct, frozen=True):
    id: str
    name: str
    site: str
    building: str
    floor: str
    title: Title
    devices: int
    silent: int
    open_incidents: list[str]
    level: Level | None  # the worst of them


class Health(Struct, frozen=True):
    """`ready`: readings are being taken, judged and stored."""

    ready: bool
    parts: dict[str, str]  # part → "ok" or what is wrong: "broker", "store", "rules", "telemetry"
    version: str
    started_at: Instant


class Done(Struct, frozen=True):
    """What a command has led to: its subject as it stands now, and what it added to timelines."""

    incident: Incident | None = None
    entries: list[Entry] = []
    repeated: bool = False  # the same idempotency key was answered before
    order: WorkOrder | None = None
    action: ActionState | None = None
    shelf: Shelf | None = None
    handover: Handover | None = None
    letters: int | None = None  # how many topics and reasons of messages not understood were cleared
    drill: Drill | None = None
    found: FoundDevice | None = None


class UnknownIncident(Unknown): ...


class UnknownOrder(Unknown): ...


class UnknownAction(Unknown): ...


class UnknownShelf(Unknown): ...


class UnknownHandover(Unknown): ...


class UnknownDeadLetter(Unknown): ...


class UnknownDrill(Unknown): ...


class UnknownInboxDevice(Unknown): ...


class UnknownPlan(Unknown):
    """No plan in force is for this hazard."""


class UnknownAttachment(Unknown):
    """No file that is kept has this hash."""


class Desk(BoardDesk, RulesDesk, ReadingsDesk, EventsDesk, DutyDesk, ReportDesk, InboxDesk, Protocol):
    """Everything the API may ask of the core. Instants are Unix milliseconds UTC.

    Lists raise BadCursor; everything but `health` and `metrics` raises Unavailable.
    """

    async def carry_out(
        self, command: PersonCommand, idempotency_key: str | None = None, if_revision: int | None = None
    ) -> Done | Refused:
        """Answers when the command is committed. The same key again answers the same, without doing it twice.

        The key is looked at first (a repetition is answered whatever the revision), then `if_revision`: where the
        incident, order, action, handover or drill that the command is about has another revision by now,
        Refused(code="revision_changed"); where it is not known, Unknown…. The same key with another command:
        Refused(code="idempotency_key_reused").

        What the gateway alone knows is filled in there: `AdvanceOrder.normal_at`, `FillHandover.silent_devices`.
        """
        ...

    async def incidents(self, query: IncidentQuery) -> Page[Incident]: ...

    async def incident(self, incident: str) -> Incident:
        """Raises UnknownIncident."""
        ...

    async def timeline(self, incident: str, after: int = 0, limit: int = 500) -> Page[Entry]:
        """Entries with `number` above `after`, in order. Raises UnknownIncident."""
        ...

    def watch(self, after: int | None = None, incident: str | None = None) -> AsyncIterator[Entry]:
        """Entries with `position` above `after` (None: from now on), then each new one once it is committed.

        Pulled: reads on when asked for the next entry, and keeps nothing for a reader but its position, so that a
        slow reader costs no memory. Ends when the desk closes.
        """
        ...

    async def orders(self, query: OrderQuery) -> Page[WorkOrder]: ...

    async def order(self, order: str) -> WorkOrder:
        """Raises UnknownOrder."""
        ...

    async def actions(self, query: ActionQuery) -> Page[ActionState]: ...

    async def action(self, action: str) -> ActionState:
        """Raises UnknownAction."""
        ...

    async def shelves(self, query: ShelfQuery) -> Page[Shelf]: ...

    async def shelf(self, shelf: str) -> Shelf:
        """Raises UnknownShelf."""
        ...

    async def handovers(self, query: HandoverQuery) -> Page[Handover]: ...

    async def handover(self, handover: str) -> Handover:
        """Raises UnknownHandover."""
        ...

    async def drills(self, query: DrillQuery) -> Page[Drill]: ...

    async def drill(self, drill: str) -> Drill:
        """Raises UnknownDrill."""
        ...

    async def drill_calendar(self, year: int | None = None, site: str | None = None) -> DrillCalendar:
        """Every drill that has to be held, and those that were in the (local) year; None: this year."""
        ...

    async def theory(self) -> dict[str, Paper]:
        """By plan, those in force."""
        ...

    async def keep_attachment(self, name: str, media_type: str, content: bytes) -> Attachment:
        """Durable when it answers. The same content again is the same file, as it was kept first."""
        ...

    async def attachment(self, sha256: str) -> Attachment:
        """As it was kept first. Raises UnknownAttachment."""
        ...

    async def attachment_content(self, sha256: str) -> bytes:
        """Raises UnknownAttachment."""
        ...

    async def plans(self) -> list[ResponsePlan]:
        """Those in force, in the order of their files."""
        ...

    async def plan(self, hazard: str) -> ResponsePlan:
        """Raises UnknownPlan."""
        ...

    async def on_duty(self, role: str | None = None, site: str | None = None) -> list[OnDuty]:
        """By the roster, now. `role` None: every role that anybody has; `site` None: of any site."""
        ...

    async def roles_of(self, person: str) -> frozenset[str]:
        """That the roster gives a person, on duty or not; empty for somebody it does not know."""
        ...

    async def notices(self, query: NoticeQuery) -> Page[Entry]: ...

    async def explain_incident(self, incident: str) -> list[Line]:
        """Why it came about, stands as it does and cannot be closed yet. Raises UnknownIncident."""
        ...

    async def explain_device(self, device: str) -> list[Line]:
        """Why its rules raise something, or do not. Raises UnknownDevice."""
        ...

    async def devices(self, query: DeviceQuery) -> Page[DeviceState]: ...

    async def device(self, device: str) -> DeviceState:
        """Raises UnknownDevice."""
        ...

    async def zones(self, site: str | None = None) -> list[ZoneState]: ...

    async def sites(self) -> list[SiteState]:
        """In the order of their files."""
        ...

    async def device_classes(self) -> list[DeviceClassState]:
        """Those that there are, by id."""
        ...

    async def dead_letters(self, cursor: str | None = None, limit: int = 100) -> Page[DeadLetter]: ...

    async def dead_letter(self, topic: str, reason: str) -> DeadLetter:
        """Raises UnknownDeadLetter."""
        ...

    def titles(self) -> Mapping[str, Title]:
        """What devices, zones and metrics are called, by id, for texts that people read."""
        ...

    async def health(self) -> Health: ...

    async def metrics(self) -> bytes:
        """Prometheus text exposition."""
        ...
