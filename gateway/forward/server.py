"""The InfluxDB that readings go to, by its v2 write API (InfluxDB 2.x, 1.8 and later, 3.x), and what its answers mean.

Write API: https://docs.influxdata.com/influxdb/v2/api/write/ · what is rejected:
https://docs.influxdata.com/influxdb/v2/write-data/troubleshoot/ · partial writes of InfluxDB 3:
https://docs.influxdata.com/influxdb3/core/write-data/troubleshoot/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Protocol

from influxdb_client import InfluxDBClient, WriteApi, WritePrecision  # type: ignore[attr-defined]
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from gateway.config import InfluxPart, read_secret
from rules.instant import Instant

DETAIL_CHARACTERS_MAX = 300
RETRY_AFTER_SECONDS_MAX = 600.0
_DROPPED = re.compile(r"dropped=(\d+)")
_CONFLICT = re.compile(
    r'input field "(?P<field>.+?)" on measurement "(?P<measurement>.+?)" is type (?P<ours>\w+), '
    r"already exists as type (?P<theirs>\w+)"
)
_ESCAPED = re.compile(r"\\([,= ])")
_REASONS = (
    ("type conflict", "type conflict"),
    ("retention", "beyond retention"),
    ("max-values-per-tag", "limit of the server"),
    ("max-series-per-database", "limit of the server"),
)


class Taken(NamedTuple):
    """All of it is stored."""


class Conflict(NamedTuple):
    """A field holds another type; `theirs` as InfluxDB calls it."""

    measurement: str
    field: str
    theirs: str


class Partly(NamedTuple):
    """All is stored but so many points, which no later try would bring in."""

    dropped: int
    reason: str
    detail: str
    conflict: Conflict | None = None


class Refused(NamedTuple):
    """Something in it is not understood, or it is too large: a part of it may be taken."""

    reason: str
    detail: str


class Denied(NamedTuple):
    """Nothing will be taken until somebody changes a setting, here or there."""

    detail: str


class Away(NamedTuple):
    """It does not answer, or asks to wait."""

    detail: str
    after_seconds: float | None = None


Answer = Taken | Partly | Refused | Denied | Away


class Server(Protocol):
    def write(self, body: bytes) -> Answer: ...


class InfluxServer:
    """Blocks for at most the settings' `seconds_max`."""

    def __init__(self, settings: InfluxPart, clock: Callable[[], Instant]) -> None:
        self._settings, self._clock = settings, clock
        self._client: InfluxDBClient | None = None
        self._api: Any = None

    def write(self, body: bytes) -> Answer:
        try:
            if self._api is None:
                self._api = self._opened()
            self._api.write(self._settings.bucket, self._settings.org, body, WritePrecision.NS)
        except ApiException as error:
            answer = meaning(error.status or 0, error.body or "", error.headers or {}, self._clock())
        except (HTTPError, OSError) as error:
            answer = Away(_cut(f"{type(error).__name__}: {error}"))
        except ValueError as error:  # the token's file cannot be read
            answer = Denied(str(error))
        else:
            return Taken()
        if isinstance(answer, Denied):
            self.close()  # the token is read again
        return answer

    def close(self) -> None:
        if self._client is not None:
            self._client.close()  # type: ignore[no-untyped-call]
        self._client = self._api = None

    def _opened(self) -> WriteApi:
        part = self._settings
        self._client = InfluxDBClient(
            part.url,
            token=read_secret(part.token_file) or "",
            org=part.org,
            timeout=round(part.seconds_max * 1000),
            enable_gzip=part.gzip,
            ssl_ca_cert=str(part.ca_file) if part.ca_file else None,
            retries=False,  # ours, with the cursor
        )
        return self._client.write_api(write_options=SYNCHRONOUS)


def meaning(status: int, body: str, headers: Any, now: Instant) -> Answer:
    """Of an answer that is not a success."""
    text, rejected = _message(body)
    said = _cut(f"{status}: {text}" if text else str(status))
    if status == 413:
        return Refused("too large", said)
    if status == 422:
        return Refused(_reason(text, "beyond retention"), said)
    if status == 400:
        if "unable to parse" in text:  # of a partial write InfluxDB 1.x does not say how many lines it was
            return Refused("not understood", said)
        if "partial write" in text:
            return Partly(_dropped(text, rejected), _reason(text, "not understood"), said, _conflict(text))
        if "line protocol" in text:
            return Refused("not understood", said)
    if status in (429, 503):
        return Away(said, _retry_after(headers, now))
    if 400 <= status < 500:
        return Denied(_advice(status, said))
    return Away(said)


def _advice(status: int, said: str) -> str:
    if status == 401:
        return f"it does not accept the token ({said})"
    if status == 403:
        return f"the token may not write to the bucket ({said})"
    if status == 404:
        return f"there is no such bucket, organisation or write path ({said})"
    return f"it refuses what it is sent ({said})"


def _message(body: str) -> tuple[str, list[Any]]:
    """InfluxDB 1.x says {"error"}, 2.x {"message"}, 3.x {"error", "data"}: one item a rejected line."""
    try:
        document = json.loads(body)
    except ValueError:
        return re.sub(r"<[^>]*>|\s+", " ", body).strip(), []
    if not isinstance(document, dict):
        return str(document), []
    rejected = document.get("data")
    lines = rejected if isinstance(rejected, list) else []
    first = lines[0].get("error_message", "") if lines and isinstance(lines[0], dict) else ""
    text = str(document.get("message") or document.get("error") or "")
    return f"{text}: {first}" if first else text, lines


def _dropped(text: str, rejected: list[Any]) -> int:
    found = _DROPPED.search(text)
    return int(found[1]) if found else max(len(rejected), 1)


def _reason(text: str, otherwise: str) -> str:
    return next((reason for words, reason in _REASONS if words in text), otherwise)


def _conflict(text: str) -> Conflict | None:
    found = _CONFLICT.search(text)
    if found is None:
        return None
    return Conflict(found["measurement"], _ESCAPED.sub(r"\1", found["field"]), found["theirs"])


def _retry_after(headers: Any, now: Instant) -> float | None:
    given = headers.get("Retry-After")
    if not given:
        return None
    try:
        seconds = float(given)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(given).timestamp() - now / 1000
        except ValueError:
            return None
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)


def _cut(text: str) -> str:
    return text[:DETAIL_CHARACTERS_MAX]
