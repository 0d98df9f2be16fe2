"""The board and the log of messages as the store answers them, on either database; and by which index."""

from __future__ import annotations

import pytest
from sqlalchemy import Select, create_engine
from sqlalchemy.dialects import sqlite

from api.board_port import BoardQuery
from api.ports import IncidentQuery, NoticeQuery
from gateway.store import Group, Store
from gateway.store.listed import board, notices
from gateway.store.queries import incidents_page
from rules.order import Node
from rules.timeline import Kind
from tests.support.groups import AT, entry, order

CYCLE = (Kind.NOTED, Kind.NOTICE_ISSUED, Kind.NOTICE_FAILED, Kind.DETECTED)


def _orders(*changes: dict[str, object]) -> Group:
    made = [order(f"WO-{number:06d}", fault=f"f{number}", **each) for number, each in enumerate(changes, start=1)]
    return Group(orders={each.id: each for each in made})


def test_a_column_of_the_board_begins_with_what_is_overdue_then_what_is_due_soonest(store: Store) -> None:
    store.commit(
        _orders(
            {"due_at": None},
            {"due_at": AT + 9},
            {"due_at": AT + 5},
            {"due_at": AT + 7, "overdue": True},
            {"due_at": AT + 6, "overdue": True},
            {"node": Node.REPAIRED},
            {"node": Node.VERIFIED},
            {"node": Node.CANCELLED},
        )
    )
    shown = store.look(lambda ask: board(ask, BoardQuery()))
    assert [each.id for each in shown.acceptance.items] == [f"WO-00000{number}" for number in (5, 4, 3, 2, 1)]
    assert (shown.acceptance.count, shown.acceptance.overdue) == (5, 2)
    assert [each.id for each in shown.verification.items] == ["WO-000006"]
    assert (shown.survey.count, shown.repair.count) == (0, 0)


def test_a_board_shows_some_and_counts_all_of_what_is_asked_for(store: Store) -> None:
    store.commit(_orders(*({"role": role} for role in ("engineer", "engineer", "electrician"))))
    shown = store.look(lambda ask: board(ask, BoardQuery(role="engineer", limit=1)))
    assert (shown.acceptance.count, len(shown.acceptance.items)) == (2, 1)
    elsewhere = store.look(lambda ask: board(ask, BoardQuery(sites=frozenset({"tower-z"}))))
    assert elsewhere.acceptance.count == 0


@pytest.mark.parametrize(("failed", "positions"), [(None, [7, 6, 3, 2]), (True, [7, 3]), (False, [6, 2])], ids=str)
def test_messages_come_newest_first_and_by_how_they_fared(
    store: Store, failed: bool | None, positions: list[int]
) -> None:
    store.commit(Group(entries=[entry(number, kind=CYCLE[(number - 1) % 4]) for number in range(1, 9)]))
    found = store.look(lambda ask: notices(ask, NoticeQuery(failed=failed), before=9))
    assert [each.position for each in found] == positions
    assert store.look(lambda ask: notices(ask, NoticeQuery(failed=failed, incident="INC-000099"), before=9)) == []


def _plan(url: str, statement: Select[tuple[object]]) -> str:
    sql = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
    engine.dispose()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (IncidentQuery(), "COVERING INDEX incidents_listed"),
        (IncidentQuery(hazard="gas", open=False), "COVERING INDEX incidents_listed"),
        (IncidentQuery(zone="tower-a/12F-east"), "INDEX incidents_by_zone"),
    ],
    ids=["all", "a rare hazard", "a zone"],
)
def test_a_list_looks_through_an_index_and_not_through_documents(
    tmp_path_factory: pytest.TempPathFactory, query: IncidentQuery, index: str
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'journal.sqlite'}"
    Store.open(url).close()
    assert index in _plan(url, incidents_page(query))
