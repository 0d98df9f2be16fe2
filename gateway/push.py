"""Tells the outside maintenance system of every change of a work order: a signed webhook.

    POST {url}
    Content-Type: application/json
    Idempotency-Key: PSH-000007
    Tocsin-Signature: t=1764000000,v1=…

`v1` is HMAC-SHA256 over `{t}.{body}` with the shared secret, in hex; `t` is Unix seconds when it was sent. Whoever
receives it recomputes the one and compares the other with its own clock. What may come twice (after a crash, or when
an answer was lost) has the same key; what may come out of order has `order.revision`. The receipt is what it answers.
"""

from __future__ import annotations

import hmac
import json
import logging
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.clock import Clock
from gateway.sender import Undelivered
from rules.effects import PushOrder
from rules.mode import Mode

if TYPE_CHECKING:
    import httpx  # a fifth of a second that not every start has to pay

RECEIPT_CHARACTERS_MAX = 200
ANSWER_BYTES_MAX = 64 * 1024  # of an answer that is read; a receipt is a line
SECRET_CHARACTERS_MIN = 16  # fewer are guessed
AGAIN = frozenset({408, 409, 425, 429})  # of the answers 4xx: only these may be different the next time
_RECEIPTS = ("receipt", "id", "number")  # in an answer that is a JSON object, what is taken for a receipt


class OrderPush:
    """Raises ValueError for a secret that is too short. `push` is a `gateway.sender.Sender`."""

    def __init__(self, url: str, secret: str, seconds_max: float, clock: Clock) -> None:
        if len(secret) < SECRET_CHARACTERS_MIN:
            raise ValueError(f"the secret of order pushes has {len(secret)} characters; expected at least 16")
        self._url, self._secret, self._seconds_max, self._clock = url, secret, seconds_max, clock
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address, and some hold a secret

    async def push(self, effect: PushOrder) -> str:
        """→ a receipt. Raises Undelivered."""
        if effect.mode is not Mode.ACTUAL:  # the engine makes none; the second lock
            raise Undelivered(f"nothing of mode {effect.mode.value} goes to the maintenance system", again=False)
        import httpx

        body = effect.body.encode()
        seconds = self._clock() // 1000
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": effect.id,
            "Tocsin-Signature": f"t={seconds},v1={signature(self._secret, seconds, body)}",
        }
        try:
            async with (
                httpx.AsyncClient(timeout=self._seconds_max, follow_redirects=False) as client,
                client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                said = await _beginning(answer)
        except httpx.HTTPError as error:
            raise Undelivered(f"the maintenance system cannot be reached: {type(error).__name__}") from None
        if answer.is_success:
            return f"{answer.status_code} {receipt_in(said)}".strip()
        again = answer.status_code >= 500 or answer.status_code in AGAIN
        raise Undelivered(f"answered {answer.status_code} {one_line(said)}".strip(), again=again)


def signature(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, sha256).hexdigest()


def receipt_in(said: str) -> str:
    """A JSON object's receipt, id or number; else the answer's beginning, in one line."""
    try:
        answer = json.loads(said)
    except (ValueError, RecursionError):
        return one_line(said)
    known = answer if isinstance(answer, dict) else {}
    found = next((known[name] for name in _RECEIPTS if isinstance(known.get(name), str | int)), said)
    return one_line(str(found))


def one_line(text: str) -> str:
    return " ".join(text.split())[:RECEIPT_CHARACTERS_MAX]


async def _beginning(answer: httpx.Response) -> str:
    """Of what it says; the rest is not read."""
    read = b""
    async for chunk in answer.aiter_bytes():
        read += chunk
        if len(read) >= ANSWER_BYTES_MAX:
            break
    return read[:ANSWER_BYTES_MAX].decode(errors="replace")
