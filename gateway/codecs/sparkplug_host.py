"""Tocsin as a Sparkplug host application: its certificates, for whoever holds the connection. Pure.

Eclipse Sparkplug Specification 3.0.0, chapters 4 (STATE) and 5 (host application session)
(https://sparkplug.eclipse.org/specification/version/3.0/documents/sparkplug-specification-3.0.0.pdf): in this order

1. CONNECT with `will(host, connected_at)`: the time is that of the CONNECT;
2. subscribe, to the codec's topics, which contain the host's own STATE;
3. publish `birth(host, connected_at)`, with the same time as the will (a node takes no certificate for valid that is
   older than one it has);
4. publish the birth again when `is_contradicted` says that the broker published the will of a connection before;
5. before DISCONNECT, publish `will(host, now)`.

Nodes that have this host as their primary one send their births when it comes online, and keep their data while it is
not.
"""

from __future__ import annotations

import msgspec

from gateway.codecs.native import Undecodable
from gateway.codecs.port import Publish
from rules.instant import Instant

NAMESPACE = "spBv1.0"


class State(msgspec.Struct):
    online: bool
    timestamp: int | float | None = None


def topic(host: str) -> str:
    return f"{NAMESPACE}/STATE/{host}"


def birth(host: str, connected_at: Instant) -> Publish:
    return Publish(topic(host), _state(True, connected_at), qos=1, retain=True)


def will(host: str, connected_at: Instant) -> Publish:
    """The death certificate, also for an orderly end."""
    return Publish(topic(host), _state(False, connected_at), qos=1, retain=True)


def is_contradicted(host: str, on_topic: bytes, payload: bytes) -> bool:
    """Whether a message says that this host is offline, which hears it."""
    if on_topic != topic(host).encode():
        return False
    try:
        return not decode(payload).online
    except Undecodable:
        return True


def _state(online: bool, at: Instant) -> bytes:
    return msgspec.json.encode({"online": online, "timestamp": at})


decode = msgspec.json.Decoder(State).decode
