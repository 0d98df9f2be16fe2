"""Clients that others have written, over TLS with certificates of `tocsin certs`, on a Mosquitto as deploy/ has it,
before a running gateway: what each may say is heard, and what it may not is refused and leaves no trace.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
import trustme

from gateway.access_list import access_list
from gateway.certificates import Kind, Wanted
from gateway.clock import now_ms
from gateway.library import load
from rules.instant import DAY_MS
from tests.support.gateway import RunningGateway
from tests.support.peers import NOT_CONNECTED, PEERS, REFUSED, Client, client_of, mosquitto_pub, mqtt_js
from tests.support.servers import mosquitto_program, require
from tests.support.shipped_broker import ShippedBroker
from tests.support.sources import ROOT

SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
SMOKE, PRESS, SIREN = "example/sd-101", "example/mcp-101", "example/sr-101"
SECONDS_MAX = 20


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBroker]:
    require("mosquitto", mosquitto_program())
    made = ShippedBroker(tmp_path_factory.mktemp("broker"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def gateway(broker: ShippedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    made = RunningGateway(tmp_path_factory.mktemp("gateway"), SITE, broker.gateway_part())
    try:
        made.start()
        yield made
    finally:
        made.kill()
    assert made.secrets.within(made.log) == []


def smoke(value: float) -> str:
    return json.dumps({"values": {"smoke": value}})


def heard(gateway: RunningGateway, device: str) -> dict[str, Any]:
    """Metric → the last value the gateway has of it."""
    return dict(gateway.get(f"devices/{device}")["values"])


def until_heard(gateway: RunningGateway, broker: ShippedBroker, device: str, value: float) -> None:
    """Says something that is allowed, and waits until it has arrived: whatever was said before would be there, too."""
    topic = f"tocsin/v1/{device}/telemetry"
    assert mosquitto_pub(client_of(broker, device), topic, smoke(value)) in (0, 16)
    gateway.until(lambda: heard(gateway, device).get("smoke") == value)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("peer", PEERS)
def test_what_a_device_says_with_any_client_and_version_arrives(
    broker: ShippedBroker, gateway: RunningGateway, peer: str, version: str
) -> None:
    value = 0.01 + 0.001 * list(PEERS).index(peer) + (0.0005 if version == "5" else 0)
    answer = PEERS[peer](client_of(broker, SMOKE), f"tocsin/v1/{SMOKE}/telemetry", smoke(value), version)
    assert answer in (0, 16)  # 16: nobody listens; never here, since the gateway does
    assert answer == 0
    gateway.until(lambda: heard(gateway, SMOKE).get("smoke") == value)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("peer", ["mosquitto_pub", "MQTT.js"])
@pytest.mark.parametrize(
    "topic",
    [
        "tocsin/v1/example/sd-102/telemetry",
        "tocsin/v1/example/sd-101/command",
        "tocsin/v1/example/gateway/status",
        "tocsin-exercise/v1/example/sd-101/telemetry",
        "tocsin-test/v1/example/sd-101/telemetry",
        "tocsin/v1/elsewhere/sd-101/telemetry",
        "somewhere/else",
    ],
)
def test_what_a_device_may_not_say_is_refused_and_leaves_no_trace(
    broker: ShippedBroker, gateway: RunningGateway, peer: str, version: str, topic: str
) -> None:
    letters, incidents = gateway.all("dead-letters"), gateway.all("incidents")
    others = heard(gateway, "example/sd-102")
    alarm = json.dumps({"values": {"smoke": 0.9, "alarm": True}})
    answer = PEERS[peer](client_of(broker, SMOKE), topic, alarm, version)
    assert answer == (REFUSED if version == "5" else 0)  # MQTT 3.1.1 cannot tell
    until_heard(gateway, broker, SMOKE, 0.002 if heard(gateway, SMOKE).get("smoke") != 0.002 else 0.003)
    assert gateway.all("dead-letters") == letters
    assert gateway.all("incidents") == incidents
    assert heard(gateway, "example/sd-102") == others


def test_drill_equipment_speaks_for_all_in_an_exercise_and_for_nobody_in_earnest(
    broker: ShippedBroker, gateway: RunningGateway
) -> None:
    drill = client_of(broker, "tocsin-drill", near=True)
    assert mosquitto_pub(drill, f"tocsin-exercise/v1/{SMOKE}/telemetry", smoke(0.01)) == 0
    assert mosquitto_pub(drill, f"tocsin/v1/{SMOKE}/telemetry", smoke(0.9)) == REFUSED
    assert mosquitto_pub(drill, f"tocsin-exercise/v1/{SIREN}/command", "{}") == REFUSED


class Siren:
    """Hears commands at its own topic, and tries to hear everybody's; answers each."""

    def __init__(self, broker: ShippedBroker, wanted: str) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.came = threading.Event()
        self._ready = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "siren", protocol=paho.MQTTv5)
        self._client.tls_set_context(broker.context(SIREN))
        self._client.on_connect = lambda client, *_: client.subscribe(wanted, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(SECONDS_MAX)

    def _on_message(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        command = json.loads(message.payload)
        self.heard.append((message.topic, command))
        client.publish(f"tocsin/v1/{SIREN}/command/result", json.dumps({"id": command["id"], "ok": True}), 1)
        self.came.set()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_pressed_call_point_sounds_the_siren_which_hears_its_own_commands_alone(
    broker: ShippedBroker, gateway: RunningGateway
) -> None:
    siren = Siren(broker, "tocsin/v1/#")
    try:
        pressed = json.dumps({"values": {"alarm": True}})
        assert mosquitto_pub(client_of(broker, PRESS), f"tocsin/v1/{PRESS}/telemetry", pressed) == 0
        assert siren.came.wait(SECONDS_MAX)
        incident = gateway.until(lambda: gateway.get("incidents")["items"])[0]
        assert (incident["hazard"], incident["level"]) == ("fire", "I")

        def answered() -> bool:
            return any(
                entry["kind"] == "command_done" and SIREN in json.dumps(entry)
                for entry in gateway.timeline(incident["id"])
            )

        gateway.until(answered)
    finally:
        siren.close()
    assert {topic for topic, _ in siren.heard} == {f"tocsin/v1/{SIREN}/command"}


def test_a_device_that_calls_itself_as_the_gateway_does_not_throw_it_off(
    broker: ShippedBroker, gateway: RunningGateway
) -> None:
    """Its client id is its certificate's name, whatever it says: so it cannot take over what waits for the gateway."""
    for client_id in ("tocsin-gateway", "tocsin-gateway-commands"):
        topic = f"tocsin/v1/{SMOKE}/telemetry"
        assert mosquitto_pub(client_of(broker, SMOKE), topic, smoke(0.004), client_id=client_id) == 0
    until_heard(gateway, broker, SMOKE, 0.0045)
    assert "already connected" not in broker.log.replace(f"Client {SMOKE} already connected", "")
    assert gateway.ask("/readyz")[0] == 200


# ---- who is let in at all


def outsider(broker: ShippedBroker, folder: Path) -> Client:
    """A certificate with the right name, of an authority the broker does not know."""
    issued = trustme.CA().issue_cert(f"{SMOKE.replace('/', '-')}@example.test", common_name=SMOKE)
    certificate, key = folder / "outsider.pem", folder / "outsider.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return client_of(broker, SMOKE)._replace(certificate=str(certificate), key=str(key))


@pytest.mark.parametrize("peer", PEERS)
def test_a_certificate_of_another_authority_is_not_let_in(broker: ShippedBroker, tmp_path: Path, peer: str) -> None:
    assert PEERS[peer](outsider(broker, tmp_path), f"tocsin/v1/{SMOKE}/telemetry", smoke(0.9)) == NOT_CONNECTED


def test_a_certificate_that_has_expired_is_not_let_in(broker: ShippedBroker) -> None:
    name = "example/expired"
    broker.certificates.issue(Wanted(Kind.DEVICE, name, days=0.5), now_ms() - DAY_MS)
    for publish in (mosquitto_pub, mqtt_js):
        assert publish(client_of(broker, name), f"tocsin/v1/{name}/telemetry", smoke(0.9)) == NOT_CONNECTED


def test_a_server_s_certificate_is_no_client_s(broker: ShippedBroker) -> None:
    stem = broker.certificates.folder / "server" / "localhost"
    client = client_of(broker, SMOKE)._replace(certificate=f"{stem}.pem", key=f"{stem}.key")
    assert mosquitto_pub(client, f"tocsin/v1/{SMOKE}/telemetry", smoke(0.9)) == NOT_CONNECTED


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_1_2_or_newer(broker: ShippedBroker, version: ssl.TLSVersion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(broker.ca_file)
    context.load_cert_chain(*broker.client_files(SMOKE))
    context.set_ciphers("ALL:@SECLEVEL=0")  # so that what refuses the old version is the broker
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = version
    if version is ssl.TLSVersion.TLSv1_1:
        with pytest.raises(ssl.SSLError, match=r"alert|ALERT"):
            spoken(broker, context)
    else:
        assert spoken(broker, context) == version.name.replace("_", ".")


def spoken(broker: ShippedBroker, context: ssl.SSLContext) -> str | None:
    with (
        socket.create_connection((broker.host, broker.port), timeout=SECONDS_MAX) as raw,
        context.wrap_socket(raw, server_hostname=broker.host) as connection,
    ):
        return connection.version()


def test_nobody_is_let_in_without_a_certificate(broker: ShippedBroker) -> None:
    context = ssl.create_default_context(cafile=broker.ca_file)
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, "nobody")
    client.tls_set_context(context)
    over = threading.Event()
    client.on_disconnect = lambda *_: over.set()
    connected: list[object] = []
    client.on_connect = lambda *arguments: connected.append(arguments)
    try:
        client.connect(broker.host, broker.port)
        client.loop_start()
        assert over.wait(SECONDS_MAX)
    except ssl.SSLError:
        pass
    finally:
        client.loop_stop()
    assert connected == []


def test_a_revoked_device_is_let_in_no_more_and_its_replacement_is(tmp_path: Path) -> None:
    require("mosquitto", mosquitto_program())
    broker = ShippedBroker(tmp_path / "broker")
    broker.start()
    try:
        topic, lost = f"tocsin/v1/{SMOKE}/telemetry", client_of(broker, SMOKE)
        certificate, key = tmp_path / "lost.pem", tmp_path / "lost.key"
        certificate.write_bytes(Path(lost.certificate).read_bytes())
        key.write_bytes(Path(lost.key).read_bytes())
        lost = lost._replace(certificate=str(certificate), key=str(key))  # whoever took it has them
        assert mosquitto_pub(lost, topic, smoke(0.01)) in (0, 16)
        broker.certificates.revoke(SMOKE, now_ms())
        broker.take_revocations()
        assert mosquitto_pub(lost, topic, smoke(0.9)) == NOT_CONNECTED
        broker.certificates.issue(Wanted(Kind.DEVICE, SMOKE), now_ms())
        assert mosquitto_pub(client_of(broker, SMOKE), topic, smoke(0.01)) in (0, 16)
        assert mosquitto_pub(client_of(broker, PRESS), f"tocsin/v1/{PRESS}/telemetry", "{}") in (0, 16)
    finally:
        broker.stop()


def test_with_lines_for_each_device_one_that_is_in_no_site_file_may_say_nothing(tmp_path: Path) -> None:
    require("mosquitto", mosquitto_program())
    directory = load([ROOT / "deploy" / "example" / "site.yaml"]).directory
    broker = ShippedBroker(tmp_path / "broker", access=access_list(directory))
    broker.certificates.issue(Wanted(Kind.DEVICE, "example/unknown"), now_ms())
    broker.start()
    try:
        answers = [
            mosquitto_pub(client_of(broker, name), f"tocsin/v1/{name}/telemetry", smoke(0.01))
            for name in (SMOKE, "example/unknown")
        ]
        assert answers == [16, REFUSED]
        crossed = mosquitto_pub(client_of(broker, SMOKE), "tocsin/v1/example/sd-102/telemetry", smoke(0.9))
        assert crossed == REFUSED
    finally:
        broker.stop()
