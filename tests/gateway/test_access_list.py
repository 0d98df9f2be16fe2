"""The broker's access list, as text; that a broker obeys it, tests/e2e/test_peers.py shows."""

from __future__ import annotations

import pytest

from gateway.access_list import FORMATS, BadUsers, access_list, read_users
from gateway.codecs import formats
from gateway.library import load
from rules.site import Directory
from tests.support.sources import ROOT


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load([ROOT / "deploy" / "example" / "site.yaml"]).directory


def lines_of(text: str, user: str) -> list[str]:
    """What stands below `user …`, to the next one."""
    found: list[str] = []
    current = ""
    for line in text.splitlines():
        if line.startswith("user "):
            current = line.removeprefix("user ")
        elif line.startswith("topic ") and current == user:
            found.append(line)
    return found


def test_what_is_shipped_is_what_the_command_writes() -> None:
    assert (ROOT / "deploy" / "mosquitto" / "acl").read_text() == access_list()


def test_only_the_gateway_may_write_commands_and_only_drill_equipment_the_exercise() -> None:
    text = access_list()
    users = ("tocsin-gateway", "tocsin-drill", "tocsin-tester")
    commands = [user for user in users if any(each.endswith("/command") for each in writes(text, user))]
    exercise = [user for user in users if any("exercise" in each for each in writes(text, user))]
    assert commands == ["tocsin-gateway"]
    assert exercise == ["tocsin-gateway", "tocsin-drill"]
    assert {each.rpartition("/")[2] for each in writes(text, "tocsin-gateway") if "exercise" in each} == {"command"}


def writes(text: str, user: str) -> list[str]:
    return [each for each in lines_of(text, user) if each.startswith(("topic write", "topic readwrite"))]


def test_a_site_gives_each_device_lines_of_its_own_and_no_pattern(directory: Directory) -> None:
    text = access_list(directory)
    assert "pattern" not in text
    assert lines_of(text, "example/mcp-101") == [  # a call point takes no commands
        "topic write tocsin/v1/example/mcp-101/telemetry",
        "topic write tocsin/v1/example/mcp-101/event",
        "topic write tocsin/v1/example/mcp-101/status",
    ]
    assert "topic read tocsin/v1/example/sr-101/command" in lines_of(text, "example/sr-101")


def test_a_panel_speaks_for_its_detectors_who_then_have_no_user_of_their_own(directory: Directory) -> None:
    users = read_users("# panels\nfire-panel example/sd-101 example/mcp-101\n\n", directory)
    text = access_list(directory, users)
    assert {each.split("/")[3] for each in writes(text, "fire-panel")} == {"sd-101", "mcp-101"}
    assert "user example/sd-101" not in text
    assert "user example/sd-102" in text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("panel", "users:1: 'panel' speaks for nobody"),
        ("panel example/sd-999", "users:1: 'example/sd-999' is not a device"),
        ("a example/sd-101\nb example/sd-101", "users:2: example/sd-101 has the user 'a' already"),
        ("a example/sd-101\na example/sd-102", "users:2: 'a' is a user already"),
        ("tocsin-gateway example/sd-101", "users:1: 'tocsin-gateway' is a user already"),
    ],
)
def test_a_file_of_users_that_cannot_be_right_is_refused_with_its_line(
    directory: Directory, text: str, fault: str
) -> None:
    with pytest.raises(BadUsers, match=fault):
        read_users(text, directory)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_each_format_opens_its_own_trees_and_none_of_tocsin_s(name: str) -> None:
    added = [line for line in access_list(formats=[name]).splitlines() if line not in access_list().splitlines()]
    topics = [line.split(" ", 2)[2] for line in added if line.startswith(("topic", "pattern"))]
    assert topics
    assert [each for each in topics if each.startswith(("tocsin/", "tocsin-exercise/", "tocsin-test/", "#"))] == []


def covers(pattern: str, wanted: str) -> bool:
    """Whether every topic of the filter `wanted` is one of `pattern`."""
    allowed, asked = pattern.split("/"), wanted.split("/")
    for index, level in enumerate(allowed):
        if level == "#":
            return True
        if index >= len(asked) or (level != "+" and asked[index] != level) or asked[index] == "#":
            return False
    return len(allowed) == len(asked)


@pytest.mark.parametrize("name", sorted(formats.FORMATS.keys() & FORMATS.keys()))
def test_a_gateway_may_read_what_a_format_subscribes_to(name: str) -> None:
    codec = formats.make(name, formats.options_of(name, {}))
    opened = [line.removeprefix("topic read ") for line in lines_of(access_list(formats=[name]), "tocsin-gateway")]
    closed = [each for each in codec.topics() if not any(covers(pattern, each) for pattern in opened)]
    assert codec.topics()
    assert closed == []


def test_every_format_that_there_is_has_its_topics_but_the_one_that_has_none_of_its_own() -> None:
    assert formats.FORMATS.keys() - FORMATS.keys() == {"mapping"}
