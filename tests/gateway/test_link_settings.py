from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.link import LinkSettings, link_settings_from_url, redacted, tls_context


def test_a_url_says_where_and_as_whom():
    settings = link_settings_from_url("mqtt://gate%40way:p%3Aw%2F@broker.local:1884", "gw", topics=("a/#",))
    assert settings == LinkSettings("broker.local", 1884, "gw", username="gate@way", password="p:w/", topics=("a/#",))


def test_the_port_and_the_encryption_follow_from_the_scheme():
    plain, secure = (link_settings_from_url(f"{scheme}://[::1]", "gw") for scheme in ("mqtt", "mqtts"))
    assert (plain.host, plain.port, plain.tls) == ("::1", 1883, None)
    assert (secure.host, secure.port) == ("::1", 8883)
    assert secure.tls is not None
    assert secure.tls.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("broker.local", "'broker.local' is not a broker URL"),
        ("http://broker.local", "expected mqtt://host:1883"),
        ("mqtt://", "is not a broker URL"),
        ("mqtt://user:geheim@", "is not a broker URL"),
        ("mqtt://user:geheim@host:99999", "a broker URL that cannot be read"),
        ("mqtt://user:geheim@host:0", "port 0 is not within 1"),
        ("mqtt://user:geheim@host/path", "a broker URL ends with the port"),
        ("mqtt://:geheim@host?clean=1", "a broker URL ends with the port"),
        ("user:geheim@host", "is not a broker URL"),
        ("mqtt://user:ge@heim#@host", "a broker URL ends with the port"),
    ],
)
def test_a_bad_url_is_refused_without_showing_the_password(url, fault):
    with pytest.raises(ValueError, match=fault) as refused:
        link_settings_from_url(url, "gw")
    assert "geheim" not in str(refused.value)
    assert "heim" not in str(refused.value)


def test_a_password_is_never_shown():
    settings = link_settings_from_url("mqtt://user:geheim@host", "gw")
    assert "geheim" not in repr(settings)
    assert redacted("mqtt://user:geheim@host:1883") == "mqtt://***@host:1883"
    assert redacted("mqtt://host:1883") == "mqtt://host:1883"


@pytest.mark.parametrize(
    ("others", "fault"),
    [
        ({"port": 70_000}, "port 70000"),
        ({"keepalive_seconds": 0}, "keepalive_seconds 0"),
        ({"inflight_max": 65_536}, "inflight_max 65536"),
        ({"session_expiry_seconds": -1}, "session_expiry_seconds -1"),
        ({"packet_bytes_max": 1000}, "packet_bytes_max 1000"),
        ({"protocol": "3.1"}, "protocol '3.1' is not one of"),
        ({"password": "x"}, "a password without a username"),
        ({"client_id": ""}, "must not be empty"),
        ({"topics": ("a/#", "")}, "'' is not a topic filter"),
        ({"topics": ("a/#/b",)}, "'a/#/b' is not a topic filter"),
        ({"topics": ("a#",)}, "'a#' is not a topic filter"),
        ({"topics": ("#/#",)}, "'#/#' is not a topic filter"),
        ({"topics": ("a+/b",)}, "'a\\+/b' is not a topic filter"),
        ({"topics": ("x" * 70_000,)}, "a topic filter of 70000 bytes"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_the_value(others: dict[str, Any], fault: str):
    settings: dict[str, Any] = {"host": "h", "port": 1883, "client_id": "gw", **others}
    with pytest.raises(ValueError, match=fault):
        LinkSettings(**settings)


def test_tls_files_that_cannot_be_used_are_named(tmp_path: Path):
    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    (tmp_path / "empty.pem").touch()
    ca, empty = str(tmp_path / "ca.pem"), str(tmp_path / "empty.pem")
    assert tls_context(ca).check_hostname
    for arguments, fault in [
        ((str(tmp_path / "none.pem"), None, None), "ca_file '.*none.pem' cannot be used"),
        ((empty, None, None), "ca_file '.*empty.pem' cannot be used"),
        ((ca, empty, empty), "cert_file '.*empty.pem', key_file '.*empty.pem' cannot be used"),
        ((ca, None, empty), "key_file '.*empty.pem' without a cert_file"),
    ]:
        with pytest.raises(ValueError, match=fault):
            tls_context(*arguments)


def test_tls_settings_with_a_plain_url_are_refused():
    with pytest.raises(ValueError, match="the URL is not mqtts://"):
        link_settings_from_url("mqtt://host", "gw", tls=tls_context())
