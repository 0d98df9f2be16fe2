"""The auditor: what the engine does in time is in order, whatever happens; what it does not do is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit_ledger import Finding
from gateway.auditor import Auditor, audit
from gateway.store import Group, JournalRow, Store, chain_hash
from rules import engine as engines
from rules.codec import encode
from rules.events import AuditFailed, AuditPassed
from rules.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from rules.mode import Mode
from rules.requests import EndDrill, PutOnShelf, StartDrill
from rules.timeline import Kind
from tests.support.building import FIRE
from tests.support.core import Core

PLANS = """
plans:
  - id: fire
    title: {en: Fire}
    hazard: fire
    lead: safety_officer
    team: [duty_officer]
    acknowledge: {within: 30s, ladder: [duty_officer, safety_officer], quorum: {I: [duty_officer, safety_officer]}}
    first_response_within: 15min
    steps:
      - {id: look, title: {en: Go and look}, task: {role: duty_officer, within: 5min}}
      - {id: vents, title: {en: Open the vents}, level: I, command: {device_class: smoke_vent, command: open}}
      - {id: repair, title: {en: Repair}, work_order: {kind: emergency, role: engineer}}
"""
HOLD = """
rules:
  - id: hot
    title: {en: Hot}
    device_class: smoke_detector
    hazard: heat
    signal: supervisory
    level: III
    when: {metric: temperature, above: 60, for: 30s}
    clear: {metric: temperature, below: 50, for: 1min}
"""


def new_core() -> Core:
    return Core(FIRE, HOLD, plans=PLANS)


def put_away(core: Core, store: Store) -> None:
    """The journal and the timeline of a core, as the gateway commits them; what is there already is left out."""
    index, previous = store.head()
    position = len(stored_entries(store))
    group = Group()
    for event, at in core.events[index:]:
        index += 1
        body = encode(event)
        previous = chain_hash(previous, index, at, body, None)
        group.journal.append(JournalRow(index, at, None, body, previous))
    group.entries = core.entries[position:]
    group.documents = [(version, "any", body) for version, body in core.documents.bodies.items()]
    store.commit(group)


def stored_entries(store: Store) -> list[Any]:
    found: list[Any] = []
    while page := store.entries_after(len(found), 500):
        found += page
    return found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


def findings(core: Core, store: Store) -> list[Finding]:
    put_away(core, store)
    return audit(store)[0]


@contextmanager
def forgetting(core: Core, kind: str) -> Iterator[None]:
    """An engine with a bug: deadlines of one kind come to nothing."""
    core.checked = False  # the invariants of the tests would find it first
    kept = engines._DEADLINES[kind]
    engines._DEADLINES[kind] = lambda turn, id, due: None
    try:
        yield
    finally:
        engines._DEADLINES[kind] = kept


def fire(core: Core) -> None:
    core.reading("sd-1", smoke=0.3)


def two_fires(core: Core) -> None:
    fire(core)
    core.reading("sd-2", smoke=0.3)


def hot(core: Core) -> None:
    core.reading("sd-1", temperature=70)


def shelf(core: Core) -> None:
    core.step(PutOnShelf(by="a", reason="b", device="tower-a/em-1", duration_ms=MINUTE_MS))


STORIES: list[tuple[str, Callable[[Core], None], str]] = [
    ("countdown", fire, "countdown of INC-000001"),
    ("ladder", fire, "escalation of INC-000001"),
    ("first response", fire, "first response to INC-000001"),
    ("task", fire, "task 'Go and look' of INC-000001"),
    ("order", fire, "order WO-000001 (open)"),
    ("command", two_fires, "command CMD-000001"),
    ("hold", hot, "hold of hot at tower-a/sd-1 in actual (pending)"),
    ("shelf", shelf, "shelf SH-000001"),
]


@pytest.mark.parametrize(("kind", "story", "what"), STORIES)
def test_an_engine_that_forgets_a_deadline_is_found_out(
    kind: str, story: Callable[[Core], None], what: str, store: Store
) -> None:
    core = new_core()
    story(core)
    begun = core.now
    with forgetting(core, kind):
        core.wait(HOUR_MS)
        core.note("nothing happened", incident="INC-000001")
    found = findings(core, store)
    assert what in [each.what for each in found], found
    missed = next(each for each in found if each.what == what)
    assert (missed.done_at, missed.excused) == (None, False)
    assert begun < missed.due_at < core.now


@pytest.mark.parametrize(("kind", "story", "what"), STORIES)
def test_an_engine_that_forgets_nothing_is_in_order(
    kind: str, story: Callable[[Core], None], what: str, store: Store
) -> None:
    core = new_core()
    story(core)
    core.wait(HOUR_MS)
    assert findings(core, store) == []
    assert audit(store)[1] > 0


def test_what_fell_due_while_the_gateway_was_down_is_late_and_excused(store: Store) -> None:
    core = new_core()
    fire(core)
    core.wait("5s")
    core.restart(down="2min")
    found = findings(core, store)
    assert {each.what: each.excused for each in found} == {
        "countdown of INC-000001": True,
        "escalation of INC-000001": True,
    }


def test_what_was_late_for_no_reason_is_found_and_not_excused(store: Store) -> None:
    core = new_core()
    fire(core)
    core.now += 18 * SECOND_MS
    core.look()
    assert [(each.what, each.excused) for each in findings(core, store)] == [("countdown of INC-000001", False)]


@pytest.mark.parametrize("turning", ["a drill begins", "a drill is over"])
def test_what_is_pending_in_a_drill_is_let_go_when_one_begins_or_is_over(turning: str, store: Store) -> None:
    core = new_core()
    begin = StartDrill(by="lead", site="tower-a", scenario="heat")
    if turning == "a drill is over":
        core.step(begin)
    core.reading("sd-1", mode=Mode.EXERCISE, temperature=70)
    core.wait("10s")
    core.step(begin if turning == "a drill begins" else EndDrill(by="lead", drill="DRL-000001"))
    core.wait(HOUR_MS)
    kinds = [entry.kind for entry in core.entries]
    assert Kind.PENDING in kinds
    assert Kind.NOT_FIRED not in kinds
    assert findings(core, store) == []


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("smoke"), st.sampled_from(["sd-1", "sd-2", "sd-8"]), st.sampled_from([0.0, 0.3])),
        st.tuples(st.just("hot"), st.sampled_from(["sd-1", "sd-8"]), st.sampled_from([20.0, 55.0, 70.0])),
        st.tuples(st.just("button"), st.just("mcp-1"), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from(["1s", "14s", "31s", "61s", "3min", "16min", "25h"]), st.just(0)),
        st.tuples(st.just("acknowledge"), st.integers(1, 3), st.sampled_from(["duty_officer", "safety_officer"])),
        st.tuples(st.just("resolve"), st.integers(1, 3), st.just(0)),
        st.tuples(st.just("restart"), st.sampled_from(["0s", "10s", "5min"]), st.just(0)),
        st.tuples(st.just("plans"), st.sampled_from([PLANS, PLANS.replace("30s", "1min"), "plans: []"]), st.just(0)),
        st.tuples(st.just("shelve"), st.sampled_from(["em-1", "door-1"]), st.booleans()),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_whatever_happens_the_auditor_and_the_engine_agree(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, Any, Any]]
) -> None:
    core = new_core()
    for move, what, how in moves:
        _move(core, move, what, how)
        core.wait("1s")
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('audit')}/journal.sqlite") as store:
        put_away(core, store)
        assert [each for each in audit(store)[0] if not each.excused] == []


def _move(core: Core, move: str, what: Any, how: Any) -> None:
    if move == "smoke":
        core.reading(what, smoke=how)
    elif move == "hot":
        core.reading(what, temperature=how)
    elif move == "button":
        core.reading(what, alarm=how)
    elif move == "wait":
        core.wait(what)
    elif move == "restart":
        core.restart(down=what)
    elif move == "plans":
        core.follow(what)
    elif move == "shelve":
        asked = PutOnShelf(by="a", reason="b", device=f"tower-a/{what}", duration_ms=MINUTE_MS, one_shot=how)
        core.step(asked)
    elif move == "acknowledge":
        core.acknowledge(f"INC-{what:06d}", by=how)
    else:
        core.resolve(f"INC-{what:06d}")


# ---- beside a running gateway


async def test_what_is_missing_is_submitted_and_so_is_that_it_was_mended(store: Store) -> None:
    core = new_core()
    fire(core)
    with forgetting(core, "countdown"):
        core.wait("20s")
    put_away(core, store)
    submitted: list[AuditFailed | AuditPassed] = []
    told = asyncio.Event()

    def submit(events: Any) -> None:
        for event in events:
            submitted.append(event)
            core.step(event)
        put_away(core, store)
        told.set()

    auditor = Auditor(store, core.state.plans, submit, lambda: core.now)
    running = asyncio.create_task(auditor.run())
    await asyncio.wait_for(told.wait(), 10)
    due_at = core.state.incidents["INC-000001"].opened_at + 15 * SECOND_MS
    assert submitted == [AuditFailed("countdown of INC-000001", due_at)]
    assert core.entry(Kind.AUDIT).facts["what"] == "countdown of INC-000001"
    trouble = core.state.incidents[core.state.troubles["actual|audit/countdown of INC-000001"]]
    assert trouble.open

    told.clear()
    core.reading("sd-2", smoke=0.3)
    put_away(core, store)
    auditor.wake()
    await asyncio.wait_for(told.wait(), 10)
    assert submitted[1:] == [AuditPassed("countdown of INC-000001")]
    assert core.state.audits == {}
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_an_auditor_that_starts_again_says_nothing_twice(store: Store) -> None:
    core = new_core()
    fire(core)
    with forgetting(core, "countdown"):
        core.wait("20s")
    core.step(AuditFailed("countdown of INC-000001", core.state.incidents["INC-000001"].opened_at + 15 * SECOND_MS))
    core.reading("sd-2", smoke=0.3)
    put_away(core, store)
    submitted: list[AuditFailed | AuditPassed] = []
    told = asyncio.Event()

    def submit(events: Any) -> None:
        submitted.extend(events)
        told.set()

    running = asyncio.create_task(Auditor(store, core.state.plans, submit, lambda: core.now).run())
    await asyncio.wait_for(told.wait(), 10)
    assert submitted == [AuditPassed("countdown of INC-000001")]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
