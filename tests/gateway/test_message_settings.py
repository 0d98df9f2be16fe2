"""The settings of people, channels and authorities; and roles that plans name and nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.check import check
from gateway.config import BadSettings, GatewaySettings, read_settings
from gateway.deliveries import deliveries
from rules.effects import Notify, PublishCommand, PushOrder, SendToAuthority, TellOccupants


def settings(tmp_path: Path, text: str) -> GatewaySettings:
    file = tmp_path / "gateway.yaml"
    file.write_text(text)
    return read_settings(file, {})


def test_paths_count_from_the_settings_folder_also_within_authorities(tmp_path: Path) -> None:
    made = settings(tmp_path, "people: [people]\nnotify: {channels_file: channels}\nauthorities: {a: {folder: cap}}\n")
    assert made.people == [tmp_path / "people"]
    assert tmp_path / "people" in made.files
    assert made.notify.channels_file == tmp_path / "channels"
    assert made.authorities["a"].folder == tmp_path / "cap"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("authorities: {a: {}}", "nothing given; expected one of url and folder"),
        ("authorities: {a: {folder: x, url: 'https://h'}}", "url and folder given; expected one of url and folder"),
        ("authorities: {a: {url: 'ftp://h'}}", "ftp://h"),
        ("notify: {seconds_max: 0}", "notify.seconds_max: 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(BadSettings) as refused:
        settings(tmp_path, text)
    assert why in str(refused.value)


def test_an_environment_variable_names_the_channels_file(tmp_path: Path) -> None:
    made = read_settings(None, {"TOCSIN_NOTIFY__CHANNELS_FILE": "/run/secrets/channels"})
    assert made.notify.channels_file == Path("/run/secrets/channels")


def test_every_kind_of_effect_but_commands_has_a_sender(tmp_path: Path) -> None:
    assert set(deliveries(GatewaySettings())) == {Notify, TellOccupants, SendToAuthority, PushOrder}
    assert PublishCommand not in deliveries(GatewaySettings())


def test_a_token_that_cannot_be_read_is_said_at_the_start(tmp_path: Path) -> None:
    made = settings(tmp_path, "authorities: {a: {url: 'https://h', token_file: nothing-here}}")
    with pytest.raises(ValueError, match="nothing-here cannot be read"):
        deliveries(made)


def test_a_role_that_plans_name_and_nobody_has_is_a_remark_and_no_problem(tmp_path: Path) -> None:
    (tmp_path / "roster.yaml").write_text(
        "channels: {app: {}}\npeople: [{id: p-1, name: One, roles: [duty_officer], channels: [app]}]\n"
    )
    checked = check([tmp_path])
    assert checked.problems == []
    fire = next(remark for remark in checked.remarks if remark.startswith("plan fire:"))
    assert "safety_officer" in fire
    assert "duty_officer" not in fire


def test_without_people_there_is_nothing_to_remark() -> None:
    assert check([]).remarks == []
