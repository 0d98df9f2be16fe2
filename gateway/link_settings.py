"""How to reach the broker, checked before anything is tried."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from gateway.wire import PACKET_BYTES_MAX, PACKET_BYTES_MIN
from gateway.wire_packets import FIELD_BYTES_MAX, Will
from gateway.wire_reasons import Version

INFLIGHT_MAX = 5000  # as the embedded broker's max_ack_pending: one batch in the making, one being committed
KEEPALIVE_SECONDS = 30  # a dead connection is noticed within 45 s, while the broker keeps what devices say
SESSION_EXPIRY_SECONDS = 14 * 24 * 3600  # a gateway may be down over a holiday; brokers are told the same

_TWO_BYTES_MAX = 65_535
_FOUR_BYTES_MAX = 4_294_967_295
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class LinkSettings:
    """One broker and what is wanted of it. Raises ValueError with the offending value.

    `topics` are subscribed to at QoS 1. `inflight_max`: messages received and not acknowledged after which no more
    are read; in MQTT 5 also the receive maximum. `session_expiry_seconds` counts in MQTT 5 only, and not if `clean`.
    """

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    protocol: Version = "3.1.1"
    tls: ssl.SSLContext | None = None
    keepalive_seconds: int = KEEPALIVE_SECONDS
    clean: bool = False
    topics: tuple[str, ...] = ()
    will: Will | None = None
    inflight_max: int = INFLIGHT_MAX
    session_expiry_seconds: int = SESSION_EXPIRY_SECONDS
    packet_bytes_max: int = PACKET_BYTES_MAX

    def __post_init__(self) -> None:
        _within("port", self.port, 1, _TWO_BYTES_MAX)
        _within("keepalive_seconds", self.keepalive_seconds, 1, _TWO_BYTES_MAX)
        _within("inflight_max", self.inflight_max, 1, _TWO_BYTES_MAX)
        _within("session_expiry_seconds", self.session_expiry_seconds, 0, _FOUR_BYTES_MAX)
        _within("packet_bytes_max", self.packet_bytes_max, PACKET_BYTES_MIN, 256 * 1024 * 1024)
        if self.protocol not in ("3.1.1", "5"):
            raise ValueError(f"protocol {self.protocol!r} is not one of '3.1.1', '5'")
        if self.password is not None and self.username is None:
            raise ValueError("a password without a username: MQTT 3.1.1 has no such thing")
        if not self.host or not self.client_id:
            raise ValueError(f"host {self.host!r} and client_id {self.client_id!r} must not be empty")
        for topic in self.topics:
            _check_topic(topic)


def tls_context(
    ca_file: str | None = None, cert_file: str | None = None, key_file: str | None = None
) -> ssl.SSLContext:
    """TLS 1.2 or newer; the broker's name is checked against `ca_file` (PEM), by default the system's authorities.

    `cert_file` and `key_file` (PEM) show the broker who we are. Raises ValueError for a file that cannot be used.
    """
    if key_file and not cert_file:
        raise ValueError(f"key_file {key_file!r} without a cert_file")
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"ca_file {ca_file!r} cannot be used: {error}") from error
    if cert_file:
        try:
            context.load_cert_chain(cert_file, key_file)
        except OSError as error:
            raise ValueError(f"cert_file {cert_file!r}, key_file {key_file!r} cannot be used: {error}") from error
    return context


def link_settings_from_url(url: str, client_id: str, **others: Any) -> LinkSettings:
    """`mqtt://user:password@host:1883` or `mqtts://…` (TLS) → settings; `others` are LinkSettings' own fields.

    User and password are percent-decoded. Raises ValueError, in whose text the password does not appear.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"a broker URL that cannot be read: {redacted(url)!r}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{redacted(url)!r} is not a broker URL; expected mqtt://host:1883 or mqtts://host:8883")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{redacted(url)!r}: a broker URL ends with the port")
    if parts.scheme == "mqtts" and others.get("tls") is None:
        others["tls"] = tls_context()
    elif parts.scheme == "mqtt" and others.get("tls") is not None:
        raise ValueError(f"{redacted(url)!r}: TLS is set up, but the URL is not mqtts://")
    if parts.username is not None:
        others["username"] = unquote(parts.username)
        others["password"] = None if parts.password is None else unquote(parts.password)
    return LinkSettings(parts.hostname, _PORTS[parts.scheme] if port is None else port, client_id, **others)


def redacted(url: str) -> str:
    """The URL with *** for user and password, whatever else is wrong with it: for logs and errors."""
    before, at, host = url.rpartition("@")
    scheme, mark, _ = before.partition("://")
    return f"{scheme}://***@{host}" if mark else f"***@{host}" if at else url


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} {value} is not within {least} … {most}")


def _check_topic(topic: str) -> None:
    levels = topic.split("/")
    mixed = any(len(level) > 1 and ("#" in level or "+" in level) for level in levels)
    if not topic or mixed or "#" in levels[:-1] or "\0" in topic:
        raise ValueError(f"{topic!r} is not a topic filter; expected e.g. tocsin/+/state or tocsin/#")
    if len(topic.encode()) > FIELD_BYTES_MAX:
        raise ValueError(f"a topic filter of {len(topic.encode())} bytes; MQTT allows {FIELD_BYTES_MAX}")
