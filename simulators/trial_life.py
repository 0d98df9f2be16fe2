"""One process of a run: the real core with the real desk, engine, screen, codecs, ingest, outbox and stores, wired as
`gateway.core` does it, to a broker, a disk, senders and a clock that can fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import aiomqtt

from gateway.clock import Clock
from gateway.command_lane import CommandLane
from gateway.config import GatewaySettings
from gateway.core import TELEMETRY_FOLDER, Core, calendars
from gateway.desk import Desk
from gateway.history import StoredHistory
from gateway.ingest import Ingest
from gateway.lane import Lane
from gateway.library import Loaded
from gateway.link_settings import LinkSettings
from gateway.news import News
from gateway.performer import Performer
from gateway.sender import Delivery
from gateway.store import Store
from gateway.telemetry import Telemetry
from rules.effects import Effect
from rules.events import GatewayStarted
from rules.screen import Screen
from simulators.perils import FragileStore, FragileTelemetry, Perils
from simulators.trial_broker import TrialBroker, TrialClient, TrialLink

VERSION = "trial"
Began = Callable[[str, bytes], Callable[[str], None]]


class TrialCommandLane(CommandLane):
    """Publishes to the trial's broker."""

    def __init__(self, broker: TrialBroker, began: Began, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._broker, self._began = broker, began

    def _client(self) -> aiomqtt.Client:
        client: Any = TrialClient(self._broker, self._began)
        return client  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Parts:
    """What a gateway is made of. A test puts a faulty part in the place of one, to see whether it is found."""

    desk: type[Desk] = Desk
    screen: type[Screen] = Screen
    ingest: type[Ingest] = Ingest
    lane: type[Lane] = Lane
    command_lane: type[TrialCommandLane] = TrialCommandLane
    telemetry: type[FragileTelemetry] = FragileTelemetry
    store: type[FragileStore] = FragileStore


@dataclass(frozen=True)
class Around:
    """What stands around every process of a run."""

    store: Store
    settings: GatewaySettings
    clock: Clock
    news: News
    broker: TrialBroker
    perils: Perils
    chance: Random
    deliveries: Mapping[type[Effect], Delivery]
    began: Began  # a command is being published


class TrialPerformer(Performer):
    def __init__(self, desk: Desk, store: Any, link: LinkSettings, life: Life, around: Around, parts: Parts) -> None:
        super().__init__(desk, store, link, life._sites, around.clock)
        own = (desk, store, link, life._sites, around.clock, lambda connected, reason: None, around.chance.random)
        self._commands = parts.command_lane(around.broker, around.began, *own)
        self._lanes = [
            parts.lane(kind.__name__, delivery, desk, store, around.clock)
            for kind, delivery in around.deliveries.items()
        ]


class Life(Core):
    """Raises StoreFailed, and Crashed where it dies while it starts."""

    def __init__(self, around: Around, loaded: Loaded, parts: Parts) -> None:
        self._settings, self._clock, self._news = around.settings, around.clock, around.news
        self._changed = lambda part, fault: None
        self._failed = asyncio.get_running_loop().create_future()
        self._timer, self._timer_due = None, 0.0
        store: Any = parts.store(around.store, around.perils)
        self.store = store
        try:
            self.telemetry: Telemetry = parts.telemetry(around.settings.data / TELEMETRY_FOLDER, around.perils)
            self.desk = parts.desk(store, around.clock, self._on_commit)
            self._wire(around, loaded, parts)
        except BaseException:
            self.close()
            raise

    def _wire(self, around: Around, loaded: Loaded, parts: Parts) -> None:
        """As `gateway.core.Core._start`."""
        self.desk.submit(GatewayStarted(VERSION))
        self.desk.load(*loaded.documents)
        history = StoredHistory(self.telemetry, self.desk)
        self.screen = parts.screen(loaded.directory, loaded.ruleset, history, calendars(loaded.directory))
        link: Any = TrialLink(around.broker, self._on_messages, self._on_link, around.chance)
        self.link = link
        settings = around.settings.link(around.settings.broker.url)
        self.performer = TrialPerformer(self.desk, self.store, settings, self, around, parts)
        beside: Any = _Beside()  # the checkers look at the journal when the run is over, and no run takes years
        self.auditor = self.retention = self.rollup = self.sizes = beside
        self.presences = []
        self.ingest = parts.ingest(
            self.screen,
            self.desk,
            self.store,
            self.telemetry,
            around.clock,
            asyncio.get_running_loop(),
            link.acknowledge,
            self.fail,
            around.settings.broker.batch_ms,
            history.ahead,
        )
        self._take_up()


class _Beside:
    """In the place of what goes on beside the core."""

    def wake(self) -> None:
        """Nothing to look at yet."""

    async def run(self) -> None:
        await asyncio.Event().wait()
