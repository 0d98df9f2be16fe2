"""The zone that pages tell the time in."""

from __future__ import annotations

import pytest

from console import clock as times
from console.clock import Zone
from console.drawing import clock, day_and_clock, moment
from console.settings import ConsoleSettings

LATE = "2026-11-24T18:30:05.120Z"


pytestmark = pytest.mark.usefixtures("zone_as_before")


def test_times_are_told_in_the_zone_that_all_sites_share() -> None:
    times.choose("")
    times.zone.sites_are_in({"Asia/Shanghai"})
    assert (clock(LATE), day_and_clock(LATE)) == ("02:30:05", "2026-11-25 02:30:05")
    assert moment(1_795_545_005_000) == "11-25 02:30"
    assert times.zone.name == "Asia/Shanghai"


def test_the_zone_that_was_chosen_stays_whatever_the_sites_say() -> None:
    times.choose("Europe/Berlin")
    times.zone.sites_are_in({"Asia/Shanghai"})
    assert clock(LATE) == "19:30:05"


def test_where_sites_are_in_several_zones_it_is_that_of_the_machine_and_nothing_is_claimed() -> None:
    several = Zone()
    several.sites_are_in({"Asia/Shanghai"})
    several.sites_are_in({"Asia/Shanghai", "Europe/Berlin"})
    assert several.name == ""


def test_a_zone_that_does_not_exist_is_refused_with_what_was_expected() -> None:
    with pytest.raises(ValueError, match="expected an IANA name"):
        ConsoleSettings.model_validate({"api": "http://127.0.0.1:8080", "timezone": "Mars/Olympus"})
