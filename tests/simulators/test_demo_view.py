"""What the demo shows and what it insists on, without a gateway: entries in, lines and a check list out."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from api.schemas import EntryOut
from rules.instant import rfc3339
from rules.timeline import Kind
from tocsin.demo_expected import ALSO, EXPECTED, check
from tocsin.demo_lines import MARKS, Digest
from tocsin.demo_view import NOTE, Status, banner, check_list, farewell, show

START = 1_795_496_400_000
FIRE: list[dict[str, Any]] = [
    {"kind": Kind.OPENED, "device": "tower-a/sd-1201", "facts": {"level": "II", "hazard": "fire"}},
    {"kind": Kind.DETECTED, "device": "tower-a/sd-1201"},
    {"kind": Kind.PRE_ALARM},
    {"kind": Kind.ACKNOWLEDGED, "by": "duty officer"},
    {"kind": Kind.PHASE_CHANGED, "facts": {"from": "activated", "to": "responding"}},
    {"kind": Kind.DETECTED, "device": "tower-a/sd-1202"},
    {"kind": Kind.CONFIRMED},
    {"kind": Kind.LEVEL_RAISED, "facts": {"from": "II", "to": "I"}},
    *({"kind": Kind.COMMAND_ISSUED, "facts": {"command": command}} for command in ("release", "release", "sound")),
    *({"kind": Kind.COMMAND_PUBLISHED, "facts": {"command": command}} for command in ("release", "release", "sound")),
    *({"kind": Kind.COMMAND_DONE, "facts": {"command": command}} for command in ("sound", "release", "release")),
    {"kind": Kind.CLEARED, "device": "tower-a/sd-1201"},
    {"kind": Kind.PHASE_CHANGED, "facts": {"from": "responding", "to": "closing"}},
    {"kind": Kind.CLOSED, "by": "duty officer", "facts": {"finding": "real", "cause": "a sofa"}},
]
RESPONSE: list[dict[str, Any]] = [
    {"kind": Kind.TASK_ISSUED, "facts": {"title_en": "Call 119", "role": "duty_officer"}},
    {"kind": Kind.TASK_ISSUED, "facts": {"title_en": "Lead people out", "role": "customer_service"}},
    {"kind": Kind.NOTICE_ISSUED, "facts": {"what": "notify", "to": "duty-officer"}},
    {"kind": Kind.NOTICE_ISSUED, "facts": {"what": "authority", "to": "fire_brigade"}},
    {"kind": Kind.NOTICE_DONE, "facts": {"what": "notify", "to": "duty-officer"}},
    {"kind": Kind.NOTICE_DONE, "facts": {"what": "authority", "to": "fire_brigade"}},
    {"kind": Kind.NOTICE_DONE, "facts": {"what": "occupant_notice", "to": "tower-a", "channel": "lobby"}},
    {"kind": Kind.RESPONDED, "by": "guard"},
    {"kind": Kind.TASK_DONE, "by": "guard"},
    {"kind": Kind.TASK_DONE, "by": "guard"},
    {"kind": Kind.ORDER_OPENED, "facts": {"summary": "Check the zone"}},
    {"kind": Kind.ORDER_OPENED, "facts": {"summary": "Check the zone"}},
    {"kind": Kind.ORDER_STEP, "by": "engineer-1", "facts": {"step": "verify", "node": "verified"}},
    {"kind": Kind.ORDER_STEP, "by": "engineer-1", "facts": {"step": "verify", "node": "verified"}},
]
WHOLE = [*FIRE[:11], *RESPONSE, *FIRE[11:]]


def timeline(written: list[dict[str, Any]]) -> list[EntryOut]:
    nothing = dict.fromkeys(("mode", "device", "rule", "by", "device_at", "seq", "late_ms"))
    entries = []
    for number, fields in enumerate(written, 1):
        given: dict[str, Any] = nothing | {"facts": {}, "reason": "", "text": f"{fields['kind'].value} text"} | fields
        at = rfc3339(START + number * 100)
        entries.append(EntryOut(position=number, incident="INC-000001", number=number, at=at, **given))
    return entries


def shown(width: int = 100, encoding: str = "utf-8") -> tuple[Console, io.TextIOWrapper]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict" if encoding == "utf-8" else "replace")
    return Console(file=stream, width=width, highlight=False), stream


def text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode(stream.encoding)  # type: ignore[attr-defined]


# ---- lines


def test_a_burst_of_commands_is_one_line_for_each_thing_that_becomes_of_them() -> None:
    digest = Digest()
    lines = [line for entry in timeline(FIRE) for line in digest.feed(entry)]
    said = [line.text for line in lines if line.mark in "→✓"]
    assert said == ["3 commands: release 2, sound 1", "3 of 3 sent", "3 of 3 done: sound 1, release 2"]
    assert len(lines) == len(FIRE) - 9 + 3
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_commands_that_are_not_answered_are_said_to_be_so() -> None:
    digest = Digest()
    unanswered = [fields for number, fields in enumerate(FIRE) if number != 15]
    lines = [line.text for entry in timeline(unanswered) for line in digest.feed(entry)]
    assert "2 of 3 done: sound 1, release 1, 1 not answered yet" in lines
    assert digest.commands.open == 1


def test_a_failed_command_has_a_line_of_its_own() -> None:
    digest = Digest()
    failed = timeline([FIRE[8], {"kind": Kind.COMMAND_FAILED, "text": "FAILED: release at ac-1201", "facts": {}}])
    lines = [line for entry in failed for line in digest.feed(entry)]
    assert (lines[-1].mark, lines[-1].text) == ("✗", "FAILED: release at ac-1201")
    assert str(digest.commands) == "commands: 1 issued, 0 sent, 0 done, 1 failed"


def test_what_people_are_told_and_have_to_do_is_told_together_after_the_commands() -> None:
    digest = Digest()
    lines = [line.text for entry in timeline(WHOLE[8:]) for line in digest.feed(entry)]
    assert lines[:7] == [
        "3 commands: release 2, sound 1",
        "2 tasks: Call 119 (duty officer); Lead people out (customer service)",
        "told: duty-officer, fire brigade (CAP), everybody of tower-a (lobby)",
        "responded text",
        "task_done text",
        "task_done text",
        "2 work orders: Check the zone",
    ]
    assert "2 work orders verified by engineer-1" in lines


def test_what_matters_differs_by_mark_and_not_by_colour_alone() -> None:
    marks = [MARKS[kind][0] for kind in (Kind.OPENED, Kind.PRE_ALARM, Kind.CONFIRMED, Kind.LEVEL_RAISED, Kind.CLOSED)]
    assert len(set(marks)) == len(marks)


# ---- what is insisted on


def test_the_whole_fire_has_everything() -> None:
    checked = check(timeline(WHOLE))
    assert [each.text for each in checked if each.entry is None] == []
    assert len(checked) == len(EXPECTED) + len(ALSO) + 3


@pytest.mark.parametrize(
    ("without", "missing"),
    [
        (0, "opened by the first detector"),
        (2, "a pre-alarm: one detector alone"),
        (3, "acknowledged by a person"),
        (6, "confirmed"),
        (7, "level I"),
        (14, "all 3 commands published and done"),
        (18, "its sources are normal again"),
        (19, "closed by a person, with a cause"),
    ],
)
def test_what_is_missing_is_named(without: int, missing: str) -> None:
    entries = timeline([fields for number, fields in enumerate(FIRE) if number != without])
    assert missing in [each.text for each in check(entries) if each.entry is None]


@pytest.mark.parametrize(
    ("number", "change", "missing"),
    [
        (5, {"device": "tower-a/sd-1201"}, "a second detector of the zone"),
        (19, {"by": "tocsin"}, "closed by a person, with a cause"),
        (19, {"facts": {"finding": "real"}}, "closed by a person, with a cause"),
        (7, {"facts": {"from": "III", "to": "II"}}, "level I"),
    ],
)
def test_what_is_there_but_not_as_it_should_be_is_missing(number: int, change: dict[str, Any], missing: str) -> None:
    changed = [*FIRE[:number], FIRE[number] | change, *FIRE[number + 1 :]]
    assert missing in [each.text for each in check(timeline(changed)) if each.entry is None]


def test_the_order_counts() -> None:
    late = [fields for fields in FIRE if fields["kind"] is not Kind.ACKNOWLEDGED]
    late.insert(8, FIRE[3])  # after level I
    missing = [each.text for each in check(timeline(late)) if each.entry is None]
    assert "confirmed" in missing


def test_a_hole_in_the_timeline_is_seen() -> None:
    entries = timeline(WHOLE)
    del entries[4]
    assert [each.text for each in check(entries) if each.entry is None] == ["no entry of the timeline is missing"]


def test_no_incident_at_all_misses_everything() -> None:
    assert all(each.entry is None for each in check([]))


# ---- the terminal


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [40, 100, 200])
def test_everything_can_be_shown_on_any_terminal(width: int, encoding: str) -> None:
    console, stream = shown(width, encoding)
    digest = Digest()
    banner(console, [("API", "http://127.0.0.1:8080")])
    for entry in timeline(FIRE):
        for line in digest.feed(entry):
            show(console, line, START)
    check_list(console, check(timeline(FIRE[:9])))
    farewell(console, "http://127.0.0.1:8080", "INC-000001")
    text = text_of(stream)
    assert max(map(len, text.splitlines())) <= max(width, 80)  # the curl line is not broken, so that it can be copied
    assert "curl -s http://127.0.0.1:8080/api/v1/incidents/INC-000001/timeline" in text
    assert NOTE.split(".")[0] in " ".join(text.split())
    assert "MISSING" in text


def test_a_quiet_building_says_so() -> None:
    console, stream = shown()
    console.print(Status(quiet="a quiet afternoon", sent=808, acknowledged=808).render(START))
    assert "a quiet afternoon" in text_of(stream)
    assert "808 messages, 808 acknowledged" in text_of(stream)
