"""What reports and figures rest on, on SQLite and PostgreSQL: one moment of the store, what was in force then."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import func, select

from api.report_port import FiguresQuery
from gateway.kpis.alarms import read_alarm_figures
from gateway.kpis.response import read_response_figures
from gateway.reports.offline import Unknown, written
from gateway.reports.reading import facts_of_incident
from gateway.reports.then import book_of, changes, then
from gateway.store import Store
from gateway.store.schema import entries
from rules.codec import encode
from rules.instant import DAY_MS, HOUR_MS
from rules.mode import Mode
from rules.people import Person, Roster
from rules.response_plan import PlanBook
from rules.timeline import Entry, Kind
from tests.support import building, groups, reported
from tests.support.reported import BEGAN, NOW


class Written:
    """A store, and what is written into it group by group."""

    def __init__(self, store: Store) -> None:
        self.store, self._journal, self._position = store, groups.Journal(), 0

    def commit(self, told: list[Entry], **parts: Any) -> None:
        numbered = []
        for entry in told:
            self._position += 1
            fields = {name: getattr(entry, name) for name in entry.__struct_fields__} | {"position": self._position}
            numbered.append(Entry(**fields))
        self.store.commit(self._journal.group(entries=numbered, **parts))

    def in_force(self, what: str, body: bytes, at: int) -> None:
        hash_ = sha256(body).hexdigest()
        entry = Entry(0, None, 0, at, Kind.CONFIGURATION, facts={"what": what, "version": hash_[:12]})
        self.commit([entry], documents=[(hash_, what, body)])

    def incident(self, **fields: Any) -> None:
        told = reported.incident(**fields)
        self.commit(list(reported.entries(told)), incidents={told.id: told}, orders={"WO-000001": reported.order()})


@pytest.fixture
def told(store: Store) -> Written:
    return Written(store)


def plans(within: str) -> PlanBook:
    return building.plans(
        f"""
plans:
  - id: fire
    title: {{en: Fire, zh: 火灾}}
    hazard: fire
    lead: safety_officer
    team: [duty_officer]
    acknowledge: {{within: {within}, ladder: [duty_officer]}}
    steps: [{{id: see, title: {{en: See}}, task: {{role: duty_officer}}}}]
"""
    )


def roster(name: str) -> bytes:
    return encode(Roster({"duty-officer": Person("duty-officer", name, ("duty_officer",), "en", ())}))


def test_names_are_those_in_force_when_the_incident_was_closed(told: Written) -> None:
    told.in_force("directory", encode(building.directory()), BEGAN - DAY_MS)
    told.in_force("roster", roster("By day"), BEGAN - HOUR_MS)
    told.incident()
    told.in_force("roster", roster("Somebody else"), BEGAN + HOUR_MS)
    facts = facts_of_incident(told.store, "INC-000001", NOW, "0.1.0")
    assert facts is not None
    assert facts.people == {"duty-officer": "By day"}
    assert facts.timezone == "Asia/Shanghai"
    assert then(told.store, NOW).roster.people["duty-officer"].name == "Somebody else"
    assert then(told.store, BEGAN - 2 * DAY_MS).roster == Roster()


def test_limits_are_those_of_the_version_of_the_plan_that_was_followed(told: Written) -> None:
    followed, later = plans("1min"), plans("9min")
    told.in_force("plans", followed.to_bytes(), BEGAN - 2 * HOUR_MS)
    told.in_force("plans", later.to_bytes(), BEGAN - HOUR_MS)
    told.incident(plan="fire", plan_version=followed.plans["fire"].version)
    facts = facts_of_incident(told.store, "INC-000001", NOW, "0.1.0")
    assert facts is not None
    assert facts.limits.acknowledge_ms == 60_000
    assert book_of(told.store, "fire", "no such version") is None
    figures = read_response_figures(told.store, FiguresQuery(), (BEGAN, NOW), NOW, then(told.store, NOW))
    assert [(stage.kept, stage.limited) for stage in figures.overall.stages if stage.id == "acknowledge"] == [(1, 1)]


def test_changes_are_told_latest_first_however_many(told: Written) -> None:
    for number in range(250):
        told.in_force("roster", roster(f"number {number}"), BEGAN + number)
    told.in_force("plans", plans("1min").to_bytes(), BEGAN - 1)
    found = list(changes(told.store))
    assert len(found) == 251
    assert found[-1][0] == "plans"
    assert len(set(found)) == 251
    assert then(told.store, BEGAN + 100).roster.people["duty-officer"].name == "number 100"


def test_a_report_holds_all_that_belongs_to_its_incident_and_the_journals_head(told: Written) -> None:
    told.incident()
    facts = facts_of_incident(told.store, "INC-000001", NOW, "0.1.0")
    assert facts is not None
    index, hash_ = told.store.head()
    assert (facts.footing.index, facts.footing.hash) == (index, hash_.hex())
    assert [entry.number for entry in facts.entries] == list(range(1, 12))
    assert [order.id for order in facts.orders] == ["WO-000001"]
    assert facts_of_incident(told.store, "INC-000002", NOW, "0.1.0") is None


def test_questions_asked_at_once_are_all_of_one_moment(told: Written) -> None:
    told.incident()
    counted = select(func.count()).select_from(entries)

    def look(ask: Callable[..., Any]) -> tuple[int, int]:
        before = ask(counted)[0][0]
        told.commit([Entry(0, None, 0, NOW, Kind.NOTED)])
        return before, ask(counted)[0][0]

    before, after = told.store.look(look)
    assert before == after
    assert told.store.look(lambda ask: ask(counted))[0][0] == before + 1


def test_what_counts_as_an_alarm_was_annunciated_for_real_and_in_time(told: Written) -> None:
    told.incident()
    told.incident(id="INC-000002", mode=Mode.EXERCISE)
    told.incident(id="INC-000003", site="tower-b")
    sites = building.directory().sites
    pending = Entry(0, None, 0, BEGAN, Kind.DETECTED, device="tower-a/sd-1", rule="smoke-high")
    chatters = Entry(0, "INC-000001", 99, BEGAN, Kind.CHATTERING, device="tower-a/sd-1", rule="smoke-high")
    told.commit([pending, chatters, Entry(0, "INC-000001", 100, BEGAN + 1, Kind.STALE)])
    of_tower_a = read_alarm_figures(told.store, FiguresQuery(site="tower-a"), (BEGAN, NOW), sites)
    assert (of_tower_a.annunciated, of_tower_a.chattering) == (1, ["smoke-high tower-a/sd-1"])
    assert of_tower_a.stale == ["INC-000001"]
    everywhere = read_alarm_figures(told.store, FiguresQuery(), (BEGAN, NOW), sites)
    assert everywhere.annunciated == 2
    seen = read_alarm_figures(told.store, FiguresQuery(sites=frozenset({"tower-b"})), (BEGAN, NOW), sites)
    assert (seen.annunciated, seen.chattering) == (1, [])
    assert read_alarm_figures(told.store, FiguresQuery(), (BEGAN + 1, NOW), sites).annunciated == 0


def test_a_report_written_without_the_gateway_masks_card_holders_as_well(told: Written) -> None:
    denied = Entry(0, "INC-000001", 12, BEGAN, Kind.DETECTED, facts={"title_en": "Refused", "card": "4711-0815"})
    told.incident()
    told.commit([denied])
    for format in ("html", "json", "csv"):
        content = written(told.store, "INC-000001", "incident", format, "en", NOW)
        assert b"masked-" in content
        assert b"4711-0815" not in content
    with pytest.raises(Unknown):
        written(told.store, "INC-000099", "incident", "csv", "en", NOW)
