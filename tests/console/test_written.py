"""Rules as text, what differs between two, readings as people type them."""

from __future__ import annotations

import pytest

from console.heard import ReadingsUnclear, heard
from console.written import as_yaml, difference, draft, ids, in_force_for, of_files
from gateway.files import read_document

RULE = {"id": "smoke-high", "title": {"en": "Smoke", "zh": "烟雾"}, "when": {"metric": "smoke", "above": 0.15}}


def test_a_rule_is_shown_as_yaml_in_its_own_order_and_its_own_writing() -> None:
    text = as_yaml(RULE)
    assert text.splitlines()[0] == "id: smoke-high"
    assert "烟雾" in text


def test_a_draft_takes_the_place_of_the_shipped_rule() -> None:
    read = read_document(draft([RULE]), "draft.yaml")
    assert not read.problems
    assert read.value == {"disable": ["smoke-high"], "rules": [RULE]}


def test_the_difference_shows_the_line_that_changed_and_its_neighbours() -> None:
    before = as_yaml(RULE)
    lines = difference(before, before.replace("0.15", "0.12"))
    changed = [(each.sign, each.text.strip()) for each in lines if each.sign in "+-"]
    assert changed == [("-", "above: 0.15"), ("+", "above: 0.12")]
    assert difference(before, before) == []


def test_two_versions_differ_by_file_and_by_content_where_files_were_not_kept() -> None:
    old = {"files": {"a.yaml": "x: 1\n", "b.yaml": "y: 1\n"}, "content": {"x": 1}}
    new = {"files": {"a.yaml": "x: 1\n", "b.yaml": "y: 2\n"}, "content": {"x": 2}}
    assert list(of_files(old, new)) == ["b.yaml"]
    assert list(of_files(old | {"files": {}}, new)) == [""]


def test_ids_are_found_however_they_are_written() -> None:
    assert ids("rules:\n  - id: a-1\n    title: x\n  - {id: b, level: I}\n# id of nothing\n") == ["a-1", "b"]


def test_a_file_stands_in_for_the_one_whose_path_it_ends() -> None:
    files = {"/etc/tocsin/rules/fire.yaml": "one", "/etc/tocsin/wildfire.yaml": "two"}
    assert in_force_for("rules/fire.yaml", files) == "one"
    assert in_force_for("fire.yaml", files) == "one"
    assert in_force_for("water.yaml", files) is None


def test_readings_are_typed_a_line_each() -> None:
    typed = "# a fire\n+1min t/sd-1 smoke=0.3 alarm=true door=open\n+0s t/ac-1 event=denied card=7\n+2 t/sd-1 offline\n"
    assert heard(typed, 0) == [
        {"device": "t/ac-1", "at": "1970-01-01T00:00:00.000Z", "event": "denied", "values": {"card": 7.0}},
        {"device": "t/sd-1", "at": "1970-01-01T00:00:02.000Z", "online": False},
        {
            "device": "t/sd-1",
            "at": "1970-01-01T00:01:00.000Z",
            "values": {"smoke": 0.3, "alarm": True, "door": "open"},
        },
    ]


@pytest.mark.parametrize("line", ["", "smoke=0.3", "+1s sd-1 smoke=0.3", "+1s t/sd-1 smoke", "soon t/sd-1 smoke=1"])
def test_what_is_no_reading_is_said_with_its_line(line: str) -> None:
    with pytest.raises(ReadingsUnclear) as raised:
        heard(f"\n{line}", 0)
    assert line == "" or raised.value.line == 2
