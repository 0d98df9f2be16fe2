"""Sparkplug sessions of every kind against a model: a node that is born, dies, loses messages, and answers a rebirth.

What is promised: while nothing was lost, what we know is what is true; what was lost is asked for with the next
message; and after the rebirth everything is known again, in spite of aliases that mean something else in each session.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pysparkplug import DataType

from gateway.codecs.port import Found, Heard, Output, Said
from tests.support.sparkplug import NOW, EdgeNode, M, Sent, asks, by_alias, codec

DEVICES = ("sd-1", "sd-2")
METRICS = ("Smoke", "Tamper", "Battery low")
devices = st.sampled_from(DEVICES)
metrics = st.sampled_from(METRICS)


class Sessions(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.codec = codec()
        self.node = EdgeNode(bd_seq=-1)
        self.time = NOW
        self.alive = False
        self.there: dict[str, bool] = dict.fromkeys(DEVICES, False)  # devices that are connected to the node
        self.truth: dict[str, dict[str, bool]] = {each: dict.fromkeys(METRICS, False) for each in DEVICES}
        self.aliases: dict[tuple[str, str], int] = {}
        self.declared: dict[str, Found] = {}
        self.values: dict[str, dict[str, Any]] = {}
        self.online: dict[str, bool] = {}
        self.whole = True  # nothing was lost since the last birth
        self.heard_seq: int | None = None  # the last one that the codec knows of; None: it has no session
        self.asked = False

    # ---- the node

    @precondition(lambda self: not self.alive)
    @rule(shift=st.integers(0, 5), lost=st.sampled_from((False, False, True)))
    def the_node_connects(self, shift: int, lost: bool) -> None:
        self.node.bd_seq = (self.node.bd_seq + 1) % 256
        self.alive = True
        self.is_born(shift, lost)

    @precondition(lambda self: self.alive and self.asked)
    @rule(shift=st.integers(0, 5))
    def the_node_answers_the_rebirth(self, shift: int) -> None:
        self.is_born(shift, lost=False)
        self.deliver(self.node.data(at=self.time))
        assert not self.asked
        assert self.whole

    @precondition(lambda self: self.alive)
    @rule(lost=st.booleans())
    def the_connection_breaks(self, lost: bool) -> None:
        self.alive = False
        death = self.node.death(at=self.born_at)
        if lost:
            self.whole = False
        else:
            self.hear(death)
            self.heard_seq = None

    @precondition(lambda self: self.alive and self.whole and self.node.bd_seq > 0)
    @rule()
    def the_will_of_the_session_before_comes_late(self) -> None:
        assert self.hear(self.node.death(at=self.born_at - 1, bd_seq=self.node.bd_seq - 1)) == []

    @precondition(lambda self: self.alive)
    @rule(device=devices, lost=st.sampled_from((False, False, True)))
    def a_device_comes(self, device: str, lost: bool) -> None:
        self.there[device] = True
        self.deliver(self.device_birth(device), lost)

    @precondition(lambda self: self.alive)
    @rule(device=devices, lost=st.sampled_from((False, False, True)))
    def a_device_goes(self, device: str, lost: bool) -> None:
        if self.there[device]:
            self.there[device] = False
            self.deliver(self.node.device_death(device, at=self.time), lost)

    @precondition(lambda self: self.alive)
    @rule(device=devices, metric=metrics, value=st.booleans(), lost=st.sampled_from((False, False, True)))
    def a_device_says_something(self, device: str, metric: str, value: bool, lost: bool) -> None:
        if self.there[device]:
            self.truth[device][metric] = value
            said = by_alias(self.aliases[device, metric], value, DataType.BOOLEAN, at=self.time)
            self.deliver(self.node.device_data(device, said, at=self.time), lost)

    @rule(device=devices, metric=metrics)
    def what_was_buffered_comes(self, device: str, metric: str) -> None:
        if self.alive and self.there[device]:
            number = self.aliases[device, metric]
            old = by_alias(number, not self.truth[device][metric], DataType.BOOLEAN, at=NOW - 60_000, historical=True)
            self.deliver(self.node.device_data(device, old, at=self.time))

    # ---- we

    @rule()
    def the_gateway_starts_anew(self) -> None:
        self.codec = codec()
        self.codec.restore(self.declared.values())
        self.whole, self.heard_seq, self.asked = False, None, False

    # ---- what is promised

    @invariant()
    def what_is_known_is_what_is_true(self) -> None:
        if not self.whole:
            return
        for device in DEVICES:
            native_id = f"tower/plant/{device}"
            up = self.alive and self.there[device]
            assert self.online.get(native_id, False) == up
            if up:
                assert self.values[native_id] == self.truth[device]

    # ---- below

    def is_born(self, shift: int, lost: bool) -> None:
        self.time += 1_000
        self.born_at = self.time
        names = [(device, metric) for device in DEVICES for metric in METRICS]
        self.aliases = {each: (index + shift) % len(names) for index, each in enumerate(names)}
        birth = self.node.birth(at=self.time)
        if lost:
            self.whole = False
        else:
            self.hear(birth)
            self.whole, self.heard_seq, self.asked = True, 0, False
        for device in DEVICES:
            if self.there[device]:
                self.deliver(self.device_birth(device))
        self.deliver(self.node.data(at=self.time))  # births come before data: who was not born is gone

    def device_birth(self, device: str) -> Sent:
        told = [
            M(metric, self.truth[device][metric], DataType.BOOLEAN, alias=self.aliases[device, metric], at=NOW)
            for metric in METRICS
        ]
        return self.node.device_birth(device, *told, at=self.time)

    def deliver(self, message: Sent, lost: bool = False) -> None:
        if lost:
            self.whole = False
            return
        ahead = None if self.heard_seq is None else (self.node.seq - self.heard_seq) % 256
        outputs = self.hear(message)
        if asks(outputs):
            self.asked = True
        if self.whole:
            assert not asks(outputs)
        elif ahead is None or ahead > 1:  # 1: the count of another session, by chance the next; 0: the same
            assert asks(outputs)
        if ahead is not None and ahead < 128:
            self.heard_seq = self.node.seq

    def hear(self, message: Sent) -> list[Output]:
        self.time += 10
        outputs = self.codec.decode(*message, self.time)
        for each in outputs:
            if isinstance(each, Found):
                self.declared[each.native_id] = each
            elif isinstance(each, Heard):
                self.online[each.native_id] = each.online
            elif isinstance(each, Said) and not each.historical:
                self.values.setdefault(each.native_id, {}).update(each.values)
        return outputs


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
