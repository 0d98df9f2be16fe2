"""Of what went out: nothing twice, nothing that was not decided, nothing of a drill where it does not belong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rules.incident import Incident
from rules.instant import MINUTE_MS
from rules.mode import Mode
from rules.timeline import Entry, Kind
from simulators.disturbances import allowed_until, disturbs
from simulators.faults import AcksLost, BrokerAway, ChannelFails, ClockJumps, ClockStuck, DiskFails
from simulators.record import Performed, Record

EXERCISE_CHANNELS = {"app", "lobby", "fire_brigade"}  # by the people and notices files of the trial building
MARKS = ("EXERCISE: ", "【演练】")
TREES = {Mode.ACTUAL: "tocsin", Mode.EXERCISE: "tocsin-exercise", Mode.TEST: "tocsin-test"}
ISSUED = (Kind.COMMAND_ISSUED, Kind.NOTICE_ISSUED)
FINAL = (Kind.COMMAND_DONE, Kind.COMMAND_FAILED, Kind.NOTICE_DONE, Kind.NOTICE_FAILED)
SETTLED = (*FINAL, Kind.COMMAND_PUBLISHED)
LIVES_MS = {"notify": 2 * MINUTE_MS, "occupant_notice": 10 * MINUTE_MS}  # how long the gateway goes on trying
AT_ONCE_MS = 1_000


def _id(entry: Entry) -> str:
    return str(entry.facts.get("id", ""))


def _is_settled(entry: Entry) -> bool:
    """The outbox does not keep it any longer."""
    return entry.kind in SETTLED or (entry.kind is Kind.NOTICE_TRIED and entry.reason.startswith("the next channel"))


def _of_effects(record: Record) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """By id: where it was issued, and where it was first settled."""
    issued = {_id(entry): entry for entry in record.entries if entry.kind in ISSUED}
    settled: dict[str, Entry] = {}
    for entry in record.entries:
        if _is_settled(entry) and _id(entry) in issued:
            settled.setdefault(_id(entry), entry)
    return issued, settled


def no_effect_twice(record: Record) -> Iterator[str]:
    """Again only after an attempt of which no success is known, or after a crash before its result was on disk."""
    _, settled = _of_effects(record)
    attempts: dict[str, list[Performed]] = defaultdict(list)
    for performed in record.performed:
        attempts[performed.id].append(performed)
        over = settled.get(performed.id)
        # in the instant in which it is withdrawn it may be on its way already
        if over is not None and performed.position >= over.position and performed.clock > over.at:
            yield f"{performed.id} is done again, and entry {over.position} says {over.kind.value}"
    for id, some in attempts.items():
        fine = [each.life for each in some if each.outcome == "ok"]
        if len(fine) != len(set(fine)):
            yield f"{id} is done twice in one life of the gateway"
    yield from _commands_twice(record)


def _commands_twice(record: Record) -> Iterator[str]:
    """What a plan commands a device is commanded again only after the attempt before has failed."""
    latest: dict[tuple[object, ...], str] = {}
    failed: set[str] = set()
    for entry in record.entries:
        if entry.kind is Kind.COMMAND_FAILED:
            failed.add(_id(entry))
        elif entry.kind is Kind.COMMAND_ISSUED and entry.by is None:
            what = entry.incident, entry.device, entry.facts.get("command")
            if what in latest and latest[what] not in failed:
                yield f"{_id(entry)} commands again what {latest[what]} commands"
            latest[what] = _id(entry)


def issued_first(record: Record) -> Iterator[str]:
    """What is done rests on something committed, and has not expired."""
    issued, _ = _of_effects(record)
    for performed in record.performed:
        entry = issued.get(performed.id)
        if entry is None or entry.position > performed.position:
            yield f"{performed.id} is done at position {performed.position}, before it is committed"
            continue
        within = entry.facts.get("within_ms")
        expires_at = performed.expires_at or entry.at + round(float(within or 0))
        if performed.clock >= expires_at:
            yield f"{performed.id} is done at {performed.clock}, and expired at {expires_at}"


def done_or_given_up(record: Record) -> Iterator[str]:
    """Every effect comes to an end that stands on a timeline."""
    issued, _ = _of_effects(record)
    over = {_id(entry) for entry in record.entries if entry.kind in FINAL or _is_settled(entry)}
    over -= {_id(entry) for entry in record.entries if entry.kind is Kind.COMMAND_PUBLISHED} - {
        _id(entry) for entry in record.entries if entry.kind in FINAL
    }
    for id, entry in issued.items():
        lives_ms = entry.facts.get("within_ms") or LIVES_MS.get(str(entry.facts.get("what")))
        if lives_ms is None or id in over:
            continue
        until = allowed_until(record, entry.at + round(float(lives_ms)))
        if until < record.ended:
            yield f"{id} was issued at {entry.at}; at {record.ended} nothing has become of it"


def tried_at_once(record: Record) -> Iterator[str]:
    """Where nothing stands in the way, at once."""
    in_the_way = (AcksLost, BrokerAway, ChannelFails, ClockJumps, ClockStuck)
    if any(isinstance(act, in_the_way) or _is_outbox(act) for act in record.script.acts):
        return
    issued, settled = _of_effects(record)
    first: dict[str, Performed] = {}
    for performed in record.performed:
        first.setdefault(performed.id, performed)
    for id, entry in issued.items():
        until = allowed_until(record, entry.at + AT_ONCE_MS) + AT_ONCE_MS
        if until >= record.ended or disturbs(record, entry.at, until):
            continue
        begun = first.get(id)
        over = settled.get(id)
        if begun is None and over is not None and over.at <= until:
            continue  # it was over before it could be done
        if begun is None or begun.clock > until:
            yield f"{id} was issued at {entry.at}, and tried {f'at {begun.clock}' if begun else 'never'}"


def _is_outbox(act: object) -> bool:
    return isinstance(act, DiskFails) and act.part == "outbox"


def drills_are_isolated(record: Record) -> Iterator[str]:
    modes = {entry.incident: entry.mode for entry in record.entries if entry.kind is Kind.OPENED}
    for entry in record.entries:
        if entry.incident is not None and entry.mode not in (None, modes.get(entry.incident)):
            yield f"entry {entry.position} in {entry.mode and entry.mode.value} is on {entry.incident} of another mode"
    for performed in record.performed:
        mode = modes.get(performed.incident) or performed.mode
        if performed.mode is not mode:
            yield f"{performed.id} says {performed.mode.value}; its incident {performed.incident} is of {mode.value}"
        yield from _in_its_place(performed, mode)


def _in_its_place(performed: Performed, mode: Mode) -> Iterator[str]:
    if performed.kind == "PublishCommand":
        if performed.topic.partition("/")[0] != TREES[mode]:
            yield f"{performed.id} of mode {mode.value} is published in {performed.topic}"
        return
    if mode is Mode.TEST:
        yield f"{performed.id} leaves the house in a test"
    if performed.kind == "PushOrder":
        return
    if performed.kind == "SendToAuthority":
        status = "Exercise" if mode is Mode.EXERCISE else "Actual"
        marked = f"<status>{status}</status>" in performed.text
    elif performed.kind == "TellOccupants":
        marked = all(mark in performed.text for mark in MARKS) is (mode is Mode.EXERCISE)
    else:
        marked = performed.text.startswith(MARKS) is (mode is Mode.EXERCISE)
    if not marked:
        yield f"{performed.id} of mode {mode.value} reads {performed.text[:80]!r}"
    if mode is Mode.EXERCISE and performed.to not in EXERCISE_CHANNELS:
        yield f"{performed.id} of a drill goes to {performed.to}"


def one_of_each_is_open(record: Record) -> Iterator[str]:
    """One open incident of a zone and hazard, one open order of an asset and fault, in each mode."""
    open_ones: dict[tuple[object, ...], str] = {}
    for entry in record.entries:
        incident = record.incidents.get(entry.incident or "")
        if incident is None or entry.kind not in (Kind.OPENED, Kind.CLOSED):
            continue
        key = _key(incident)
        if entry.kind is Kind.CLOSED:
            open_ones.pop(key, None)
        elif key in open_ones:
            yield f"{incident.id} is opened while {open_ones[key]} of the same is open"
        else:
            open_ones[key] = incident.id
    orders = [(each.mode, each.asset, each.fault) for each in record.orders.values() if each.open]
    yield from (f"two orders are open for {each}" for each in {each for each in orders if orders.count(each) > 1})


def _key(incident: Incident) -> tuple[object, ...]:
    return incident.mode, incident.zone, incident.hazard
