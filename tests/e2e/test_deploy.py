"""What deploy/README.md recommends for Mosquitto, given to a real one."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.markdown import blocks
from tests.support.servers import Mosquitto, require

GATEWAY, DEVICE = "tocsin-gateway", "mcp-101"
OURS = ("listener", "allow_anonymous", "password_file", "acl_file")  # what the fixture sets, or the test
REFUSED = 135  # MQTT 5: not authorized

SETTINGS, ACCESS = (block.text for block in blocks(Path("deploy/README.md"), "conf"))


@pytest.fixture
def broker(mosquitto: Callable[..., Mosquitto], tmp_path: Path) -> Mosquitto:
    require("mosquitto_pub", shutil.which("mosquitto_pub"))
    acl = tmp_path / "acl"
    acl.write_text(ACCESS)
    acl.chmod(0o644)
    lines = [line for line in SETTINGS.splitlines() if not line.startswith(OURS)]
    return mosquitto(*lines, f"acl_file {acl}", users={GATEWAY: "one", DEVICE: "two"})


def answer(broker: Mosquitto, user: str, topic: str) -> int:
    """The reason code with which the broker answers a QoS 1 publish of the user's."""
    word = {GATEWAY: "one", DEVICE: "two"}[user]
    command = ["mosquitto_pub", "-p", str(broker.port), "-u", user, "-P", word, "-V", "5", "-q", "1", "-d", "-t", topic]
    done = subprocess.run([*command, "-m", "x"], capture_output=True, text=True, check=False, timeout=30)
    found = re.search(r"PUBACK \(Mid: 1, RC:(\d+)\)", done.stdout)
    assert found, done.stdout + done.stderr
    return int(found[1])


@pytest.mark.parametrize(
    ("user", "topic"),
    [
        (DEVICE, "tocsin/v1/example/mcp-101/telemetry"),
        (DEVICE, "tocsin/v1/example/mcp-101/command/result"),
        (GATEWAY, "tocsin/v1/example/mcp-101/command"),
        (GATEWAY, "tocsin-exercise/v1/example/mcp-101/command"),
        (GATEWAY, "tocsin/v1/example/gateway/status"),
    ],
)
def test_the_recommended_access_lets_everyone_do_their_work(broker: Mosquitto, user: str, topic: str) -> None:
    assert answer(broker, user, topic) < 128


@pytest.mark.parametrize(
    "topic",
    [
        "tocsin/v1/example/sd-101/telemetry",
        "tocsin/v1/example/mcp-101/command",
        "tocsin/v1/example/gateway/status",
        "tocsin-exercise/v1/example/mcp-101/telemetry",
    ],
)
def test_a_device_can_speak_neither_for_another_nor_for_the_gateway_nor_in_an_exercise(
    broker: Mosquitto, topic: str
) -> None:
    assert answer(broker, DEVICE, topic) == REFUSED
