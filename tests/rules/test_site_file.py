"""What stands in site and class files becomes the directory; faults that need more than one line to see."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rules.class_file import ClassFile
from rules.file_types import check_id
from rules.problem import Problem
from rules.site import Building, Device, Directory, Floor, Metric, MetricKind, Site, Source, SourcePoint, Zone
from rules.site_file import AssignedFile, SiteFile, build_directory

MINUTE_MS = 60_000


def classes(**more: Any) -> ClassFile:
    detector = {
        "title": {"en": "Smoke detector", "zh": "感烟火灾探测器"},
        "life_safety": True,
        "silent_after": "10min",
        "metrics": {"smoke": {"kind": "number", "unit": "dB/m", "min": 0, "max": 10}, "alarm": {"kind": "boolean"}},
        "events": {"test_button": {"title": {"en": "Test"}}},
        "commands": {"silence": {}},
    }
    return ClassFile.model_validate({"device_classes": {"smoke_detector": detector, **more}})


def site(devices: list[dict[str, Any]], name: str = "tower-a") -> SiteFile:
    zone = {"id": "12F-east", "title": {"en": "12th floor east"}, "devices": devices}
    floors = [{"id": "11F"}, {"id": "12F", "zones": [zone]}]
    return SiteFile.model_validate(
        {
            "site": name,
            "title": {"en": "Tower A"},
            "timezone": "Asia/Shanghai",
            "holidays": ["2026-10-02", "2026-10-01"],
            "buildings": [{"id": "tower", "floors": floors}],
        },
    )


def messages(*sites: SiteFile, **more: Any) -> list[str]:
    named = {f"site-{number}.yaml": each for number, each in enumerate(sites)}
    directory, problems = build_directory({"classes.yaml": classes(**more)}, named)
    assert (directory is None) == bool(problems)
    return [str(problem) for problem in problems]


def test_a_site_becomes_values_with_ids_that_are_unique_everywhere() -> None:
    directory, problems = build_directory(
        {"classes.yaml": classes()}, {"site.yaml": site([{"id": "sd-1201", "class": "smoke_detector"}])}
    )
    assert problems == []
    assert directory is not None
    zone = Zone("tower-a/12F-east", "12F-east", "tower-a", "tower", "12F", {"en": "12th floor east"})
    floors = (Floor("11F", {}, ()), Floor("12F", {}, (zone,)))
    assert directory == Directory(
        sites={
            "tower-a": Site(
                id="tower-a",
                title={"en": "Tower A"},
                timezone="Asia/Shanghai",
                holidays=("2026-10-01", "2026-10-02"),
                buildings=(Building("tower", {}, floors),),
            )
        },
        zones={"tower-a/12F-east": zone},
        devices={
            "tower-a/sd-1201": Device(
                id="tower-a/sd-1201",
                name="sd-1201",
                device_class="smoke_detector",
                site="tower-a",
                building="tower",
                floor="12F",
                zone="tower-a/12F-east",
                title={},
                rated={},
                silent_after_ms=10 * MINUTE_MS,
            )
        },
        device_classes=directory.device_classes,
    )


def test_a_class_becomes_its_metrics_events_and_commands() -> None:
    directory, _ = build_directory({"classes.yaml": classes()}, {})
    assert directory is not None
    detector = directory.device_classes["smoke_detector"]
    assert detector.metrics["smoke"] == Metric("smoke", MetricKind.NUMBER, "dB/m", 0.0, 10.0)
    assert detector.events == {"test_button": {"en": "Test"}}
    assert detector.commands == {"silence": {}}
    assert detector.life_safety


def test_a_device_may_be_silent_for_longer_than_its_class() -> None:
    devices = [{"id": "sd-1", "class": "smoke_detector", "silent_after": "25h"}]
    directory, _ = build_directory({"classes.yaml": classes()}, {"site.yaml": site(devices)})
    assert directory is not None
    device = directory.devices["tower-a/sd-1"]
    assert (device.silent_after_ms, device.source) == (25 * 60 * MINUTE_MS, None)


def test_a_device_of_another_format_says_what_its_points_and_commands_are() -> None:
    source = {
        "codec": "z2m",
        "id": "0x00158d0001dc126a",
        "points": {"smoke": "alarm", "density": {"metric": "smoke", "scale": 0.01, "words": {"none": 0.0}}},
        "events": {"test": "test_button"},
        "commands": {"silence": {"warning.mode": "stop", "level": 2.0}},
    }
    devices = [{"id": "sd-1", "class": "smoke_detector", "source": source}]
    directory, problems = build_directory({"classes.yaml": classes()}, {"site.yaml": site(devices)})
    assert directory is not None, problems
    assert directory.devices["tower-a/sd-1"].source == Source(
        "z2m",
        "0x00158d0001dc126a",
        {"smoke": SourcePoint("alarm"), "density": SourcePoint("smoke", words={"none": 0.0}, scale=0.01)},
        {"test": "test_button"},
        {"silence": {"warning.mode": "stop", "level": 2.0}},
    )


def test_the_limit_of_silence_that_a_site_file_states_counts_before_what_the_device_announces() -> None:
    source = {"codec": "z2m", "id": "0x1"}
    devices = [
        {"id": "a", "class": "smoke_detector", "source": source},
        {"id": "b", "class": "smoke_detector", "source": source | {"id": "0x2"}, "silent_after": "1h"},
    ]
    directory, _ = build_directory({"classes.yaml": classes()}, {"site.yaml": site(devices)})
    assert directory is not None
    sources = [device.source for device in directory.devices.values() if device.source is not None]
    assert [each.silence_announced for each in sources] == [True, False]


def test_a_device_may_be_added_to_a_zone_by_another_file() -> None:
    added = AssignedFile.model_validate(
        {"assigned": [{"zone": "tower-a/12F-east", "id": "sd-9", "class": "smoke_detector", "by": "rob"}]}
    )
    files = {"classes.yaml": classes()}, {"site.yaml": site([])}, {"assigned.yaml": added}
    directory, _ = build_directory(*files)
    assert directory is not None
    assert directory.devices["tower-a/sd-9"].zone == "tower-a/12F-east"


def test_a_codec_that_the_settings_do_not_name_is_a_fault_where_they_are_known() -> None:
    devices = [{"id": "sd-1", "class": "smoke_detector", "source": {"codec": "z2", "id": "0x1"}}]
    files = {"classes.yaml": classes()}, {"site.yaml": site(devices)}
    assert build_directory(*files)[1] == []
    _, problems = build_directory(*files, codecs=frozenset({"z2m"}))
    assert [str(each) for each in problems] == [
        "site.yaml buildings[0].floors[1].zones[0].devices[0].source.codec:"
        " 'z2' is not one of `codecs` in the settings (z2m); did you mean z2m?"
    ]


def test_two_sites_may_use_the_same_names() -> None:
    devices = [{"id": "sd-1", "class": "smoke_detector"}]
    assert messages(site(devices), site(devices, "tower-b")) == []


def test_a_site_stands_in_one_file() -> None:
    assert messages(site([]), site([])) == [
        "site-1.yaml site: 'tower-a' is already the site of site-0.yaml; expected one file a site"
    ]


def test_all_faults_of_all_files_are_reported_at_once() -> None:
    devices = [
        {"id": "sd-1", "class": "smoke_detektor"},
        {"id": "sd-1", "class": "smoke_detector", "rated": {"power_w": 5}},
    ]
    pump = {"title": {"en": "Pump"}, "silent_after": "5min", "metrics": {"on": {"kind": "boolean", "min": 0}}}
    zone = "buildings[0].floors[1].zones[0]"
    assert messages(site(devices), site(devices[:1], "tower-b"), pump=pump) == [
        "classes.yaml device_classes.pump.metrics.on.min: 0 on a boolean; only a number has a min",
        f"site-0.yaml {zone}.devices[0].class: 'smoke_detektor' is not a device class (pump, smoke_detector);"
        " did you mean smoke_detector?",
        f"site-0.yaml {zone}.devices[1].id: 'sd-1' is already a device of tower-a, at {zone}.devices[0]",
        f"site-0.yaml {zone}.devices[1].rated.power_w: 'power_w' is not a rated value of smoke_detector"
        " (there is none)",
        f"site-1.yaml {zone}.devices[0].class: 'smoke_detektor' is not a device class (pump, smoke_detector);"
        " did you mean smoke_detector?",
    ]


def test_a_figure_that_the_class_needs_must_be_stated() -> None:
    meter = {
        "title": {"en": "Meter"},
        "silent_after": "5min",
        "metrics": {},
        "rated": {"power_w": {"unit": "W", "required": True}, "current_a": {"unit": "A"}},
    }
    (message,) = messages(site([{"id": "em-1", "class": "meter", "rated": {"current_a": 16}}]), meter=meter)
    assert message.endswith("devices[0].rated: lacks power_w, which every meter must state")
    assert messages(site([{"id": "em-1", "class": "meter", "rated": {"power_w": 3500}}]), meter=meter) == []


def test_a_class_of_another_file_is_not_defined_anew() -> None:
    _, problems = build_directory({"library.yaml": classes(), "mine.yaml": classes()}, {})
    message = "'smoke_detector' is already a device class, of library.yaml; expected a new name"
    assert problems == [Problem(("device_classes", "smoke_detector"), message, "mine.yaml")]


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_rated_value_is_finite_and_above_zero(value: float) -> None:
    with pytest.raises(ValidationError):
        site([{"id": "em-1", "class": "meter", "rated": {"power_w": value}}])


@given(st.text(max_size=70))
def test_an_id_that_is_taken_is_one_level_of_a_topic(text: str) -> None:
    try:
        check_id(text)
    except ValueError:
        return
    assert 1 <= len(text) <= 64
    assert text.split() == [text]
    assert not set(text) & set("/+#.*>\0")
    assert text[0] != "$"
