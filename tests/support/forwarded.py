"""What an InfluxDB must hold of a telemetry folder, worked out from the files alone; and a field that sends."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho

from tests.support.servers import Server

Point = dict[str, Any]
TAG_NAMES = ("site", "building", "floor", "zone", "device", "class", "mode", "event")
ACKNOWLEDGED_SECONDS_MAX = 60.0


def expected(folder: Path, places: dict[str, dict[str, str]]) -> tuple[list[Point], list[Point]]:
    """Readings and events, as `Influxd.rows` gives them. `places`: device → its tags but device, site, mode."""
    index = sqlite3.connect(folder / "index.sqlite")
    sources = {source: (mode, device) for source, mode, device in index.execute("SELECT * FROM sources")}
    index.close()
    readings: list[Point] = []
    events: list[Point] = []
    for path in sorted(folder.glob("*.sqlite")):
        if path.name == "index.sqlite":
            continue
        hour = int(datetime.strptime(path.stem, "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp()) // 3600
        connection = sqlite3.connect(path)
        seen: Counter[tuple[int, int]] = Counter()
        for source, at, event, body in connection.execute("SELECT source, at, event, body FROM rows ORDER BY row"):
            mode, device = sources[source]
            late = (hour - at // 3_600_000) % 1000
            time = at * 1_000_000 + late * 1000 + seen[source, at]
            seen[source, at] += 1
            tags = {"site": device.split("/")[0], "device": device, "mode": mode, **places.get(device, {})}
            values = {f"{key}:string" if key in TAG_NAMES else key: value for key, value in json.loads(body).items()}
            point = {"time": time, **tags, **values}
            if event is not None:
                events.append({**point, "event": event, "name": event})
            elif values:
                readings.append(point)
        connection.close()
    return by_time(readings), by_time(events)


def by_time(points: Iterable[Point]) -> list[Point]:
    return sorted(points, key=lambda point: (point["time"], point["device"], point["mode"]))


class Field:
    """A publisher at QoS 1: what `say` was given is with the broker when `finish` returns."""

    def __init__(self, broker: Server) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "the-field", clean_session=False)
        self._client.max_inflight_messages_set(1_000)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        self._sent: list[paho.MQTTMessageInfo] = []

    def say(self, topic: str, payload: dict[str, Any]) -> None:
        self._sent.append(self._client.publish(topic, json.dumps(payload), 1))

    def finish(self) -> int:
        """→ how many messages the broker has."""
        for each in self._sent:
            each.wait_for_publish(ACKNOWLEDGED_SECONDS_MAX)
        return len(self._sent)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
