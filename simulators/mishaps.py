"""What goes wrong around the gateway in a run, for a while each: broker, clock, disk, channels, devices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulators.faults import (
    AcksLost,
    BrokerAway,
    ChannelFails,
    ClockJumps,
    ClockStuck,
    DeviceDisobeys,
    DiskFails,
    Mutes,
)
from simulators.perils import Perils, TrialClock
from simulators.record import Record
from simulators.trial_broker import TrialBroker
from simulators.trial_field import TrialField
from simulators.trial_senders import TrialSenders


class Mishaps:
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        field: TrialField,
        broker: TrialBroker,
        senders: TrialSenders,
        perils: Perils,
        clock: TrialClock,
        record: Record,
    ) -> None:
        self._loop, self._field, self._broker, self._senders = loop, field, broker, senders
        self._perils, self._clock, self._record = perils, clock, record

    def happen(self, act: Any) -> None:
        """One of those in the table below."""
        _HAPPEN[type(act)](self, act)

    def _mutes(self, act: Mutes) -> None:
        self._field.mute(act.device, True)
        self._loop.call_later(act.lasts / 1000, self._field.mute, act.device, False)

    def _broker_away(self, act: BrokerAway) -> None:
        self._broker.go()
        self._loop.call_later(act.lasts / 1000, self._broker.come)

    def _acks_lost(self, act: AcksLost) -> None:
        def over() -> None:
            self._broker.loses_acks = False
            self._broker.cut()

        self._broker.loses_acks = True
        self._loop.call_later(act.lasts / 1000, over)

    def _clock_jumps(self, act: ClockJumps) -> None:
        self.set_clock(lambda: self._clock.jump(act.by_ms))

    def _clock_stuck(self, act: ClockStuck) -> None:
        self._record.clock_touched = True
        self._clock.stand_still()
        self._loop.call_later(act.lasts / 1000, self.set_clock, self._clock.go_on)

    def set_clock(self, change: Callable[[], None]) -> None:
        before = self._clock()
        change()
        after = self._clock()
        if after != before:
            self._record.clock_touched = True
            self._record.disturbed.append((min(before, after), max(before, after)))

    def _disk_fails(self, act: DiskFails) -> None:
        self._perils.disk[act.part] = act
        if act.lasts:
            self._loop.call_later(act.lasts / 1000, self._disk_mended, act)

    def _disk_mended(self, act: DiskFails) -> None:
        if self._perils.disk.get(act.part) is act:
            del self._perils.disk[act.part]

    def _channel_fails(self, act: ChannelFails) -> None:
        self._senders.fails[act.channel] = act
        self._loop.call_later(act.lasts / 1000, self._channel_mended, act)

    def _channel_mended(self, act: ChannelFails) -> None:
        if self._senders.fails.get(act.channel) is act:
            del self._senders.fails[act.channel]

    def _disobeys(self, act: DeviceDisobeys) -> None:
        self._field.disobeys[act.device] = act
        self._loop.call_later(act.lasts / 1000, self._field.disobeys.pop, act.device, None)


_HAPPEN: dict[type, Callable[[Mishaps, Any], None]] = {
    Mutes: Mishaps._mutes,
    BrokerAway: Mishaps._broker_away,
    AcksLost: Mishaps._acks_lost,
    ClockJumps: Mishaps._clock_jumps,
    ClockStuck: Mishaps._clock_stuck,
    DiskFails: Mishaps._disk_fails,
    ChannelFails: Mishaps._channel_fails,
    DeviceDisobeys: Mishaps._disobeys,
}
