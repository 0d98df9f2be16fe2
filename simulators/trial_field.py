"""The devices of a run: each says what the script makes it say, says it again now and then, and obeys commands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.codecs.native import TREE_OF, TREES
from rules.instant import Instant
from rules.mode import Mode
from rules.reading import Value
from simulators.faults import DeviceDisobeys, Says
from simulators.record import Message
from simulators.trial_broker import command_of
from simulators.trial_site import SITE

OBEYS_SECONDS = 0.2
LATE_SECONDS = 45.0  # longer than any command of the plan is waited for
KIND_OF_TREE = {tree.decode(): mode for tree, mode in TREES.items()}


@dataclass
class Device:
    """As it is in one topic tree: a drill's device is another one."""

    values: dict[str, Value] = field(default_factory=dict)
    said: Says | None = None  # last; how it says things
    seq: int = 0
    stands_at: Instant | None = None  # its clock
    mute: bool = False
    done: dict[str, bool] = field(default_factory=dict)  # commands by id: each is carried out once


class TrialField:
    """`send(message, retained, delay_ms)` is the network; `true()` the time."""

    def __init__(self, true: Callable[[], Instant], send: Callable[[Message, bool, int], None]) -> None:
        self._true, self._send = true, send
        self._devices: dict[tuple[Mode, str], Device] = {}
        self.disobeys: dict[str, DeviceDisobeys] = {}
        self.carried_out: list[tuple[Mode, str, str]] = []  # (mode, device, command's id)

    def begin(self, devices: Iterable[str]) -> None:
        for device in devices:
            self._device(Mode.ACTUAL, device)

    def _device(self, mode: Mode, name: str) -> Device:
        return self._devices.setdefault((mode, name), Device())

    def mute(self, name: str, mute: bool) -> None:
        for (_, known), device in self._devices.items():
            if known == name:
                device.mute = mute

    # ---- what they say

    def says(self, act: Says) -> None:
        device = self._device(act.mode, act.device)
        if act.reboots:
            device.seq = 0
        if act.values:
            device.values = {**device.values, **act.values}
        if not act.stuck:
            device.stands_at = None
        elif device.stands_at is None:
            device.stands_at = self._true()
        if not (act.status or act.raw):
            device.said = act
        self._say(act, device, act.values)

    def again(self) -> None:
        """Everybody who is not mute says once more how things are."""
        for (mode, name), device in self._devices.items():
            if device.mute or (mode is not Mode.ACTUAL and device.said is None):
                continue
            manner = device.said or Says(at=0, device=name, mode=mode)
            plain = Says(
                at=0,
                device=name,
                mode=mode,
                values=device.values or {"fault": False},
                dated=manner.dated,
                counted=manner.counted,
                skew_ms=manner.skew_ms,
                stuck=manner.stuck,
            )
            self._say(plain, device, plain.values)

    def _say(self, act: Says, device: Device, values: dict[str, Value]) -> None:
        kind = "event" if act.event else "status" if act.status else "telemetry"
        at = seq = None
        if not (act.status or act.raw):
            if act.dated:
                at = (self._true() if device.stands_at is None else device.stands_at) + act.skew_ms
            if act.counted:
                device.seq += 1
                seq = device.seq
        message = Message(
            topic=f"{TREE_OF[act.mode]}/v1/{SITE}/{act.device}/{kind}",
            payload=_payload(act, values, at, seq),
            device=f"{SITE}/{act.device}",
            mode=act.mode,
            kind=kind,
            values=dict(values),
            event=act.event,
            at=at,
            seq=seq,
            understood=not act.raw,
        )
        for _ in range(act.copies):
            self._send(message, act.retained, act.delay_ms)

    # ---- what they do

    def obey(self, topic: str, payload: bytes) -> None:
        """A command has come. Each is carried out once, however often it comes, and answered each time."""
        tree, _, site, name, _ = topic.split("/")
        mode, command = KIND_OF_TREE[tree], command_of(payload)
        device, id = self._device(mode, name), command["id"]
        how = self.disobeys[name].how if name in self.disobeys else ""
        if id not in device.done:
            device.done[id] = how != "refuses"
            self.carried_out.append((mode, f"{site}/{name}", id))
        if how == "mute":
            return
        result = {"id": id, "ok": device.done[id]}
        answer = Message(
            topic=topic + "/result",
            payload=json.dumps(result).encode(),
            device=f"{site}/{name}",
            mode=mode,
            kind="command/result",
            values={},
            event="",
            at=None,
            seq=None,
        )
        for _ in range(2 if how == "twice" else 1):
            seconds = LATE_SECONDS if how == "late" else OBEYS_SECONDS
            asyncio.get_running_loop().call_later(seconds, self._send, answer, False, 0)


def _payload(act: Says, values: dict[str, Value], at: Instant | None, seq: int | None) -> bytes:
    if act.raw:
        return act.raw.encode()
    if act.status:
        return act.status.encode()
    body: dict[str, Any] = {"mode": "actual"}  # what a payload claims to be counts for nothing
    body |= {"event": act.event, "attributes": values} if act.event else {"values": values}
    body |= {} if at is None else {"ts": at}
    body |= {} if seq is None else {"seq": seq}
    return json.dumps(body).encode()
