"""What comes before its declaration waits for it, as long as there is room; what waits is never pushed out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.early_values import PAYLOAD_BYTES_MAX, EarlyValues


def test_the_last_message_of_a_topic_waits_for_its_declaration() -> None:
    early = EarlyValues()
    assert early.keep("a/state", b"ON", retained=True)
    assert early.keep("a/state", b"OFF", retained=False)
    assert early.settle("a/state") == (b"OFF", False)
    assert early.settle("b/state") is None


def test_a_second_declaration_on_the_same_topic_gets_the_message_too() -> None:
    early = EarlyValues()
    early.keep("a/state", b"1", retained=True)
    early.settle("a/state")
    early.heard("a/state", b"2", retained=False)
    assert early.settle("a/state") == (b"2", False)


def test_a_retained_message_on_a_declared_topic_is_there_for_the_next_declaration() -> None:
    early = EarlyValues()
    early.heard("a/state", b"1", retained=True)
    early.heard("b/state", b"1", retained=False)
    assert early.settle("a/state") == (b"1", True)
    assert early.settle("b/state") is None


def test_what_waits_is_not_pushed_out_by_more_topics() -> None:
    early = EarlyValues(topics_max=2)
    assert early.keep("a", b"1", retained=True)
    assert early.keep("b", b"1", retained=True)
    assert not early.keep("c", b"1", retained=True)
    assert early.keep("a", b"2", retained=True)
    assert early.settle("a") == (b"2", True)
    assert early.keep("c", b"1", retained=True), "what is declared makes room for what is not"
    assert early.settle("a") is None


def test_an_empty_message_is_the_end_of_a_retained_one() -> None:
    early = EarlyValues()
    early.keep("a", b"1", retained=True)
    assert early.keep("a", b"", retained=False)
    assert (early.settle("a"), len(early), early.size) == (None, 0, 0)


def test_a_message_that_is_no_state_does_not_wait() -> None:
    assert not EarlyValues().keep("a", b"x" * (PAYLOAD_BYTES_MAX + 1), retained=True)


_steps = st.lists(
    st.tuples(
        st.sampled_from(["keep", "heard", "settle", "forget"]), st.sampled_from("abcdef"), st.binary(max_size=40)
    ),
    max_size=60,
)


@given(_steps)
def test_it_never_holds_more_than_it_may_and_counts_what_it_holds(steps: list[tuple[str, str, bytes]]) -> None:
    early = EarlyValues(topics_max=3, bytes_max=80)
    for step, topic, payload in steps:
        if step in ("keep", "heard"):
            getattr(early, step)(topic, payload, True)
        else:
            getattr(early, step)(topic)
        assert len(early) <= 3
        assert 0 <= early.size <= 80
    for topic in "abcdef":
        early.forget(topic)
    assert (len(early), early.size) == (0, 0)
