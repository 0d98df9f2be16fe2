"""A long, seeded run of everything that can happen to the core: what properties are tested on.

`python -m tests.support.happenings SEED COUNT` prints a digest of all outcomes and of the last state.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from hashlib import sha256
from random import Random

from rules.codec import encode
from rules.effects import PublishCommand
from rules.engine import Engine
from rules.mode import Mode
from rules.requests import Finding
from rules.ruleset import Ruleset
from rules.site import Directory
from rules.state import State, encode_state
from rules.verdict import Verdict
from tests.support import building
from tests.support.core import Core

MORE = """
rules:
  - id: smoke-rising
    title: {en: Smoke rises}
    device_class: smoke_detector
    hazard: fire
    signal: supervisory
    level: III
    when: {metric: smoke, aggregate: avg, above: 0.12, over: 30s}
  - id: heat
    title: {en: Too hot}
    device_class: smoke_detector
    hazard: fire
    signal: alarm
    when: {metric: temperature, above: 60, for: 10s}
    clear: {metric: temperature, below: 50, for: 20s}
  - id: heat-confirmed
    title: {en: Heat on the floor}
    hazard: fire
    level: I
    confirm: {of: [heat, smoke-high], distinct_devices: 3, within: 2min, same: floor}
  - id: overload
    title: {en: Overload}
    device_class: energy_meter
    hazard: power
    signal: supervisory
    level: III
    when: {metric: power_w, above: 0.9, of: power_w, for: 1min}
    clear: {metric: power_w, below: 0.85, of: power_w}
    closes: when_normal
  - id: silent
    title: {en: Device is silent}
    device_class: "*"
    hazard: silence
    signal: trouble
    level: III
    when: {silent_for: limit}
    closes: when_normal
  - id: duress
    title: {en: Duress}
    device_class: door
    hazard: security
    signal: alarm
    level: II
    when: {any: [{event: duress}, {sequence: [{event: denied}, {metric: open, is: true}], within: 30s}]}
"""
VENTS_AT_III = """
plans:
  - id: vents
    title: {en: Vents at the least sign}
    hazard: fire
    lead: officer
    team: [officer]
    acknowledge: {ladder: [officer]}
    steps:
      - id: open
        title: {en: Open}
        level: III
        confirmed: false
        command: {device_class: smoke_vent, same: floor, command: open, retries: 0}
"""
RULESETS: tuple[tuple[str, ...], ...] = (
    (building.FIRE, MORE),
    (building.FIRE.replace("above: 0.15", "above: 0.25"), MORE.replace("for: 10s", "for: 15s")),
    (MORE,),
    (building.FIRE,),
)
EAST, WEST = building.ZONES["12F-east"], building.ZONES["12F-west"]
WITHOUT_SD_1 = {name: each for name, each in EAST.items() if name != "sd-1"}
SITES = (
    building.ZONES,
    {"12F-east": {**EAST, "sd-4": "smoke_detector"}, "12F-west": WEST},
    {"12F-east": WITHOUT_SD_1, "12F-west": {**WEST, "sd-1": "smoke_detector"}},
    {"12F-east": EAST},
)
PLANS = (building.plans(building.FIRE_PLAN), building.plans(VENTS_AT_III), building.plans())
RULES: tuple[Ruleset, ...] = tuple(building.rules(*texts) for texts in RULESETS)
DIRECTORIES: tuple[Directory, ...] = tuple(building.directory(zones) for zones in SITES)
DETECTORS = ("sd-1", "sd-2", "sd-3", "sd-8", "sd-9")
MODES = (Mode.ACTUAL, Mode.ACTUAL, Mode.ACTUAL, Mode.EXERCISE)


def run(seed: int, count: int) -> Core:
    """Lets so much happen. Invariants are asserted at every step."""
    chance = Random(seed)
    core = Core(RULES[0], site=DIRECTORIES[0], plans=PLANS[0])
    core.listen()
    for _ in range(count):
        core.wait(chance.choice((0, 0, 1, 50, 900, 4_000, 10_000, 15_000, 60_000)))
        chance.choices(_KINDS, _WEIGHTS)[0](core, chance)
    core.wait("10min")
    return core


def _detector(core: Core, chance: Random) -> None:
    device = chance.choice(DETECTORS)
    if device in _names(core):
        told = {"smoke": chance.choice((0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 11.0))}
        if chance.random() < 0.3:
            told["temperature"] = chance.choice((20.0, 50.0, 55.0, 61.0))
        late = chance.random() < 0.1
        at = core.now - chance.randrange(1, 9_000) if late else None
        core.reading(device, mode=chance.choice(MODES), at=at, retained=chance.random() < 0.05, **told)


def _call_point(core: Core, chance: Random) -> None:
    core.reading("mcp-1", mode=chance.choice(MODES), alarm=chance.random() < 0.3)


def _meter(core: Core, chance: Random) -> None:
    core.reading("em-1", power_w=chance.choice((500.0, 850.0, 880.0, 901.0, 1200.0)))


def _door(core: Core, chance: Random) -> None:
    core.event("door-1", chance.choice(("denied", "granted", "duress")), mode=chance.choice(MODES))
    core.reading("door-1", mode=chance.choice(MODES), open=chance.random() < 0.5)


def _status(core: Core, chance: Random) -> None:
    core.status(chance.choice(sorted(_names(core))), chance.random() < 0.5, retained=chance.random() < 0.3)


def _person(core: Core, chance: Random) -> None:
    known = [*core.state.incidents, f"INC-{chance.randrange(200):06d}", "nonsense"]
    incident, by = chance.choice(known), chance.choice(("duty.officer", "engineer"))
    asked = chance.randrange(4)
    if asked == 0:
        core.note("a note", incident, by)
    elif asked == 1:
        core.acknowledge(incident, by)
    else:
        core.resolve(incident, chance.choice(list(Finding)), "a cause", by)


def _command(core: Core, chance: Random) -> None:
    """News of a command: mostly of one that awaits some, mostly from the device it was for."""
    issued = {effect.id: effect for effect in core.effects if isinstance(effect, PublishCommand)}
    id = chance.choice([*core.state.commands, *list(issued)[-2:], "CMD-nonsense"])
    right, news = id in issued and chance.random() < 0.8, chance.randrange(5)
    device = issued[id].device.partition("/")[2] if right else "vent-9"
    if news == 0:
        core.unpublished(id)
    elif news <= 2:
        core.published(id)
    else:
        core.answer(id, device, ok=news == 4, mode=issued[id].mode if right else Mode.TEST)


def _verdict(core: Core, chance: Random) -> None:
    """What a screen would never send: unknown rules and devices, verdicts that are none."""
    rule = chance.choice(("smoke-high", "overload", "no-such-rule"))
    core.verdict(rule, "sd-77", chance.choice(list(Verdict)), mode=chance.choice(MODES))


def _reload(core: Core, chance: Random) -> None:
    core.reload(chance.choice(RULES), site=chance.choice(DIRECTORIES))
    core.follow(chance.choice(PLANS))


def _restart(core: Core, chance: Random) -> None:
    core.restart(chance.choice(("0s", "3s", "10min", "1d")))
    core.listen()


def _deaf(core: Core, chance: Random) -> None:
    core.screen.listening(None if chance.random() < 0.5 else core.now)


def _quiet(core: Core, chance: Random) -> None:
    core.wait(chance.choice(("10min", "1h", "25h")))


_HAPPENINGS: dict[Callable[[Core, Random], None], int] = {
    _detector: 50,
    _call_point: 4,
    _meter: 6,
    _door: 4,
    _status: 2,
    _person: 14,
    _command: 8,
    _verdict: 1,
    _reload: 2,
    _restart: 2,
    _deaf: 1,
    _quiet: 2,
}
_KINDS, _WEIGHTS = list(_HAPPENINGS), list(_HAPPENINGS.values())


def _names(core: Core) -> set[str]:
    return {device.name for device in core.directory.devices.values()}


def again(core: Core, restored_at: Container[int] = ()) -> tuple[list[bytes], bytes]:
    """The same events into a new engine: all outcomes, and the last state. After the steps of these indexes it is
    taken down and up again."""
    engine = Engine(State(), core.documents)
    outcomes = []
    for index, (event, now) in enumerate(core.events):
        outcomes.append(encode(engine.step(event, now)))
        if index in restored_at:
            engine = core.restored(engine.state)
    return outcomes, encode_state(engine.state)


def digest(seed: int, count: int) -> str:
    """Of all events, entries and effects of a run, and of its last state."""
    core = run(seed, count)
    found = sha256(encode_state(core.state))
    for each in (*core.events, *core.entries, *core.effects):
        found.update(encode(each))
    return found.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(int(sys.argv[1]), int(sys.argv[2])))
