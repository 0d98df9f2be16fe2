"""`tocsin explain` and `tocsin audit` beside a gateway that runs."""

from __future__ import annotations

from collections.abc import Callable

import paho.mqtt.publish as publish

from tests.support.gateway import RunningGateway
from tests.support.servers import Mosquitto

SITE = """
site: tower-a
title: {en: Tower A}
timezone: Asia/Shanghai
buildings:
  - id: tower
    floors:
      - id: 12F
        zones:
          - id: 12F-east
            devices:
              - {id: sd-1, class: smoke_detector}
              - {id: sd-2, class: smoke_detector}
"""


def test_why_something_did_or_did_not_happen_is_said_while_the_gateway_runs(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway]
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url)
    running.start()
    payload = '{"values": {"smoke": 0.01, "temperature": 70}}'
    publish.single("tocsin/v1/tower-a/sd-1/telemetry", payload, qos=1, hostname=broker.host, port=broker.port)
    incident = running.until(lambda: running.all("incidents"))[0]["id"]

    device = running.run("explain", "tower-a/sd-1")
    assert device.returncode == 0, device.stderr
    assert "smoke-high: does not fire" in device.stdout
    assert "by the readings stored it does not hold (smoke 0.01)" in device.stdout
    assert "heat-high: fires since" in device.stdout
    assert "fire-confirmed waits for another device: 1 of 2 in one zone (tower-a/sd-1)" in device.stdout

    said = running.run("explain", incident)
    assert said.returncode == 0, said.stderr
    assert "the full alarm, if nobody ends the pre-alarm" in said.stdout
    assert "预警" in running.run("explain", incident, "--language", "zh").stdout

    for unknown in ("tower-a/sd-9", "INC-000099"):
        refused = running.run("explain", unknown)
        assert (refused.returncode, refused.stdout) == (2, "")

    audited = running.run("audit")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert "0 late or missing" in audited.stdout
