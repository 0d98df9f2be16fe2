"""Home Assistant's templates: the documented part is read as it reads it, the rest refused, nothing evaluated."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.codecs.homeassistant_template import (
    FILTERS,
    MISSING,
    RESULT_CHARACTERS_MAX,
    TEMPLATE_CHARACTERS_MAX,
    Refused,
    Template,
    parse,
    render,
)

VARIABLES = frozenset({"value", "value_json"})
STATE: dict[str, Any] = {
    "smoke": True,
    "temperature": 21.57,
    "count": 3,
    "text": " Open ",
    "nothing": None,
    "ENERGY": {"Power": [10, 20.5], "Total": "1.25"},
    "odd key": {"a.b": 7},
    "items": 5,
    "bad": "n/a",
}


def rendered(source: str, value: str = "21.57") -> Any:
    template = parse(source, VARIABLES)
    assert isinstance(template, Template), template
    return render(template, {"value": value, "value_json": STATE})


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("{{ value }}", "21.57"),
        ("{{value}}", "21.57"),
        ("  {{ value }} ", "21.57"),
        ("{{- value -}}", "21.57"),
        ("constant", "constant"),
        ("{{ value_json.smoke }}", "True"),
        ("{{ value_json.nothing }}", "None"),
        ("{{ value_json['smoke'] }}", "True"),
        ('{{ value_json["odd key"]["a.b"] }}', "7"),
        ("{{ value_json.ENERGY.Power[0] }}", "10"),
        ("{{ value_json['ENERGY'].Power[1] }}", "20.5"),
        ("{{ value_json.ENERGY.Power[-1] }}", "20.5"),
        ("{{ value_json.items }}", "5"),  # the key, not a method of the object
        ("{{ value | float }}", "21.57"),
        ("{{ value | int }}", "21"),
        ("{{ value_json.ENERGY.Total | float }}", "1.25"),
        ("{{ value_json.temperature | round(1) }}", "21.6"),
        ("{{ value_json.temperature | round }}", "22"),
        ("{{ value_json.temperature | round(0, 'floor') }}", "21"),
        ("{{ value_json.temperature | round(1, 'ceil') }}", "21.6"),
        ("{{ value_json.temperature|float|round(1) }}", "21.6"),
        ("{{ value_json.bad | float(0) }}", "0"),
        ("{{ value_json.bad | int(default=-1) }}", "-1"),
        ("{{ value_json.absent | default('none') }}", "none"),
        ("{{ value_json.absent | d(0) | int }}", "0"),
        ("{{ value_json.nothing | default('x', true) }}", "x"),
        ("{{ value_json.text | lower }}", "open"),
        ("{{ value_json.text | upper | trim }}", "OPEN"),
        ("{{ value_json.smoke | is_defined }}", "True"),
        ("{{ value_json.count | multiply(0.1) }}", str(3 * 0.1)),
        ("{{ value_json.count | add(1) }}", "4.0"),
        ("{{ value_json.ENERGY | tojson }}", '{"Power":[10,20.5],"Total":"1.25"}'),
        ('{"state": "{{ value_json.count }}", "x": {{ value }}}', '{"state": "3", "x": 21.57}'),
    ],
)
def test_a_template_of_the_documented_part_says_what_home_assistant_says(source: str, result: str) -> None:
    assert rendered(source) == result


@pytest.mark.parametrize(
    "source",
    [
        "{{ value_json.absent }}",
        "{{ value_json.absent.more }}",
        "{{ value_json.smoke.more }}",
        "{{ value_json.ENERGY.Power[7] }}",
        "{{ value_json['ENERGY'][0] }}",
        "{{ value_json.absent | float }}",
        "{{ value_json.absent | is_defined }}",
        "{{ value_json.absent | upper }}",
        "text with {{ value_json.absent }}",
    ],
)
def test_what_is_not_in_the_payload_says_nothing_instead_of_something_wrong(source: str) -> None:
    assert rendered(source) is MISSING


@pytest.mark.parametrize(
    ("source", "part_of_the_reason"),
    [
        ("{% if value == 'x' %}ON{% endif %}", "statements"),
        ("{# a remark #}{{ value }}", "comments"),
        ("{{ value_json.a + 1 }}", "nothing is evaluated"),
        ("{{ value_json.a == 1 }}", "nothing is evaluated"),
        ("{{ 'ON' if value_json.a else 'OFF' }}", "expected a variable"),
        ("{{ value_json.get('a') }}", "nothing is evaluated"),
        ("{{ value.split(',')[0] }}", "nothing is evaluated"),
        ("{{ value_json['a' ~ 'b'] }}", "expected ']'"),
        ("{{ value_json[a] }}", "expected a name in quotes"),
        ("{{ value_json[1:2] }}", "expected ']'"),
        ("{{ value | regex_replace('a', 'b') }}", "the filter 'regex_replace' is not read"),
        ("{{ value | map(attribute='x') }}", "the filter 'map' is not read"),
        ("{{ value | float(value_json.a) }}", "expected a constant"),
        ("{{ states('sensor.x') }}", "nothing is evaluated"),
        ("{{ states }}", "'states' is not known here"),
        ("{{ this.state }}", "'this' is not known here"),
        ("{{ ''.__class__.__mro__ }}", "expected a variable"),
        ("{{ value", "'{{' without '}}'"),
        ("value }}", "'}}' without '{{'"),
        ("{{ }}", "expected a variable"),
        ("{{ value | }}", "expected a name"),
        ("{{ value \\ }}", "nothing is evaluated"),
        ("{{ value" + ".a" * 40 + " }}", "more than 16 steps"),
        ("{{ value }}" * 40, "more than 32 expressions"),
        ("x" * (TEMPLATE_CHARACTERS_MAX + 1), "characters; at most"),
    ],
)
def test_anything_else_is_refused_with_a_reason_and_never_evaluated(source: str, part_of_the_reason: str) -> None:
    refused = parse(source, VARIABLES)
    assert isinstance(refused, Refused)
    assert part_of_the_reason in refused.why


def test_a_path_reaches_the_payload_alone_and_no_attribute_of_an_object() -> None:
    assert rendered("{{ value_json.__class__ }}") is MISSING
    assert rendered("{{ value.__class__.__base__ }}") is MISSING
    assert rendered("{{ value_json.ENERGY.keys }}") is MISSING


@pytest.mark.parametrize(
    "source", ["{{ value_json.ENERGY }}", "{{ value_json.bad | float }}", "{{ value_json.count | round(400) }}"]
)
def test_a_result_that_is_no_value_is_refused(source: str) -> None:
    assert isinstance(rendered(source), Refused)


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "1e999"])
def test_no_filter_makes_a_number_of_what_is_none(value: str) -> None:
    assert isinstance(rendered("{{ value | float }}", value), Refused)
    assert isinstance(rendered("{{ value | multiply(10) }}", "1e308"), Refused)


_fragments = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "value",
            "value_json",
            ".",
            "[",
            "]",
            "(",
            ")",
            "|",
            ",",
            "'a'",
            "0",
            "-1",
            "1.5",
            " ",
            "-",
        ),
        *FILTERS,
        *("__class__", "default=", "true", "none", '"', "'", "\\", "\n", "=", "é"),
    ]
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.one_of(st.lists(_fragments, max_size=30).map("".join), st.text(max_size=60)), st.text(max_size=20), _json)
@example("{{ value_json | round(15) }}", "", 10**400)
@example("{{ value_json }}", "", 10**5000)
@example("{{ value | int }}", "9" * 5000, None)
@example("{{ value | float | round(-400) }}", "1", None)
@example("{{ value | int(default=none) }}", "", None)
@example("{{" * 10_000, "", None)
def test_no_template_and_no_payload_raises_or_grows_without_bound(source: str, value: str, payload: Any) -> None:
    template = parse(source, VARIABLES)
    if isinstance(template, Template):
        result = render(template, {"value": value, "value_json": payload})
        assert not isinstance(result, str) or len(result) <= RESULT_CHARACTERS_MAX
