"""What stands in the building: messages sent with Mosquitto's own programs, and devices that obey."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho

from tests.support.servers import Mosquitto, Server, require

SECONDS_MAX = 20.0


def say(broker: Server, device: str, payload: dict[str, Any], *options: str, kind: str = "telemetry") -> None:
    """`mosquitto_pub` at QoS 1: returns when the broker has accepted it. `device`: "site/name"."""
    send(broker, f"tocsin/v1/{device}/{kind}", json.dumps(payload), *options)


def send(broker: Server, topic: str, payload: str, *options: str) -> None:
    _mosquitto("mosquitto_pub", broker, "-q", "1", "-t", topic, "-m", payload, *options)


def retained(broker: Server, topic: str) -> str:
    """`mosquitto_sub`: the message that the broker keeps for a topic."""
    return _mosquitto("mosquitto_sub", broker, "-t", topic, "-C", "1", "-W", "5").strip()


def _mosquitto(program: str, broker: Server, *arguments: str) -> str:
    found = shutil.which(program)
    require(f"{program} (Debian: mosquitto-clients)", found)
    command = [str(found), "-h", broker.host, "-p", str(broker.port), *_access(broker), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, f"{program}: {done.stderr}"
    return done.stdout


def _access(broker: Server) -> list[str]:
    if not isinstance(broker, Mosquitto) or not broker.tls:
        return []
    certificate, key = broker.client_files("publisher")
    return ["--cafile", broker.ca_file, "--cert", certificate, "--key", key, "-u", "publisher", "-P", "published"]


class ObedientDevices:
    """Devices of a site that answer each command; `commands` holds (topic, command) as they came."""

    def __init__(self, broker: Server, site: str, ok: bool = True) -> None:
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self._broker, self._topic, self._ok = broker, f"tocsin/v1/{site}/+/command", ok
        self._listening = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "devices")
        self._client.on_connect = lambda client, *_: client.subscribe(self._topic, 1)
        self._client.on_subscribe = lambda *_: self._listening.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        assert self._listening.wait(SECONDS_MAX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        command = json.loads(message.payload)
        self.commands.append((message.topic, command))
        answer = {"id": command["id"], "ok": self._ok, "detail": "done"}
        client.publish(f"{message.topic}/result", json.dumps(answer), qos=1)
