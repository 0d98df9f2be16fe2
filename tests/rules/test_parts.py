"""A part of the gateway that finds itself not well is a trouble signal, once, until it is well again."""

from __future__ import annotations

from rules.codec import decode_event, encode
from rules.events import PartFailed, PartWell
from rules.incident import Phase
from rules.signal import Signal
from rules.timeline import Kind
from tests.support.core import Core

FAILED = PartFailed("influxdb", "InfluxDB at http://influx:8086 is 400 s behind, 9000 rows wait")


def test_a_part_that_fails_opens_a_trouble_with_its_reason_and_nothing_more_the_second_time() -> None:
    core = Core()
    core.step(FAILED)
    incident = core.incident()
    assert (incident.signal, incident.title["en"]) == (Signal.TROUBLE, "Readings are not forwarded to InfluxDB")
    assert core.entry(Kind.DETECTED).reason == FAILED.reason
    assert core.step(PartFailed("influxdb", "now it is 500 s")).entries == []


def test_well_again_it_is_over_and_the_incident_closes() -> None:
    core = Core()
    core.step(FAILED)
    core.step(PartWell("influxdb"))
    assert core.entry(Kind.CLEARED).reason == "well again"
    core.wait("1h")
    assert core.incident().phase is Phase.CLOSED
    assert core.step(PartWell("influxdb")).entries == []


def test_a_part_without_a_name_of_its_own_is_a_trouble_too() -> None:
    core = Core()
    core.step(PartFailed("fan", "it stands still"))
    assert core.incident().title["zh"] == "网关部件异常"


def test_the_events_come_back_from_the_journal_as_they_were() -> None:
    for event in (FAILED, PartWell("influxdb")):
        assert decode_event(encode(event)) == event
