"""Of what came in: every accepted alarm is on a timeline or kept quiet with a reason, and nothing comes of nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from rules.codec import decode_event
from rules.events import CommandAnswered, VerdictChanged
from rules.mode import Mode
from rules.timeline import Entry, Kind
from simulators.faults import Crashes
from simulators.record import Delivered, Message, Record

Source = tuple[Mode | None, str | None, str | None]  # mode, rule, device
NEVER = 2**62
AHEAD_MS = 5_000  # a device's clock further ahead is not believed (docs/adr/0007)
BEGINS = (Kind.DETECTED, Kind.SUPPRESSED)
ENDS = (Kind.CLEARED, Kind.GIVEN_UP, Kind.RULE_WITHDRAWN)


def alarm_of(message: Message) -> str | None:
    """The rule that must fire at once for this message, by the rule files as a person reads them. None: none."""
    device, values = message.device.rpartition("/")[2], message.values
    if device.startswith("sd-"):
        return "smoke-high" if float(values.get("smoke", 0)) > 0.15 else None
    if device.startswith("mcp-"):
        return "call-point" if values.get("alarm") is True else None
    if device.startswith("gd-"):
        return "gas-high" if float(values.get("gas_lel", 0)) > 25 else None
    return "trapped" if message.event == "alarm_button_pressed" else None


def could_raise(message: Message, rule: str) -> bool:
    if rule == "overload":
        return float(message.values.get("power_w", 0)) > 1000
    if rule == "power-lost":
        return float(message.values.get("voltage_v", 230)) < 20
    return alarm_of(message) == rule


def spans(entries: list[Entry]) -> dict[Source, list[tuple[int, int]]]:
    """Positions from … to which something was told to hold, whether it was raised or kept quiet."""
    found: dict[Source, list[tuple[int, int]]] = defaultdict(list)
    begun: dict[Source, int] = {}
    for entry in entries:
        source = entry.mode, entry.rule, entry.device
        if entry.kind in BEGINS:
            begun.setdefault(source, entry.position)
        elif entry.kind in ENDS and source in begun:
            found[source].append((begun.pop(source), entry.position))
    for source, since in begun.items():
        found[source].append((since, NEVER))
    return found


def accepted_alarms_are_told(record: Record) -> Iterator[str]:
    """By the time it is acknowledged, what an alarm says stands on a timeline, and it was not over before it came."""
    told = spans(record.entries)
    for message, deliveries in _distinct(record):
        rule = alarm_of(message) if message.understood else None
        if rule is None or message.acknowledged_at is None:
            continue
        since, until = min(each.position for each in deliveries), message.acknowledged_at
        if not any(s <= until and e > since for s, e in told[message.mode, rule, message.device]):
            said = f"{message.topic} {message.payload.decode()}"
            yield f"{said} was acknowledged at position {until}, and {rule} is on no timeline"


def _distinct(record: Record) -> Iterator[tuple[Message, list[Delivered]]]:
    """Each message with all its deliveries. What is the same in every byte nobody can tell apart, where the message
    has anything to be known by; nor what says the same under the same number, where its time cannot be believed."""
    same: dict[object, list[Delivered]] = defaultdict(list)
    alike: dict[object, list[Delivered]] = defaultdict(list)
    for message in record.messages:
        same[_identity(message)] += message.delivered
        alike[_content(message)] += message.delivered
    for message in record.messages:
        ahead = [each for each in message.delivered if message.at is not None and message.at > each.clock + AHEAD_MS]
        counted = message.seq is not None
        yield message, alike[_content(message)] if ahead and counted else same[_identity(message)]


def _content(message: Message) -> object:
    return message.topic, message.seq, message.event, repr(message.values)


def _identity(message: Message) -> object:
    known = message.at is not None or message.seq is not None
    return (message.topic, message.payload) if known else id(message)


def nothing_comes_of_nothing(record: Record) -> Iterator[str]:
    """What is raised was said by that device, in that tree, before."""
    said: dict[tuple[Mode, str], list[Message]] = defaultdict(list)
    for message in record.messages:
        said[message.mode, message.device].append(message)
    for entry in record.entries:
        if entry.kind not in BEGINS or entry.rule in (None, "silent", "offline") or "/" in (entry.rule or "/"):
            continue
        assert entry.mode is not None
        before = [
            message
            for message in said[entry.mode, entry.device or ""]
            if message.delivered and message.delivered[0].position < entry.position
        ]
        if not any(could_raise(message, entry.rule or "") for message in before):
            what = f"{entry.rule} at {entry.device} in {entry.mode.value}"
            yield f"entry {entry.position}: {what}, and nobody has said so"


def accepted_messages_are_stored(record: Record) -> Iterator[str]:
    if any(isinstance(act, Crashes) and act.power for act in record.script.acts):
        return  # a power cut may take the last moments of telemetry
    for message in record.messages:
        if message.acknowledged_at is None or message.kind not in ("telemetry", "event") or not message.understood:
            continue
        rows = record.telemetry[message.mode.value, message.device]
        if not any(_is_row(message, at, seq, event, values) for at, seq, _, event, values in rows):
            yield f"{message.topic} {message.payload.decode()} was acknowledged, and telemetry does not have it"


def _is_row(message: Message, at: int, seq: int, event: str | None, values: object) -> bool:
    if (message.event or None) != event:
        return False
    if message.seq is not None:
        return seq == message.seq
    return at == message.at or values == message.values


def everything_is_accepted(record: Record) -> Iterator[str]:
    """Minutes after everything was well again the broker keeps nothing for the gateway any more."""
    for waiting in record.waiting:
        yield f"the broker still keeps {waiting}"


def no_message_counts_twice(record: Record) -> Iterator[str]:
    """What a message says is journaled once, however often it comes."""
    known: Counter[str] = Counter()
    for row in record.journal:
        event = decode_event(row.event)
        if isinstance(event, VerdictChanged) and event.seq is not None:
            known[
                f"{event.rule} at {event.device} in {event.mode.value}: {event.verdict.value}, seq {event.seq}, "
                f"{event.at}"
            ] += 1
        elif isinstance(event, CommandAnswered):
            known[f"the answer of {event.device} to {event.id} in {event.mode.value}: {event.ok}"] += 1
    yield from (f"{what}: {times} times in the journal" for what, times in known.items() if times > 1)
