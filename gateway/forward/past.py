"""Readings that are past their keeping here, read back from InfluxDB: within a time limit, or not at all.

After a failure nothing is asked for a while: charts of what is here do not wait for a server that is not.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from api.readings_port import ReadingsQuery
from gateway.clock import monotonic_s
from gateway.config import InfluxPart, read_secret
from gateway.forward.hint import hint
from gateway.forward.influxql import BadAnswer, Field, Takes, fields_in, fields_question, steps_question, take
from rules.instant import Instant

SECONDS_MAX = 4.0  # of one answer, both questions together: a person waits for a chart
REST_SECONDS = 15.0  # after a failure
ANSWER_BYTES_MAX = 32 * 1024**2  # 10 000 points of four figures are 1 MB

log = logging.getLogger("tocsin.forward")


class InfluxPast:
    """For any thread."""

    def __init__(
        self,
        settings: InfluxPart,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = monotonic_s,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._client = httpx.Client(
            base_url=settings.url,
            transport=transport,
            verify=str(settings.ca_file) if settings.ca_file else True,
            timeout=SECONDS_MAX,
            trust_env=False,
        )
        self._mutex = threading.Lock()
        self._rests_until = float("-inf")
        self._why = ""

    def close(self) -> None:
        self._client.close()

    def fill(self, query: ReadingsQuery, until: Instant, found: Takes) -> str:
        """What lies before `until`, step by step. → why it cannot be had; empty: there it is."""
        with self._mutex:
            if self._clock() < self._rests_until:
                return self._why
        deadline = self._clock() + SECONDS_MAX
        measurement = f"{self._settings.prefix}readings"
        try:
            fields = fields_in(self._ask(fields_question(measurement, query, until), deadline), query)
            if fields:
                self._take(query, until, fields, measurement, deadline, found)
        except (httpx.HTTPError, BadAnswer, ValueError) as error:
            return self._failed(str(error) or type(error).__name__)
        return ""

    def _take(
        self, query: ReadingsQuery, until: Instant, fields: list[Field], measurement: str, deadline: float, found: Takes
    ) -> None:
        take(self._ask(steps_question(measurement, query, until, fields), deadline), query, fields, found)

    def _ask(self, question: str, deadline: float) -> Any:
        """Raises httpx.HTTPError, BadAnswer, ValueError."""
        part = self._settings
        database, _, policy = (part.database or part.bucket).partition("/")
        form = {"db": database, "epoch": "ms", "q": question, **({"rp": policy} if policy else {})}
        token = read_secret(part.token_file)
        headers = {"Authorization": f"Token {token}"} if token else {}
        left = max(deadline - self._clock(), 0.001)
        with self._client.stream("POST", "/query", data=form, headers=headers, timeout=left) as answer:
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise BadAnswer(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
                if self._clock() > deadline:
                    raise BadAnswer(f"no whole answer within {SECONDS_MAX:g} s")
        if answer.status_code != httpx.codes.OK:
            raise BadAnswer(f"it answers {answer.status_code}")
        return msgspec.json.decode(body)

    def _failed(self, why: str) -> str:
        why = f"InfluxDB at {hint(self._settings.url)}: {why}"
        with self._mutex:
            self._rests_until = self._clock() + REST_SECONDS
            self._why = why
        log.warning("older readings cannot be read back: %s", why)
        return why
