"""The socket that the API is asked on: open as long as the gateway, whoever takes requests from it."""

from __future__ import annotations

import asyncio
import errno
import socket

from gateway.clock import monotonic_s

FREE_SECONDS_MAX = 5.0  # the API's process of a gateway that was killed ends within this
_AGAIN_SECONDS = 0.05  # nothing tells when a port is free
BACKLOG = 1_024  # connections that wait while the API's process is started again


async def listen(host: str, port: int) -> socket.socket:
    """Raises OSError where the port is another program's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = monotonic_s() + FREE_SECONDS_MAX
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or monotonic_s() > deadline:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)


def url_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
