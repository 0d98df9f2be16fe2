"""The engine's whole state: a value that can be stored, compared and taken up again.

Dictionaries keep the order of their making; nothing iterates a set. Closed incidents stay for `KEPT_CLOSED_MS`, so
that a late note or a late answer of a device still finds its timeline; those of level I and II until they are
reviewed.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from rules.detection import Detection
from rules.drill import Drill
from rules.handover import Handover
from rules.incident import Incident
from rules.instant import DAY_MS, Instant
from rules.mode import Mode
from rules.notice import NoticeText
from rules.order import WorkOrder
from rules.shelf import Chatter, Flood, Shelf, Suppressed

KEPT_CLOSED_MS = DAY_MS  # the shift that closed it may still add to it
AWAITED_REVIEWS_MAX = 500  # closed incidents that wait for a review: 5 a day over the 90 days they may wait
CURSORS_MAX = 16_384  # more than any broker keeps in flight to us: what is redelivered after a crash is among them


class Cursor(Struct, frozen=True):
    """The newest journaled message of a device."""

    at: Instant
    seq: int  # -1: none
    received_at: Instant


class ActionState(Struct):
    """A corrective action: owner, limit, recheck by another person (整改闭环)."""

    id: str  # "CA-000003"
    incident: str
    text: str
    owner: str
    due_at: Instant
    done_at: Instant | None = None
    rechecked_at: Instant | None = None  # and found to have helped: it is over
    overdue: bool = False
    mode: Mode = Mode.ACTUAL
    site: str = ""
    asked_at: Instant = 0
    asked_by: str = ""
    done_by: str = ""
    done_note: str = ""
    rechecked_by: str = ""  # last, whether it had helped or not
    recheck_note: str = ""
    reopened: int = 0  # how often a recheck found that it had not helped
    lead: str = ""  # the role that is told when it is overdue; empty: nobody but the timeline
    revision: int = 0

    @property
    def open(self) -> bool:
        return self.rechecked_at is None


class Sent(Struct):
    """An effect that is on its way, other than a command."""

    id: str
    incident: str | None
    step: str | None  # of the plan
    what: str  # "notify", "occupant_notice", "authority", "order"
    to: str
    channels_left: tuple[str, ...] = ()  # fallbacks not tried yet
    expires_at: Instant = 0
    channel: str = ""
    mode: Mode = Mode.ACTUAL
    text: NoticeText | None = None  # said again by the fallback
    urgent: bool = False


class HeldBack(Struct):
    """What the rate limit kept from a person, until one message says how much it was."""

    due_at: Instant  # when it is said at the latest
    messages: int
    mode: Mode
    site: str | None
    incidents: list[str]  # at most `sending.HELD_BACK_NAMED_MAX`


class DueDrill(Struct):
    """A drill that a site has to hold again and again."""

    since: Instant  # first required
    due_at: Instant  # when that is overdue, or said to be so again
    last_at: Instant | None = None  # when one was last held
    last: str = ""  # which
    overdue: bool = False


class State(Struct):
    now: Instant = 0
    directory: str = ""  # content hash of the directory in force
    rules: str = ""  # content hash of the ruleset in force
    incidents_made: int = 0
    commands_made: int = 0
    entries_made: int = 0
    detections: dict[str, Detection] = {}  # by detection_key
    incidents: dict[str, Incident] = {}  # open, and closed not long ago
    groups: dict[str, str] = {}  # mode|zone|hazard → the open incident
    firings: dict[str, dict[str, Instant | None]] = {}  # confirmation|mode|place → device → cleared at; None: fires
    commands: dict[str, str] = {}  # command without an answer → its incident
    given_up: dict[str, str] = {}  # command that failed → its incident: a late answer finds it
    plans: str = ""  # content hash of the plan book in force
    roster: str = ""  # content hash of the roster in force
    effects_made: int = 0  # notifications, notices, authority messages, pushes
    orders_made: int = 0
    shelves_made: int = 0
    actions_made: int = 0
    handovers_made: int = 0
    sent: dict[str, Sent] = {}  # effects without a last attempt yet
    orders: dict[str, WorkOrder] = {}  # open, and closed not long ago
    order_keys: dict[str, str] = {}  # order_key → the open order
    faults: dict[str, list[Instant]] = {}  # order_key → when it came, for recurrence; the longest ago first
    shelves: dict[str, Shelf] = {}  # those in force
    suppressed: dict[str, Suppressed] = {}  # detection key → why it raises nothing
    causes: dict[str, dict[str, Instant | None]] = {}  # inhibition|mode|place → rule|device → quiet until; None: fires
    chatter: dict[str, Chatter] = {}  # detection key → how it flaps, the longest quiet first
    flood: dict[str, list[Instant]] = {}  # site → when detections were annunciated, the latest few
    floods: dict[str, Flood] = {}  # sites that are flooded
    actions: dict[str, ActionState] = {}  # corrective actions that are not rechecked
    handovers: dict[str, Handover] = {}  # not signed by both yet
    told: dict[str, list[Instant]] = {}  # person → latest notifications, for the rate limit
    held_back: dict[str, HeldBack] = {}  # mode|person → what the rate limit kept
    troubles: dict[str, str] = {}  # mode|source of what Tocsin found wrong by itself → its incident
    audits: dict[str, Instant] = {}  # what the auditor found wanting → its due time
    drills_made: int = 0
    drills: dict[str, Drill] = {}  # that is on, and those over for at most `drill.KEPT_MS`
    drills_due: dict[str, DueDrill] = {}  # site|id of what is required → when
    cursors: dict[str, Cursor] = {}  # mode|device, least recently journaled first

    def touch_cursor(self, source: str, cursor: Cursor) -> None:
        known = self.cursors.pop(source, None)
        self.cursors[source] = cursor if known is None or cursor.at >= known.at else known
        while len(self.cursors) > CURSORS_MAX:
            del self.cursors[next(iter(self.cursors))]


_encoder = msgspec.json.Encoder()  # keeps the order of dictionaries: a state taken up again walks them the same way
_decoder = msgspec.json.Decoder(State)


def encode_state(state: State) -> bytes:
    return _encoder.encode(state)


def decode_state(data: bytes) -> State:
    """Raises msgspec.ValidationError when `data` is no state of this version."""
    return _decoder.decode(data)
