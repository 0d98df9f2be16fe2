"""The ingest link: a subscriber's connection to the broker that comes back by itself.

What arrives is handed on within the same turn of the loop; it is acknowledged by whoever has stored it, and only on
the connection it came by. What was not acknowledged the broker sends again. Everything that publishes is elsewhere.

How far the broker sends ahead of our acknowledgements is its own setting in MQTT 3.1.1 (Mosquitto:
`max_inflight_messages`, 20 by default, which makes batches of at most 20); in MQTT 5 it is our `inflight_max`.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from gateway.link_connection import Connection
from gateway.link_settings import LinkSettings, link_settings_from_url, redacted, tls_context
from gateway.wire import Message

__all__ = ["Link", "LinkSettings", "Message", "link_settings_from_url", "redacted", "tls_context"]

CONNECT_SECONDS_MAX = 10.0  # TCP and TLS; longer than any healthy network takes
BACKOFF_SECONDS_MIN = 0.25  # a broker that restarts is back within a second
BACKOFF_SECONDS_MAX = 10.0  # alarms wait in the broker meanwhile: never longer than this after it is back
STEADY_SECONDS = 10.0  # a connection that lived less, such as of two gateways with one client id, does not count

log = logging.getLogger("tocsin.link")


class Link:
    """Keeps one subscriber's connection to the broker; `run` it as a task, cancel it to disconnect.

    `on_messages(messages, generation)` is called within the reading of the socket, messages in the broker's order.
    `on_state(connected, reason)` is called with True when the subscription is granted, with False and why when the
    connection is over or could not be made. `chance()` is in 0 … 1 and spreads the reconnects of many gateways.
    """

    def __init__(
        self,
        settings: LinkSettings,
        on_messages: Callable[[list[Message], int], None],
        on_state: Callable[[bool, str], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self.generation = 0  # rises with every connection
        self._on_messages = on_messages
        self._on_state = on_state
        self._chance = chance
        self._connection: Connection | None = None

    @property
    def connected(self) -> bool:
        """The subscription is granted and the connection stands."""
        return self._connection is not None and self._connection.listening

    @property
    def refused(self) -> tuple[str, ...]:
        """Topics the broker does not let us listen to, on this connection; the others are listened to."""
        return self._connection.refused if self._connection is not None else ()

    def acknowledge(self, generation: int, packet_ids: list[int]) -> bool:
        """PUBACK what came by the connection `generation`, in one write.

        False, and nothing is written, when that is not the present connection: a packet id of an earlier one means
        another message by now.
        """
        if self._connection is None or generation != self.generation:
            return False
        return self._connection.acknowledge(packet_ids)

    async def run(self) -> None:
        """Connect, listen, connect again, until cancelled; then DISCONNECT."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            begun = loop.time()
            reason = await self._one_connection()
            failures = 1 if loop.time() - begun > STEADY_SECONDS else failures + 1
            log.warning("%s:%d: %s", self.settings.host, self.settings.port, reason)
            self._on_state(False, reason)
            await asyncio.sleep(backoff_seconds(failures, self._chance()))

    async def _one_connection(self) -> str:
        """Why it is over, or was not made."""
        self.generation += 1
        connection = Connection(self.settings, self.generation, self._on_messages, self._listening)
        self._connection = connection
        try:
            await self._open(connection)
            return await asyncio.shield(connection.ended)
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be one
            return f"cannot reach the broker: {str(error) or 'no answer'}"
        except Exception as error:  # a fault of ours or of the event loop must not silence the building for good
            log.exception("%s:%d: the link failed and is made anew", self.settings.host, self.settings.port)
            return f"the link failed: {error!r}"
        except asyncio.CancelledError:
            await connection.close("stopped")
            self._on_state(False, "stopped")
            raise
        finally:
            connection.abort("over")
            self._connection = None

    async def _open(self, connection: Connection) -> None:
        settings = self.settings
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            await asyncio.get_running_loop().create_connection(
                lambda: connection, settings.host, settings.port, ssl=settings.tls
            )

    def _listening(self, remark: str) -> None:
        connection = self._connection
        if connection is not None and connection.refused:
            log.error("%s:%d: %s", self.settings.host, self.settings.port, remark)
        else:
            log.info("%s:%d: listening, %s", self.settings.host, self.settings.port, remark)
        self._on_state(True, remark)


def backoff_seconds(failures: int, chance: float) -> float:
    """Doubles with every failure in a row up to BACKOFF_SECONDS_MAX; the upper half of it is left to chance (0 … 1)."""
    whole = min(BACKOFF_SECONDS_MAX, BACKOFF_SECONDS_MIN * 2.0 ** min(failures - 1, 16))
    return whole * (0.5 + 0.5 * chance)
