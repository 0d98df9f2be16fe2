"""Hands messages to Apprise, which knows a hundred kinds of channel: webhook, e-mail, SMS gateways, WeCom, DingTalk…

Apprise blocks: each call has a thread of its own, of few (`threads.py`), and time limits on its sockets. Why a channel
refused is in Apprise's log alone, among addresses: of that log only the number of the answer is read.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from typing import Any

import apprise

from gateway.notify.addresses import Addresses, UnknownChannel
from gateway.notify.threads import AT_ONCE_MAX, Threads
from gateway.sender import Undelivered
from rules.effects import Notify, TellOccupants

CONNECT_SECONDS_MAX = 4.0
_NUMBER = re.compile(r"\berror=(\d{3})\b")
_OCCUPANTS_LANGUAGES = ("zh", "en")  # the order in which a notice in several languages reads

log = logging.getLogger("tocsin.notify")


class Notifier:
    """`seconds_max`: how long one attempt may wait for the answer."""

    def __init__(self, addresses: Addresses, seconds_max: float) -> None:
        self._addresses, self._seconds_max = addresses, seconds_max
        self._threads = Threads(AT_ONCE_MAX, "notify")
        self._asset = apprise.AppriseAsset(app_id="Tocsin", async_mode=False)
        self._numbers = _quiet()

    async def begin(self) -> None:
        """Loads Apprise's channels beforehand (a third of a second), and says which addresses cannot be used."""
        await self._threads.call(self._look)

    async def notify(self, effect: Notify) -> str:
        kind = apprise.NotifyType.FAILURE if effect.urgent else apprise.NotifyType.WARNING
        return await self._threads.call(lambda: self._send(effect.channel, effect.title, effect.body, kind))

    async def tell_occupants(self, effect: TellOccupants) -> str:
        texts = [effect.texts[language] for language in _OCCUPANTS_LANGUAGES if language in effect.texts]
        kind = apprise.NotifyType.WARNING
        return await self._threads.call(lambda: self._send(effect.channel, "", "\n\n".join(texts), kind))

    # ---- in a thread

    def _look(self) -> None:
        for channel in self._addresses.names():
            try:
                self._receivers(channel)
            except Undelivered as error:
                log.error("%s", error)

    def _send(self, channel: str, title: str, body: str, kind: apprise.NotifyType) -> str:
        receivers = self._receivers(channel)
        self._numbers.begin()
        sent = [bool(each.notify(title=title, body=body, notify_type=kind)) for each in receivers]
        if all(sent):
            return f"taken by {channel}"
        number = self._numbers.seen()
        some = f"{sent.count(False)} of {len(sent)} addresses" if len(sent) > 1 else "it"
        raise Undelivered(f"{channel}: {some} did not take it" + (f" (HTTP {number})" if number else ""))

    def _receivers(self, channel: str) -> list[Any]:
        """Raises Undelivered."""
        try:
            addresses = self._addresses.of(channel)
        except UnknownChannel as error:
            raise Undelivered(str(error), again=False) from None
        return [self._receiver(channel, address) for address in addresses]

    def _receiver(self, channel: str, address: str) -> Any:
        instantiate: Callable[..., Any] = apprise.Apprise.instantiate
        receiver = instantiate(address, asset=self._asset, suppress_exceptions=True)
        if receiver is None:
            raise Undelivered(f"an address of {channel} is none that Apprise understands", again=False)
        receiver.socket_connect_timeout = min(CONNECT_SECONDS_MAX, self._seconds_max)
        receiver.socket_read_timeout = self._seconds_max
        return receiver


class _Numbers(logging.Filter):
    """Lets nothing of Apprise's log through, and notes the number of the answer that was last complained about, by
    thread."""

    def __init__(self) -> None:
        super().__init__()
        self._of_thread = threading.local()

    def begin(self) -> None:
        self._of_thread.number = ""

    def seen(self) -> str:
        return getattr(self._of_thread, "number", "")

    def filter(self, record: logging.LogRecord) -> bool:
        found = _NUMBER.search(record.getMessage())
        if found:
            self._of_thread.number = found[1]
        return False


def _quiet() -> _Numbers:
    """Apprise and what it stands on write addresses into their logs: none of it comes into ours."""
    logger = logging.getLogger("apprise")
    for name in ("urllib3", "requests", "requests_oauthlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
    numbers = next((each for each in logger.filters if isinstance(each, _Numbers)), None)
    if numbers is None:
        numbers = _Numbers()
        logger.addFilter(numbers)
    return numbers
