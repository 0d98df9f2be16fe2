"""Deliveries on virtual time: what arrives when, what is tried again, what is given up."""

from __future__ import annotations

from itertools import pairwise

from rules.effects import Effect, Notify, PublishCommand, SendToAuthority
from rules.events import CommandPublished, EffectTried
from rules.instant import HOUR_MS, MINUTE_MS, Instant
from rules.mode import Mode
from simulators.postman import Postman

NOTIFY = Notify("NTF-000001", Mode.ACTUAL, "guard", "app", "t", "b", None, False, 0, 2 * MINUTE_MS)
COMMAND = PublishCommand("CMD-000001", Mode.ACTUAL, "tower-a/sr-1", "sound", {}, "INC-000001", 0, 30_000)
CAP = SendToAuthority("AUT-000001", Mode.ACTUAL, "fire_brigade", "id", "<xml/>", "INC-000001", 0, HOUR_MS)


def tried(postman: Postman, effect: Effect, until: Instant = HOUR_MS) -> list[tuple[Instant, EffectTried]]:
    postman.take(effect, 0)
    found = []
    while postman.next_due is not None and postman.next_due <= until:
        at = postman.next_due
        for _, event in postman.due(at):
            assert isinstance(event, EffectTried)
            found.append((at, event))
    return found


def test_everything_arrives_with_a_receipt_and_a_command_is_published() -> None:
    (at, event), *more = tried(Postman(), NOTIFY)
    assert (event.ok, event.last, event.detail, more) == (True, True, "taken by app", [])
    assert 0 < at < 3_000
    postman = Postman()
    postman.take(COMMAND, 0)
    assert [event for _, event in postman.due(1_000)] == [CommandPublished("CMD-000001")]


def test_a_message_to_a_person_is_tried_three_times_then_it_is_the_next_channels_turn() -> None:
    found = tried(Postman(lambda channel, at: channel == "app"), NOTIFY)
    assert [(event.attempt, event.ok, event.last) for _, event in found] == [
        (1, False, False),
        (2, False, False),
        (3, False, True),
    ]


def test_an_authority_that_comes_back_has_its_message_in_the_end() -> None:
    found = tried(Postman(lambda channel, at: at < 5 * MINUTE_MS), CAP)
    assert found[-1][1].ok
    assert found[-1][1].detail == "written: id.xml"
    waits = [later - at for (at, _), (later, _) in pairwise(found)]
    assert waits == sorted(waits)
    assert not any(event.last for _, event in found[:-1])
