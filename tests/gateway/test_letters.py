"""Dead letters of one batch."""

from __future__ import annotations

from gateway.letters import DETAIL_CHARACTERS_MAX, FIRST_BYTES, TOPIC_CHARACTERS_MAX, Letters

NOW = 1_795_500_000_000


def test_letters_of_one_topic_and_reason_are_one_with_a_count() -> None:
    letters = Letters()
    letters.add(b"a/b", "bad json", "first", b"{", NOW)
    letters.add(b"a/b", "bad json", "second", b"{{", NOW + 5)
    letters.add(b"a/b", "wrong shape", "", b"[]", NOW + 6)
    assert letters
    one, other = letters.take()
    assert (one.count, one.first_at, one.last_at, one.detail, one.first_bytes) == (2, NOW, NOW + 5, "second", "{{")
    assert (other.reason, other.count) == ("wrong shape", 1)


def test_what_was_taken_is_gone_and_the_counts_stay() -> None:
    letters = Letters()
    letters.add(b"a/b", "bad json", "", b"{", NOW)
    letters.take()
    letters.add(b"a/c", "bad json", "", b"{", NOW)
    assert [letter.topic for letter in letters.take()] == ["a/c"]
    assert not letters
    assert letters.counts == {"bad json": 2}


def test_long_and_binary_content_becomes_a_short_line() -> None:
    letters = Letters()
    letters.add(b"t\n" * 1_000, "bad json", "d" * 9_000, b"\xff\x00\n" + b"x" * 9_000, NOW)
    (letter,) = letters.take()
    assert len(letter.topic) == TOPIC_CHARACTERS_MAX
    assert letter.first_bytes.startswith("\\xff\\x00\\nx")
    assert len(letter.first_bytes) <= FIRST_BYTES + 7
    assert len(letter.detail) == DETAIL_CHARACTERS_MAX
    assert letter.topic.isprintable()
    assert letter.first_bytes.isprintable()
