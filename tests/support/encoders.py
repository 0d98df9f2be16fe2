"""What a broker writes, encoded by others' code: paho for MQTT 3.1.1, the mqtt5 codec for MQTT 5."""

from __future__ import annotations

from typing import Any

import mqtt5
from paho.mqtt import client as paho

CONNACK = {"3.1.1": b"\x20\x02\x00\x00", "5": mqtt5.ConnAckPacket().write()}


class _Paho(paho.Client):
    """Sends into a list."""

    def __init__(self) -> None:
        super().__init__(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        self.sent: list[bytes] = []

    def _packet_queue(self, command: Any, packet: Any, *others: Any) -> Any:
        self.sent.append(bytes(packet))
        return paho.MQTT_ERR_SUCCESS


def publish(
    version: str,
    topic: bytes,
    payload: bytes,
    packet_id: int = 0,
    *,
    retain: bool = False,
    dup: bool = False,
    **properties: Any,
) -> bytes:
    """A PUBLISH at QoS 1, or at QoS 0 when there is no packet id. `properties` are the mqtt5 codec's."""
    if version == "3.1.1":
        client = _Paho()
        client._sock = object()  # type: ignore[assignment]
        client._send_publish(packet_id, topic, payload, 1 if packet_id else 0, retain, dup)
        client._sock = None
        return client.sent[0]
    return mqtt5.PublishPacket(
        topic.decode(),
        payload=payload,
        qos=mqtt5.QoS.AT_LEAST_ONCE if packet_id else mqtt5.QoS.AT_MOST_ONCE,
        packet_id=packet_id or None,
        retain=retain,
        duplicate=dup,
        **properties,
    ).write()
