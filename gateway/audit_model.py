"""What the auditor takes the journal to promise: a small model of its own, which shares no code with the engine.

It reads the committed timeline and the plans, and keeps a list of what has to happen by when: the end of a hold, a
pre-alarm's countdown, the next rung of a ladder, the first response, the expiry of a command, the limits of tasks and
orders, the end of a shelf. What does not happen within the tolerance is a finding; so is what happens later, unless the
gateway was down when it fell due and did it as soon as it was up.

It only promises what it is sure of. A ladder that has begun to remind less often is given its longest pause; nobody is
expected on site where all sources are normal; a pending detection whose rule was taken away is let go.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from gateway.audit_ledger import TOLERANCE_MS, Expected, Ledger
from rules.instant import MINUTE_MS, Instant
from rules.level import Level
from rules.mode import Mode
from rules.order import Node, OrderKind
from rules.response_plan import PlanBook, ResponsePlan
from rules.timeline import Entry, Kind

REMINDED_MS_MAX = 15 * MINUTE_MS  # the longest pause of a ladder whose own limit is shorter


class Case(Struct):
    """What is known of an open incident."""

    id: str
    hazard: str
    level: Level
    acknowledgements: int = 0
    roles: list[str] = []  # in which it was acknowledged
    rungs: int = 0  # told since the ladder began
    investigate_ms: float | None = None  # a pre-alarm that nobody has acknowledged
    holding: list[tuple[str | None, str | None]] = []  # rule, device
    counted: bool = False  # a source chatters: whether it holds is not written any more
    responded: bool = False
    exercise_at: str | None = None  # the site of a drill that it may be part of


class Model:
    """Give it everything in order: `ledger.down`, `plans`, `entry`; then `look`."""

    def __init__(self, tolerance_ms: int = TOLERANCE_MS) -> None:
        self.ledger = Ledger(tolerance_ms)
        self.reported: dict[tuple[str, Instant], bool] = {}  # found, as the timeline says → and mended
        self._book = PlanBook()
        self._cases: dict[str, Case] = {}
        self._orders: dict[str, tuple[OrderKind, Instant]] = {}
        self._still: dict[str, int] = {}  # site of a drill that is suspended → by how much its limits were moved

    def plans(self, book: PlanBook, at: Instant) -> None:
        """They are in force from then on. Where there is none for a hazard any more, nobody is expected."""
        self._book = book
        for case in self._cases.values():
            if case.hazard not in book.by_hazard:
                self._expect_nobody(case, at)

    def look(self, now: Instant) -> None:
        """Everything that happened before `now` has been given."""
        for key in self.ledger.look(now):
            case = self._cases.get(self.ledger.expected[key].incident or "")
            if key.startswith("first response") and case is not None and (not case.holding or case.counted):
                del self.ledger.expected[key], self.ledger.missing[key]  # nobody is expected where all is normal

    def entry(self, entry: Entry) -> None:
        self.look(entry.at)
        follow = _FOLLOW.get(entry.kind)
        if follow is not None:
            follow(self, entry, self._cases.get(entry.incident or ""))

    # ---- incidents

    def opened(self, entry: Entry, case: Case | None) -> None:
        if entry.incident is not None:
            case = Case(entry.incident, str(entry.facts.get("hazard")), Level(str(entry.facts.get("level", "III"))))
            if entry.mode is Mode.EXERCISE:
                case.exercise_at = str(entry.facts.get("zone", "")).partition("/")[0]
                if case.exercise_at in self._still:  # nobody is expected while its drill stands still
                    self._cases[entry.incident] = case
                    return
            self._cases[entry.incident] = case
            self._expect_people(case, entry.at)

    def followed(self, entry: Entry, case: Case | None) -> None:
        """Which plan it follows from now on, or that there is none."""
        if case is None:
            return
        if not entry.facts.get("plan"):
            self._expect_nobody(case, entry.at)
        else:
            self._expect_people(case, entry.at)

    def _plan(self, case: Case) -> ResponsePlan | None:
        return self._book.by_hazard.get(case.hazard)

    def _expect_nobody(self, case: Case, at: Instant) -> None:
        self.ledger.no_longer(f"ladder {case.id}", at)
        self.ledger.no_longer(f"first response {case.id}", at)

    def _expect_people(self, case: Case, at: Instant) -> None:
        """That somebody takes it and somebody comes, unless it is expected already."""
        plan = self._plan(case)
        if plan is None:
            return
        if f"ladder {case.id}" not in self.ledger.expected and not self._acknowledged(case):
            self._expect_rung(case, at, anew=True)
        if f"first response {case.id}" not in self.ledger.expected and not case.responded:
            within_ms = plan.first_response_within
            self.ledger.expect(f"first response {case.id}", f"first response to {case.id}", at, within_ms, case.id)

    def _expect_rung(self, case: Case, at: Instant, anew: bool) -> None:
        plan = self._plan(case)
        if plan is None:
            return
        case.rungs = 0 if anew else case.rungs + 1
        within = plan.acknowledge.within
        longest = min(within * 2 ** min(case.rungs, 16), max(within, REMINDED_MS_MAX))
        self.ledger.expect(f"ladder {case.id}", f"escalation of {case.id}", at, longest, case.id)

    def _acknowledged(self, case: Case) -> bool:
        plan = self._plan(case)
        quorum = plan.acknowledge.quorum if plan else {}
        worst = max((level for level in quorum if level <= case.level), default=None)
        needed = quorum[worst] if worst else []
        return case.acknowledgements > 0 and all(role in case.roles for role in needed)

    def acknowledged(self, entry: Entry, case: Case | None) -> None:
        if case is None:
            return
        case.acknowledgements += 1
        case.roles.append(str(entry.facts.get("role", "")))
        self.ledger.happened(f"ladder {case.id}", entry.at)
        if not self._acknowledged(case):
            self._expect_rung(case, entry.at, anew=True)
        if case.investigate_ms is not None:
            self._expect_countdown(case, entry.at, case.investigate_ms)
            case.investigate_ms = None

    def lapsed(self, entry: Entry, case: Case | None) -> None:
        if case is not None:
            case.acknowledgements, case.roles = 0, []
            self._expect_rung(case, entry.at, anew=True)

    def escalated(self, entry: Entry, case: Case | None) -> None:
        if case is not None and entry.reason.startswith("not acknowledged"):
            self.ledger.happened(f"ladder {case.id}", entry.at)
            self._expect_rung(case, entry.at, anew=False)

    def level_changed(self, entry: Entry, case: Case | None) -> None:
        if case is None:
            return
        before, case.level = case.level, Level(str(entry.facts.get("to", case.level.value)))
        if self._acknowledged(case):
            self.ledger.no_longer(f"ladder {case.id}", entry.at)
        elif case.level > before:
            self.ledger.happened(f"ladder {case.id}", entry.at)
            self._expect_rung(case, entry.at, anew=True)

    def pre_alarm(self, entry: Entry, case: Case | None) -> None:
        if case is None:
            return
        names = ("acknowledge_within_ms", "investigate_within_ms")
        to_acknowledge, to_investigate = (float(entry.facts.get(name, 0)) for name in names)
        taken = case.acknowledgements > 0
        case.investigate_ms = None if taken else to_investigate
        self._expect_countdown(case, entry.at, to_investigate if taken else to_acknowledge)

    def _expect_countdown(self, case: Case, at: Instant, within_ms: float) -> None:
        self.ledger.expect(f"countdown {case.id}", f"countdown of {case.id}", at, within_ms, case.id)

    def countdown_over(self, entry: Entry, case: Case | None) -> None:
        if case is not None:
            case.investigate_ms = None
            self.ledger.happened(f"countdown {case.id}", entry.at)

    def responded(self, entry: Entry, case: Case | None) -> None:
        if case is not None:
            case.responded = True
            self.ledger.happened(f"first response {case.id}", entry.at)

    def closed(self, entry: Entry, case: Case | None) -> None:
        if entry.incident is not None:
            self.ledger.closed(entry.incident, entry.at)
        self._cases.pop(entry.incident or "", None)

    # ---- detections

    def holds_back(self, entry: Entry, case: Case | None) -> None:
        key = _detection(entry)
        self.ledger.expect(key, f"{key} ({entry.kind.value})", entry.at, float(entry.facts.get("hold_ms", 0)))

    def decided(self, entry: Entry, case: Case | None) -> None:
        self.ledger.happened(_detection(entry), entry.at)
        source = (entry.rule, None if entry.kind in _REPORTS else entry.device)
        if case is None:
            return
        if entry.kind in _HOLDS and source not in case.holding:
            response = self.ledger.expected.get(f"first response {case.id}")
            if not case.holding and response is not None and response.due_at <= entry.at:
                self.ledger.no_longer(f"first response {case.id}", response.due_at)  # all was normal then
            case.holding.append(source)
            self._expect_people(case, entry.at)
        elif entry.kind in _OVER and source in case.holding:
            case.holding.remove(source)

    def chatters(self, entry: Entry, case: Case | None) -> None:
        if case is not None:
            case.counted = True

    def configured(self, entry: Entry, case: Case | None) -> None:
        """A rule or a device may be gone, and what was pending with it."""
        if entry.facts.get("what") != "roster":
            for key in [key for key in self.ledger.expected if key.startswith("hold ")]:
                self.ledger.no_longer(key, entry.at)

    # ---- commands, tasks, orders, shelves

    def commanded(self, entry: Entry, case: Case | None) -> None:
        id = entry.facts.get("id")
        if "within_ms" in entry.facts:
            self.ledger.expect(f"command {id}", f"command {id}", entry.at, float(entry.facts["within_ms"]))

    def commanded_over(self, entry: Entry, case: Case | None) -> None:
        self.ledger.happened(f"command {entry.facts.get('id')}", entry.at)

    def task(self, entry: Entry, case: Case | None) -> None:
        if "within_ms" in entry.facts:
            what = f"task {_title(entry)!r} of {entry.incident}"
            self.ledger.expect(_task(entry), what, entry.at, float(entry.facts["within_ms"]), entry.incident)

    def task_over(self, entry: Entry, case: Case | None) -> None:
        self.ledger.happened(_task(entry), entry.at)

    def overdue(self, entry: Entry, case: Case | None) -> None:
        what = entry.facts.get("what")
        if what == "first_response" and case is not None:
            self.ledger.happened(f"first response {case.id}", entry.at)
            self._expect_people(case, entry.at)
        elif "id" in entry.facts:
            self.ledger.happened(f"order {entry.facts['id']}", entry.at)
        else:
            self.ledger.happened(_task(entry), entry.at)

    def order_opened(self, entry: Entry, case: Case | None) -> None:
        kind = OrderKind(str(entry.facts.get("order_kind", OrderKind.ORDINARY.value)))
        self._orders[str(entry.facts.get("id"))] = kind, entry.at
        self._expect_node(str(entry.facts.get("id")), Node.OPEN, entry.at)

    def order_step(self, entry: Entry, case: Case | None) -> None:
        if "node" not in entry.facts:  # handed over, or more urgent: where it was
            return
        id, node = str(entry.facts.get("id")), Node(str(entry.facts["node"]))
        self.ledger.happened(f"order {id}", entry.at)
        if node in (Node.VERIFIED, Node.CANCELLED):
            self._orders.pop(id, None)
        else:
            self._expect_node(id, node, entry.at)

    def _expect_node(self, id: str, node: Node, at: Instant) -> None:
        if id in self._orders:
            kind, opened_at = self._orders[id]
            limits = self._book.orders.limits(kind)
            due = max(opened_at + limits.within(node), at + limits.share(node))
            self.ledger.expect(f"order {id}", f"order {id} ({node.value})", at, due - at)

    def shelved(self, entry: Entry, case: Case | None) -> None:
        id = entry.facts.get("id")
        self.ledger.expect(f"shelf {id}", f"shelf {id}", entry.at, float(entry.facts.get("duration_ms", 0)))

    def shelf_over(self, entry: Entry, case: Case | None) -> None:
        self.ledger.happened(f"shelf {entry.facts.get('id')}", entry.at)

    # ---- drills

    def drilled(self, entry: Entry, case: Case | None) -> None:
        """While a drill is suspended no limit of its incidents runs: they are moved; then back, by what was left."""
        site, what = str(entry.facts.get("site")), entry.facts.get("what")
        if what == "suspended":
            beyond_ms = round(float(entry.facts.get("within_ms", 0))) + 1
            self._still[site] = beyond_ms
            self.ledger.move(lambda expected: self._is_of(expected, site), beyond_ms)
        elif what == "resumed" and site in self._still:
            back_ms = round(float(entry.facts.get("paused_ms", 0))) - self._still.pop(site)
            self.ledger.move(lambda expected: self._is_of(expected, site), back_ms)
            for each in self._cases.values():
                if each.exercise_at in (site, ""):
                    self._expect_people(each, entry.at)
        elif what in ("ended", "aborted"):
            self._still.pop(site, None)
        if what in ("started", "ended", "aborted"):  # what was pending on its tree is forgotten
            own = [key for key in self.ledger.expected if key.startswith("hold ") and key.endswith("in exercise")]
            for key in [key for key in own if f" at {site}/" in key]:
                self.ledger.no_longer(key, entry.at)

    def _is_of(self, expected: Expected, site: str) -> bool:
        case = self._cases.get(expected.incident or "")
        return case is not None and case.exercise_at in (site, "")

    # ---- itself

    def audited(self, entry: Entry, case: Case | None) -> None:
        key = str(entry.facts.get("what")), round(float(entry.facts.get("due_at", 0)))
        self.reported[key] = entry.facts.get("found") == "passed"


def _detection(entry: Entry) -> str:
    return f"hold of {entry.rule} at {entry.device} in {entry.mode.value if entry.mode else 'no mode'}"


def _title(entry: Entry) -> str:
    return str(entry.facts.get("title_en") or entry.facts.get("title_zh", ""))


def _task(entry: Entry) -> str:
    return f"task {entry.incident} {_title(entry)}"


_HOLDS = (Kind.DETECTED, Kind.REPORTED)
_OVER = (Kind.CLEARED, Kind.GIVEN_UP, Kind.RULE_WITHDRAWN, Kind.REPORT_ENDED)
_REPORTS = (Kind.REPORTED, Kind.REPORT_ENDED)  # one an incident, whatever device is named
_DECIDED = (*_HOLDS, Kind.SUPPRESSED, Kind.NOT_FIRED, Kind.STILL_HOLDS, *_OVER)

_FOLLOW: dict[Kind, Callable[[Model, Entry, Case | None], None]] = {
    Kind.OPENED: Model.opened,
    Kind.PLAN: Model.followed,
    Kind.ACKNOWLEDGED: Model.acknowledged,
    Kind.ACKNOWLEDGEMENT_LAPSED: Model.lapsed,
    Kind.ESCALATED: Model.escalated,
    Kind.LEVEL_RAISED: Model.level_changed,
    Kind.LEVEL_LOWERED: Model.level_changed,
    Kind.PRE_ALARM: Model.pre_alarm,
    Kind.CONFIRMED: Model.countdown_over,
    Kind.COUNTDOWN_STOPPED: Model.countdown_over,
    Kind.RESPONDED: Model.responded,
    Kind.CLOSED: Model.closed,
    Kind.PENDING: Model.holds_back,
    Kind.CLEARING: Model.holds_back,
    **dict.fromkeys(_DECIDED, Model.decided),
    Kind.CHATTERING: Model.chatters,
    Kind.CONFIGURATION: Model.configured,
    Kind.COMMAND_ISSUED: Model.commanded,
    Kind.COMMAND_DONE: Model.commanded_over,
    Kind.COMMAND_FAILED: Model.commanded_over,
    Kind.COMMAND_WITHDRAWN: Model.commanded_over,
    Kind.TASK_ISSUED: Model.task,
    Kind.TASK_DONE: Model.task_over,
    Kind.TASK_SKIPPED: Model.task_over,
    Kind.OVERDUE: Model.overdue,
    Kind.ORDER_OPENED: Model.order_opened,
    Kind.ORDER_STEP: Model.order_step,
    Kind.SHELVED: Model.shelved,
    Kind.SHELF_ENDED: Model.shelf_over,
    Kind.AUDIT: Model.audited,
    Kind.DRILL: Model.drilled,
}
