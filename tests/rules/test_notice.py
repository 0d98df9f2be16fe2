"""What messages say: in both languages, at every level, marked as an exercise, and short where a channel is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.level import Level
from rules.mode import Mode
from rules.notice import ANY_LEVEL, PLACEHOLDERS, NoticeBook, NoticeText, Template, fit, render
from rules.notice_fields import fields_for
from rules.template import fields_of, fill, stray
from tests.support import building
from tests.support.core import Core
from tests.support.roster import shipped

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVERY = {name: f"<{name}>" for name in PLACEHOLDERS}
TEXTS = [
    (id, language, level, mode)
    for id in shipped().templates
    for language in ("en", "zh")
    for level in (None, *Level)
    for mode in Mode
]


def test_a_field_is_filled_in_and_a_bracket_without_its_field_disappears() -> None:
    assert fill("LEVEL {level}[, {zone}][, {floor}]{what}", {"level": "I", "zone": "12F-east"}) == "LEVEL I, 12F-east?"


def test_what_is_filled_in_is_not_looked_at_again() -> None:
    assert fill("{cause}[ · {cause}]", {"cause": "{level} [x]"}) == "{level} [x] · {level} [x]"


@given(st.text(alphabet="{}[]ab _", max_size=30), st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=5)))
def test_no_template_fails_to_be_filled_in(template: str, fields: dict[str, str]) -> None:
    assert isinstance(fill(template, fields), str)


@pytest.mark.parametrize(
    ("template", "left"), [("{a}[ {b}]", ""), ("{a", "{"), ("a}", "}"), ("[a", "["), ("a]", "]"), ("{a b}", "{")]
)
def test_a_brace_that_belongs_to_nothing_is_found(template: str, left: str) -> None:
    assert stray(template) == left


@pytest.mark.parametrize(("id", "language", "level", "mode"), TEXTS)
def test_every_shipped_text_is_whole_with_all_fields_and_with_none(
    id: str, language: str, level: Level | None, mode: Mode
) -> None:
    template = shipped().templates[id]
    whole = render(template, language, level, mode, EVERY)
    bare = render(template, language, level, mode, {})
    for text in (whole, bare):
        assert text.title
        assert text.body
        assert "\n" not in text.title + text.short
        assert not any(mark in text.title + text.body for mark in ("{", "}", "[", "]"))
    assert "?" not in whole.title + whole.body + whole.short


@pytest.mark.parametrize(("id", "language", "level", "mode"), TEXTS)
def test_every_text_of_an_exercise_or_a_test_says_so_first(
    id: str, language: str, level: Level | None, mode: Mode
) -> None:
    mark = {
        ("en", Mode.EXERCISE): "EXERCISE: ",
        ("en", Mode.TEST): "TEST: ",
        ("zh", Mode.EXERCISE): "【演练】",
        ("zh", Mode.TEST): "【测试】",
    }.get((language, mode), "")
    text = render(shipped().templates[id], language, level, mode, EVERY)
    for part in filter(None, (text.title, text.body, text.short)):
        assert part.startswith(mark)
        if not mark:
            assert not part.startswith(("EXERCISE", "TEST", "【"))


@pytest.mark.parametrize("id", list(shipped().templates))
def test_the_short_text_of_a_real_incident_fits_one_sms_in_chinese(id: str) -> None:
    fields = {
        "level": "II",
        "hazard": "电梯困人",
        "floor": "12层",
        "zone": "东侧电梯厅",
        "time": "08:00",
        "building": "主楼",
    }
    fields |= {"incident": "INC-000042", "what": "WO-000017", "title": "轿厢内按下报警按钮"}
    text = render(shipped().templates[id], "zh", Level.II, Mode.ACTUAL, fields)
    assert 0 < len(text.short) <= 70


def test_occupants_are_told_no_device_no_number_and_no_name() -> None:
    told = ("evacuate", "lift", "outage", "leak", "security", "occupants")
    for template in shipped().templates.values():
        if any(word in template.id for word in told):
            for texts in template.texts.values():
                for text in texts.values():
                    used = {*fields_of(text.title), *fields_of(text.body), *fields_of(text.short)}
                    assert not used & {"incident", "device", "link", "title", "role"}, template.id


def test_a_level_has_its_own_words_where_the_file_has_some() -> None:
    template = shipped().templates["incident"]
    assert "Everybody" in render(template, "en", Level.I, Mode.ACTUAL, EVERY).body
    assert "Everybody" not in render(template, "en", Level.II, Mode.ACTUAL, EVERY).body


def test_an_unknown_template_is_replaced_by_that_of_an_incident() -> None:
    assert shipped().named("no-such-thing") is shipped().templates["incident"]
    bare = render(NoticeBook().named("incident"), "zh", Level.I, Mode.ACTUAL, {"level": "I", "hazard": "火灾"})
    assert bare.title == "I级火灾"


def test_a_language_nobody_wrote_is_told_in_english() -> None:
    template = Template("t", {"en": {ANY_LEVEL: NoticeText("hello", "body")}})
    assert render(template, "fr", None, Mode.ACTUAL, {}).title == "hello"


def test_a_channel_of_few_characters_gets_the_short_text() -> None:
    text = NoticeText("A title that is long", "A body that is longer still, and says much more.", "Short.")
    assert fit(text, None) == ("A title that is long", "A body that is longer still, and says much more.")
    assert fit(text, 40) == ("", "Short.")


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=80), st.text(max_size=80), st.integers(40, 200))
def test_nothing_is_longer_than_its_channel_takes(
    title: str, body: str, short: str, more: str, characters_max: int
) -> None:
    fitted = fit(NoticeText(title, body, short, more), characters_max)
    assert len(fitted.title) + len(fitted.body) <= characters_max


def test_the_fields_are_what_people_call_things() -> None:
    core = Core(building.FIRE)
    core.reading("sd-1", smoke=0.2)
    fields = fields_for(
        core.incident(), core.directory, SHANGHAI, "zh", "https://c.example/{incident}", {"role": "engineer"}
    )
    assert {name: fields[name] for name in ("incident", "hazard", "level", "zone", "time", "link", "title")} == {
        "incident": "INC-000001",
        "hazard": "火灾",
        "level": "II",
        "zone": "12F-east",
        "time": "08:00",
        "link": "https://c.example/INC-000001",
        "title": "烟雾浓度超过报警阈值",
    }
    assert set(fields) <= set(PLACEHOLDERS)
