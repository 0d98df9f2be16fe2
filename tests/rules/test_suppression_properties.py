"""Whatever is shelved, fires and ends, in whatever order: nothing is lost."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rules.instant import MINUTE_MS
from rules.requests import EndShelf, PutOnShelf
from rules.timeline import Kind
from tests.support import building
from tests.support.building import rule as detection
from tests.support.building import ruleset
from tests.support.core import Core

RULES = ruleset(
    detection("{metric: voltage_v, below: 20}", id="power-lost", device_class="energy_meter", hazard="power"),
    detection("{metric: power_w, above: 900}", id="overload", device_class="energy_meter", hazard="electrical"),
    detection("{status: offline}", id="offline", device_class="*", hazard="device", signal="trouble"),
    detection("{metric: smoke, above: 1}", id="smoke", hazard="fire", closes="when_normal"),
)
PLANS = """
inhibitions:
  - {id: outage, title: {en: Outage}, by: [power-lost], inhibits: [offline, overload, smoke], same: building}
  - {id: dead, title: {en: Dead}, by: [offline, overload], inhibits: [power-lost, overload, offline], same: zone}
discipline:
  shelving: {two_persons: []}
  inhibition: {grace: 1min}
"""
ZONES = {
    "1F-a": {"em-1": ["energy_meter", {"power_w": 1000.0}], "sd-1": "smoke_detector"},
    "1F-b": {"em-2": ["energy_meter", {"power_w": 1000.0}]},
}
METERS, DEVICES = ("em-1", "em-2"), ("em-1", "em-2", "sd-1")
OWN = {"energy_meter": ("power-lost", "overload", "offline"), "smoke_detector": ("smoke", "offline")}


class Quiet(RuleBasedStateMachine):
    """The core asserts the invariants after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.core = Core(RULES, site=building.directory(ZONES), plans=PLANS)

    @rule(device=st.sampled_from(METERS), voltage=st.sampled_from([0, 230]), power=st.sampled_from([0, 1000]))
    def meter(self, device: str, voltage: int, power: int) -> None:
        self.core.reading(device, voltage_v=voltage, power_w=power)

    @rule(smoke=st.sampled_from([0, 2]))
    def smoke(self, smoke: int) -> None:
        self.core.reading("sd-1", smoke=smoke)

    @rule(device=st.sampled_from(DEVICES), online=st.booleans())
    def status(self, device: str, online: bool) -> None:
        self.core.status(device, online)

    @rule(
        what=st.sampled_from(
            [
                {"device": "tower-a/em-1"},
                {"device": "tower-a/em-2", "rule": "overload"},
                {"zone": "tower-a/1F-a"},
                {"rule": "offline"},
                {"zone": "tower-a/1F-b", "maintenance": True},
            ]
        ),
        minutes=st.integers(1, 5),
        one_shot=st.booleans(),
    )
    def shelve(self, what: dict[str, Any], minutes: int, one_shot: bool) -> None:
        one_shot = one_shot and "maintenance" not in what
        asked = PutOnShelf(by="a", reason="b", duration_ms=minutes * MINUTE_MS, one_shot=one_shot, **what)
        assert self.core.step(asked).refused is None

    @rule(number=st.integers(1, 5))
    def end(self, number: int) -> None:
        self.core.step(EndShelf(by="a", shelf=f"SH-{number:06d}"))

    @rule(seconds=st.sampled_from([1, 30, 61, 200]))
    def wait(self, seconds: int) -> None:
        self.core.wait(seconds * 1000)

    @rule()
    def restart(self) -> None:
        self.core.restart(down="10s")

    @rule()
    def resolve(self) -> None:
        for id, incident in list(self.core.state.incidents.items()):
            if incident.open:
                self.core.resolve(id)

    @rule(inhibiting=st.booleans())
    def follow(self, inhibiting: bool) -> None:
        self.core.follow(PLANS if inhibiting else OTHER)

    @invariant()
    def what_fires_is_raised_or_known_to_be_kept_quiet(self) -> None:
        for key, each in self.core.state.detections.items():
            if each.fires:
                assert each.incident is not None or key in self.core.state.suppressed, key

    @invariant()
    def every_suppression_has_its_entry_and_its_end(self) -> None:
        quiet: dict[tuple[str | None, str | None], bool] = {}
        for entry in self.core.entries:
            if entry.kind in (Kind.SUPPRESSED, Kind.SUPPRESSION_ENDED):
                quiet[entry.rule, entry.device] = entry.kind is Kind.SUPPRESSED
        told = sorted(f"actual|{rule}|{device}" for (rule, device), still in quiet.items() if still)
        assert told == sorted(self.core.state.suppressed)

    def teardown(self) -> None:
        """Every shelf and every cause ends: then nothing that holds is left unraised."""
        for device in METERS:
            self.core.reading(device, voltage_v=230, power_w=0)
        for device in DEVICES:
            self.core.status(device, online=True)
        self.core.reading("sd-1", smoke=2)
        self.core.wait("1h")
        assert (self.core.state.shelves, self.core.state.causes, self.core.state.suppressed) == ({}, {}, {})
        for key, each in self.core.state.detections.items():
            assert not each.fires or each.incident is not None, key


OTHER = "discipline: {shelving: {two_persons: []}}"
TestWhateverIsKeptQuiet = Quiet.TestCase
TestWhateverIsKeptQuiet.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
