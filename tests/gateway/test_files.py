"""YAML text in, values with lines and problems out; never an exception."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Discriminator, Tag

from gateway import yaml_tree
from gateway.files import FILE_BYTES_MAX, Document, locate, read_document, read_file, validate
from gateway.yaml_tree import DEPTH_MAX, PROBLEMS_MAX
from rules.problem import Problem


class Lamp(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    power_w: float | bool = 1.0
    title: dict[str, str] = {}


class Lamps(BaseModel):
    model_config = ConfigDict(extra="forbid")
    lamps: list[Lamp]


TEXT = """\
lamps:
  - id: one
    title:
      en: One
  - {id: two,
     power_w: 5}
"""


@pytest.fixture(params=["C parser", "pure parser"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure parser":
        monkeypatch.setattr(yaml_tree, "CParser", None)
    elif yaml_tree.CParser is None:
        pytest.skip("ruamel.yaml.clib is not installed")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("lamps",), 1),
        (("lamps", 0), 2),
        (("lamps", 0, "id"), 2),
        (("lamps", 0, "title", "en"), 4),
        (("lamps", 1), 5),
        (("lamps", 1, "power_w"), 6),
        (("lamps", 1, "title"), 5),
        (("lamps", 1, "title", "en"), 5),
        (("lamps", 7), 1),
        (("nothing", 0), 1),
    ],
)
def test_a_path_leads_to_its_line_and_a_missing_one_to_its_parent(
    parser: None, path: tuple[str | int, ...], line: int
) -> None:
    assert read_document(TEXT, "lamps.yaml").line(path) == line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2026-10-01", "2026-10-01"),
        ("12:30", "12:30"),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("+1", 1),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        (".", "."),
        ("-", ["-"]),
        ("12F", "12F"),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ("'null'", "null"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(parser: None, text: str, value: Any) -> None:
    if text == "-":
        text, value = "'-'", "-"
    document = read_document(f"value: {text}\n", "x.yaml")
    assert document.problems == ()
    assert document.value == {"value": value}
    assert type(document.value["value"]) is type(value)


def test_keys_are_words_as_they_are_written(parser: None) -> None:
    assert read_document("on: 1\n12: 2\nnull: 3\n", "x.yaml").value == {"on": 1, "12": 2, "null": 3}


def test_a_duplicate_key_names_both_lines_and_reading_goes_on(parser: None) -> None:
    document = read_document("a: 1\nb: {c: 1, c: 2}\na: 3\n", "x.yaml")
    assert [str(problem) for problem in document.problems] == [
        "x.yaml:2 b.c: key 'c' stands here and on line 2; expected it once",
        "x.yaml:3 a: key 'a' stands here and on line 1; expected it once",
    ]
    assert document.value == {"a": 1, "b": {"c": 1}}


def test_an_anchor_may_be_repeated_with_its_lines(parser: None) -> None:
    document = read_document("a: &lamp\n  id: one\nb: *lamp\n", "x.yaml")
    assert document.value == {"a": {"id": "one"}, "b": {"id": "one"}}
    assert (document.line(("b",)), document.line(("b", "id"))) == (3, 2)


def test_an_anchor_within_itself_is_refused(parser: None) -> None:
    (problem,) = read_document("a: &a\n  b: *a\n", "x.yaml").problems
    assert str(problem) == "x.yaml:2 a.b: alias *a has no finished anchor &a before it"


def test_nesting_ends_at_its_limit_and_costs_nothing_beyond(parser: None) -> None:
    (problem,) = read_document("a: " + "[" * 1_000_000, "x.yaml").problems
    assert problem.message == f"nested deeper than {DEPTH_MAX} levels"


def test_a_file_of_nothing_but_faults_does_not_fill_the_memory(parser: None) -> None:
    document = read_document("a: 1\n" * (PROBLEMS_MAX + 50), "x.yaml")
    assert len(document.problems) == PROBLEMS_MAX


def test_types_are_strict_and_every_fault_is_reported() -> None:
    text = (
        'lamps:\n  - id: 5\n    power_w: "5"\n  - power_w: on\n    idd: x\n  - id: three\n    title: {en: no, zh: 1}\n'
    )
    value, problems = validate(Lamps, read_document(text, "lamps.yaml"))
    assert value is None
    assert sorted(str(problem) for problem in problems) == [
        "lamps.yaml:2 lamps[0].id: 5 is not text",
        "lamps.yaml:3 lamps[0].power_w: '5' is not a number or true or false",
        "lamps.yaml:4 lamps[1].id: is missing; there are only power_w, idd",
        "lamps.yaml:4 lamps[1].power_w: 'on' is not a number or true or false",
        "lamps.yaml:5 lamps[1].idd: 'idd' is not a key here (id, power_w, title); did you mean id?",
        "lamps.yaml:7 lamps[2].title.zh: 1 is not text",
    ]


def test_a_good_document_becomes_its_model() -> None:
    value, problems = validate(Lamps, read_document(TEXT, "lamps.yaml"))
    assert problems == []
    assert value == Lamps(lamps=[Lamp(id="one", title={"en": "One"}), Lamp(id="two", power_w=5.0)])


def test_a_value_that_could_not_be_read_is_one_problem_not_two() -> None:
    _, problems = validate(Lamps, read_document("lamps: [{id: a, power_w: .nan}]", "x.yaml"))
    assert [problem.path for problem in problems] == [("lamps", 0, "power_w")]


def test_problems_found_later_get_their_file_and_line() -> None:
    document = read_document(TEXT, "lamps.yaml")
    found = [Problem(("lamps", 1, "id"), "'two' is taken")]
    assert [str(problem) for problem in locate(found, document)] == ["lamps.yaml:5 lamps[1].id: 'two' is taken"]


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes("\ufefflamps: []\n".encode())
    assert read_file(path).value == {"lamps": []}


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as stream:
        stream.truncate(FILE_BYTES_MAX + 1)
    assert read_file(path, "large.yaml").problems == (
        Problem((), f"larger than {FILE_BYTES_MAX} bytes", "large.yaml", 1),
    )


TOKENS = [
    *("lamps", "id", ": ", ":", "\n", "  ", "- ", "? ", "|", "> ", "&a ", "*a", "!!str ", "!x ", "'", '"', "[", "]"),
    *("{", "}", ",", "%YAML 1.2\n", "---\n", "...\n", "#", "\\ud800", "\\x", "0x", "1e999", ".inf", "\t", "<<", "@"),
    *("`", "\ufeff", "\ud800", "é", "-0o7", "\x00", "\x85", "9" * 30),
]
anything = st.one_of(st.text(), st.lists(st.sampled_from(TOKENS), max_size=25).map("".join))


def _gives_a_value_or_problems(text: str) -> None:
    document = read_document(text, "x.yaml")
    assert isinstance(document, Document)
    value, problems = validate(Lamps, document)
    assert value is not None or problems
    assert all(problem.line > 0 and "\n" not in str(problem) for problem in problems)


@given(anything)
def test_no_text_whatever_raises(text: str) -> None:
    _gives_a_value_or_problems(text)


@given(anything)
def test_no_text_whatever_raises_with_the_pure_parser(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_tree, "CParser", None)
        _gives_a_value_or_problems(text)


class Neon(BaseModel):
    model_config = ConfigDict(extra="forbid")
    gas: str


class Shop(BaseModel):
    model_config = ConfigDict(extra="forbid")
    signs: list[
        Annotated[
            Annotated[Neon, Tag("neon")] | Annotated[Lamp, Tag("lamp")],
            Discriminator(lambda value: "neon" if "gas" in value else "lamp"),
        ]
    ]
    by_name: dict[str, Lamp] = {}
    spare: Lamp | None = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{signs: [{gas: argon, watts: 5}]}", "signs[0].watts: 'watts' is not a key here (gas)"),
        (
            "{signs: [{id: a, tile: {}}]}",
            "signs[0].tile: 'tile' is not a key here (id, power_w, title); did you mean title?",
        ),
        ("{signs: [], by_name: {a: {id: a, x: 1}}}", "by_name.a.x: 'x' is not a key here (id, power_w, title)"),
        ("{signs: [], spare: {id: a, x: 1}}", "spare.x: 'x' is not a key here (id, power_w, title)"),
    ],
)
def test_an_unknown_key_is_told_the_keys_of_its_own_place(text: str, expected: str) -> None:
    _, problems = validate(Shop, read_document(text, "x.yaml"))
    assert [str(problem) for problem in problems] == [f"x.yaml:1 {expected}"]
