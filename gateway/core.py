"""The core: store, desk, screen, telemetry and ingest, wired together; and what runs beside them.

Made anew from the store when it starts and after every failure of the store: memory is never ahead of the disk for
longer than it takes to notice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version

from gateway.annunciation import own_troubles, siren
from gateway.auditor import Auditor
from gateway.clock import Clock, monotonic_s
from gateway.config import GatewaySettings
from gateway.deliveries import deliveries
from gateway.desk import Desk
from gateway.ending import end
from gateway.foreign.host_presence import presences
from gateway.foreign.intake import Intake
from gateway.forward.counts import Lost
from gateway.history import StoredHistory
from gateway.ingest import Ingest
from gateway.keeping.retention import Retention
from gateway.library import Loaded
from gateway.link import Link
from gateway.link_settings import LinkSettings
from gateway.located import Located
from gateway.news import News
from gateway.performer import Performer
from gateway.rollup.keeper import Keeper
from gateway.rollup.keeper import Past as ConsumedBefore
from gateway.rollup.making import meters_in
from gateway.sizes import Sizes
from gateway.store import Store, StoreFailed
from gateway.telemetry import Telemetry
from rules import parts
from rules.drill import exercises_from
from rules.effects import Effect
from rules.events import AuditFailed, AuditPassed, GatewayStarted, PartFailed, PartWell
from rules.instant import DAY_MS
from rules.mode import Mode
from rules.place_names import titles_of
from rules.schedule import calendars as calendars
from rules.screen import Screen
from rules.site import Title
from rules.timeline import Entry
from rules.trouble import trouble_key
from rules.verdict import Verdict

LOOK_SECONDS_MAX = 1.0  # a wall clock that was set forward is noticed within this
RETENTION_SECONDS = 600.0  # files are an hour each
TELEMETRY_FOLDER = "telemetry"

log = logging.getLogger("tocsin.core")


class Core:
    """`changed(part, fault)` tells of the state of "broker" and "commands"; an empty fault: it is well.

    Raises StoreFailed when the stores cannot be opened or read, StoreLocked when another gateway has them.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        link: LinkSettings,
        loaded: Loaded,
        clock: Clock,
        news: News,
        changed: Callable[[str, str], None],
    ) -> None:
        self._settings, self._clock, self._news, self._changed = settings, clock, news, changed
        self._sounded: list[str] | None = None
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.Handle | None = None
        self.looked_at_s = monotonic_s()  # when it last saw what time it is; it moves as long as the core does
        self._timer_due = 0.0  # our own note of it: what uvloop gives for a timer of no delay cannot be asked
        self.store = Store.open(settings.store_url)
        try:
            self.telemetry = Telemetry(settings.data / TELEMETRY_FOLDER)
            self.desk = Desk(self.store, clock, self._on_commit)
            self._start(link, loaded)
        except BaseException:
            self.close()
            raise

    def _start(self, link: LinkSettings, loaded: Loaded) -> None:
        self.desk.submit(GatewayStarted(version("tocsin")))
        self.desk.load(*loaded.documents)
        self.desk.keep_texts(loaded.texts)
        history = StoredHistory(self.telemetry, self.desk)
        folder = self._settings.data / TELEMETRY_FOLDER
        self.screen = Screen(
            loaded.directory, loaded.ruleset, history, calendars(loaded.directory), ConsumedBefore(folder)
        )
        self.rollup = Keeper(
            folder, lambda: meters_in(self.screen.directory), self._compared, self._on_consumed, self._clock
        )
        self.link = Link(link, self._on_messages, self._on_link)
        self.performer = Performer(
            self.desk,
            self.store,
            link,
            self._sites,
            self._clock,
            lambda up, why: self._told("commands", up, why),
            deliveries(self._settings),
        )
        self.auditor = Auditor(self.store, self.desk.engine.state.plans, self._on_audit, self._clock)
        self.ingest = Ingest(
            self.screen,
            self.desk,
            self.store,
            self.telemetry,
            self._clock,
            asyncio.get_running_loop(),
            self.link.acknowledge,
            self.fail,
            self._settings.broker.batch_ms,
            history.ahead,
        )
        keeping, folder = self._settings.keeping, self._settings.data
        self.retention = Retention(keeping, folder, self.store, self.desk, self._clock, self.ingest.flush)
        self.sizes = Sizes(self._settings.data)
        self.ingest.on_answer = self.performer.answered
        self._take_up()
        self.presences = presences(self.foreign.codecs, link, self._clock)

    def _take_up(self) -> None:
        """What the journal knows to hold, and what time has changed meanwhile."""
        for site, at in exercises_from(self.desk.engine.state.drills).items():
            self.screen.forget(Mode.EXERCISE, site, at)
        self.desk.on_cleared = self._forget_exercise
        detections = self.desk.engine.state.detections.values()
        verdicts = [(each.mode, each.rule, each.device, each.verdict) for each in detections]
        known = [verdict for verdict in verdicts if verdict[3] is not Verdict.DOES_NOT]
        for change in self.screen.start(known, self._clock()):
            self.ingest.submit(change)
        self._hear_others()
        for change in self.foreign.follow(self.screen.directory, self._clock()):
            self.ingest.submit(change)
        self.ingest.flush()

    def _hear_others(self) -> None:
        """Formats that are not ours."""
        self.foreign = Intake(
            {name: part.codec() for name, part in self._settings.codecs.items()},
            self.ingest,
            self.screen,
            self.desk,
            self.store,
            self.telemetry.source,
            self.performer.say,
            self.performer.answered,
        )
        self.ingest.foreign = self.foreign
        self.performer.encode = self.foreign.encode

    async def run(self) -> None:
        """Until cancelled, or StoreFailed. Then `close`."""
        self._look()
        parts = (self.link, self.performer, self.auditor, self.retention, self.rollup, self.sizes)
        work = [*(part.run() for part in parts), *(each.run() for each in self.presences), self._keep_retention()]
        tasks = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait([*tasks, self._failed], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            self._acknowledge_the_last()
            raise
        finally:
            await end(tasks)

    def _acknowledge_the_last(self) -> None:
        """Before an orderly stop lets go of the broker, which would send it again to whatever starts next."""
        try:
            self.ingest.flush()
        except StoreFailed as error:
            log.error("what came last is not stored, and comes again: %s", error)
            self.fail(error)

    def fail(self, error: StoreFailed) -> None:
        """Nothing can be stored any more: `run` ends with this."""
        if not self._failed.done():
            self._failed.set_exception(error)

    def close(self, snapshot: bool = False) -> None:
        """`snapshot`: after an orderly stop, so that the next start replays nothing."""
        try:
            if snapshot and not self._failed.done():
                self.ingest.flush()
                self.foreign.flush(self._clock(), whole=True)
                self.desk.snapshot()
        finally:
            if self._timer is not None:  # a commit sets it anew
                self._timer.cancel()
            if self._failed.done() and not self._failed.cancelled():
                self._failed.exception()  # it was seen by whoever called `run`
            for part in ("telemetry", "store"):
                if hasattr(self, part):
                    getattr(self, part).close()

    # ---- messages, commits, time

    def _on_messages(self, messages: list[tuple[bytes, bytes, int, int]], generation: int) -> None:
        self.ingest.on_messages(messages, generation)
        self._rearm()

    def _on_link(self, connected: bool, reason: str) -> None:
        self.screen.listening(self._clock() if connected else None)
        self._told("broker", connected, reason)
        if connected:
            self.foreign.ask_again(self._clock())

    def _told(self, part: str, well: bool, reason: str) -> None:
        if part == "commands":
            self._sounded = None  # said anew on every connection: what was said without one is lost
        self._changed(part, "" if well else reason)

    def _on_commit(self, entries: list[Entry], effects: list[Effect]) -> None:
        if effects:
            self.performer.wake(effects)  # before those who watch: a command is on its way before its entry is told
        self._news.publish(entries)
        self.auditor.wake()
        self.__dict__.pop("firing", None)
        self._rearm()

    def _forget_exercise(self, site: str) -> None:
        """A drill begins there or is over: what was said on its tree before counts for nothing."""
        self.screen.forget(Mode.EXERCISE, site, self._clock())
        self.ingest.forget_routes()

    def _on_audit(self, events: Sequence[AuditFailed | AuditPassed]) -> None:
        """Raises StoreFailed."""
        for event in events:
            log.warning("audit: %s", event)
            self.desk.submit(event)
        self.ingest.flush()

    def part(self, part: str, fault: str) -> None:
        """How a part of the gateway is; an empty fault: well. Only a change is journaled. Raises StoreFailed."""
        known = trouble_key(Mode.ACTUAL, parts.source(part)) in self.desk.engine.state.troubles
        if known is bool(fault):
            return
        self.desk.submit(PartFailed(part, fault) if fault else PartWell(part))
        self.ingest.flush()

    def sound(self) -> None:
        """The local siren topic says what troubles of Tocsin's own there are, whenever that has changed."""
        sources = own_troubles(self.desk.engine.state.troubles)
        if sources != self._sounded:
            self._sounded = sources
            self.performer.say(siren(self._sites(), sources, self._clock()))

    def unforwarded(self, lost: Lost) -> None:
        """InfluxDB will never take it: a dead letter. Raises StoreFailed."""
        self.ingest.letters.add(b"influxdb", lost.reason, lost.detail, lost.example, self._clock())
        self.ingest.flush()

    def _compared(self) -> list[str]:
        """Devices whose consumption some rule looks at."""
        return [watched.device.id for watched in self.screen.all() if watched.plan.weeks]

    def _on_consumed(self, device: str, first: int, hours: Sequence[float]) -> None:
        try:
            changes = self.screen.consumed(device, first, hours, self._clock())
            for change in changes:
                self.ingest.submit(change)
            if changes:
                self.ingest.flush()
        except StoreFailed as error:
            self.fail(error)
            return
        self._rearm()

    def _look(self) -> None:
        """Lets screen and engine see what time it is, and sets the clock for the next time."""
        self.looked_at_s = monotonic_s()
        if self._timer is not None:
            self._timer.cancel()  # `run` looks although a commit of the start has set it
            self._timer = None
        try:
            for change in self.screen.advance(self._clock()):
                self.ingest.submit(change)
            self.desk.advance()
            if self.desk.pending:
                self.ingest.flush()
            self.desk.snapshot_if_due()
        except StoreFailed as error:
            self.fail(error)
            return
        self._rearm()

    def _rearm(self) -> None:
        due = min(
            (at for at in (self.desk.next_deadline(), self.screen.next_deadline()) if at is not None), default=None
        )
        wait_s = LOOK_SECONDS_MAX if due is None else min(LOOK_SECONDS_MAX, max(0, due - self._clock()) / 1000)
        loop = asyncio.get_running_loop()
        timer_due = loop.time() + wait_s
        if self._timer is not None:
            if self._timer_due <= timer_due:
                return
            self._timer.cancel()
        self._timer, self._timer_due = loop.call_later(wait_s, self._look), timer_due

    async def _keep_retention(self) -> None:
        keep = self._settings.telemetry
        while True:
            removed = self.telemetry.expire(self._clock(), round(keep.keep_days * DAY_MS), keep.bytes_max)
            for file in removed:
                log.info("telemetry file %s is past its keeping and was removed", file)
            await asyncio.sleep(RETENTION_SECONDS)

    # ---- what is in force

    def load(self, loaded: Loaded) -> bool:
        """Puts other sites, rules and plans in force, without losing what is known. → whether anything changed."""
        self.ingest.flush()
        if not self.desk.load(*loaded.documents):
            return False
        self.desk.keep_texts(loaded.texts)
        self.desk.commit()
        directory = loaded.directory
        for change in self.screen.reload(directory, loaded.ruleset, calendars(directory), self._clock()):
            self.ingest.submit(change)
        for change in self.foreign.follow(directory, self._clock()):
            self.ingest.submit(change)
        self.ingest.forget_routes()
        self.__dict__.pop("located", None)
        self.__dict__.pop("titles", None)
        self.ingest.flush()
        return True

    def _sites(self) -> list[str]:
        return list(self.desk.engine.directory.sites)

    @cached_property
    def located(self) -> Located:
        return Located(self.screen.directory)

    @cached_property
    def titles(self) -> dict[str, Title]:
        """Of places and devices by id, and of metrics."""
        return titles_of(self.screen.directory)

    @cached_property
    def firing(self) -> dict[str, list[str]]:
        """Device → the rules that fire for it, in earnest."""
        found: dict[str, list[str]] = {}
        for detection in self.desk.engine.state.detections.values():
            if detection.fires and detection.mode is Mode.ACTUAL:
                found.setdefault(detection.device, []).append(detection.rule)
        return found
