"""The gateway as a whole: the only place where its parts are wired to each other."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from api.ports import Health
from gateway.annunciation import LOOK_SECONDS, STORE_TOLD_MS, Annunciation, disk_fault
from gateway.apart.core_end import CoreEnd
from gateway.apart.stand_in import StandIn
from gateway.apart.supervisor import Supervisor
from gateway.broker import Broker, BrokerFailed, BrokerSettings
from gateway.clock import Clock, monotonic_s, now_ms
from gateway.config import EMBEDDED, GatewaySettings, read_secret
from gateway.core import Core
from gateway.forward.counts import Counts, Lost
from gateway.forward.supervisor import ForwarderProcess
from gateway.front import Front
from gateway.heartbeat import Heartbeat
from gateway.identity.secret_files import signing_key
from gateway.library import Loaded, load
from gateway.link import backoff_seconds
from gateway.listening import listen, url_of
from gateway.metrics import GatewayCollector, exposition
from gateway.news import News
from gateway.reload import changes
from gateway.store import StoreFailed, StoreLocked

STARTING = "starting"
STEADY_SECONDS = 60.0  # a core that lived so long did not fail of what the last one failed of
NEEDED = ("store", "broker", "commands")  # without these nothing is ready; "rules" only tells of files not in force
API = "api"
INFLUXDB = "influxdb"  # where the settings name one
PARTS = (*NEEDED, "rules", API)
STOOD_STILL_SECONDS = 15.0  # a core looks what time it is once a second

log = logging.getLogger("tocsin")


class Gateway:
    """`run` it. `on_ready(url)` is called once, with the API's address, when readings are being taken; `on_started`
    once when the store is open and the API answers, whether or not there is a broker."""

    def __init__(
        self,
        settings: GatewaySettings,
        clock: Clock = now_ms,
        on_ready: Callable[[str], None] = lambda url: None,
        on_started: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings, self._clock, self._on_ready = settings, clock, on_ready
        self._on_started: Callable[[], None] | None = on_started
        self._front = Front(self, clock)
        self._core_end = CoreEnd(self._front, settings)
        self.news = News(self._core_end.told)
        self.core: Core | None = None
        self._announced = False  # that it is ready
        self._asked = False  # the API has been up: that it is started again is nothing to announce
        self.http_url = ""
        self.broker_url = settings.broker.url
        self._parts = dict.fromkeys(PARTS, STARTING)
        self._started_at = clock()
        self._collector = GatewayCollector(self._started_at)
        self._loaded: Loaded | None = None
        self._reloading = asyncio.Lock()  # people assign devices while a deployment writes files
        self._annunciation = Annunciation()
        self._heartbeat = _heartbeat(settings, lambda: self.ready and self.alive())
        self._forwarder: ForwarderProcess | None = None
        if settings.influxdb is not None:
            self._parts[INFLUXDB] = STARTING
            self._forwarder = self._collector.forwarder = ForwarderProcess(settings, self)

    async def run(self) -> None:
        """Until cancelled. Raises BadFiles, BrokerFailed, StoreLocked, ValueError for what cannot be started with."""
        self.settings.data.mkdir(parents=True, exist_ok=True)
        self.settings.api()  # what is wrong with tokens and keys is said at once
        signing_key(self.settings.data)
        async with self._api():
            self._loaded = await asyncio.to_thread(self._load)
            _remark(self._loaded)
            self._parts["rules"] = ""
            async with self._broker(), asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_core())
                tasks.create_task(self._follow_files())
                tasks.create_task(self._annunciate())
                if self._heartbeat is not None:
                    tasks.create_task(self._heartbeat.run())
                if self._forwarder is not None:
                    tasks.create_task(self._forwarder.run())

    @asynccontextmanager
    async def _broker(self) -> AsyncIterator[None]:
        """The embedded broker, where it is wanted: up before everything else, and down after it."""
        if self.settings.broker.url != EMBEDDED:
            yield
            return
        broker = self._embedded()
        await broker.start()
        self.broker_url = broker.url
        running = asyncio.create_task(broker.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _embedded(self) -> Broker:
        part = self.settings.broker
        return Broker(
            BrokerSettings(self.settings.data / "broker", part.embedded_host, part.embedded_port),
            lambda up, why: log.info("embedded broker: %s", why),
        )

    # ---- the core

    async def _keep_core(self) -> None:
        """Runs a core; makes another one from the store when the store has failed."""
        failures = 0
        while True:
            begun = monotonic_s()
            try:
                await self._run_core()
            except StoreLocked:
                raise
            except StoreFailed as error:
                failures = 1 if monotonic_s() - begun > STEADY_SECONDS else failures + 1
                self._collector.store_failures += 1
                log.error("the store failed: %s", error)
                self._changed("store", str(error))
                self._annunciation.for_a_while("store", f"it had failed: {error}", self._clock() + STORE_TOLD_MS)
            await asyncio.sleep(backoff_seconds(failures, chance=1.0))

    async def _run_core(self) -> None:
        assert self._loaded is not None
        link = self.settings.link(self.broker_url)
        core = Core(self.settings, link, self._loaded, self._clock, self.news, self._changed)
        gc.freeze()  # what lives as long as the core; looking through it all stops readings for 60 ms, at 400 devices
        orderly = False
        try:
            self.core = self._collector.core = core
            self._changed("store", "")
            self._stands()
            self._annunciation.anew()
            await core.run()
        except asyncio.CancelledError:
            orderly = True
            raise
        finally:
            gc.unfreeze()
            self.core = self._collector.core = None
            self._core_end.stands()
            core.close(snapshot=orderly)

    def _stands(self) -> None:
        """Whoever looks at devices is told which there are now."""
        self._core_end.stands()
        if self._forwarder is not None and self.core is not None:
            self._forwarder.stand(self.core.screen.directory)

    def store_failed(self, error: StoreFailed) -> None:
        if self.core is not None:
            self.core.fail(error)

    def _changed(self, part: str, fault: str) -> None:
        if fault != self._parts[part]:
            log.log(logging.WARNING if fault else logging.INFO, "%s: %s", part, fault or "ok")
        self._parts[part] = fault
        if self._on_started is not None and not self._parts["store"] and not self._parts[API]:
            self._on_started()
            self._on_started = None
        was, self._collector.ready = self._collector.ready, self.ready
        if self.ready and not was:
            self._announced = False
        if self.ready and not self._announced and (self._parts[API] == "" or self._asked):
            self._announced = self._asked = True
            log.info("ready: %s", self.http_url)
            self._on_ready(self.http_url)

    # ---- forwarding, as `gateway.forward.supervisor.Hears`

    def forwarding(self, counts: Counts) -> None:
        was, fault = self._parts[INFLUXDB], counts.fault
        if not was or not fault or was == STARTING:  # else only its figures are others
            self._changed(INFLUXDB, fault)
        self._parts[INFLUXDB] = fault

    def unforwarded(self, lost: Lost) -> None:
        self._within_core(lambda core: core.unforwarded(lost))

    async def _annunciate(self) -> None:
        """The timeline, and a siren, are told when something is not well, and when it is again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._clock()
            self._annunciation.clock(now, monotonic_s())
            if self.core is not None:
                self._annunciation.look(self._faults(self.core), now, self._tell_part)
                self._within_core(lambda core: core.sound())

    def _faults(self, core: Core) -> dict[str, str]:
        """Of what has come up so far. The store's own cannot be told while it has them."""
        faults = {part: fault for part, fault in self._parts.items() if part != "store" and fault != STARTING}
        faults["disk"] = disk_fault(core.sizes.disk)
        return faults | ({"heartbeat": self._heartbeat.fault} if self._heartbeat is not None else {})

    def _tell_part(self, part: str, fault: str) -> bool:
        core = self.core
        self._within_core(lambda core: core.part(part, fault))
        return self.core is core is not None

    def _within_core(self, act: Callable[[Core], None]) -> None:
        if self.core is not None:
            try:
                act(self.core)
            except StoreFailed as error:
                self.store_failed(error)

    def alive(self) -> bool:
        """A core that is being made anew is not there, and its faults are told elsewhere; one that is there moves."""
        return self.core is None or monotonic_s() - self.core.looked_at_s < STOOD_STILL_SECONDS

    @property
    def ready(self) -> bool:
        return not any(self._parts[part] for part in NEEDED)

    # ---- files

    async def _follow_files(self) -> None:
        """Puts changed files in force; bad ones are reported and change nothing."""
        async for _ in changes(self.settings.files):
            try:
                await self.reload()
            except ValueError as error:
                log.error("changed files are not in force:\n%s", error)
                self._changed("rules", f"changed files are not in force: {str(error).splitlines()[0]}")

    async def reload(self) -> None:
        """Reads all files again, and puts them in force. Raises BadFiles: then nothing has changed."""
        async with self._reloading:
            loaded = await asyncio.to_thread(self._load)
            self._loaded = loaded
            _remark(loaded)
            self._changed("rules", "")
            if self.core is None:
                return
            try:
                changed = self.core.load(loaded)
            except StoreFailed as error:
                self.store_failed(error)
                return
            log.info("files read again: %s", "now in force" if changed else "nothing has changed")
            self._stands()

    def _load(self) -> Loaded:
        return load(self.settings.all_files, codecs=self.settings.codecs)

    # ---- the API

    @asynccontextmanager
    async def _api(self) -> AsyncIterator[None]:
        """Begun first, since its process takes the longest to start; ended last."""
        part = self.settings.http
        with await listen(part.host, part.port) as listening:
            self.http_url = url_of(listening)
            serve = self._serve_here if part.process == "shared" else self._serve_apart
            async with asyncio.TaskGroup() as tasks:
                serving = tasks.create_task(serve(listening))
                try:
                    yield
                finally:
                    serving.cancel()

    async def _serve_apart(self, listening: socket.socket) -> None:
        """In a process of its own: who looks does not hold up who raises alarms (docs/adr/0012)."""
        stand_in = StandIn(listening, self.health)
        supervisor = Supervisor(listening, self._core_end, stand_in, lambda fault: self._changed(API, fault))
        self._collector.api = supervisor
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._core_end.run())
            tasks.create_task(supervisor.run())

    async def _serve_here(self, listening: socket.socket) -> None:
        from gateway.serving import serve  # a second of imports that the core has no other use for

        async def started() -> None:
            self._changed(API, "")

        async with asyncio.TaskGroup() as tasks:
            searching = tasks.create_task(self._front.keep_search())
            try:
                await serve(self._front, self.settings, listening, self.news, started)
            finally:
                searching.cancel()

    def health(self) -> Health:
        parts = {part: fault or "ok" for part, fault in self._parts.items()}
        return Health(self.ready, parts, version("tocsin"), self._started_at)

    def metrics(self) -> bytes:
        return exposition(self._collector)


def _heartbeat(settings: GatewaySettings, alive: Callable[[], bool]) -> Heartbeat | None:
    part = settings.heartbeat
    return None if part is None else Heartbeat(read_secret(part.url_file) or "", part.every_seconds, alive)


def _remark(loaded: Loaded) -> None:
    for remark in loaded.remarks:
        log.warning("%s", remark)


__all__ = ["BrokerFailed", "Gateway", "StoreLocked"]
