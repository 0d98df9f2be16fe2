"""Settings: files, environment, secrets, and what is said of a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.codecs.formats import FORMATS
from gateway.config import FOREIGN_PACKET_BYTES_MAX, BadSettings, GatewaySettings, read_secret, read_settings
from tests.support import samples

SECRET = "correct-horse-battery-staple"


def _read(folder: Path, text: str, **environment: str) -> GatewaySettings:
    file = folder / "settings.yaml"
    file.write_text(text, encoding="utf-8")
    return read_settings(file, environment)


def _fault(folder: Path, text: str, **environment: str) -> str:
    with pytest.raises(BadSettings) as caught:
        _read(folder, text, **environment)
    return str(caught.value).replace(f"{folder}/", "")


def test_without_a_file_everything_has_a_default_on_this_machine_alone() -> None:
    settings = read_settings(None, {})
    assert (settings.broker.url, settings.broker.embedded_host, settings.http.host) == (
        "embedded",
        "127.0.0.1",
        "127.0.0.1",
    )
    assert settings.store_url == "sqlite:///data/journal.sqlite"


def test_relative_paths_count_from_the_files_folder(tmp_path: Path) -> None:
    settings = _read(tmp_path, "sites: [site.yaml, /etc/site.yaml]\nbroker: {ca_file: ca.pem}\n")
    assert settings.sites == [tmp_path / "site.yaml", Path("/etc/site.yaml")]
    assert settings.broker.ca_file == tmp_path / "ca.pem"
    assert settings.data == tmp_path / "data"


@pytest.mark.parametrize("format_", FORMATS)
def test_settings_of_every_format_survive_the_way_to_the_apis_process(tmp_path: Path, format_: str) -> None:
    options = samples.options_of(next((samples.SAMPLES / format_).glob("*.jsonl")))
    text = json.dumps({"codecs": {"them": {"format": format_, **options}}})
    settings = _read(tmp_path, text)
    again = GatewaySettings.model_validate_json(settings.model_dump_json())
    assert again.codecs["them"].options() == settings.codecs["them"].options()
    assert again.codecs["them"].codec().topics() == settings.codecs["them"].codec().topics()
    assert set(settings.codecs["them"].codec().topics()) <= set(settings.link("mqtt://127.0.0.1:1883").topics)


def test_a_format_that_nobody_knows_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    fault = _fault(tmp_path, "codecs:\n  z2m: {format: zigbee2mqt}\n")
    assert fault.startswith("settings.yaml:2 codecs.z2m: 'zigbee2mqt' is not a format (")
    assert fault.endswith("did you mean zigbee2mqtt?")


def test_a_message_may_be_larger_where_a_format_describes_all_its_devices_at_once(tmp_path: Path) -> None:
    with_codec = _read(tmp_path, "codecs: {z2m: {format: zigbee2mqtt}}").link("mqtt://127.0.0.1:1883")
    assert with_codec.packet_bytes_max == FOREIGN_PACKET_BYTES_MAX
    assert _read(tmp_path, "data: data").link("mqtt://127.0.0.1:1883").packet_bytes_max < FOREIGN_PACKET_BYTES_MAX


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    settings = _read(
        tmp_path, "http: {port: 8080, language: zh}\n", TOCSIN_HTTP__PORT="9000", TOCSIN_SITES="a.yaml:b", OTHER="x"
    )
    assert (settings.http.port, settings.http.language) == (9000, "zh")
    assert settings.sites == [tmp_path / "a.yaml", tmp_path / "b"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data: data\nhttp:\n  prot: 8080\n", "settings.yaml:3 http.prot: "),
        ("http:\n  port: 70000\n", "settings.yaml:2 http.port: 70000 "),
        ("broker:\n\n  protocol: '4'\n", "settings.yaml:3 broker.protocol: '4' "),
        ("telemetry: {keep_days: 0}\n", "settings.yaml:1 telemetry.keep_days: 0 "),
        ("broker: [\n", "settings.yaml:"),
        ("- a list\n", "settings.yaml:1: a list "),
    ],
)
def test_a_mistake_is_told_with_file_line_and_value(tmp_path: Path, text: str, fault: str) -> None:
    assert _fault(tmp_path, text).startswith(fault)


def test_a_mistake_in_the_environment_is_told_as_such(tmp_path: Path) -> None:
    assert _fault(tmp_path, "data: data\n", TOCSIN_HTTP__PORT="many").startswith("environment http.port: 'many' ")
    assert "no group of settings" in _fault(tmp_path, "data: data\n", TOCSIN_DATA__DEEPER="x")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"nowhere\.yaml.*No such file"):
        read_settings(tmp_path / "nowhere.yaml", {})


def test_secrets_are_read_from_files_and_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    settings = _read(
        tmp_path,
        "broker: {url: 'mqtt://127.0.0.1', username: tocsin, password_file: password}\n"
        "store: postgresql+psycopg://tocsin@db/tocsin\nstore_password_file: password\n",
    )
    link = settings.link(settings.broker.url)
    assert link.password == SECRET
    assert SECRET in settings.store_url
    assert SECRET not in repr(settings) + repr(link) + str(link)


def test_a_password_in_a_broker_url_that_is_wrong_is_not_repeated(tmp_path: Path) -> None:
    settings = _read(tmp_path, f"broker: {{url: 'mqtt://user:{SECRET}@host:99999'}}\n")
    with pytest.raises(ValueError, match="broker URL") as caught:
        settings.link(settings.broker.url)
    assert SECRET not in str(caught.value)


def test_a_secrets_file_that_cannot_be_read_is_named_and_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="missing cannot be read: No such file"):
        read_secret(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(SECRET.encode() + b"\xff\xfe")
    with pytest.raises(ValueError, match="binary cannot be read: not UTF-8") as caught:
        read_secret(tmp_path / "binary")
    assert SECRET not in str(caught.value)


def test_a_bad_tokens_file_is_refused_without_its_tokens(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(f"desk {SECRET[:10]}\n")
    settings = _read(tmp_path, "http: {tokens_file: tokens}\n")
    with pytest.raises(ValueError, match="desk") as caught:
        settings.api()
    assert SECRET[:10] not in str(caught.value)


def test_tls_is_set_up_for_mqtts_alone_and_a_bad_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    settings = _read(tmp_path, "broker: {url: 'mqtts://host', ca_file: ca.pem}\n")
    assert settings.tls("mqtt://host") is None
    with pytest.raises(ValueError, match=r"ca\.pem.*cannot be used"):
        settings.link(settings.broker.url)


def test_an_influxdb_is_named_with_a_url_and_its_token_stays_in_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    settings = _read(tmp_path, "influxdb: {url: 'http://influx:8086', bucket: b, token_file: token}\n")
    assert settings.influxdb is not None
    assert settings.influxdb.token_file == tmp_path / "token"
    assert SECRET not in repr(settings)
    assert "influxdb.url" in _fault(tmp_path, "influxdb: {url: 'http://user:word@influx:8086'}\n")
    assert "influxdb.url" in _fault(tmp_path, "influxdb: {bucket: b}\n")


def test_modes_that_are_forwarded_can_come_from_the_environment(tmp_path: Path) -> None:
    settings = _read(tmp_path, "influxdb: {url: 'http://influx:8086'}\n", TOCSIN_INFLUXDB__MODES="actual:test")
    assert settings.influxdb is not None
    assert settings.influxdb.modes == ["actual", "test"]
