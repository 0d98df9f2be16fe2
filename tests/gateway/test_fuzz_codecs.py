"""The codecs against messages that no device would send, for a moment; `make fuzz-codecs` does it at length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.codecs.port import Found, Output, Publish, Said
from rules.instant import Instant
from rules.reading import Rejected, Value
from tests.support import codec_checks as checks
from tests.support import codec_mutations as mutations
from tests.support import fuzz_codecs
from tests.support.codec_checks import Finding, Message

CASES, BOGUS, SEED = 250, 4_000, 20_261_124


@pytest.mark.parametrize("name", checks.available())
def test_messages_that_no_device_would_send_break_no_promise_of_a_codec(name: str, tmp_path: Path) -> None:
    found = fuzz_codecs.Found(name, tmp_path)
    assert fuzz_codecs.by_chance(name, found, SEED, cases=CASES) == CASES
    fuzz_codecs.bogus_devices(name, found, SEED, BOGUS)
    assert found.kinds == {}


@pytest.mark.parametrize("name", checks.available())
def test_a_codec_has_samples_to_start_from_and_they_are_cut_and_joined_as_bytes(name: str) -> None:
    for messages, _ in mutations.seeds(name):
        assert messages
        assert mutations.unpacked(mutations.packed(messages)) == messages
    made = list(mutations.bogus(name, 50, Random(SEED)))
    assert len({each.topic for each in made}) > 40


class Broken:
    """A codec that says its payload as a value, and breaks one promise."""

    name = "broken"

    def __init__(self, how: str = "") -> None:
        self.how = how
        self.count = 0
        self.heard: list[bytes] = []

    def topics(self) -> tuple[str, ...]:
        return ("a/#",)

    def decode(self, topic: bytes, payload: bytes, received_at: Instant, retained: bool = False) -> list[Output]:
        self.count += 1
        self.heard.append(payload)
        value: Any = payload.decode(errors="replace")[:100]
        match self.how:
            case "raises":
                value = {}["a"]
            case "says what is no number":
                value = float("nan")
            case "says a list":
                value = [1]
            case "says without end":
                return [Said("a", {"a": 1.0})] * (checks.OUTPUTS_MAX + 1)
            case "says by chance":
                value = str(id(self))
            case "forgets":
                value = float(self.count)
        return [Found("a", memory=b"m"), Said("a", {"a": value})]

    def encode(self, native_id: str, points: Mapping[str, Value], command_id: str) -> list[Publish] | Rejected:
        if self.how == "commands to everybody":
            return [Publish("a/+/set", b"")]
        if self.how == "raises at commands":
            raise ValueError
        return [Publish("a/set", b"1")]

    def restore(self, found: Iterable[Found]) -> None:
        if self.how == "raises at a restart" and list(found):
            raise ValueError


MESSAGES = [Message(b"a/b", b"1"), Message(b"a/b", b"2"), Message(b"a/c", b"3")]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("raises", "message 1: raised KeyError"),
        ("says what is no number", "message 1: Said: a: nan; expected a finite number"),
        ("says a list", "message 1: Said: a: a list; expected a number"),
        ("says without end", "message 1: gave 10001 outputs; at most 10000"),
        ("says by chance", "message 1: the same messages gave other outputs"),
        ("forgets", "message 3: after a restart the same message gave other outputs"),
        ("commands to everybody", "a command to 'a': 'a/[+]/set' is no topic to publish to"),
        ("raises at commands", "a command raised"),
        ("raises at a restart", "restore raised ValueError"),
    ],
)
def test_a_codec_that_breaks_a_promise_is_found_out(how: str, says: str) -> None:
    checks.check(Broken, MESSAGES)
    with pytest.raises(Finding, match=says):
        checks.check(lambda: Broken(how), MESSAGES)


def test_a_codec_that_remembers_every_bogus_device_is_found_out() -> None:
    bogus = [Message(b"a/b", str(number).encode() * 1_000) for number in range(4_000)]
    with pytest.raises(Finding, match="grew from"):
        checks.check_memory(Broken, bogus)


def test_what_is_found_is_a_file_of_few_messages_that_shows_it_again(tmp_path: Path) -> None:
    found = fuzz_codecs.Found("native", tmp_path)
    found.add(Finding("raised KeyError: 'a'", 2), MESSAGES, {})
    found.add(Finding("raised KeyError: 'b'", 1), MESSAGES, {})
    (path,) = found.kinds.values()  # one of each kind
    assert mutations.read(path) == MESSAGES  # native does not fail at them, so none may be left out
