"""How many messages a person gets: what is held back is told later, and what is of level I is never held back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.effects import Notify
from rules.events import EffectTried, RosterLoaded
from rules.instant import MINUTE_MS
from rules.mode import Mode
from rules.timeline import Kind
from tests.support import building
from tests.support.core import Core
from tests.support.roster import TEAM, roster

RULES = """
rules:
  - id: overload
    title: {en: Overload}
    device_class: energy_meter
    hazard: energy
    signal: supervisory
    level: III
    when: {metric: power_w, above: 900}
  - id: blackout
    title: {en: Blackout}
    device_class: energy_meter
    hazard: power
    signal: alarm
    level: I
    when: {metric: voltage_v, below: 10}
"""
PLANS = """
plans:
  - id: energy
    title: {en: Energy}
    hazard: energy
    lead: duty_officer
    team: [duty_officer]
    acknowledge: {within: 6h, ladder: [duty_officer]}
    first_response_within: 12h
    steps: [{id: look, title: {en: Look}, phase: closing, task: {role: duty_officer}}]
  - id: power
    title: {en: Power}
    hazard: power
    lead: duty_officer
    team: [duty_officer]
    acknowledge: {within: 6h, ladder: [duty_officer]}
    first_response_within: 12h
    steps: [{id: look, title: {en: Look}, phase: closing, task: {role: duty_officer}}]
"""
LIMIT = 3  # messages in ten minutes: tests.support.roster.AUTHORITIES


ZONES = {f"1F-{number}": {f"em-{number}": ["energy_meter", {"power_w": 1000.0}]} for number in range(40)}
SITE = building.directory(ZONES)


def core(text: str = TEAM) -> Core:
    return Core(RULES, plans=PLANS, roster=roster(text, site=SITE), site=SITE)


def overload(c: Core, times: int = 1, *, mode: Mode = Mode.ACTUAL) -> None:
    """An incident of level III in another zone each time: each is a message; all are delivered."""
    for _ in range(times):
        c.reading(f"em-{c.state.incidents_made}", power_w=950, voltage_v=230, mode=mode)
        deliver(c)


def blackout(c: Core) -> None:
    """An incident of level I in another zone."""
    c.reading(f"em-{c.state.incidents_made}", power_w=0, voltage_v=0)
    deliver(c)


def deliver(c: Core) -> None:
    for id in list(c.state.sent):
        c.step(EffectTried(id, True, 1, True, "taken"))


def messages(c: Core) -> list[Notify]:
    return [effect for effect in c.effects if isinstance(effect, Notify)]


def held_back(c: Core) -> list[str]:
    return [entry.reason for entry in c.entries if entry.kind is Kind.NOTICE_HELD_BACK]


def test_beyond_the_limit_messages_are_held_back_with_a_reason() -> None:
    c = core()
    overload(c, LIMIT + 2)
    assert len(messages(c)) == LIMIT
    assert held_back(c) == ["3 messages within 10min are the limit"] * 2


def test_a_message_of_level_one_goes_out_at_once_and_says_what_was_held_back() -> None:
    c = core()
    overload(c, LIMIT + 2)
    blackout(c)
    message = messages(c)[-1]
    assert message.urgent
    assert message.title.startswith("LEVEL I ")
    assert message.body.endswith("(2 more messages were held back: INC-000004, INC-000005)")
    assert c.state.held_back == {}


def test_what_was_held_back_is_told_as_soon_as_the_limit_allows() -> None:
    c = core()
    overload(c, LIMIT + 1)
    first = messages(c)[0].issued_at
    c.wait("10min")
    last = messages(c)[-1]
    assert last.issued_at == first + 10 * MINUTE_MS
    assert last.title == "Several messages"
    assert last.body.endswith("(1 more message was held back: INC-000004)")
    deliver(c)
    c.wait("1h")
    assert len(messages(c)) == LIMIT + 1


def test_the_next_message_that_may_go_out_takes_what_was_held_back_with_it() -> None:
    c = core()
    overload(c)
    c.wait("5min")
    overload(c, LIMIT)
    c.wait("299s")
    assert len(messages(c)) == LIMIT
    blackout(c)
    c.wait("1h")
    assert len(messages(c)) == LIMIT + 1


def test_an_exercise_uses_up_nothing_of_the_real_allowance() -> None:
    c = core(TEAM.replace("app: {}", "app: {exercise: true}"))
    overload(c, LIMIT + 1, mode=Mode.EXERCISE)
    overload(c)
    assert [message.mode for message in messages(c)] == [Mode.EXERCISE] * LIMIT + [Mode.ACTUAL]


def test_what_was_held_back_outlives_a_restart() -> None:
    c = core()
    overload(c, LIMIT + 1)
    c.restart(down="15min")
    last = messages(c)[-1]
    assert last.title == "Several messages"
    assert "INC-000004" in last.body


def test_in_a_flood_the_rest_comes_in_one_message_but_level_one_at_once() -> None:
    c = Core(RULES, plans=PLANS, roster=roster(notices="limit: {messages: 100, within: 10min}", site=SITE), site=SITE)
    overload(c, 14)
    assert len(messages(c)) == 10
    assert held_back(c) == ["alarm flood at tower-a: messages are grouped"] * 4
    c.wait("5min")
    overload(c)
    blackout(c)
    assert messages(c)[-1].urgent
    assert "5 more messages were held back: INC-000011" in messages(c)[-1].body


def test_for_one_who_has_left_the_roster_an_entry_stands_instead() -> None:
    c = core()
    overload(c, LIMIT + 1)
    c.step(RosterLoaded(c.documents.add(roster(TEAM.replace("duty-officer-1", "duty-officer-2"), site=SITE))))
    c.wait("10min")
    assert c.entry(Kind.NOTICE_FAILED).reason == "no longer in the roster"
    assert c.state.held_back == {}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["overload", "blackout"]), st.integers(0, 400)), max_size=25))
def test_however_it_comes_nothing_is_lost_and_only_level_one_exceeds_the_limit(story: list[tuple[str, int]]) -> None:
    c = core(TEAM.replace("[app, sms]", "[app]"))
    wanted = 0
    for what, seconds in story:
        (overload if what == "overload" else blackout)(c)
        wanted += 1
        c.wait(seconds * 1000)
        deliver(c)
    c.wait("1h")
    sent = messages(c)
    summaries = [message for message in sent if message.title == "Several messages"]
    told = sum(int(message.body.rpartition("(")[2].split()[0]) for message in sent if "held back" in message.body)
    assert len(sent) - len(summaries) + told == wanted
    assert c.state.held_back == {}
    if not any(message.urgent for message in sent):
        for message in sent:
            within = [each for each in sent if 0 <= message.issued_at - each.issued_at < 10 * MINUTE_MS]
            assert len(within) <= LIMIT + 1  # the summary comes in addition, at the moment a place becomes free


def test_the_memory_of_what_was_told_is_no_longer_than_the_limit() -> None:
    c = core()
    for _ in range(5):
        overload(c, 4)
        c.wait("11min")
    assert all(len(times) <= LIMIT for times in c.state.told.values())
