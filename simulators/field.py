"""The devices in the field: which of them says what, and when. No I/O and no clock: instants are arguments.

A device reports when its period is over or something notable has changed, says its events as they happen, obeys
commands and answers them. What it says are the values that a codec would make of its messages, so that a scenario
can be fed straight into the core, or be encoded and published (`live`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rules.instant import SECOND_MS, Instant
from rules.mode import Mode
from rules.reading import CommandResult, DeviceEvent, DeviceStatus, Reading, Value
from rules.site import Device, DeviceClass
from simulators.chance import between, key, uniform
from simulators.devices import events, next_change, readings, report_every_ms
from simulators.scene import Fault, Scene, Told

Said = Reading | DeviceEvent | DeviceStatus | CommandResult

# A change of so much is reported at once; dB/m, °C, %LEL, mm.
NOTABLE = {"smoke": 0.02, "temperature": 2.0, "gas_lel": 2.0, "water_level_mm": 10.0}
REACTION_MS = (200, 1_200)  # from a command's arrival to the answer: a relay, a motor that starts
PENDING_MAX = 10_000  # commands under way; a building has no more devices that obey

_OBEYED = {
    "release": "released",
    "sound": "sounding",
    "start": "open",
    "recall": "on its way to the lobby",
    "close_valve": "closed",
}


class _Answer(NamedTuple):
    due_at: Instant
    device: Device
    id: str
    ok: bool
    detail: str
    told: Told | None  # what the device does from then on


class Field:
    """All devices of one site in one scene. `advance` must be called with instants that do not fall."""

    def __init__(
        self,
        devices: Sequence[Device],
        classes: dict[str, DeviceClass],
        scene: Scene,
        mode: Mode = Mode.ACTUAL,
        first_seq: int = 1,
    ) -> None:
        self._devices = devices
        self._by_name = {device.name: device for device in devices}
        self._classes = classes
        self._scene = scene
        self._mode = mode
        self._seq = dict.fromkeys((device.id for device in devices), first_seq - 1)
        self._reports_at = [0] * len(devices)  # by the place of the device
        self._seen_at: list[Instant | None] = [None] * len(devices)
        self._places = {device.id: place for place, device in enumerate(devices)}
        self._looks: list[tuple[Instant, int]] = []  # a heap of (when, place); one a device counts: `_look_at`
        self._look_at: list[Instant | None] = [None] * len(devices)
        self._last: dict[str, dict[str, Value]] = {}
        self._told: dict[str, Told] = {}
        self._answers: list[_Answer] = []
        self._answered: dict[tuple[str, str], bool] = {}
        self._begun = False

    @property
    def next_due(self) -> Instant | None:
        """When anything can be said next; None: nothing ever. Before the first `advance` all is due at once."""
        looks = self._looks
        while looks and self._look_at[looks[0][1]] != looks[0][0]:
            heapq.heappop(looks)
        answer = min((answer.due_at for answer in self._answers), default=None)
        return min((at for at in (answer, looks[0][0] if looks else None) if at is not None), default=None)

    def statuses(self, at: Instant, *, online: bool = True) -> Iterator[Said]:
        """What every device says of itself when it connects."""
        for device in self._devices:
            yield DeviceStatus(self._mode, device.id, at, online)

    def advance(self, at: Instant) -> Iterator[Said]:
        """Everything that is said after the previous instant and up to `at`. The first time every device reports."""
        places = set(range(0 if self._begun else len(self._devices)))
        self._begun = True
        for answer in self._due_answers(at):
            places.add(self._places[answer.device])
            yield answer
        while self._looks and self._looks[0][0] <= at:
            due_at, place = heapq.heappop(self._looks)
            if self._look_at[place] == due_at:
                places.add(place)
        for place in sorted(places):
            yield from self._look(place, at)

    def _look(self, place: int, at: Instant) -> Iterator[Said]:
        """What one device has to say; and when to look at it next."""
        device, scene = self._devices[place], self._scene
        seen_at = self._seen_at[place]
        self._seen_at[place] = at
        for happening in events(device, scene, at if seen_at is None else seen_at, at):
            seq = self._next_seq(device)
            yield DeviceEvent(self._mode, device.id, happening.at, at, happening.event, happening.attributes, seq)
        values = readings(device, scene, at, self._told.get(device.id))
        last = self._last.get(device.id)
        if values and (at >= self._reports_at[place] or last is None or _notable(last, values)):
            self._reports_at[place] = at + self._period_ms(device)
            self._last[device.id] = values
            yield Reading(self._mode, device.id, at, at, values, self._next_seq(device))
        elif not values:  # it is silent: it reports as soon as it is back
            self._last.pop(device.id, None)
            self._reports_at[place] = at + report_every_ms(device)
        change, report = next_change(device, scene, at), self._reports_at[place]
        self._look_at[place] = look_at = report if change is None else min(change, report)
        heapq.heappush(self._looks, (look_at, place))

    def _period_ms(self, device: Device) -> int:
        every_ms = report_every_ms(device)
        if self._seq[device.id]:
            return every_ms
        # at first another for each, lest all report at once; on full seconds, so that few instants have something due
        return max(1, round(every_ms * uniform(key(self._scene.seed, f"{device.id}/period")) / SECOND_MS)) * SECOND_MS

    def obey(self, name: str, command_id: str, command: str, at: Instant, *, expired: bool = False) -> None:
        """A command arrives. A repeated one is answered again and not carried out twice; a silent device ignores it."""
        device = self._by_name.get(name)
        if device is None or len(self._answers) >= PENDING_MAX or Fault.SILENT in self._scene.disturbed(device.id, at):
            return
        if any(answer.id == command_id and answer.device is device for answer in self._answers):
            return  # it is at it
        known = self._classes[device.device_class].commands
        due_at = at + round(between(key(self._scene.seed, f"{device.id}/{command_id}"), *REACTION_MS))
        if (device.id, command_id) in self._answered:
            self._answers.append(_Answer(at, device, command_id, self._answered[device.id, command_id], "", None))
        elif expired or command not in known:
            detail = "expired" if expired else f"{command!r} is not a command of this device"
            self._answers.append(_Answer(due_at, device, command_id, False, detail, None))
        else:
            detail = _OBEYED.get(command, "")
            self._answers.append(_Answer(due_at, device, command_id, True, detail, Told(command, due_at)))

    def _due_answers(self, at: Instant) -> Iterator[CommandResult]:
        if not self._answers:
            return
        due = [answer for answer in self._answers if answer.due_at <= at]
        self._answers = [answer for answer in self._answers if answer.due_at > at]
        for answer in sorted(due, key=lambda answer: answer.due_at):
            if answer.told is not None:
                self._told[answer.device.id] = answer.told
            self._answered[answer.device.id, answer.id] = answer.ok
            yield CommandResult(self._mode, answer.device.id, answer.due_at, answer.id, answer.ok, answer.detail)

    def _next_seq(self, device: Device) -> int:
        self._seq[device.id] += 1
        return self._seq[device.id]


def _notable(before: dict[str, Value], now: dict[str, Value]) -> bool:
    for name, value in now.items():
        was = before.get(name)
        if isinstance(value, bool | str):
            if value != was:
                return True
        elif isinstance(was, float) and name in NOTABLE and abs(value - was) >= NOTABLE[name]:
            return True
    return False
