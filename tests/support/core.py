"""Screen and engine together on virtual time, driven as the shell drives them.

    core = Core(FIRE)
    core.reading("sd-1", smoke=0.2)
    core.wait("15s")
    assert core.incident().level is Level.I

Nothing passes but what a test lets pass. After every step the invariants are asserted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rules.baseline import Consumption
from rules.drill import exercises_from
from rules.effects import PublishCommand
from rules.engine import Engine
from rules.events import (
    CommandAnswered,
    CommandFailed,
    CommandPublished,
    DirectoryLoaded,
    Event,
    GatewayStarted,
    PlansLoaded,
    RosterLoaded,
    RulesLoaded,
    TimePassed,
    VerdictChanged,
)
from rules.incident import Incident
from rules.instant import HOUR_MS, Instant, parse_duration_ms, parse_rfc3339
from rules.invariants import Watch, check
from rules.mode import Mode
from rules.outcome import Outcome
from rules.people import Roster
from rules.reading import Value
from rules.requests import Acknowledge, AddNote, Finding, Resolve
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.screen import Cause, Change, Past, Screen
from rules.site import Directory
from rules.state import State, decode_state, encode_state
from rules.timeline import Entry, Kind
from rules.timeline_text import Language, text
from rules.verdict import Verdict
from rules.watched import Watched
from tests.support import building

START = parse_rfc3339("2026-11-24T08:00:00+08:00")  # a Tuesday


class Recorded:
    """What telemetry keeps: `rules.screen.History` over a list."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Mode, str], list[Past]] = {}

    def keep(self, mode: Mode, device: str, past: Past) -> None:
        self.rows.setdefault((mode, device), []).append(past)

    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        rows = self.rows.get((mode, device))
        return max((row.at, row.seq, row.received_at) for row in rows) if rows else None

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        rows = self.rows.get((mode, device), [])
        return iter([row for row in rows if row.received_at >= since] or rows[-1:])


class Core:
    """Device names are those of `building.ZONES`, without the site. Times are `now` unless said otherwise."""

    def __init__(
        self,
        *rules: str | Ruleset,
        site: Directory | None = None,
        plans: str | PlanBook | None = None,
        roster: Roster | None = None,
        now: Instant = START,
    ) -> None:
        self.now = now
        self.documents = building.Stored()
        self.telemetry = Recorded()
        self.consumption: dict[str, Consumption] = {}
        self.engine = Engine(State(), self.documents)
        self.watch = Watch()
        self.events: list[tuple[Event, Instant]] = []
        self.entries: list[Entry] = []
        self.effects: list[PublishCommand] = []
        self.changes: list[VerdictChanged] = []
        self.faults: list[tuple[str, str]] = []
        self.last = Outcome()
        self.checked = True  # not where a test plants a bug
        self.directory = site or building.directory()
        self.ruleset = _ruleset(rules or (building.FIRE,))
        self._load(self.directory, self.ruleset)
        if plans is not None:
            self.follow(plans)
        if roster is not None:
            self.step(RosterLoaded(self.documents.add(roster)))
        self.screen = self._new_screen([])

    # ---- what meters consumed

    def consumed(self, device: str, *hours: float, first: int | None = None) -> list[VerdictChanged]:
        """Kilowatt hours of each hour, the last of which is over now; or from `first` (since 1970) on."""
        begins = self.now // HOUR_MS - len(hours) if first is None else first
        self.consumption.setdefault(_full(device), Consumption()).take(begins, hours)
        return self._submit(self.screen.consumed(_full(device), begins, hours, self.now))

    def _consumed_before(self, device: str, weeks: int) -> tuple[int, Sequence[float]]:
        known = self.consumption.get(device)
        return (0, ()) if known is None else (known.first, list(known.values))

    # ---- what comes from devices

    def reading(
        self,
        device: str,
        *,
        mode: Mode = Mode.ACTUAL,
        at: Instant | None = None,
        seq: int | None = None,
        retained: bool = False,
        **values: Value,
    ) -> list[VerdictChanged]:
        """What is older than the device's newest message is late. Whole numbers become floats, as in the codec."""
        w = self._watched(mode, device)
        given = {name: float(value) if type(value) is int else value for name, value in values.items()}
        dated = self.now if at is None else at
        live = dated >= w.at if seq is None else seq > w.seq
        cause = Cause(dated, self.now, seq, late=not live, retained=retained)
        self._keep(w, dated, seq, None, given, live)
        if live:
            return self._taken(self.screen.reading(w, given, cause))
        return self._taken(self.screen.late_reading(w, given, cause, self._journaled))

    def event(self, device: str, event: str, *, mode: Mode = Mode.ACTUAL, **attributes: Value) -> list[VerdictChanged]:
        w = self._watched(mode, device)
        self._keep(w, self.now, None, event, attributes, live=True)
        return self._taken(self.screen.event(w, event, attributes, Cause(self.now, self.now)))

    def status(self, device: str, online: bool, *, retained: bool = False) -> list[VerdictChanged]:
        w = self._watched(Mode.ACTUAL, device)
        if online and not retained:
            w.received_at = self.now
        return self._taken(self.screen.status(w, online, Cause(self.now, self.now, retained=retained)))

    def answer(self, id: str, device: str, ok: bool = True, detail: str = "", mode: Mode = Mode.ACTUAL) -> Outcome:
        return self.step(CommandAnswered(mode, id, _full(device), ok, self.now, detail))

    def published(self, id: str) -> Outcome:
        return self.step(CommandPublished(id))

    def unpublished(self, id: str, reason: str = "the broker is away") -> Outcome:
        return self.step(CommandFailed(id, reason, attempts=3))

    def verdict(self, rule: str, device: str, verdict: Verdict, *, mode: Mode = Mode.ACTUAL, **more: Any) -> Outcome:
        """A verdict as the screen would send it, without the screen."""
        return self.step(VerdictChanged(mode, rule, _full(device), verdict, self.now, self.now, **more))

    # ---- what people ask for

    def acknowledge(self, incident: str = "INC-000001", by: str = "duty.officer", note: str = "") -> Outcome:
        return self.step(Acknowledge(incident=incident, by=by, note=note))

    def note(self, text: str, incident: str = "INC-000001", by: str = "engineer") -> Outcome:
        return self.step(AddNote(incident=incident, by=by, text=text))

    def resolve(
        self,
        incident: str = "INC-000001",
        finding: Finding = Finding.REAL,
        cause: str = "a cause",
        by: str = "duty.officer",
    ) -> Outcome:
        return self.step(Resolve(incident=incident, by=by, finding=finding, cause=cause))

    # ---- time

    def listen(self) -> None:
        """The broker is heard from now on."""
        self.screen.listening(self.now)

    def wait(self, duration: str | int) -> None:
        self.wait_until(self.now + (parse_duration_ms(duration) if isinstance(duration, str) else duration))

    def wait_until(self, instant: Instant) -> None:
        """Time passes; every deadline on the way is handled at its instant: the screen's, then the engine's."""
        while (due := self.next_deadline()) is not None and due <= instant:
            self.now = max(due, self.now)
            self.look()
        self.now = max(self.now, instant)

    def look(self) -> None:
        """Handles what is due by now."""
        self._submit(self.screen.advance(self.now))
        due = self.engine.next_deadline()
        if due is not None and due <= self.now:
            self.step(TimePassed())

    def next_deadline(self) -> Instant | None:
        return min(
            (d for d in (self.screen.next_deadline(), self.engine.next_deadline()) if d is not None), default=None
        )

    # ---- the gateway

    def restart(self, down: str = "0s") -> list[VerdictChanged]:
        """The gateway ends, is away for so long, and comes up from its journal and telemetry."""
        self.now += parse_duration_ms(down)
        self.engine = self.restored(self.engine.state)
        self.step(GatewayStarted("0.1.0"))
        known = [(each.mode, each.rule, each.device, each.verdict) for each in self.engine.state.detections.values()]
        self.screen = self._new_screen(known)
        return self.changes[-len(self._started) :] if self._started else []

    def restored(self, state: State) -> Engine:
        """An engine that takes up a stored state."""
        return Engine(decode_state(encode_state(state)), self.documents)

    def reload(self, *rules: str | Ruleset, site: Directory | None = None) -> list[VerdictChanged]:
        """New rules or another site are put in force while it runs."""
        self.directory, self.ruleset = site or self.directory, _ruleset(rules) if rules else self.ruleset
        self._load(self.directory, self.ruleset)
        calendars = building.calendars(self.directory)
        return self._submit(self.screen.reload(self.directory, self.ruleset, calendars, self.now))

    def follow(self, plans: str | PlanBook) -> Outcome:
        """These plans are in force from now on."""
        book = plans if isinstance(plans, PlanBook) else building.plans(plans)
        return self.step(PlansLoaded(self.documents.add(book)))

    def step(self, event: Event) -> Outcome:
        self.events.append((event, self.now))
        outcome = self.last = self.engine.step(event, self.now)
        if self.checked:
            check(self.engine.state)
        self.watch.see(outcome, self.engine.state)
        for site in outcome.cleared_sites:
            self.screen.forget(Mode.EXERCISE, site, self.now)
        self.entries.extend(outcome.entries)
        self.effects.extend(outcome.effects)
        return outcome

    # ---- what can be seen

    @property
    def state(self) -> State:
        return self.engine.state

    def incident(self, id: str | None = None) -> Incident:
        """The one there is, or the one with this id."""
        found = [each for each in self.state.incidents.values() if id in (None, each.id)]
        assert len(found) == 1, f"{len(found)} incidents: {', '.join(each.id for each in found)}"
        return found[0]

    def kinds(self, incident: str | None = "INC-000001") -> list[Kind]:
        return [entry.kind for entry in self.entries if entry.incident == incident]

    def entry(self, kind: Kind) -> Entry:
        """The last entry of a kind."""
        return next(entry for entry in reversed(self.entries) if entry.kind is kind)

    def held(self, device: str, rule: str = "r", mode: Mode = Mode.ACTUAL) -> Verdict:
        """The screen's verdict."""
        watched = self.screen.watched(mode, _full(device), self.now)
        assert watched is not None
        return watched.verdict(rule)

    def timeline(self, language: Language = "en") -> str:
        """All entries but those of configuration as a person reads them, with the site's time."""
        shown = (entry for entry in self.entries if entry.kind is not Kind.CONFIGURATION)  # versions are hashes
        return "".join(f"{self._line(entry, language)}\n" for entry in shown)

    def _line(self, entry: Entry, language: Language) -> str:
        local = datetime.fromtimestamp(entry.at / 1000, ZoneInfo("Asia/Shanghai"))
        number = f"{entry.incident} {entry.number:>2}" if entry.incident else "-"
        return f"{local:%H:%M:%S}.{entry.at % 1000:03d}  {number:13}  {text(entry, language)}"

    # ---- within

    def _load(self, directory: Directory, ruleset: Ruleset) -> None:
        for document, event in ((directory, DirectoryLoaded), (ruleset, RulesLoaded)):
            version = self.documents.add(document)
            if version not in (self.state.directory, self.state.rules):
                self.step(event(version))

    def _new_screen(self, verdicts: list[tuple[Mode, str, str, Verdict]]) -> Screen:
        calendars = building.calendars(self.directory)
        self.screen = Screen(self.directory, self.ruleset, self.telemetry, calendars, self._consumed_before)
        for site, at in exercises_from(self.state.drills).items():
            self.screen.forget(Mode.EXERCISE, site, at)
        self._started = self._submit(self.screen.start(verdicts, self.now))
        return self.screen

    def _watched(self, mode: Mode, device: str) -> Watched:
        w = self.screen.watched(mode, _full(device), self.now)
        assert w is not None, f"{device} is not in the site"
        if w.unseen:
            self.screen.remember(w)
        return w

    def _keep(
        self, w: Watched, at: Instant, seq: int | None, event: str | None, values: dict[str, Value], live: bool
    ) -> None:
        """Into telemetry, and, newest of all, onto the device's cursor: that comes before the screen looks."""
        past = Past(at, -1 if seq is None else seq, self.now, event, values)
        self.telemetry.keep(w.mode, w.device.id, past)
        if live:
            w.at, w.received_at, w.seq = at, self.now, w.seq if seq is None else seq

    def _journaled(self, key: str) -> bool:
        return any(isinstance(event, VerdictChanged) and event.key() == key for event, _ in self.events)

    def _taken(self, change: Change | None) -> list[VerdictChanged]:
        if change is None:
            return []
        self.faults.extend(change.faults)
        return self._submit(change.verdicts)

    def _submit(self, verdicts: list[VerdictChanged]) -> list[VerdictChanged]:
        for verdict in verdicts:
            self.changes.append(verdict)
            self.step(verdict)
        return verdicts


def _full(device: str) -> str:
    return f"{building.SITE}/{device}"


def _ruleset(given: tuple[str | Ruleset, ...]) -> Ruleset:
    made = [each for each in given if isinstance(each, Ruleset)]
    return made[0] if made else building.rules(*(each for each in given if isinstance(each, str)))
