"""A store as busy years leave it behind: incidents with their timelines, work orders, and the index of words.

`python -m bench.many_incidents SETTINGS [INCIDENTS] [ENTRIES_EACH]` fills the store of a settings file that has none
yet. Everything goes through the store's own commits, with a journal of few rows whose chain verifies and a snapshot
that continues the numbers, so that a gateway starts on it and goes on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.config import read_settings
from gateway.desk import Desk
from gateway.front_search import FILE
from gateway.library import Loaded, load
from gateway.search.follow import Follower
from gateway.search.index import Index
from gateway.store import Group, Store
from rules.incident import CommandStage, CommandState, Confirmation, Evidence, Incident, Phase, StepStage, StepState
from rules.instant import DAY_MS, MINUTE_MS, SECOND_MS, Instant
from rules.level import Level
from rules.mode import Mode
from rules.order import Node, NodeRecord, OrderKind, OrderStep, WorkOrder
from rules.place_names import titles_of
from rules.requests import Finding
from rules.signal import Signal
from rules.site import Device
from rules.state import encode_state
from rules.timeline import Entry, Kind

INCIDENTS = 100_000
ENTRIES_EACH = 50
ENDED: Instant = 1_795_000_000_000  # the last one opened: 2026-11-18
SPAN_MS = 1_095 * DAY_MS  # three years
OPEN_EVERY = 500  # of those, one is still open
ORDER_EVERY = 5
COMMANDS_EACH = 12
GROUP_INCIDENTS = 500

SMOKE = {"en": "Smoke above the alarm threshold", "zh": "烟雾浓度超过报警阈值"}
LEAK = {"en": "Water on the floor", "zh": "地面漏水"}
POWER = {"en": "Power above the contract", "zh": "用电超限"}
KINDS = (("fire", Signal.ALARM, SMOKE, "smoke-high"), ("water", Signal.SUPERVISORY, LEAK, "water-leak"),
         ("energy", Signal.TROUBLE, POWER, "overload"))  # fmt: skip
CAUSES = (
    "a burnt pan in the pantry",
    "茶水间微波炉冒烟",
    "dust from building work",
    "空调冷凝水管堵塞",
    "a lift's fan",
)
NOTES = (
    "Patrol sent, nothing to be seen.",
    "已派巡逻到现场核实",
    "Two extinguishers used, floor aired.",
    "电话已回复业主",
)
RARE_EVERY = 1_000
RARE = "a sofa on the landing, 沙发起火"

# What a timeline consists of, in order, until it has its length; then it begins again at the fourth.
_KINDS = (
    Kind.OPENED, Kind.DETECTED, Kind.PLAN, Kind.DETECTED, Kind.COMMAND_ISSUED, Kind.COMMAND_PUBLISHED,
    Kind.NOTICE_ISSUED, Kind.COMMAND_DONE, Kind.NOTICE_DONE, Kind.COMMAND_ISSUED, Kind.COMMAND_PUBLISHED,
    Kind.COMMAND_DONE, Kind.TASK_ISSUED, Kind.TASK_DONE,
)  # fmt: skip
_AGAIN = 3


def write(store: Store, loaded: Loaded, incidents: int, entries_each: int) -> None:
    """Into a store that holds nothing yet."""
    desk = Desk(store, lambda: ENDED - SPAN_MS, lambda entries, effects: None)
    desk.load(*loaded.documents)
    desk.commit()
    devices = list(loaded.directory.devices.values())
    position = desk.engine.state.entries_made
    orders = 0
    for start in range(0, incidents, GROUP_INCIDENTS):
        group = Group()
        for number in range(start, min(incidents, start + GROUP_INCIDENTS)):
            made = _incident(number, incidents, devices[number * 7 % len(devices)], entries_each)
            group.incidents[made.id] = made
            group.entries += _timeline(made, number, position, entries_each)
            position += entries_each
            if number % ORDER_EVERY == 0:
                orders += 1
                order = _order(orders, made, closed=bool(number % (10 * ORDER_EVERY)))
                group.orders[order.id] = order
        store.commit(group)
    state = desk.engine.state
    state.incidents_made, state.entries_made, state.orders_made, state.now = incidents, position, orders, ENDED
    store.commit(Group(snapshot=(desk.journal_index, encode_state(state))))


def index(store: Store, loaded: Loaded, folder: Path) -> None:
    """What the gateway would do by and by."""
    follower = Follower(Index(folder / FILE))
    titles = titles_of(loaded.directory)
    while follower.step(store, titles):
        pass


def _incident(number: int, of: int, device: Device, entries: int) -> Incident:
    hazard, signal, title, rule = KINDS[number % len(KINDS)]
    opened = ENDED - SPAN_MS + SPAN_MS * (number + 1) // of
    still = number % OPEN_EVERY == 0
    closed = None if still else opened + 40 * MINUTE_MS
    evidence = [
        Evidence(rule, device.id, title, signal, Level.II, opened, {"smoke": 0.1594}, "3f1c2b7e9a1d", still, closed)
        for _ in range(2)
    ]
    commands = [
        CommandState(f"CMD-{number * COMMANDS_EACH + each:07d}", device.id, "release", "release-doors",
                     CommandStage.DONE, opened, opened + MINUTE_MS)
        for each in range(COMMANDS_EACH)
    ]  # fmt: skip
    steps = [
        StepState(f"step-{each}", "task", {"en": f"Step {each}", "zh": f"步骤{each}"}, StepStage.DONE, opened)
        for each in range(6)
    ]
    return Incident(
        id=f"INC-{number + 1:06d}",
        mode=Mode.EXERCISE if number % 97 == 0 else Mode.ACTUAL,
        site=device.site,
        building=device.building,
        floor=device.floor,
        zone=device.zone,
        hazard=hazard,
        signal=signal,
        level=(Level.III, Level.II, Level.III, Level.I)[number % 4],
        phase=Phase.RESPONDING if still else Phase.CLOSED,
        confirmation=Confirmation.CONFIRMED,
        title=title,
        first_out=device.id,
        opened_at=opened,
        updated_at=closed or opened,
        evidence=evidence,
        commands=commands,
        steps=steps,
        plan=f"{hazard}-plan",
        acknowledged_at=opened + 20 * SECOND_MS,
        acknowledged_by="duty-officer",
        closed_at=closed,
        closed_by=None if still else "duty-officer",
        finding=None if still else Finding.FALSE_ALARM,
        cause=None if still else RARE if number % RARE_EVERY == 1 else CAUSES[number % len(CAUSES)],
        entries=entries,
        revision=entries,
    )


def _timeline(incident: Incident, number: int, position: int, length: int) -> Iterator[Entry]:
    cycle = (*_KINDS, *(_KINDS[_AGAIN + each % (len(_KINDS) - _AGAIN)] for each in range(length)))
    for each in range(length):
        last = each >= length - 3
        kind = (Kind.ACKNOWLEDGED, Kind.NOTED, Kind.CLOSED)[each - length + 3] if last else cycle[each]
        yield Entry(
            position + each + 1,
            incident.id,
            each + 1,
            incident.opened_at + each * SECOND_MS,
            kind,
            incident.mode,
            device=incident.first_out,
            rule=incident.evidence[0].rule,
            by="duty-officer" if last else None,
            facts=_facts(kind, number, each, incident),
        )


def _facts(kind: Kind, number: int, each: int, incident: Incident) -> dict[str, float | bool | str]:
    if kind is Kind.NOTED:
        return {"text": NOTES[number % len(NOTES)]}
    if kind is Kind.OPENED:
        return {"level": incident.level.value, "hazard": incident.hazard, "signal": incident.signal.value}
    if kind is Kind.CLOSED:
        return {"finding": "false_alarm", "cause": incident.cause or ""}
    if kind is Kind.DETECTED:
        return {"smoke": 0.1594}
    return {"id": f"CMD-{number * COMMANDS_EACH + each:07d}", "command": "release"}


def _order(number: int, incident: Incident, closed: bool) -> WorkOrder:
    nodes = (Node.VERIFIED,) if closed else (Node.OPEN, Node.ACCEPTED, Node.SURVEYED, Node.REPAIRED)
    node = nodes[number // 10 % len(nodes)]
    record = NodeRecord(OrderStep.ACCEPT, "engineer", incident.opened_at + MINUTE_MS, "on my way")
    return WorkOrder(
        id=f"WO-{number:06d}",
        kind=OrderKind.ORDINARY,
        mode=incident.mode,
        site=incident.site,
        zone=incident.zone,
        asset=incident.first_out,
        fault=f"{incident.evidence[0].rule}-{number}",
        summary="look at it",
        role="engineer",
        opened_at=incident.opened_at,
        opened_by="tocsin",
        node=node,
        incidents=[incident.id],
        records=[record] if node is not Node.OPEN else [],
        due_at=incident.opened_at + DAY_MS,
        overdue=number % 3 == 0 and not closed,
    )


def main(settings_file: str, incidents: int = INCIDENTS, entries_each: int = ENTRIES_EACH) -> None:
    settings = read_settings(Path(settings_file))
    settings.data.mkdir(parents=True, exist_ok=True)
    loaded = load(settings.files)
    began = time.perf_counter()
    with Store.open(settings.store_url) as store:
        if store.head()[0]:
            raise SystemExit(f"{settings.store_url} holds something already; expected a store that is new")
        write(store, loaded, incidents, entries_each)
        written = time.perf_counter()
        index(store, loaded, settings.data)
    print(f'{{"written_s": {written - began:.1f}, "indexed_s": {time.perf_counter() - written:.1f}}}')


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
