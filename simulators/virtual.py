"""A scenario on virtual time: devices, screen, engine, deliveries and people in one loop, and nothing waits.

    played = Virtual(scenario, loaded, "tower-a").play()
    played.entries

The core is the real one, with what is in force; around it stand the simulated devices, which obey commands, a postman
who delivers everything he is not told to lose, and the people of the scenario. The same scenario gives the same
timeline, in any process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec

from gateway.library import Loaded
from rules.effects import Effect, PublishCommand
from rules.engine import Engine
from rules.events import (
    CommandAnswered,
    DirectoryLoaded,
    Event,
    PlansLoaded,
    RosterLoaded,
    RulesLoaded,
    TimePassed,
    VerdictChanged,
)
from rules.history import Past
from rules.instant import Instant
from rules.mode import Mode
from rules.order import OrderStep
from rules.outcome import Outcome
from rules.people import Roster
from rules.reading import CommandResult, DeviceEvent, DeviceStatus, Reading
from rules.requests import AdvanceOrder, PersonCommand
from rules.response_plan import PlanBook
from rules.ruleset import Ruleset
from rules.schedule import Calendar
from rules.screen import Cause, Screen
from rules.site import Directory
from rules.state import State
from rules.timeline import Entry
from rules.verdict import Verdict
from simulators.field import Field, Said
from simulators.happens import BrokerAway, DeliveryFails
from simulators.people import Due, People
from simulators.postman import Postman
from simulators.scenario import Scenario, modes_of, scene_of

KEPT_MAX = 100_000  # messages that devices keep while they cannot send them
See = Callable[[Outcome, State], None]


@dataclass
class Played:
    """What it came to. `refused`: what people asked for and the engine did not do, with its reason."""

    begins: Instant
    entries: list[Entry] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    events: list[tuple[Event, Instant]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # what nobody did, because it never came to it
    state: State = field(default_factory=State)
    heard: int = 0  # messages of devices that came in


class Virtual:
    """One scenario in one site of what is loaded. `see` is shown every outcome, for checks."""

    def __init__(
        self,
        scenario: Scenario,
        loaded: Loaded,
        site: str,
        mode: Mode = Mode.ACTUAL,
        see: See = lambda outcome, state: None,
    ) -> None:
        _, self._begins = scene_of(scenario, loaded.directory, site)
        devices = [device for device in loaded.directory.devices.values() if device.site == site]
        self._scenario, self._loaded, self._site, self._mode, self._see = scenario, loaded, site, mode, see
        self._fields: dict[Mode, Field] = {}  # while an exercise is played, the real devices go on
        for each in modes_of(scenario, mode):
            scene, _ = scene_of(scenario, loaded.directory, site, mode, each)
            self._fields[each] = Field(devices, loaded.directory.device_classes, scene, each)
        self._people = People(scenario.people, site, mode)
        self._postman = Postman(self._fails, self._back_at)
        outages = [each for each in scenario.happens if isinstance(each, BrokerAway)]
        self._outages = [(self._begins + each.at, self._begins + each.at + each.lasts) for each in outages]
        self._kept: list[Said] = []  # what devices say while the broker is away, and send when it is back
        self._screen = Screen(loaded.directory, loaded.ruleset, _NoHistory(), _calendars(loaded.directory))
        self._engine = Engine(State(), _InForce(loaded))
        self._now = self._begins
        self.played = Played(self._begins)

    def play(self) -> Played:
        self._begin()
        end = self._begins + self._scenario.lasts
        while self._now < end:
            due = self._next()
            self._now = end if due is None else min(due, end)
            self._pass()
        self.played.state = self._engine.state
        self.played.left = [f"{act.does} by {act.by}" for act in self._people.waiting]
        return self.played

    def _begin(self) -> None:
        for loaded in (DirectoryLoaded("sites"), RulesLoaded("rules"), PlansLoaded("plans"), RosterLoaded("roster")):
            self._step(loaded)
        self._screen.listening(self._now)
        self._judge(self._screen.start([], self._now))
        for place in self._fields.values():
            for said in place.statuses(self._now):
                self._hear(said)
        self._people.begin(self._now)
        self._pass()

    def _pass(self) -> None:
        """Everything that happens at this instant, devices first; deadlines come last, as the engine has it."""
        away = self._back_at(self._now) is not None
        if away != (self._screen.ear.listening_since is None):
            self._screen.listening(None if away else self._now)
        if not away and self._kept:
            kept, self._kept = self._kept, []
            for said in kept:
                self._hear(said)
        for place in self._fields.values():
            for said in place.advance(self._now):
                self._keep(said) if away else self._hear(said)
        for effect, event in self._postman.due(self._now):
            self._step(event)
            if isinstance(effect, PublishCommand) and effect.mode in self._fields:
                self._fields[effect.mode].obey(effect.device.partition("/")[2], effect.id, effect.command, self._now)
        for due in self._people.take_due(self._now):
            self._act(due)
        self._judge(self._screen.advance(self._now))
        deadline = self._engine.next_deadline()
        if deadline is not None and deadline <= self._now:
            self._step(TimePassed())

    def _next(self) -> Instant | None:
        """The next instant at which anything can happen; None: nothing ever."""
        known = (
            *(place.next_due for place in self._fields.values()),
            self._postman.next_due,
            self._people.next_due,
            self._screen.next_deadline(),
            self._engine.next_deadline(),
            *(at for outage in self._outages for at in outage if at > self._now),
        )
        return min((max(each, self._now + 1) for each in known if each is not None), default=None)

    def _fails(self, channel: str, at: Instant) -> bool:
        since = at - self._begins
        return any(
            each.undelivered == channel and each.at <= since and (each.lasts is None or since < each.at + each.lasts)
            for each in self._scenario.happens
            if isinstance(each, DeliveryFails)
        )

    def _back_at(self, at: Instant) -> Instant | None:
        """When the broker is back; None: it is there."""
        return max((until for since, until in self._outages if since <= at < until), default=None)

    def _keep(self, said: Said) -> None:
        if len(self._kept) < KEPT_MAX:
            self._kept.append(said)

    # ---- what comes in

    def _hear(self, said: Said) -> None:
        self.played.heard += 1
        if isinstance(said, CommandResult):
            self._step(CommandAnswered(said.mode, said.id, said.device, said.ok, self._now, said.detail))
            return
        w = self._screen.watched(said.mode, said.device, self._now)
        assert w is not None, said.device
        w.unseen = False
        cause = Cause(self._now, self._now)
        if isinstance(said, DeviceStatus):
            w.received_at = self._now
            change = self._screen.status(w, said.online, cause)
        else:
            w.at = w.received_at = self._now
            w.seq = w.seq if said.seq is None else said.seq
            cause = Cause(self._now, self._now, said.seq)
            if isinstance(said, Reading):
                change = self._screen.reading(w, said.values, cause)
            else:
                assert isinstance(said, DeviceEvent)
                change = self._screen.event(w, said.event, said.attributes, cause)
        if change is not None:
            assert not change.faults, change.faults
            self._judge(change.verdicts)

    def _judge(self, verdicts: list[VerdictChanged]) -> None:
        for verdict in verdicts:
            self._step(verdict)

    def _act(self, due: Due) -> None:
        incident = self._engine.state.incidents.get(due.incident)
        known = self._engine.state.orders
        orders = [known[id] for id in incident.orders if id in known] if incident else []
        for request in due.act.ask(due.incident, self._site, orders):
            refused = self._step(self._filled_in(request)).refused
            if refused is not None:
                self.played.refused.append(f"{due.act.does} by {due.act.by}: {refused.reason}")

    def _filled_in(self, request: PersonCommand) -> PersonCommand:
        """As the gateway does: when the device of an order last said something, where that was normal."""
        if not isinstance(request, AdvanceOrder) or request.step is not OrderStep.VERIFY:
            return request
        order = self._engine.state.orders[request.order]
        w = self._screen.known(order.asset, order.mode)
        if w is None or w.silent:
            return request
        judged = order.fault in w.plan.rule_index
        normal = w.verdict(order.fault) is Verdict.DOES_NOT if judged else not w.verdicts
        return msgspec.structs.replace(request, normal_at=w.received_at if normal else None)

    def _step(self, event: Event) -> Outcome:
        self.played.events.append((event, self._now))
        outcome = self._decide(event)
        self._see(outcome, self._engine.state)
        self.played.entries += outcome.entries
        self.played.effects += outcome.effects
        for effect in outcome.effects:
            self._postman.take(effect, self._now)
        for incident in outcome.incidents.values():
            self._people.see(incident, self._now)
        return outcome

    def _decide(self, event: Event) -> Outcome:
        return self._engine.step(event, self._now)


class _InForce:
    """`rules.in_force.Documents`: whatever the version, it is what is loaded."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def directory(self, version: str) -> Directory:
        return self._loaded.directory

    def ruleset(self, version: str) -> Ruleset:
        return self._loaded.ruleset

    def plans(self, version: str) -> PlanBook:
        return self._loaded.plans

    def roster(self, version: str) -> Roster:
        return self._loaded.roster


class _NoHistory:
    """`rules.screen.History`: nothing is known of the time before the scenario."""

    def cursor(self, mode: Mode, device: str) -> tuple[Instant, int, Instant] | None:
        return None

    def window(self, mode: Mode, device: str, since: Instant) -> Iterator[Past]:
        return iter(())


def _calendars(directory: Directory) -> dict[str, Calendar]:
    return {site.id: Calendar(ZoneInfo(site.timezone)) for site in directory.sites.values()}
