"""The timeline: one entry for everything that happened, was decided (and why), or was done. Append-only."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value


class Kind(Enum):
    OPENED = "opened"
    DETECTED = "detected"
    CLEARED = "cleared"
    NO_DATA = "no_data"
    GIVEN_UP = "given_up"  # its device is without data, and a person has resolved the incident
    PENDING = "pending"
    NOT_FIRED = "not_fired"
    CLEARING = "clearing"  # over, if it stays so for the clear's hold
    STILL_HOLDS = "still_holds"  # clearing broken off, or data came back
    PRE_ALARM = "pre_alarm"
    COUNTDOWN_STOPPED = "countdown_stopped"  # the pre-alarm's sources are normal again
    CONFIRMED = "confirmed"
    LEVEL_RAISED = "level_raised"
    ACKNOWLEDGED = "acknowledged"
    PHASE_CHANGED = "phase_changed"
    NOTED = "noted"
    REFUSED = "refused"
    COMMAND_ISSUED = "command_issued"
    COMMAND_PUBLISHED = "command_published"
    COMMAND_DONE = "command_done"
    COMMAND_FAILED = "command_failed"
    COMMAND_WITHDRAWN = "command_withdrawn"
    REPORTED = "reported"  # by a person, what no device has detected
    REPORT_ENDED = "report_ended"
    PRUNED = "pruned"  # records past their keeping were removed
    LETTERS_CLEARED = "letters_cleared"  # messages that were not understood are forgotten
    INBOX = "inbox"  # a device of another format gets a place, gives it up, is none of ours
    LEVEL_LOWERED = "level_lowered"
    ASSIGNED = "assigned"
    ESCALATED = "escalated"  # the next one of the ladder is told
    ACKNOWLEDGEMENT_LAPSED = "acknowledgement_lapsed"
    RESPONDED = "responded"  # the first responder is on site
    OVERDUE = "overdue"  # a task, an order, a first response, a corrective action
    PLAN = "plan"  # which one it follows, or that there is none
    TASK_ISSUED = "task_issued"
    TASK_DONE = "task_done"
    TASK_SKIPPED = "task_skipped"
    CARRIED = "carried"  # a step that another incident has for this one as well
    NOTICE_ISSUED = "notice_issued"  # notification, occupant notice, authority message, push
    NOTICE_TRIED = "notice_tried"
    NOTICE_DONE = "notice_done"
    NOTICE_FAILED = "notice_failed"
    NOTICE_HELD_BACK = "notice_held_back"  # the rate limit
    ORDER_OPENED = "order_opened"
    ORDER_REPEATED = "order_repeated"
    ORDER_STEP = "order_step"
    ORDER_ASSIGNED = "order_assigned"
    SUPPRESSED = "suppressed"
    SUPPRESSION_ENDED = "suppression_ended"
    SHELVED = "shelved"
    SHELF_ENDED = "shelf_ended"
    CHATTERING = "chattering"
    STALE = "stale"
    FLOOD_STARTED = "flood_started"
    FLOOD_ENDED = "flood_ended"
    REVIEWED = "reviewed"
    ACTION = "action"  # a corrective action: asked for, done, rechecked
    HANDOVER = "handover"
    AUDIT = "audit"
    DRILL = "drill"  # started, suspended, resumed, ended, aborted, scored; theory
    RULE_WITHDRAWN = "rule_withdrawn"
    CLOSED = "closed"
    CONFIGURATION = "configuration"
    STARTED = "started"
    UNKNOWN = "unknown"


class Entry(Struct, frozen=True, omit_defaults=True):
    """One line of a timeline.

    `position` rises over all timelines without gaps (streams resume by it); `number` counts within the incident.
    `at` is the gateway's instant; `device_at` the device's own, where one spoke. `facts` hold what happened,
    `reason` why it was decided so. How it reads in a language is `rules.timeline_text`.
    """

    position: int
    incident: str | None  # None: belongs to no incident (a detection still pending, a start)
    number: int  # 1, 2, 3… within the incident; 0 without one
    at: Instant
    kind: Kind
    mode: Mode | None = None
    device: str | None = None
    rule: str | None = None
    by: str | None = None
    facts: dict[str, Value] = {}
    reason: str = ""
    device_at: Instant | None = None
    seq: int | None = None
    late_ms: int | None = None  # a deadline that was handled so much after it fell due
