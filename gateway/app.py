"""The gateway as a whole: the only place where its parts are wired to each other."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

import uvicorn

from api.app import close_streams, make_app
from api.ports import Health
from gateway.broker import Broker, BrokerFailed, BrokerSettings
from gateway.clock import Clock, monotonic_s, now_ms
from gateway.config import EMBEDDED, GatewaySettings
from gateway.core import Core
from gateway.front import Front
from gateway.library import Loaded, load
from gateway.link import backoff_seconds
from gateway.metrics import GatewayCollector, exposition
from gateway.news import News
from gateway.reload import changes
from gateway.store import StoreFailed, StoreLocked

STARTING = "starting"
STEADY_SECONDS = 60.0  # a core that lived so long did not fail of what the last one failed of
NEEDED = ("store", "broker", "commands")  # without these nothing is ready; "rules" only tells of files not in force
PARTS = (*NEEDED, "rules")

log = logging.getLogger("tocsin")


class Gateway:
    """`run` it. `on_ready(url)` is called once, with the API's address, when readings are being taken."""

    def __init__(
        self,
        settings: GatewaySettings,
        clock: Clock = now_ms,
        on_ready: Callable[[str], None] = lambda url: None,
    ) -> None:
        self.settings, self._clock, self._on_ready = settings, clock, on_ready
        self.news = News()
        self.core: Core | None = None
        self.http_url = ""
        self.broker_url = settings.broker.url
        self._parts = dict.fromkeys(PARTS, STARTING)
        self._started_at = clock()
        self._collector = GatewayCollector()
        self._loaded: Loaded | None = None

    async def run(self) -> None:
        """Until cancelled. Raises BadFiles, BrokerFailed, StoreLocked, ValueError for what cannot be started with."""
        self.settings.data.mkdir(parents=True, exist_ok=True)
        self._loaded = load(self.settings.files)
        _remark(self._loaded)
        self._parts["rules"] = ""
        async with self._broker(), asyncio.TaskGroup() as tasks:
            tasks.create_task(self._serve())
            tasks.create_task(self._keep_core())
            tasks.create_task(self._follow_files())

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
                log.error("the store failed: %s", error)
                self._changed("store", str(error))
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
            await core.run()
        except asyncio.CancelledError:
            orderly = True
            raise
        finally:
            gc.unfreeze()
            self.core = self._collector.core = None
            core.close(snapshot=orderly)

    def store_failed(self, error: StoreFailed) -> None:
        if self.core is not None:
            self.core.fail(error)

    def _changed(self, part: str, fault: str) -> None:
        if fault != self._parts[part]:
            log.log(logging.WARNING if fault else logging.INFO, "%s: %s", part, fault or "ok")
        self._parts[part] = fault
        was, self._collector.ready = self._collector.ready, self.ready
        if self.ready and not was:
            log.info("ready: %s", self.http_url)
            self._on_ready(self.http_url)

    @property
    def ready(self) -> bool:
        return not any(self._parts[part] for part in NEEDED)

    # ---- files

    async def _follow_files(self) -> None:
        """Puts changed files in force; bad ones are reported and change nothing."""
        async for _ in changes(self.settings.files):
            try:
                loaded = await asyncio.to_thread(load, self.settings.files)
            except ValueError as error:
                log.error("changed files are not in force:\n%s", error)
                self._changed("rules", f"changed files are not in force: {str(error).splitlines()[0]}")
                continue
            self._loaded = loaded
            _remark(loaded)
            self._changed("rules", "")
            if self.core is not None:
                try:
                    changed = self.core.load(loaded)
                except StoreFailed as error:
                    self.store_failed(error)
                    continue
                log.info("files read again: %s", "now in force" if changed else "nothing has changed")

    # ---- the API

    async def _serve(self) -> None:
        part = self.settings.http
        app = make_app(Front(self, self._clock), self.settings.api())
        config = uvicorn.Config(
            app,
            part.host,
            part.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # who asks is who connects
            ws="none",
        )
        server = _Server(config)
        family = socket.AF_INET6 if ":" in part.host else socket.AF_INET
        listening = socket.create_server((part.host, part.port), family=family)
        host, port = listening.getsockname()[:2]
        self.http_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await asyncio.shield(serving)
        finally:
            close_streams(app)  # the server waits for open answers
            self.news.close()
            server.should_exit = True
            await serving
            listening.close()

    def health(self) -> Health:
        parts = {part: fault or "ok" for part, fault in self._parts.items()}
        return Health(self.ready, parts, version("tocsin"), self._started_at)

    def metrics(self) -> bytes:
        return exposition(self._collector)


def _remark(loaded: Loaded) -> None:
    for remark in loaded.remarks:
        log.warning("%s", remark)


class _Server(uvicorn.Server):
    """Signals are the command line's to handle."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


__all__ = ["BrokerFailed", "Gateway", "StoreLocked"]
