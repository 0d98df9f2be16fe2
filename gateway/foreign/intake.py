"""From a message of another format to readings, events, the inbox and dead letters.

What comes of an assigned device goes the way of every native message: `gateway.ordering`, the screen, telemetry. What
comes of any other is kept in the inbox and nowhere else. All of it is actual: only Tocsin's own trees have exercises.

A broker keeps what was said last of each topic and says it again whenever it is asked (*retained*). Of a device that
speaks in many topics that is news of what was not known yet, and never of what is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from gateway.codecs import native
from gateway.codecs.port import Answered, Ask, Codec, Found, Gone, Happened, Heard, Output, Publish, Said
from gateway.desk import Desk
from gateway.foreign.assigned import Assigned, Key
from gateway.foreign.host_presence import Host
from gateway.foreign.inbox import WRITE_EVERY_MS, Inbox
from gateway.foreign.stored import put_into, stored_items
from gateway.foreign.topics import Listener, Topics
from gateway.ordering import Ordering, both
from gateway.store import Store
from gateway.wire import RETAIN
from rules.effects import PublishCommand
from rules.events import CommandAnswered, VerdictChanged
from rules.instant import MINUTE_MS, Instant
from rules.mode import Mode
from rules.reading import Rejected, Value
from rules.screen import Change, Screen
from rules.site import Directory
from rules.source_file import NATIVE_ID_CHARACTERS_MAX
from rules.watched import Watched

ASK_EVERY_MS = MINUTE_MS  # and topic
ASKED_MAX = 10_000  # topics remembered for it
OUTPUTS_MAX = 20_000  # of one message; Zigbee2MQTT describes all its devices at once

log = logging.getLogger("tocsin.foreign")


class Message:
    """One message while it is taken in."""

    __slots__ = ("change", "faults", "flags", "name", "now", "payload", "rejected", "topic", "understood")

    def __init__(self, topic: bytes, payload: bytes, flags: int, now: Instant) -> None:
        self.topic, self.payload, self.flags, self.now = topic, payload, flags, now
        self.name = ""
        self.change: Change | None = None
        self.faults: list[tuple[str, str]] = []  # (reason, detail)
        self.rejected: list[Rejected] = []  # by codecs that understood nothing; of no account where another one does
        self.understood = False

    @property
    def retained(self) -> bool:
        return bool(self.flags & RETAIN)


class Intake:
    """`gateway.ingest.Foreign`. `publish(messages)` puts on the wire what a codec asks of its devices."""

    def __init__(
        self,
        codecs: Mapping[str, Codec],
        ordering: Ordering,
        screen: Screen,
        desk: Desk,
        store: Store,
        source: Callable[[str, str], int],
        publish: Callable[[list[Publish]], None],
        answered: Callable[[str], None] = lambda command: None,
    ) -> None:
        """`source`: as `gateway.telemetry.Telemetry.source`; `answered(command)`: told of every answer. Raises
        StoreFailed."""
        self._codecs, self._ordering, self._screen, self._desk, self._store = codecs, ordering, screen, desk, store
        self._source, self._publish, self._tell_answered = source, publish, answered
        self._topics = Topics(codecs)
        self._assigned: dict[Key, Assigned] = {}
        self._by_device: dict[str, Assigned] = {}
        self._asked: dict[str, Instant] = {}
        self._written_at: Instant = 0
        self.inbox = Inbox(stored_items(store))
        for name, codec in codecs.items():
            codec.restore([each.found for each in self.inbox.all() if each.codec == name])

    @property
    def codecs(self) -> Iterable[Codec]:
        return self._codecs.values()

    # ---- what is in force

    def follow(self, directory: Directory, now: Instant) -> list[VerdictChanged]:
        """To be called at the start and after every reload. What a device had said before it got its place counts."""
        self._assigned, self._by_device = {}, {}
        for device in directory.devices.values():
            if device.source is None:
                continue
            key = (device.source.codec, device.source.id)
            item = self.inbox.get(key)
            made = Assigned(
                device, device.source, directory.device_classes[device.device_class], item.found if item else None
            )
            self._assigned[key] = self._by_device[device.id] = made
        self._await_answers()
        self.inbox.assign(self._assigned)
        verdicts: list[VerdictChanged] = []
        for key, each in self._assigned.items():
            watched = self._watched(each, now)
            self._screen.announced(watched, each.silent_after_ms, now)
            item = self.inbox.get(key)
            if item is None or not item.values or now - item.last_at >= each.silent_after_ms:
                continue
            if watched.unseen:
                self._screen.remember(watched)
            if not watched.at:
                message = Message(f"{key[0]}:{key[1]}".encode(), b"", RETAIN, now)
                self._reading(message, each, dict(item.values), None, None)
                self._report(message)
                verdicts += message.change.verdicts if message.change is not None else []
        return verdicts

    def _await_answers(self) -> None:
        """Of commands that are under way an echo counts as well as before."""
        state = self._desk.engine.state
        for id_, incident in state.commands.items():
            for command in state.incidents[incident].commands if incident in state.incidents else ():
                assigned = self._by_device.get(command.device)
                if command.id == id_ and assigned is not None and state.incidents[incident].mode is Mode.ACTUAL:
                    points = assigned.points_of(command.command)
                    if not isinstance(points, Rejected):
                        assigned.awaits(id_, points, command.expires_at)

    def _watched(self, assigned: Assigned, now: Instant) -> Watched:
        watched = self._screen.watched(Mode.ACTUAL, assigned.device, now)
        assert watched is not None, f"{assigned.device} is in the directory in force"
        if watched.source < 0:
            watched.source = self._source(Mode.ACTUAL.value, assigned.device)
        return watched

    def device_of(self, key: Key) -> str | None:
        """ "site/name" of the one that has a place."""
        assigned = self._assigned.get(key)
        return assigned.device if assigned is not None else None

    # ---- messages

    def route(self, topic: bytes) -> tuple[Callable[..., Change | None], tuple[Listener, ...]] | None:
        listeners = self._topics.listeners(topic)
        return (self._take, listeners) if listeners else None

    def _take(
        self, listeners: tuple[Listener, ...], topic: bytes, payload: bytes, flags: int, now: Instant
    ) -> Change | None:
        message = Message(topic, payload, flags, now)
        for name, codec in listeners:
            message.name = name
            self._of_one_codec(message, self._decoded(codec, message))
        self._report(message)
        return Change(message.change.verdicts, []) if message.change is not None else None

    def _of_one_codec(self, message: Message, outputs: list[Output]) -> None:
        """A part that it cannot make sense of is a fault where it understands the rest; where it understands nothing,
        the message may be meant for another."""
        rejected = [each for each in outputs if isinstance(each, Rejected)]
        if len(rejected) < len(outputs):
            message.understood = True
            message.faults += [(each.reason, each.detail) for each in rejected]
        else:
            message.rejected += rejected
        for output in outputs:
            if not isinstance(output, Rejected):
                self._one(message, output)

    def _decoded(self, codec: Codec, message: Message) -> list[Output]:
        try:
            return codec.decode(message.topic, message.payload, message.now, message.retained)[:OUTPUTS_MAX]
        except Exception as error:  # a fault of one codec must not keep the gateway from what all others say
            log.exception("codec %s: %r", message.name, message.topic)
            return [Rejected("codec failed", f"{message.name}: {type(error).__name__}")]

    def _one(self, message: Message, output: Found | Gone | Said | Happened | Heard | Answered | Ask) -> None:
        if isinstance(output, Ask):
            self._ask(output, message.now)
        elif isinstance(output, Answered):
            self._answered(output, message)
        elif len(output.native_id) > NATIVE_ID_CHARACTERS_MAX:
            message.faults.append(("wrong shape", f"{output.native_id[:60]!r}… is no id of a device"))
        elif isinstance(output, Found):
            self._found(output, message)
        elif isinstance(output, Gone):
            self.inbox.gone((message.name, output.native_id))
        else:
            self._word(message, output)

    def _word(self, message: Message, output: Said | Happened | Heard) -> None:
        """What a device says of itself."""
        key = (message.name, output.native_id)
        if isinstance(output, Said):
            self.inbox.said(key, output.values, message.now)
        elif isinstance(output, Heard):
            self.inbox.heard(key, output.online, message.now)
        else:
            self.inbox.said(key, {}, message.now)
        assigned = self._assigned.get(key)
        if assigned is None:
            return
        if isinstance(output, Said):
            self._said(message, assigned, output)
        elif isinstance(output, Happened):
            self._happened(message, assigned, output)
        else:
            watched = self._watched(assigned, message.now)
            change = self._ordering.status(watched, output.online, message.flags, message.now)
            message.change = both(message.change, change)

    def _said(self, message: Message, assigned: Assigned, said: Said) -> None:
        at = self._ordering.instant_of(said.at, message.topic, message.payload, message.now)
        if said.historical:
            values, faults = assigned.told(said.values)
            message.faults += faults
            known = {name: value for name, value in values.items() if value is not None}
            watched = self._watched(assigned, message.now)
            self._ordering.buffered(watched, None, native.encode_values(known), at, said.seq, message.now)
            return
        if not message.retained:
            for id_ in assigned.echoed(said.values, message.now):
                self._answer(id_, assigned.device, True, "it says so itself", message.now)
        self._reading(message, assigned, said.values, said, at)

    def _reading(
        self,
        message: Message,
        assigned: Assigned,
        points: Mapping[str, Value | None],
        said: Said | None,
        at: Instant | None,
    ) -> None:
        values, faults = assigned.told(points)
        message.faults += faults
        watched, now = self._watched(assigned, message.now), message.now
        if watched.unseen:
            self._screen.remember(watched)
        if message.retained and at is None and watched.at and not watched.silent:
            change = self._kept(message, watched, values)
        else:
            body = native.encode_values({name: value for name, value in values.items() if value is not None})
            sent, seq = (said.at, said.seq) if said is not None else (None, None)
            change = self._ordering.reading(watched, values, body, sent, at, seq, message.flags, now)
        message.change = both(message.change, change)

    def _kept(self, message: Message, watched: Watched, values: Mapping[str, Value | None]) -> Change | None:
        """Of what the broker has kept of a device that has spoken: news is what was not known; what contradicts what
        is known can raise; what says the same makes the rules look once more, when the gateway has just come up."""
        known = {name: watched.values[i] for name, i in watched.plan.index.items()}
        told = {name: value for name, value in values.items() if value is not None}
        news = {name: value for name, value in told.items() if known.get(name) is None}
        other = {name: value for name, value in told.items() if name not in news and value != known[name]}
        change: Change | None = None
        if news or watched.wake:
            change = self._ordering.first_words(watched, news, native.encode_values(news), message.now)
        if other:
            body = native.encode_values(other)
            late = self._ordering.reading(watched, other, body, None, None, None, message.flags, message.now)
            change = both(change, late)
        return change

    def _happened(self, message: Message, assigned: Assigned, happened: Happened) -> None:
        event = assigned.source.events.get(happened.event, happened.event)
        at = self._ordering.instant_of(happened.at, message.topic, message.payload, message.now)
        watched = self._watched(assigned, message.now)
        if happened.historical:
            body = native.encode_values(happened.attributes)
            self._ordering.buffered(watched, event, body, at, happened.seq, message.now)
            return
        change = self._ordering.event(
            watched, event, dict(happened.attributes), at, happened.seq, message.flags, message.now
        )
        message.change = both(message.change, change)

    def _found(self, found: Found, message: Message) -> None:
        key = (message.name, found.native_id)
        try:
            news = self.inbox.found(message.name, found, message.now)
        except ValueError as error:
            message.faults.append(("payload too large", str(error)))
            return
        assigned = self._assigned.get(key)
        if news and assigned is not None:
            assigned.describe(self.inbox[key].found)
            self._screen.announced(self._watched(assigned, message.now), assigned.silent_after_ms, message.now)

    def _report(self, message: Message) -> None:
        """What could not be made sense of, unless one codec could and another could not."""
        letters = self._ordering.letters
        faults = [*message.faults, *(message.change.faults if message.change is not None else ())]
        if not message.understood:
            faults += [(each.reason, each.detail) for each in message.rejected]
        for reason, detail in faults:
            letters.add(message.topic, reason, detail, message.payload, message.now)

    # ---- commands

    def encode(self, effect: PublishCommand) -> list[Publish] | Rejected | None:
        """What tells the device so in its own format; None: it speaks the native tree. An exercise's command never
        reaches a foreign tree."""
        assigned = self._by_device.get(effect.device)
        if assigned is None or effect.mode is not Mode.ACTUAL:
            return None
        codec = self._codecs.get(assigned.source.codec)
        if codec is None:
            return Rejected("no such codec", f"the settings have no codec {assigned.source.codec!r}")
        points = assigned.points_of(effect.command)
        if isinstance(points, Rejected):
            return points
        messages = codec.encode(assigned.native_id, points, effect.id)
        if not isinstance(messages, Rejected):
            assigned.awaits(effect.id, points, effect.expires_at)
        return messages

    def _answered(self, answered: Answered, message: Message) -> None:
        state = self._desk.engine.state
        incident = state.incidents.get(state.commands.get(answered.id) or state.given_up.get(answered.id, ""))
        command = next((each for each in incident.commands if each.id == answered.id), None) if incident else None
        if incident is None or command is None or incident.mode is not Mode.ACTUAL:
            message.faults.append(("unknown command", f"nothing awaits an answer to {answered.id[:60]!r}"))
            return
        self._answer(answered.id, command.device, answered.ok, answered.detail, message.now)

    def _answer(self, id_: str, device: str, ok: bool, detail: str, now: Instant) -> None:
        key = f"result/{Mode.ACTUAL.value}/{device}/{id_}/{ok}"  # redelivered: the same answer
        self._desk.submit(CommandAnswered(Mode.ACTUAL, id_, device, ok, now, detail), key)
        self._tell_answered(id_)

    def ask_again(self, now: Instant) -> None:
        """After the connection was made: what was said meanwhile, and is not kept by the broker, is lost."""
        for codec in self._codecs.values():
            for ask in codec.rebirths(now) if isinstance(codec, Host) else ():
                self._ask(ask, now)

    def _ask(self, ask: Ask, now: Instant) -> None:
        topic = ask.publish.topic
        if 0 <= now - self._asked.get(topic, now - ASK_EVERY_MS) < ASK_EVERY_MS:
            return
        self._asked.pop(topic, None)
        self._asked[topic] = now
        if len(self._asked) > ASKED_MAX:
            del self._asked[next(iter(self._asked))]
        log.info("%s: %s", topic, ask.reason)
        self._publish([ask.publish])

    # ---- what is kept

    def flush(self, now: Instant, whole: bool = False) -> None:
        """What was declared is stored with the batch; what the unassigned say at most every `WRITE_EVERY_MS`.

        Raises StoreFailed.
        """
        inbox = self.inbox
        due = whole or not 0 <= now - self._written_at < WRITE_EVERY_MS
        if inbox.urgent or inbox.dropped or (inbox.changed and due):
            self._written_at = now if due else self._written_at
            put_into(self._store, inbox, due)
