"""The traps of Sparkplug B's sessions: births, deaths, order, aliases, restarts."""

from __future__ import annotations

from pysparkplug import DataType, NCmd

from gateway.codecs import sparkplug_host as host
from tests.support.sparkplug import (
    NOW,
    SMOKE,
    EdgeNode,
    M,
    asks,
    born,
    by_alias,
    codec,
    found,
    hears,
    online,
    rejected,
    said,
    values,
)


def test_trap_after_our_restart_the_first_word_of_a_node_makes_us_ask_for_a_rebirth() -> None:
    """Data is QoS 0 and not retained: what was said meanwhile is lost."""
    node = EdgeNode()
    before = codec()
    declared = found(hears(before, *born(node, "sd-1")))
    after = codec()
    after.restore(declared)
    outputs = hears(after, node.device_data("sd-1", M("Smoke", True)))
    (ask,) = asks(outputs)
    assert ask.publish.topic == "spBv1.0/tower/NCMD/plant"
    assert (ask.publish.qos, ask.publish.retain) == (0, False)
    (metric,) = NCmd.decode(ask.publish.payload).metrics
    assert (metric.name, metric.alias, metric.value) == ("Node Control/Rebirth", None, True)
    assert values(outputs) == {"Smoke": True}  # and an alarm by name is one all the same


def test_trap_after_our_restart_also_a_silent_node_is_asked_each_minute_until_it_is_born() -> None:
    """A node speaks when something changes: a fire that burned before we came up it will not tell again by itself."""
    silent, speaks, before, after = EdgeNode("silent"), EdgeNode("speaks"), codec(), codec()
    after.restore(found(hears(before, *born(silent, "sd-1"), *born(speaks, "sd-2"))))
    ask = "spBv1.0/tower/NCMD/silent"

    def asked(at: int) -> list[str]:
        return [each.publish.topic for each in asks(hears(after, speaks.data(), at=at))]

    hears(after, *born(speaks, "sd-2"), at=NOW - 60_000)
    assert asked(NOW - 1) == []
    assert asked(NOW) == [ask]
    assert asked(NOW + 59_999) == []
    assert [asked(NOW + minute * 60_000) for minute in range(1, 12)] == [[ask]] * 8 + [[]] * 3
    after.restore(found(hears(before, *born(silent, "sd-1"))))
    hears(after, *born(silent, "sd-1"))
    assert asked(NOW + 3_600_000) == []


def test_trap_our_own_birth_certificate_makes_us_ask_every_node_also_a_silent_one() -> None:
    node, listening = EdgeNode(), codec(host_id="tocsin")
    hears(listening, *born(node, "sd-1"))
    certificate = host.birth("tocsin", NOW)
    outputs = listening.decode(certificate.topic.encode(), certificate.payload, NOW)
    assert [each.publish.topic for each in asks(outputs)] == ["spBv1.0/tower/NCMD/plant"]
    assert asks(hears(listening, node.data())) != []  # until the node is born again
    assert asks(hears(listening, *born(node, "sd-1"), node.data())) == []


def test_trap_a_gap_in_seq_asks_for_a_rebirth_and_still_takes_the_values() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    node.lose()
    outputs = hears(listening, node.device_data("sd-1", by_alias(10, True, DataType.BOOLEAN)))
    assert len(asks(outputs)) == 1
    assert values(outputs) == {"Smoke": True}


def test_trap_seq_wraps_from_255_to_0_without_a_gap() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = [
        output
        for step in range(600)
        for output in hears(listening, node.device_data("sd-1", by_alias(11, float(step), DataType.FLOAT)))
    ]
    assert asks(outputs) == []
    assert len(said(outputs)) == 600


def test_trap_seq_counts_over_the_messages_of_a_node_and_all_its_devices() -> None:
    node, listening = EdgeNode(), codec()
    outputs = hears(
        listening,
        *born(node, "a", "b"),
        node.data(),
        node.device_data("a"),
        node.device_data("b"),
        node.device_death("a"),
        node.data(),
    )
    assert asks(outputs) == []


def test_trap_an_ndeath_of_the_same_session_takes_the_node_and_all_its_devices_offline() -> None:
    node, listening = EdgeNode(bd_seq=7), codec()
    hears(listening, *born(node, "sd-1", "sd-2"))
    outputs = hears(listening, node.death())
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False, "tower/plant/sd-2": False}
    assert asks(outputs) == []


def test_trap_an_ndeath_of_an_older_session_is_ignored() -> None:
    """The broker publishes the will of the connection before, after the node has connected anew."""
    node, listening = EdgeNode(bd_seq=7), codec()
    hears(listening, *born(node, "sd-1"))
    node.bd_seq = 8
    hears(listening, *born(node, "sd-1"))
    assert hears(listening, node.death(bd_seq=7)) == []
    assert hears(listening, node.death(bd_seq=7, at=NOW - 1_000)) == []
    assert online(hears(listening, node.death()))["tower/plant"] is False


def test_trap_an_ndeath_of_a_session_whose_birth_was_lost_counts() -> None:
    node, listening = EdgeNode(bd_seq=7), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.death(bd_seq=8, at=NOW + 60_000))
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False}
    assert len(asks(outputs)) == 1  # and if it lives after all it says so


def test_trap_an_ndeath_after_our_restart_counts_whatever_its_session() -> None:
    node = EdgeNode(bd_seq=3)
    after = codec()
    after.restore(found(hears(codec(), *born(node, "sd-1"))))
    outputs = hears(after, node.death(bd_seq=200))
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False}
    assert len(asks(outputs)) == 1


def test_trap_aliases_count_after_the_birth_only() -> None:
    node, listening = EdgeNode(), codec()
    alarm = by_alias(10, True, DataType.BOOLEAN)
    outputs = hears(listening, node.device_data("sd-1", alarm))
    assert said(outputs) == []
    assert rejected(outputs) == ["wrong shape: alias 10 is of no birth"]
    assert len(asks(outputs)) == 1

    declared = found(hears(listening, *born(node, "sd-1")))
    after = codec()
    after.restore(declared)  # the node may have been born anew while we were away
    assert said(hears(after, node.device_data("sd-1", alarm))) == []


def test_trap_aliases_of_a_session_end_with_its_death_and_with_the_next_birth() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    alarm = by_alias(10, True, DataType.BOOLEAN)
    node.bd_seq = 1
    hears(listening, node.birth())
    outputs = hears(listening, node.device_data("sd-1", alarm))
    assert said(outputs) == []
    assert len(asks(outputs)) == 1
    hears(listening, *born(node, "sd-1"), node.death())
    assert said(hears(listening, node.device_data("sd-1", alarm))) == []


def test_trap_an_alias_that_comes_with_another_type_than_its_birth_said_is_not_believed() -> None:
    """A node started anew whose birth was lost may mean another metric by the same alias."""
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", M(None, 3.5, DataType.FLOAT, alias=10)))
    assert said(outputs) == []
    assert rejected(outputs) == ["wrong shape: alias 10 is Smoke by its birth, but Float now"]
    assert len(asks(outputs)) == 1


def test_trap_an_alias_given_twice_is_nobodys() -> None:
    node, listening = EdgeNode(), codec()
    outputs = hears(listening, node.birth(M("A", True, alias=1), M("B", False, alias=1)))
    assert rejected(outputs) == ["wrong shape: alias 1 is both A and B"]
    assert values(outputs)["A"] is True
    assert said(hears(listening, node.data(by_alias(1, True, DataType.BOOLEAN)))) == []


def test_trap_a_metric_that_no_birth_named_asks_for_a_rebirth_and_is_taken() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    outputs = hears(listening, node.device_data("sd-1", M("Tamper", True)))
    assert values(outputs) == {"Tamper": True}
    assert "Tamper was not in its birth" in asks(outputs)[0].reason


def test_trap_a_device_that_is_not_born_again_with_its_node_is_offline() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1", "sd-2"))
    outputs = hears(listening, *born(node, "sd-1"), node.data())
    assert online(outputs) == {"tower/plant": True, "tower/plant/sd-1": True, "tower/plant/sd-2": False}


def test_trap_a_rebirth_does_not_take_living_devices_offline() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1", "sd-2"))
    outputs = hears(listening, *born(node, "sd-2", "sd-1"), node.data())
    assert False not in online(outputs).values()


def test_trap_a_device_birth_that_comes_after_the_nodes_death_does_not_bring_it_online() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    late = node.device_birth("sd-1", SMOKE)
    outputs = hears(listening, node.death(), late)
    assert online(outputs) == {"tower/plant": False, "tower/plant/sd-1": False}
    assert len(asks(outputs)) == 1


def test_trap_a_retained_birth_is_of_unknown_age_and_begins_no_session() -> None:
    node, listening = EdgeNode(), codec()
    outputs = hears(listening, node.birth(SMOKE), retained=True)
    assert [each.native_id for each in found(outputs)] == ["tower/plant"]
    assert online(outputs) == {}
    assert len(asks(outputs)) == 1
    assert said(hears(listening, node.data(by_alias(10, True, DataType.BOOLEAN)))) == []


def test_trap_messages_of_two_topics_that_overtook_each_other_do_not_wind_seq_back() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    first, second, third = node.device_data("sd-1"), node.data(), node.data()
    assert len(asks(hears(listening, second))) == 1
    hears(listening, first, third)
    assert asks(hears(listening, *born(node, "sd-1"), node.data())) == []


def test_trap_a_message_that_comes_twice_asks_for_nothing_and_keeps_its_time() -> None:
    node, listening = EdgeNode(), codec()
    hears(listening, *born(node, "sd-1"))
    message = node.device_data("sd-1", by_alias(10, True, DataType.BOOLEAN, at=NOW + 3))
    assert hears(listening, message) == hears(listening, message)
