"""Files checked together, as `tocsin check` shows them. bad/ holds one fault a file, with its message beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import yaml_tree
from gateway.check import LIBRARY, check
from gateway.schema import NAMES, schema_of
from rules.site import DeviceClass, MetricKind, Source

HERE = Path(__file__).parent
BAD = sorted(path for path in (HERE / "bad").iterdir() if path.suffix != ".txt")
CLASSES = HERE.parents[1] / "rules" / "library" / "classes"
PEOPLE = ("roster.", "notices.")
NO_SITES = ("yaml.", "file.", "rules.", "plans.", "settings.", *PEOPLE)
LIFE_SAFETY = {"smoke_detector", "heat_detector", "manual_call_point", "lift", "gas_detector"}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_a_bad_file_gets_exactly_its_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if path.name in ("yaml.syntax.yaml", "yaml.tab.yaml") and yaml_tree.CParser is None:
        pytest.skip("the words are those of the C parser")
    monkeypatch.chdir(path.parent)
    expected = Path(f"{path.name.removesuffix('.yaml')}.txt").read_text(encoding="utf-8")
    checked = check([Path(path.name)])
    assert "".join(f"{problem}\n" for problem in checked.problems) == expected
    assert checked.problems
    assert checked.directory is None or path.name.startswith(NO_SITES)
    assert checked.roster is None or not path.name.startswith(PEOPLE)
    assert checked.ruleset is None or not path.name.startswith("rules.")
    assert checked.plans is None or not path.name.startswith(("rules.", "plans."))


def test_good_files_become_a_directory() -> None:
    checked = check([HERE / "good"])
    assert checked.problems == []
    assert (checked.files, checked.sites, checked.devices) == (2, 1, 5)
    assert checked.directory is not None
    assert checked.directory.devices["tower-a/leak-12"].source == Source("z2m", "0x00158d00045c2d10")
    assert checked.directory.devices["tower-a/pump-1"].silent_after_ms == 5 * 60_000
    assert "sump_pump" in checked.directory.device_classes


def test_a_file_named_twice_is_read_once() -> None:
    assert check([HERE / "good", HERE / "good" / "tower-a.yaml"]).files == 2


def test_a_missing_file_and_an_empty_folder_are_problems(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    checked = check([tmp_path / "empty", tmp_path / "none.yaml"])
    assert [problem.message for problem in checked.problems] == [
        "no .yaml file in this folder",
        "cannot be read: No such file or directory",
    ]


def test_devices_are_counted_also_where_the_shape_is_wrong() -> None:
    assert check([HERE / "bad" / "site.many-faults.yaml"]).devices == 4


def test_problems_come_by_file_and_line() -> None:
    problems = check([HERE / "bad" / "site.unknown-class.yaml", HERE / "bad" / "site.many-faults.yaml"]).problems
    assert [(problem.file, problem.line) for problem in problems] == sorted(
        (problem.file, problem.line) for problem in problems
    )


@pytest.fixture(scope="module")
def shipped() -> dict[str, DeviceClass]:
    checked = check([])
    assert checked.problems == []
    assert checked.directory is not None
    return checked.directory.device_classes


def test_the_shipped_classes_can_be_checked_by_name_as_well() -> None:
    checked = check([CLASSES])
    assert checked.problems == []
    assert checked.files == len(list(CLASSES.glob("*.yaml")))


def test_no_on_delay_on_what_saves_lives(shipped: dict[str, DeviceClass]) -> None:
    assert {name for name, device_class in shipped.items() if device_class.life_safety} == LIFE_SAFETY


def test_the_shipped_classes_speak_both_languages(shipped: dict[str, DeviceClass]) -> None:
    for device_class in shipped.values():
        titles = [device_class.title, *(metric.title for metric in device_class.metrics.values())]
        titles += [*device_class.events.values(), *device_class.commands.values()]
        assert all(set(title) == {"en", "zh"} for title in titles), device_class.id


def test_every_shipped_number_has_the_range_of_a_working_sensor(shipped: dict[str, DeviceClass]) -> None:
    for device_class in shipped.values():
        for metric in device_class.metrics.values():
            if metric.kind is MetricKind.NUMBER:
                assert metric.minimum is not None, f"{device_class.id}.{metric.name}"
                assert metric.maximum is not None, f"{device_class.id}.{metric.name}"


def test_every_shipped_class_reports_its_own_fault_or_state(shipped: dict[str, DeviceClass]) -> None:
    assert [name for name, device_class in shipped.items() if "fault" not in device_class.metrics] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_file_has_a_closed_schema(name: str) -> None:
    schema = schema_of(name)
    assert schema["additionalProperties"] is False
    assert schema["$schema"].startswith("https://json-schema.org/")


def test_a_fault_in_a_shipped_file_would_name_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "library" / "classes").mkdir(parents=True)
    (tmp_path / "library" / "classes" / "broken.yaml").write_text("device_classes: 5\n", encoding="utf-8")
    monkeypatch.setattr("gateway.check.files", lambda package: tmp_path)
    (problem,) = check([]).problems
    assert (problem.file, problem.line) == (f"{LIBRARY}classes/broken.yaml", 1)
