"""Who takes messages in a run: channels, authorities, the maintenance system; each may refuse, hang, be slow, break."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.config import GatewaySettings
from gateway.deliveries import deliveries
from gateway.sender import Delivery, Undelivered
from rules.effects import Effect, Notify, PublishCommand, PushOrder, SendToAuthority, TellOccupants
from simulators.faults import ChannelFails
from simulators.perils import Crashed, Perils
from simulators.record import Performed

TAKES_SECONDS = 0.05
SLOW_SECONDS = 8.0  # within what the gateway waits
HANGS_SECONDS = 3_600.0  # far beyond it
MAINTENANCE = "maintenance"


class TrialSenders:
    """`begin(effect, to, text)` notes an attempt."""

    def __init__(self, perils: Perils, begin: Callable[[Effect, str, str], Performed]) -> None:
        self._perils, self._begin = perils, begin
        self.fails: dict[str, ChannelFails] = {}

    def deliveries(self, settings: GatewaySettings) -> dict[type[Effect], Delivery]:
        """As patient as the real ones."""
        return {kind: each._replace(send=self._send, begin=None) for kind, each in deliveries(settings).items()}

    async def _send(self, effect: Effect) -> str:
        self._perils.live()
        to, text = receiver(effect), words(effect)
        attempt = self._begin(effect, to, text)
        attempt.outcome = "cut"
        fault = self.fails.get(to)
        how = fault.how if fault else ""
        seconds = {"slow": SLOW_SECONDS, "hangs": HANGS_SECONDS}.get(how, TAKES_SECONDS)
        try:
            await asyncio.sleep(seconds)
            self._perils.live()
            if how == "breaks":
                raise RuntimeError("a fault of the sender")
            if how == "refuses":
                raise Undelivered("it is refused")
            attempt.arrived = True
            self._perils.come_to("after sending")
            if how == "in doubt":
                raise Undelivered("the answer was lost")
        except (Undelivered, RuntimeError):
            attempt.outcome = "failed"
            raise
        except Crashed:
            attempt.outcome = ""
            raise
        attempt.outcome = "ok"
        return f"taken by {to}"


def receiver(effect: Effect) -> str:
    if isinstance(effect, PublishCommand):
        return effect.device
    if isinstance(effect, SendToAuthority):
        return effect.to
    return MAINTENANCE if isinstance(effect, PushOrder) else effect.channel


def words(effect: Effect) -> str:
    """What a person would read of it."""
    if isinstance(effect, Notify):
        return f"{effect.title}\n{effect.body}" if effect.title else effect.body
    if isinstance(effect, TellOccupants):
        return "\n".join(effect.texts.values())
    if isinstance(effect, SendToAuthority):
        return effect.document
    return effect.body if isinstance(effect, PushOrder) else effect.command
