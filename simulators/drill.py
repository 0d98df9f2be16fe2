"""A drill on virtual time: the real core and the real desk play a scenario in mode exercise, and say how it went.

    held = VirtualDrill(scenario, loaded, "tower-a").hold()
    held.drill.score.percent

The desk is the gateway's, on a store of its own: every event is journaled, and everything is committed before it is
delivered, as it would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from gateway.desk import Desk
from gateway.library import Loaded
from gateway.reports.drills import facts_of_drill
from gateway.store import Store
from rules.drill import Drill
from rules.drill_facts import DrillFacts
from rules.drilling import LASTS_MS_MAX
from rules.events import DirectoryLoaded, Event, PlansLoaded, RosterLoaded, RulesLoaded
from rules.instant import MINUTE_MS
from rules.mode import Mode
from rules.outcome import Outcome
from rules.requests import EndDrill, StartDrill
from rules.timeline import Entry
from simulators.building import demo_tower, site_yaml
from simulators.scenario import Scenario
from simulators.virtual import Played, See, Virtual

LEADER = "drill-leader"  # who starts and ends it; nobody of the roster, and so of no role that is scored
_BY_LOAD = (DirectoryLoaded, RulesLoaded, PlansLoaded, RosterLoaded)


@dataclass
class HeldDrill:
    facts: DrillFacts  # as the gateway's own report has them
    played: Played

    @property
    def drill(self) -> Drill:
        return self.facts.drill

    @property
    def entries(self) -> list[Entry]:
        return self.played.entries


class VirtualDrill(Virtual):
    """`see` is shown every outcome, `ended` the store before it is thrown away; both for checks."""

    def __init__(
        self,
        scenario: Scenario,
        loaded: Loaded,
        site: str,
        see: See = lambda outcome, state: None,
        ended: Callable[[Store], None] = lambda store: None,
    ) -> None:
        self._ended = ended
        super().__init__(scenario, loaded, site, Mode.EXERCISE, see)
        self._folder = TemporaryDirectory(prefix="tocsin-drill-")
        self.store = Store.open(f"sqlite:///{self._folder.name}/drill.sqlite")
        self._desk = Desk(self.store, lambda: self._now, lambda entries, effects: None)
        self._engine = self._desk.engine
        self._desk.on_cleared = self._forget

    def hold(self) -> HeldDrill:
        """Plays it to its end. The store is closed afterwards."""
        try:
            played = self.play()
            drill = self._drill()
            if drill.open:
                self._step(EndDrill(by=LEADER, drill=drill.id))
            self._desk.commit()
            played.state = self._engine.state
            self._ended(self.store)
            facts = facts_of_drill(self.store, drill.id, self._now, version("tocsin"))
            assert facts is not None
            return HeldDrill(facts, played)
        finally:
            self.store.close()
            self._folder.cleanup()

    def _drill(self) -> Drill:
        return next(reversed(self._engine.state.drills.values()))

    def _begin(self) -> None:
        self._desk.load(*self._loaded.documents)
        self._step(start_request(self._scenario, self._site))
        super()._begin()

    def _pass(self) -> None:
        super()._pass()
        self._desk.commit()

    def _step(self, event: Event) -> Outcome:
        if isinstance(event, _BY_LOAD):
            return Outcome()  # loaded already, as documents that the store keeps
        return super()._step(event)

    def _decide(self, event: Event) -> Outcome:
        return self._desk.submit(event)

    def _forget(self, site: str) -> None:
        self._screen.forget(Mode.EXERCISE, site, self._now)


@contextmanager
def demo_files(seed: int) -> Iterator[list[Path]]:
    """The demo tower and its people, as files that the gateway reads."""
    with TemporaryDirectory(prefix="tocsin-tower-") as folder:
        tower = Path(folder) / "site.yaml"
        tower.write_text("".join(site_yaml(demo_tower(seed))), encoding="utf-8")
        yield [tower, Path(str(files("simulators") / "crew"))]


def start_request(scenario: Scenario, site: str, by: str = LEADER, speed: float = 1.0) -> StartDrill:
    """What is asked of the engine to begin it. `speed`: how much faster than life it is played."""
    onset = min(
        (each.at for each in scenario.happens if getattr(each, "mode", None) in (None, Mode.EXERCISE)), default=0
    )
    return StartDrill(
        by=by,
        site=site,
        scenario=scenario.scenario,
        title=dict(scenario.title),
        lasts_ms=min(round(scenario.lasts / speed) + MINUTE_MS, LASTS_MS_MAX),
        onset_ms=round(onset / speed),
    )
