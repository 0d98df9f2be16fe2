"""The shipped rules in the simulated tower: a working day raises nothing, each fault raises what it should."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from gateway.library import load
from rules.engine import Engine
from rules.events import DirectoryLoaded, Event, RulesLoaded, TimePassed
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from rules.level import Level
from rules.reading import CommandResult, DeviceEvent, Reading
from rules.ruleset import Ruleset
from rules.schedule import Calendar
from rules.screen import Cause, Screen
from rules.site import Device, Directory
from rules.state import State
from simulators.field import Field
from simulators.fire import Fire, Growth
from simulators.scene import Disturbance, Fault, Scene, layout
from tests.support.trial import NoHistory

MIDNIGHT: Instant = 1_795_363_200_000  # Monday 2026-11-23, at 8 hours east
NOON = MIDNIGHT + 12 * HOUR_MS
RULES = load([]).ruleset


class Documents:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def directory(self, version: str) -> Directory:
        return self._directory

    def ruleset(self, version: str) -> Ruleset:
        return RULES


class Watch:
    """What the tower's devices say, through the screen and into the engine."""

    def __init__(self, tower: Directory, devices: list[Device], scene: Scene, start: Instant) -> None:
        directory = Directory(tower.sites, tower.zones, {each.id: each for each in devices}, tower.device_classes)
        self.field = Field(devices, tower.device_classes, scene)
        self.screen = Screen(directory, RULES, NoHistory(), {"tower-a": Calendar(ZoneInfo("Asia/Shanghai"))})
        self.engine = Engine(State(), Documents(directory))
        self.raised: set[str] = set()
        self.now = start
        self.screen.listening(start)
        self._step(DirectoryLoaded("d"), RulesLoaded("r"), *self.screen.start([], start))

    def until(self, end: Instant, every_ms: int) -> None:
        while self.now < end:
            self.now += every_ms
            for said in self.field.advance(self.now):
                if not isinstance(said, CommandResult):
                    self._hear(said)
            self._step(*self.screen.advance(self.now), TimePassed())

    def _hear(self, said: object) -> None:
        assert isinstance(said, Reading | DeviceEvent)
        watched = self.screen.watched(said.mode, said.device, self.now)
        assert watched is not None
        watched.at = watched.received_at = self.now
        cause = Cause(self.now, self.now)
        if isinstance(said, Reading):
            values = {name: float(v) if type(v) is int else v for name, v in said.values.items()}
            change = self.screen.reading(watched, values, cause)
        else:
            change = self.screen.event(watched, said.event, said.attributes, cause)
        if change is not None:
            assert change.faults == []
            self._step(*change.verdicts)

    def _step(self, *events: Event) -> None:
        for event in events:
            outcome = self.engine.step(event, self.now)
            self.raised.update(rule for _, rule, _ in outcome.fired)

    @property
    def incidents(self) -> list[tuple[str, Level]]:
        return sorted(((each.hazard, each.level) for each in self.engine.state.incidents.values()), key=str)


def scene_of(tower: Directory, *disturbances: Disturbance, fires: tuple[Fire, ...] = ()) -> Scene:
    return Scene(1, layout(tower.sites.values()), 8 * HOUR_MS, fires, {each.device: (each,) for each in disturbances})


def on(tower: Directory, *floors: str) -> list[Device]:
    return [each for each in tower.devices.values() if each.floor in floors]


def first(tower: Directory, device_class: str) -> Device:
    return next(each for each in tower.devices.values() if each.device_class == device_class)


def test_a_working_day_raises_nothing(tower: Directory) -> None:
    watch = Watch(tower, on(tower, "1F", "12F"), scene_of(tower), MIDNIGHT)
    watch.until(MIDNIGHT + 24 * HOUR_MS, every_ms=20 * SECOND_MS)
    assert watch.raised == set()


@pytest.mark.parametrize(
    ("fault", "device_class", "raised", "incidents"),
    [
        (Fault.FAULTY, "smoke_detector", {"device-fault"}, [("device", Level.III)]),
        (Fault.SILENT, "heat_detector", {"device-silent"}, [("device", Level.III)]),
        (
            Fault.PRESSED,
            "manual_call_point",
            {"manual-call-point", "manual-call-point-event"},
            [("fire", Level.I)],
        ),
        (
            Fault.ENTRAPMENT,
            "lift",
            {
                "lift-entrapment",
                "lift-alarm-button",
                "lift-alarm-button-event",
                "lift-stopped-with-persons",
                "lift-fault",
            },
            [("lift_entrapment", Level.II), ("lift_fault", Level.III)],
        ),
        (Fault.OUT_OF_ORDER, "lift", {"lift-fault"}, [("lift_fault", Level.III)]),
        (Fault.FORCED, "access_controller", {"door-forced", "door-forced-event"}, [("intrusion", Level.II)]),
        (
            Fault.HELD_OPEN,
            "access_controller",
            {"door-held-open", "door-held-open-event"},
            [("access", Level.III)],
        ),
        (Fault.DURESS, "access_controller", {"duress"}, [("duress", Level.II)]),
        (Fault.DENIALS, "access_controller", {"access-denied-repeated"}, [("access", Level.III)]),
        (Fault.PHASE_LOST, "energy_meter", {"phase-lost", "phase-voltage-lost"}, [("electrical", Level.III)]),
        (Fault.POWER_LOST, "energy_meter", {"power-lost", "power-lost-event"}, [("power_outage", Level.III)]),
        (Fault.OVERLOAD, "energy_meter", {"overload"}, [("electrical", Level.III)]),
    ],
    ids=lambda part: part.value if isinstance(part, Fault) else "",
)
def test_a_fault_raises_what_it_should(
    tower: Directory, fault: Fault, device_class: str, raised: set[str], incidents: list[tuple[str, Level]]
) -> None:
    device = first(tower, device_class)
    scene = scene_of(tower, Disturbance(fault, device.id, NOON + MINUTE_MS))
    watch = Watch(tower, [device], scene, NOON)
    watch.until(NOON + 20 * MINUTE_MS, every_ms=SECOND_MS)
    assert (watch.raised, watch.incidents) == (raised, incidents)


def test_a_fire_is_a_pre_alarm_first_and_level_one_with_the_second_detector(tower: Directory) -> None:
    zone = "tower-a/12F-east"
    scene = scene_of(tower, fires=(Fire(zone, NOON, Growth.FAST),))
    watch = Watch(tower, on(tower, "12F"), scene, NOON)
    while not watch.incidents:
        watch.until(watch.now + SECOND_MS, SECOND_MS)
    assert watch.incidents == [("fire", Level.II)]
    watch.until(watch.now + 2 * MINUTE_MS, SECOND_MS)
    assert ("fire", Level.I) in watch.incidents
    assert watch.now - NOON < 5 * MINUTE_MS


def test_the_heat_of_a_fast_fire_is_seen_by_its_rise_before_its_height(tower: Directory) -> None:
    heat = next(each for each in tower.devices.values() if each.device_class == "heat_detector")
    scene = scene_of(tower, fires=(Fire(heat.zone, NOON, Growth.FAST),))
    watch = Watch(tower, [heat], scene, NOON)
    while not watch.raised:
        watch.until(watch.now + SECOND_MS, SECOND_MS)
    assert watch.raised == {"heat-rate-of-rise"}
