"""The devices in the field: which of them says what, and when. No I/O and no clock: instants are arguments.

A device reports when its period is over or something notable has changed, says its events as they happen, obeys
commands and answers them. What it says are the values that a codec would make of its messages, so that a scenario
can be fed straight into the core, or be encoded and published (`live`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rules.instant import SECOND_MS, Instant
from rules.mode import Mode
from rules.reading import CommandResult, DeviceEvent, DeviceStatus, Reading, Value
from rules.site import Device, DeviceClass
from simulators.chance import between, key, uniform
from simulators.devices import events, readings, report_every_ms
from simulators.scene import Fault, Scene, Told

Said = Reading | DeviceEvent | DeviceStatus | CommandResult

# A change of so much is reported at once; dB/m, °C, %LEL, mm.
NOTABLE = {"smoke": 0.02, "temperature": 2.0, "gas_lel": 2.0, "water_level_mm": 10.0}
REACTION_MS = (200, 1_200)  # from a command's arrival to the answer: a relay, a motor that starts
LIVELY = ("lift", "access_controller")  # people come and go
SENSITIVE = ("smoke_detector", "heat_detector")  # to fires
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
        self._due_at: dict[str, Instant] = {}
        self._last: dict[str, dict[str, Value]] = {}
        self._told: dict[str, Told] = {}
        self._answers: list[_Answer] = []
        self._answered: dict[tuple[str, str], bool] = {}
        self._at: Instant | None = None
        restless = {each.id: self._restless_since(each) for each in devices}
        self._restless = {id: since for id, since in restless.items() if since is not None}

    @property
    def next_answer(self) -> Instant | None:
        """When the next command is answered."""
        return min((answer.due_at for answer in self._answers), default=None)

    def statuses(self, at: Instant, *, online: bool = True) -> Iterator[Said]:
        """What every device says of itself when it connects."""
        for device in self._devices:
            yield DeviceStatus(self._mode, device.id, at, online)

    def advance(self, at: Instant) -> Iterator[Said]:
        """Everything that is said after the previous instant and up to `at`. The first time every device reports."""
        since = at if self._at is None else self._at
        self._at = at
        yield from self._due_answers(at)
        for device in self._devices:
            due_at = self._due_at.get(device.id, at)
            if at < min(due_at, self._restless.get(device.id, due_at)):
                continue
            for happening in events(device, self._scene, since, at):
                seq = self._next_seq(device)
                yield DeviceEvent(self._mode, device.id, happening.at, at, happening.event, happening.attributes, seq)
            values = readings(device, self._scene, at, self._told.get(device.id))
            if values and self._reports(device, values, at):
                yield Reading(self._mode, device.id, at, at, values, self._next_seq(device))

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

    def _due_answers(self, at: Instant) -> Iterator[Said]:
        due = [answer for answer in self._answers if answer.due_at <= at]
        self._answers = [answer for answer in self._answers if answer.due_at > at]
        for answer in sorted(due, key=lambda answer: answer.due_at):
            if answer.told is not None:
                self._told[answer.device.id] = answer.told
                self._restless[answer.device.id] = at
            self._answered[answer.device.id, answer.id] = answer.ok
            yield CommandResult(self._mode, answer.device.id, answer.due_at, answer.id, answer.ok, answer.detail)

    def _restless_since(self, device: Device) -> Instant | None:
        """From when on it may have something to say before its period is over: until then it need not be asked."""
        if device.device_class in LIVELY or device.id in self._scene.disturbances:
            return 0
        return self._scene.reached_at(device) if device.device_class in SENSITIVE else None

    def _reports(self, device: Device, values: dict[str, Value], at: Instant) -> bool:
        due_at = self._due_at.get(device.id)
        if due_at is not None and at < due_at and not _notable(self._last[device.id], values):
            return False
        every_ms = report_every_ms(device)
        if due_at is None:  # from then on at moments of its own, lest all report at once
            every_ms = max(SECOND_MS, round(every_ms * uniform(key(self._scene.seed, f"{device.id}/period"))))
        self._due_at[device.id] = at + every_ms
        self._last[device.id] = values
        return True

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
