"""Every word in both languages: none forgotten, none left in English."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import console
from console.words import EVERYWHERE, Words, add, known, say, title

TEMPLATES = Path(console.__file__).parent / "templates"
# Names and units, and what has no other name in Chinese writing: nothing else in Latin letters stands in zh.
LATIN = {
    "Tocsin", "InfluxDB", "API", "CSV", "PDF", "HTML", "JSON", "MQTT", "YAML", "KPI", "ISA", "ID", "OPC", "SHA", "UTC",
    "tocsin", "drill", "live", "play", "drills",  # commands
    "URL", "kW", "kWh", "W", "V", "A", "Hz", "min", "h", "s", "ms", "mm", "I", "II", "III", "setup", "secret", "Excel",
    "B", "C", "L", "m", "d", "dB", "mA", "ppm", "LEL", "kg", "EEMUA",
}  # fmt: skip
_LATIN_WORD = re.compile(r"[A-Za-z]+")
_FILLED = re.compile(r"\{[a-z_]+\}")
_FILE = re.compile(r"[\w/-]+\.md", re.ASCII)
_SAID = re.compile(r"\bt\('([a-z_]+)'[,)]")  # not the beginning of a key that goes on: `t('due_' + …)`


def _all_words() -> Words:
    for module in pkgutil.walk_packages(console.__path__, "console."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.endswith("WORDS") and not name.startswith("_"):
                add(value)  # raises where two pages say one key differently
    return known()


def test_every_key_has_words_in_both_languages() -> None:
    assert [key for key, pair in _all_words().items() if len(pair) != 2 or not all(each.strip() for each in pair)] == []


def test_both_languages_fill_in_the_same_things() -> None:
    assert [key for key, (en, zh) in _all_words().items() if set(_FILLED.findall(en)) != set(_FILLED.findall(zh))] == []


def test_no_english_is_left_in_chinese() -> None:
    left = {
        key: words
        for key, (_, zh) in _all_words().items()
        if (words := set(_LATIN_WORD.findall(_FILE.sub("", _FILLED.sub("", zh)))) - LATIN)
    }
    assert left == {}


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_every_word_of_a_template_is_known(template: Path) -> None:
    said = set(_SAID.findall(template.read_text(encoding="utf-8")))
    assert said - set(_all_words()) == set()


def test_a_key_that_nobody_knows_is_shown_as_it_is() -> None:
    assert say("hail_storm", "zh") == "hail storm"


def test_one_key_cannot_say_two_things() -> None:
    assert EVERYWHERE["wall"] == ("Wall", "总览")
    with pytest.raises(ValueError, match="'wall' is said already"):
        add({"wall": ("Wall", "墙")})


def test_a_title_is_shown_in_the_other_language_rather_than_not_at_all() -> None:
    assert title({"en": "East wing"}, "zh", "z1") == "East wing"
    assert title({}, "zh", "z1") == "z1"
