"""`tocsin report`, and reports over HTTP, beside a gateway that runs."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable

import paho.mqtt.publish as publish

from tests.support.gateway import RunningGateway
from tests.support.servers import Mosquitto

SITE = """
site: tower-a
title: {en: Tower A, zh: A座}
timezone: Asia/Shanghai
buildings:
  - id: tower
    floors:
      - id: 12F
        zones:
          - id: 12F-east
            devices:
              - {id: mcp-1, class: manual_call_point}
"""


def test_a_report_is_written_while_the_gateway_runs(
    mosquitto: Callable[..., Mosquitto], gateway: Callable[..., RunningGateway]
) -> None:
    broker = mosquitto()
    running = gateway(SITE, broker.url)
    running.start()
    payload = '{"values": {"alarm": true}}'
    publish.single("tocsin/v1/tower-a/mcp-1/telemetry", payload, qos=1, hostname=broker.host, port=broker.port)
    incident = running.until(lambda: running.all("incidents"))[0]["id"]

    out = running.folder / "report.pdf"
    done = running.run("report", incident, "--language", "zh", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(b"%PDF-1.7")

    said = running.run("report", incident, "--format", "json", "--out", "-")
    report = json.loads(said.stdout)
    assert (report["subject"], report["interim"], report["site"]) == (incident, True, "Tower A")
    last_hash = running.run("verify-log").stdout.split()[-1]
    assert len(report["footing"]["hash"]) == len(last_hash) == 64

    csv = running.run("report", incident, "--format", "csv", "--out", "-").stdout
    assert csv.startswith("\ufeffnumber,time (UTC),time (site)")

    unknown = running.run("report", "INC-000099")
    assert unknown.returncode == 2
    assert "there is no incident INC-000099" in unknown.stderr

    with urllib.request.urlopen(f"{running.url}/api/v1/incidents/{incident}/report?format=pdf&lang=zh") as answer:
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.read().startswith(b"%PDF-1.7")
    for path, begins in (
        ("report?format=markdown&lang=en", b"# Incident report"),
        ("timeline.csv", b"\xef\xbb\xbfnumber,"),
    ):
        with urllib.request.urlopen(f"{running.url}/api/v1/incidents/{incident}/{path}") as answer:
            assert answer.read().startswith(begins)
    with urllib.request.urlopen(f"{running.url}/api/v1/kpis/alarms") as answer:
        assert json.load(answer)["annunciated"] >= 1
