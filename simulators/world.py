"""A whole run: a script is played to the real core on virtual time, and what was seen of it from outside is recorded.

    record = play(script)
    found = checkers.check(record)

The same script gives the same record, in any process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from api.ports import Health
from gateway.config import BrokerPart, GatewaySettings
from gateway.core import Core
from gateway.front import Front
from gateway.link import backoff_seconds
from gateway.news import News
from gateway.store import StoreFailed
from rules.effects import Effect
from rules.instant import SECOND_MS, Instant
from rules.mode import Mode
from rules.state import encode_state
from rules.timeline import Entry, Kind
from simulators.faults import (
    AnyAct,
    Asks,
    AtTheLimit,
    Crashes,
    Reloads,
    Says,
    Script,
    Stops,
)
from simulators.mishaps import Mishaps
from simulators.perils import Crashed, Perils, TrialClock
from simulators.record import Lived, Message, Performed, Record
from simulators.trial_broker import TrialBroker, command_of
from simulators.trial_field import TrialField
from simulators.trial_life import Around, Life, Parts
from simulators.trial_people import TrialPeople
from simulators.trial_senders import TrialSenders
from simulators.trial_site import changed, loaded
from simulators.trial_stores import lose_telemetry, memory, read_stores, stores
from simulators.virtual_loop import VirtualTimeLoop

AGAIN_SECONDS = 100.0  # how often devices say how things are, when nothing happens
HEALS_MS = 4 * 60 * SECOND_MS  # after the script nothing is wrong any more: everything that is due has to happen
RECONNECTS_MS = 500


def play(script: Script, parts: Parts = Parts(), folder: Path | None = None) -> Record:
    """`folder`: an empty one for telemetry; default: one in memory, which is removed."""
    if folder is None:
        with TemporaryDirectory(prefix="tocsin-run-", dir=memory()) as made:
            return play(script, parts, Path(made))
    log = logging.getLogger("tocsin")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what goes wrong here is meant to
    try:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            world = World(script, parts, folder, runner.get_loop())
            return runner.run(world.run())
    finally:
        log.setLevel(level)


class World:
    def __init__(self, script: Script, parts: Parts, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.script, self._parts, self._folder, self._loop = script, parts, folder, loop
        self.record = Record(script)
        self.news = News()
        self.core: Core | None = None
        chance = Random(script.seed)
        self.clock = TrialClock(script.begins, loop.time)
        self.perils = Perils(self._on_death, self._on_commit)
        self.field = TrialField(self.clock.true, self._send)
        self.broker = TrialBroker(self.perils, self.clock, chance, self.field.obey)
        self.senders = TrialSenders(self.perils, self._on_effect)
        self.settings = GatewaySettings(data=folder, broker=BrokerPart(url="mqtt://trial:1883"))
        front = Front(self, self.clock)
        self.people = TrialPeople(front, lambda: self.core, self.clock, self.perils, self.record.asked)
        deliveries = self.senders.deliveries(self.settings)
        self._around = Around(
            stores().fresh(),
            self.settings,
            self.clock,
            self.news,
            self.broker,
            self.perils,
            chance,
            deliveries,
            self._on_command,
        )
        self._mishaps = Mishaps(loop, self.field, self.broker, self.senders, self.perils, self.clock, self.record)
        self._loaded = loaded()
        self._end_life = asyncio.Event()
        self._death: Crashes | None = None
        self._stop: Stops | None = None
        self._over = False
        self._down_since: Instant | None = None
        self._limits: list[AtTheLimit] = []
        self._asking: set[asyncio.Task[None]] = set()

    # ---- the run

    async def run(self) -> Record:
        self._loop.set_exception_handler(self._on_error)
        self.field.begin(device.partition("/")[2] for device in self._loaded.directory.devices)
        for number, act in enumerate(self.script.acts):
            self._loop.call_at(act.at / 1000, self._guarded, lambda act=act, number=number: self._do(act, number))
        self._loop.call_at(1.0, self._guarded, self._say_again)
        living = asyncio.create_task(self._live())
        await asyncio.sleep(self.script.lasts / 1000)
        self._heal()
        await asyncio.sleep(HEALS_MS / 1000)
        self._over = True
        self._end_life.set()
        await living
        for task in self._asking:
            task.cancel()
        self.record.ended = self.clock()
        self.record.waiting = [f"{each.message.topic} {each.message.payload!r}" for each in self.broker.queue]
        read_stores(self.record, stores().journal, stores().scratch, self._folder)
        return self.record

    def _heal(self) -> None:
        self.perils.disk.clear()
        self.perils.armed = None
        self.senders.fails.clear()
        self.field.disobeys.clear()
        self.broker.loses_acks = False
        self.broker.come()
        self._mishaps.set_clock(self.clock.go_on)

    def _say_again(self) -> None:
        self.field.again()
        if self._loop.time() * 1000 < self.script.lasts + HEALS_MS - SECOND_MS:
            self._loop.call_later(AGAIN_SECONDS, self._guarded, self._say_again)

    def _guarded(self, do: Callable[[], None]) -> None:
        """A callback in which the process may die."""
        try:
            do()
        except Crashed:
            self._end_life.set()

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, Crashed):
            self.record.faults.append(f"{context['message']}: {error!r}")

    # ---- lives

    async def _live(self) -> None:
        failures = 0
        while not self._over:
            self._end_life.clear()
            self._death = self._stop = None
            self.perils.rise()
            lived = Lived(self.perils.life, self.clock())
            began = self._loop.time()
            how, core = "crash", None
            try:
                core = Life(self._around, self._loaded, self._parts)
                self._rises()
                self.core = core
                how = await self._until_it_ends(core)
            except StoreFailed:
                how = "store failed"
            except Crashed:
                how = "crash"
            except Exception as error:  # it would be started again; here it is what is looked for
                self.record.faults.append(f"the gateway ended: {error!r}")
                how = "broke"
            self.core = None
            if core is not None:
                how = self._close(core, how)
                self.record.memory = encode_state(core.desk.engine.state) if how == "stopped" else b""
            lived.ended, lived.how = self.clock(), how
            self.record.lives.append(lived)
            self._falls()
            if how in ("store failed", "broke"):
                failures = 1 if self._loop.time() - began > 60 else failures + 1
                await asyncio.sleep(backoff_seconds(failures, chance=1.0))
            elif not self._over:
                await self._stay_down(how)

    async def _until_it_ends(self, core: Life) -> str:
        running = asyncio.create_task(core.run())
        told = asyncio.create_task(self._end_life.wait())
        try:
            await asyncio.wait((running, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
        if running.done() and not self.perils.dead:
            running.result()  # raises StoreFailed
            return "ended"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return "crash" if self.perils.dead else "stopped"

    def _close(self, core: Life, how: str) -> str:
        try:
            core.close(snapshot=how == "stopped")
        except StoreFailed:
            return "store failed"
        except Crashed:
            return "crash"
        return how

    async def _stay_down(self, how: str) -> None:
        fault: Crashes | Stops | None = self._death if how == "crash" else self._stop
        if self._death is not None and self._death.power:
            lose_telemetry(self._folder, self.clock() - SECOND_MS)
        await asyncio.sleep((fault.down_ms if fault else RECONNECTS_MS) / 1000)

    def _falls(self) -> None:
        if self._down_since is None:
            self._down_since = self.clock()

    def _rises(self) -> None:
        if self._down_since is not None:
            since, now = self._down_since, self.clock()
            self.record.disturbed.append((min(since, now), max(since, now)))
        self._down_since = None

    def _on_death(self, crash: Crashes) -> None:
        self._death = crash
        self._end_life.set()

    # ---- `gateway.front_core.Running`: what the API needs

    def health(self) -> Health:
        return Health(self.core is not None, {}, "trial", 0)

    def metrics(self) -> bytes:
        return b""

    def store_failed(self, error: StoreFailed) -> None:
        if self.core is not None:
            self.core.fail(error)

    # ---- what is seen

    def _on_commit(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.kind is Kind.PRE_ALARM and entry.incident is not None:
                self._meet_the_limit(entry)

    def _meet_the_limit(self, entry: Entry) -> None:
        for act in [act for act in self._limits if act.mode is entry.mode]:
            self._limits.remove(act)
            due = entry.at + int(float(entry.facts["acknowledge_within_ms"]))
            seconds = (due - act.before_ms - self.clock()) / 1000 - 0.0004  # before whoever else wakes in that instant
            asks = Asks(at=act.at, does="acknowledge", by=act.by, mode=act.mode, insists=False)
            number = len(self.script.acts) + entry.position
            self._loop.call_later(seconds, self._ask, asks, number, entry.incident)

    def _on_effect(self, effect: Effect, to: str, text: str) -> Performed:
        performed = Performed(
            id=effect.id,
            kind=type(effect).__name__,
            mode=effect.mode,
            incident=getattr(effect, "incident", None),
            to=to,
            text=text,
            expires_at=effect.expires_at,
            life=self.perils.life,
            clock=self.clock(),
            position=self.perils.position,
        )
        self.record.performed.append(performed)
        return performed

    def _on_command(self, topic: str, payload: bytes) -> Callable[[str], None]:
        command = command_of(payload)
        performed = Performed(
            id=command["id"],
            kind="PublishCommand",
            mode=Mode(command["mode"]),
            incident=command["incident"],
            to="/".join(topic.split("/")[2:4]),
            text=command["command"],
            expires_at=0,
            life=self.perils.life,
            clock=self.clock(),
            position=self.perils.position,
            topic=topic,
        )
        self.record.performed.append(performed)

        def ended(outcome: str) -> None:
            performed.outcome = outcome

        return ended

    # ---- acts

    def _send(self, message: Message, retained: bool, delay_ms: int) -> None:
        """A message on the network."""
        if not self.record.messages or self.record.messages[-1] is not message:
            self.record.messages.append(message)
        if delay_ms:
            self._loop.call_later(delay_ms / 1000, self._guarded, lambda: self.broker.publish(message, retained))
        else:
            self.broker.publish(message, retained)

    def _do(self, act: AnyAct, number: int) -> None:
        if type(act) in _DO:
            _DO[type(act)](self, act, number)
        else:
            self._mishaps.happen(act)

    def _says(self, act: Says, number: int) -> None:
        self.field.says(act)

    def _crashes(self, act: Crashes, number: int) -> None:
        if self.core is None:
            return
        self.perils.armed = act
        self.perils.come_to("now")

    def _stops(self, act: Stops, number: int) -> None:
        if self.core is not None:
            self._stop = act
            self._end_life.set()

    def _reloads(self, act: Reloads, number: int) -> None:
        self._loaded = changed() if self._loaded is loaded() else loaded()
        if self.core is not None:
            try:
                self.core.load(self._loaded)
            except StoreFailed as error:
                self.core.fail(error)

    def _at_the_limit(self, act: AtTheLimit, number: int) -> None:
        self._limits.append(act)

    def _ask(self, act: Asks, number: int, incident: str | None = None) -> None:
        task = self._loop.create_task(self.people.ask(act, number, incident))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)


_DO: dict[type, Callable[[World, Any, int], None]] = {
    Says: World._says,
    Crashes: World._crashes,
    Stops: World._stops,
    Reloads: World._reloads,
    AtTheLimit: World._at_the_limit,
    Asks: World._ask,
}
