"""From a seed to a script: episodes as they happen in buildings, and what goes wrong in the middle of them.

What goes wrong is put where it hurts: at the instants of the episodes, and at their limits, to the millisecond.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from rules.instant import Instant
from rules.mode import Mode
from simulators.faults import (
    POINTS,
    AcksLost,
    AnyAct,
    Asks,
    AtTheLimit,
    BrokerAway,
    ChannelFails,
    ClockJumps,
    ClockStuck,
    Crashes,
    DeviceDisobeys,
    DiskFails,
    Mutes,
    Reloads,
    Says,
    Script,
    Stops,
)

BEGINS: Instant = 1_795_500_000_000  # a November morning in 2026
LASTS_MS = 8 * 60_000
EPISODES = (1, 5)
FAULTS = (0, 5)
SMOKE = ("sd-1", "sd-2", "sd-3")
CALL_POINTS = ("mcp-1", "mcp-2")
METERS = ("em-1", "em-2", "em-3", "em-4")
ALL = (*SMOKE, *CALL_POINTS, *METERS, "gd-1", "lift-1", "vent-1", "siren-1")
PEOPLE = ("officer-1", "officer-2", "safety", "engineer-1")
CHANNELS = ("app", "sms", "lobby", "fire_brigade", "gas_company", "maintenance")
LIMITS_MS = (10_000, 15_000, 20_000, 30_000, 60_000, 75_000, 120_000)  # of the trial building's files


def script_of(seed: int) -> Script:
    return _Author(seed).write()


class _Author:
    def __init__(self, seed: int) -> None:
        self._seed, self._chance = seed, Random(seed)
        self._acts: list[AnyAct] = []
        self._manner = {device: self._any_manner() for device in ALL}
        self._moments: list[int] = []  # at which something happens

    def write(self) -> Script:
        chance = self._chance
        for _ in range(chance.randint(*EPISODES)):
            begin = chance.choice(EPISODES_OF)
            begin(self, self._time(0.7), Mode.EXERCISE if chance.random() < 0.2 else Mode.ACTUAL)
        self._moments = [act.at for act in self._acts] or [self._time(0.5)]
        for _ in range(chance.randint(*FAULTS)):
            chance.choice(FAULTS_OF)(self)
        for _ in range(chance.randint(0, 6)):
            self._ask(self._near())
        acts = sorted(self._acts, key=lambda act: act.at)
        return Script(self._seed, BEGINS, LASTS_MS, tuple(acts))

    # ---- when, and how

    def _time(self, share: float = 1.0) -> int:
        """Whole seconds as a rule: things happen in the same instant, then."""
        at = self._chance.randrange(2_000, int(LASTS_MS * share))
        return at - at % 1_000 if self._chance.random() < 0.5 else at

    def _near(self) -> int:
        """About a moment at which something happens, or at a limit that begins there."""
        chance, moment = self._chance, self._chance.choice(self._moments)
        how = chance.random()
        if how < 0.3:
            at = moment + chance.choice((-1, 0, 1, 3, 5, 8, 20, 60, 210))
        elif how < 0.6:
            at = moment + chance.choice(LIMITS_MS) + chance.choice((-1, 0, 1, 5))
        else:
            at = moment + chance.randint(-5_000, 30_000)
        return min(max(1_000, at), LASTS_MS - 1)

    def _any_manner(self) -> dict[str, Any]:
        chance = self._chance
        manner: dict[str, Any] = {"dated": chance.random() < 0.8, "counted": chance.random() < 0.7}
        if chance.random() < 0.1:
            manner["skew_ms"] = chance.choice((-3_600_000, -60_000, -2_000, 1_500, 4_000, 90_000, 86_400_000 * 3))
        return manner

    def _says(self, at: int, device: str, mode: Mode = Mode.ACTUAL, **more: Any) -> None:
        chance = self._chance
        if chance.random() < 0.12:
            more["delay_ms"] = chance.choice((1, 50, 700, 2_000, 20_000, 65_000))
        if chance.random() < 0.12:
            more["copies"] = chance.choice((2, 3))
        if chance.random() < 0.08:
            more["retained"] = True
        if chance.random() < 0.04:
            more["reboots"] = True
        if chance.random() < 0.05:
            more["stuck"] = True
        if "values" in more:  # as they come back from a printed script
            known = more["values"].items()
            more["values"] = {name: value if isinstance(value, bool) else float(value) for name, value in known}
        if at < LASTS_MS:
            self._acts.append(Says(at=max(1, at), device=device, mode=mode, **self._manner[device], **more))

    def _ask(self, at: int, does: Any = None, **more: Any) -> None:
        chance = self._chance
        whats = (
            ("acknowledge",) * 4
            + ("respond", "confirm", "note", "lower", "raise", "do tasks", "order step")
            + (
                "resolve",
                "resolve as false",
                "unshelve",
            )
        )
        what: Any = does or chance.choice(whats)
        clicks = chance.choice((1, 1, 2, 3))
        keyed = chance.random() < 0.8
        more = {"by": chance.choice(PEOPLE), "pick": chance.choice((0, 0, 0, 1, 2)), **more}
        self._acts.append(Asks(at=at, does=what, clicks=clicks, keyed=keyed, insists=chance.random() < 0.7, **more))

    # ---- episodes

    def _fire(self, at: int, mode: Mode) -> None:
        chance = self._chance
        first, second = chance.sample(SMOKE, 2)
        self._says(at, first, mode, values={"smoke": 0.4})
        if chance.random() < 0.5:
            self._acts.append(AtTheLimit(at=max(1, at - 1), mode=mode, before_ms=chance.choice((0, 0, 1, -1, 2_000))))
        if chance.random() < 0.5:
            self._says(
                at + chance.choice((0, 5, 1_000, 14_999, 15_000, 40_000, 60_000, 61_000)),
                second,
                mode,
                values={"smoke": 0.3},
            )
        if chance.random() < 0.4:
            self._says(at + chance.randint(0, 90_000), chance.choice(CALL_POINTS), mode, values={"alarm": True})
        if chance.random() < 0.6:
            over = at + chance.randint(3_000, 200_000)
            self._says(over, first, mode, values={"smoke": 0.01})
            self._says(over + chance.randint(0, 20_000), second, mode, values={"smoke": 0.01})
        self._people_come(at, mode)

    def _call_point(self, at: int, mode: Mode) -> None:
        chance, device = self._chance, self._chance.choice(CALL_POINTS)
        self._says(at, device, mode, values={"alarm": True})
        if chance.random() < 0.6:
            self._says(at + chance.randint(1, 120_000), device, mode, values={"alarm": False})
        self._people_come(at, mode)

    def _gas(self, at: int, mode: Mode) -> None:
        self._says(at, "gd-1", mode, values={"gas_lel": 40})
        if self._chance.random() < 0.6:
            self._says(at + self._chance.randint(1, 120_000), "gd-1", mode, values={"gas_lel": 2})
        if self._chance.random() < 0.5:
            device = self._chance.choice(("gd-1", "vent-1", "siren-1"))
            how: Any = self._chance.choice(("refuses", "mute", "late", "twice"))
            self._acts.append(DeviceDisobeys(at=at, device=device, how=how, lasts=self._chance.randint(5_000, 90_000)))
        self._people_come(at, mode)

    def _trapped(self, at: int, mode: Mode) -> None:
        for _ in range(self._chance.randint(1, 3)):
            self._says(at, "lift-1", mode, event="alarm_button_pressed")
            at += self._chance.choice((500, 30_000, 60_000, 61_000))
        self._people_come(at, mode)

    def _overload(self, at: int, mode: Mode) -> None:
        """On and off about the limits of its holds."""
        chance, device, power = self._chance, self._chance.choice(METERS), 1_200
        for _ in range(chance.randint(1, 5)):
            self._says(at, device, mode, values={"power_w": power})
            at += chance.choice((5_000, 19_999, 20_000, 20_001, 29_999, 30_000, 30_001, 45_000))
            power = 500 if power == 1_200 else 1_200

    def _chatter(self, at: int, mode: Mode) -> None:
        """On and off, so that what it says is only counted."""
        device, metric, on, off = self._chance.choice(
            (("em-1", "voltage_v", 0, 230), ("mcp-2", "alarm", True, False), ("sd-3", "smoke", 0.4, 0.01))
        )
        for number in range(self._chance.randint(5, 12)):
            self._says(at, device, mode, values={metric: off if number % 2 else on})
            at += self._chance.choice((1_000, 4_000, 12_000))

    def _outage(self, at: int, mode: Mode) -> None:
        """A zone loses its power, its devices fall silent, and later both come back."""
        chance, lasts = self._chance, self._chance.randint(60_000, 400_000)
        self._says(at, "em-1", mode, values={"voltage_v": 0})
        for device in ("sd-1", "sd-2", "mcp-1", "em-1"):
            if chance.random() < 0.7:
                self._acts.append(Mutes(at=at + chance.randint(1, 9_000), device=device, lasts=lasts))
            if chance.random() < 0.3:
                self._says(at + chance.randint(1, 9_000), device, mode, status="offline")
        self._says(at + lasts + chance.randint(0, 5_000), "em-1", mode, values={"voltage_v": 230})

    def _flood(self, at: int, mode: Mode) -> None:
        """More in a minute than anybody can read, and a real fire among it."""
        chance = self._chance
        for device in METERS:
            for _ in range(2):
                self._says(at + chance.randint(0, 40_000), device, mode, values={"voltage_v": 0})
                self._says(at + chance.randint(40_000, 90_000), device, mode, values={"voltage_v": 230})
        self._says(at + chance.randint(0, 60_000), "gd-1", mode, values={"gas_lel": 40})
        self._says(at + chance.randint(0, 60_000), chance.choice(CALL_POINTS), mode, values={"alarm": True})

    def _shelf(self, at: int, mode: Mode) -> None:
        """Somebody works on a device; it sees something meanwhile."""
        chance, device = self._chance, self._chance.choice((*SMOKE, *CALL_POINTS, "gd-1", "em-1"))
        lasts = chance.choice((30_000, 60_000, 120_000))
        self._ask(at, "shelve", device=device, lasts=lasts)
        values = {"s": {"smoke": 0.4}, "m": {"alarm": True}, "g": {"gas_lel": 40}, "e": {"voltage_v": 0}}[device[0]]
        seen = at + chance.choice((-5_000, 1, 2_000, lasts - 1, lasts))
        self._says(max(1, seen), device, values=values)
        if chance.random() < 0.3:
            self._ask(at + chance.randint(1_000, lasts), "unshelve")
        if chance.random() < 0.5:
            self._acts.append(self._crash(at + chance.choice((3_000, lasts - 1, lasts, lasts + 1))))

    def _nonsense(self, at: int, mode: Mode) -> None:
        for _ in range(self._chance.randint(1, 4)):
            raw = self._chance.choice(('{"values": {"smoke": "a lot"}}', "{", '{"values": 7}', '{"seq": -1}'))
            self._says(at, self._chance.choice(ALL), mode, raw=raw)
            at += self._chance.choice((0, 1, 5_000))

    def _both(self, at: int, mode: Mode) -> None:
        """The same device in a drill and in earnest."""
        device = self._chance.choice(CALL_POINTS)
        for each in (Mode.EXERCISE, Mode.ACTUAL):
            self._says(at, device, each, values={"alarm": True})
            at += self._chance.choice((0, 3, 10_000))
        if self._chance.random() < 0.5:
            self._says(at + 40_000, device, Mode.EXERCISE, values={"alarm": False})
        self._says(at, "sd-3", Mode.TEST, values={"smoke": 0.4})
        self._people_come(at, Mode.EXERCISE)

    def _drill(self, at: int, mode: Mode) -> None:
        """A drill with a fire in it; often something real comes in between, and later it goes on, or does not."""
        chance = self._chance
        self._ask(at, "start drill", lasts=chance.choice((60_000, 180_000, 300_000)), by="safety")
        for _ in range(chance.choice((1, 1, 2))):
            episode = chance.choice((_Author._fire, _Author._call_point, _Author._gas, _Author._overload))
            episode(self, at + chance.choice((1, 1_000, 20_000)), Mode.EXERCISE)
        if chance.random() < 0.6:
            chance.choice((_Author._call_point, _Author._gas))(self, at + chance.randint(1, 90_000), Mode.ACTUAL)
        for does in ("suspend drill", "resume drill", "resume drill", "end drill", "abort drill"):
            if chance.random() < 0.4:
                at = min(at + chance.choice((10_000, 15_000, 45_000, 60_000)) + chance.choice((0, 0, 1)), LASTS_MS - 1)
                self._ask(at, does, by="safety")

    def _people_come(self, at: int, mode: Mode) -> None:
        chance = self._chance
        for does in ("acknowledge", "acknowledge", "respond", "do tasks", "order step", "resolve"):
            if chance.random() < 0.4:
                at += chance.randint(500, 40_000)
                self._ask(min(at, LASTS_MS - 1), does, mode=mode)

    # ---- what goes wrong

    def _crash(self, at: int) -> Crashes:
        chance = self._chance
        down_ms = chance.choice((1, 500, 500, 5_000, 20_000, 90_000))
        return Crashes(at=max(1, at), point=chance.choice(POINTS), down_ms=down_ms, power=chance.random() < 0.1)

    def _crashes(self) -> None:
        for _ in range(self._chance.choice((1, 1, 2))):
            self._acts.append(self._crash(self._near()))

    def _stops(self) -> None:
        self._acts.append(Stops(at=self._near(), down_ms=self._chance.choice((300, 5_000, 60_000))))

    def _broker(self) -> None:
        chance = self._chance
        lost = chance.random() < 0.5
        lasts = chance.choice((100, 3_000, 40_000))
        self._acts.append(AcksLost(at=self._near(), lasts=lasts) if lost else BrokerAway(at=self._near(), lasts=lasts))

    def _clock(self) -> None:
        chance = self._chance
        if chance.random() < 0.3:
            self._acts.append(ClockStuck(at=self._near(), lasts=chance.choice((2_000, 16_000, 70_000))))
        else:
            by_ms = chance.choice((-3_600_000, -70_000, -5_000, -1, 1, 3_000, 61_000, 3_600_000))
            self._acts.append(ClockJumps(at=self._near(), by_ms=by_ms))

    def _disk(self) -> None:
        chance = self._chance
        part: Any = chance.choice(("journal", "journal", "journal", "telemetry", "telemetry", "letters", "outbox"))
        how: Any = chance.choice(("full", "in doubt"))
        self._acts.append(DiskFails(at=self._near(), part=part, how=how, lasts=chance.choice((0, 0, 1_000, 20_000))))

    def _channel(self) -> None:
        chance = self._chance
        how: Any = chance.choice(("refuses", "hangs", "slow", "breaks", "in doubt"))
        lasts = chance.choice((5_000, 60_000, 300_000))
        self._acts.append(ChannelFails(at=self._near(), channel=chance.choice(CHANNELS), how=how, lasts=lasts))

    def _device(self) -> None:
        chance = self._chance
        how: Any = chance.choice(("refuses", "mute", "late", "twice"))
        device = chance.choice(("vent-1", "siren-1", "gd-1"))
        self._acts.append(DeviceDisobeys(at=self._near(), device=device, how=how, lasts=chance.randint(5_000, 90_000)))

    def _silence(self) -> None:
        chance = self._chance
        self._acts.append(Mutes(at=self._near(), device=chance.choice(ALL), lasts=chance.randint(10_000, 400_000)))

    def _reload(self) -> None:
        self._acts.append(Reloads(at=self._near()))


EPISODES_OF: tuple[Callable[[_Author, int, Mode], None], ...] = (
    _Author._fire,
    _Author._fire,
    _Author._fire,
    _Author._call_point,
    _Author._gas,
    _Author._trapped,
    _Author._overload,
    _Author._chatter,
    _Author._outage,
    _Author._flood,
    _Author._shelf,
    _Author._shelf,
    _Author._nonsense,
    _Author._both,
    _Author._drill,
    _Author._drill,
)
FAULTS_OF: tuple[Callable[[_Author], None], ...] = (
    _Author._crashes,
    _Author._crashes,
    _Author._crashes,
    _Author._stops,
    _Author._broker,
    _Author._broker,
    _Author._clock,
    _Author._clock,
    _Author._disk,
    _Author._disk,
    _Author._channel,
    _Author._device,
    _Author._silence,
    _Author._reload,
)
