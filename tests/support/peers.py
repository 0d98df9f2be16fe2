"""MQTT clients that others have written, each made to publish one message over TLS: what the broker answered."""

from __future__ import annotations

import asyncio
import re
import shutil
import ssl
import subprocess
from typing import NamedTuple

import aiomqtt

from tests.support.servers import require
from tests.support.shipped_broker import ShippedBroker
from tests.support.sources import ROOT

SECONDS_MAX = 20.0
REFUSED_SECONDS = 3.0  # paho does not say that a TLS 1.3 server has refused its certificate: it tries again
NODE = ROOT / "tests" / "peers"
NOT_CONNECTED = "not connected"
REFUSED = 135  # MQTT 5: not authorized


class Client(NamedTuple):
    """Whose certificate, and where to."""

    name: str
    certificate: str
    key: str
    ca: str
    host: str
    port: int


def client_of(broker: ShippedBroker, name: str, *, near: bool = False) -> Client:
    """`near`: on the broker's machine."""
    return Client(
        name, *broker.client_files(name), broker.ca_file, broker.host, broker.near_port if near else broker.port
    )


def mosquitto_pub(client: Client, topic: str, payload: str, version: str = "5", client_id: str = "") -> int | str:
    """→ the reason code of the PUBACK (0 in MQTT 3.1.1), or NOT_CONNECTED. Mosquitto's own, in C."""
    program = shutil.which("mosquitto_pub")
    require("mosquitto_pub (Debian: mosquitto-clients)", program)
    command = [str(program), "-h", client.host, "-p", str(client.port), "--cafile", client.ca]
    command += ["--cert", client.certificate, "--key", client.key, "-V", "5" if version == "5" else "mqttv311"]
    command += ["-i", client_id] if client_id else []
    command += ["-q", "1", "-d", "-t", topic, "-m", payload]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    answered = re.search(r"PUBACK \(Mid: 1, RC:(\d+)\)", done.stdout)
    return int(answered[1]) if answered else NOT_CONNECTED


def mqtt_js(client: Client, topic: str, payload: str, version: str = "5") -> int | str:
    """The same, with MQTT.js of npm."""
    node = shutil.which("node")
    require("node, for MQTT.js", node)
    require("MQTT.js (make peers)", (NODE / "node_modules" / "mqtt").is_dir())
    done = subprocess.run(
        [
            *(str(node), str(NODE / "publish.mjs"), client.host, str(client.port)),
            *(client.ca, client.certificate, client.key, "5" if version == "5" else "4", topic, payload),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    answered = re.search(r"^PUBACK (\d+)$", done.stdout, re.MULTILINE)
    if answered:
        return int(answered[1])
    assert "NOT CONNECTED" in done.stdout, done.stdout + done.stderr
    return NOT_CONNECTED


def paho(client: Client, topic: str, payload: str, version: str = "5") -> int | str:
    """The same, with aiomqtt on paho: it tells no reason code, so 0 is that the PUBACK has come."""

    async def publish() -> int | str:
        context = ssl.create_default_context(cafile=client.ca)
        context.load_cert_chain(client.certificate, client.key)
        protocol = aiomqtt.ProtocolVersion.V5 if version == "5" else aiomqtt.ProtocolVersion.V311
        try:
            async with aiomqtt.Client(
                client.host, client.port, protocol=protocol, tls_context=context, timeout=REFUSED_SECONDS
            ) as speaking:
                await speaking.publish(topic, payload, qos=1, timeout=SECONDS_MAX)
        except aiomqtt.MqttError:
            return NOT_CONNECTED
        return 0

    return asyncio.run(publish())


PEERS = {"mosquitto_pub": mosquitto_pub, "MQTT.js": mqtt_js, "aiomqtt": paho}
