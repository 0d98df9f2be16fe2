"""The HTTP API as one signed-in person sees it. Everything the console knows comes through here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import httpx
from httpx_sse import EventSource, aconnect_sse

PREFIX = "/api/v1"
TIMEOUT = httpx.Timeout(10.0, connect=3.0)
STREAM_TIMEOUT = httpx.Timeout(45.0, connect=3.0)  # the API says something every 15 s
PAGES_MAX = 40  # of a list that is read to its end

Json = dict[str, Any]


class Problem(Exception):
    """The API has refused: `code` is stable, `detail` is for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class Unreachable(Exception):
    """No answer from the API."""


class SignedOut(Problem):
    """Nobody, or nobody any more: a page leads to the sign-in."""


class Event(NamedTuple):
    """`id`: the entry's position, to resume by. `name`: the entry's kind, or `end`."""

    id: str
    name: str
    data: str


class Api:
    """One person's. Raises Problem, SignedOut, Unreachable. `close` it."""

    def __init__(self, url: str, language: str = "en", transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, transport=transport, trust_env=False)
        self._access = self._refresh = ""
        self._refreshing = asyncio.Lock()
        self.language = language

    async def close(self) -> None:
        await self._http.aclose()

    @property
    def signed_in(self) -> bool:
        return bool(self._access)

    async def sign_in(self, name: str, password: str) -> None:
        form = {"grant_type": "password", "username": name, "password": password}
        self._keep(await self._answer("POST", f"{PREFIX}/login/token", data=form))

    async def sign_out(self) -> None:
        token, self._access, self._refresh = self._refresh, "", ""
        if token:
            await self._answer("POST", f"{PREFIX}/login/revoke", data={"token": token})

    async def get(self, path: str, **query: Any) -> Any:
        """Of `/api/v1`; a None among `query` is left out."""
        known = {name: _text(value) for name, value in query.items() if value is not None}
        return await self._signed("GET", PREFIX + path, params=known)

    async def all(self, path: str, **query: Any) -> list[Json]:
        """Every item of a list that comes in pages."""
        items: list[Json] = []
        cursor = None
        for _ in range(PAGES_MAX):
            page = await self.get(path, **query, cursor=cursor)
            items += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                break
        return items

    async def post(self, path: str, body: Mapping[str, Any] | None = None, key: str = "", revision: int = 0) -> Any:
        """`key`: of this wish, so that a second press is the same wish. `revision`: of what the person has seen."""
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        if revision:
            headers["If-Match"] = f'"{revision}"'
        return await self._signed("POST", PREFIX + path, json=dict(body or {}), headers=headers)

    async def attach(self, name: str, media_type: str, content: bytes) -> Json:
        """Sends a file for a work order. → {name, sha256}, as a step of an order names it."""
        headers = {"Content-Type": media_type}
        kept = await self._signed(
            "POST", f"{PREFIX}/attachments", params={"name": name}, content=content, headers=headers
        )
        return {"name": name, "sha256": kept["sha256"]}

    async def send(self, method: str, path: str, **rest: Any) -> Any:
        return await self._signed(method, PREFIX + path, **rest)

    async def download(self, path: str, **query: Any) -> tuple[bytes, str, str]:
        """→ (content, media type, Content-Disposition)."""
        answer = await self._request("GET", PREFIX + path, params=query, headers=self._headers())
        kind = answer.headers.get("content-type", "application/octet-stream")
        return answer.content, kind, answer.headers.get("content-disposition", "")

    async def healthy(self) -> bool:
        """Whether the API answers at all; asked every other second."""
        try:
            answer = await self._http.get("/healthz", timeout=2.0)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    async def ready(self) -> Json:
        """What the gateway says of its parts, well or not."""
        try:
            answer = await self._http.get("/readyz", timeout=2.0, headers=self._headers())
            return dict(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(type(error).__name__) from error

    @asynccontextmanager
    async def stream(self, path: str, after: str = "") -> AsyncIterator[AsyncIterator[Event]]:
        """Events of `/api/v1…/stream`, from after the entry of that id."""
        used = self._access
        try:
            async with AsyncExitStack() as stack:
                try:
                    source = await stack.enter_async_context(self._open_stream(path, after))
                except SignedOut:
                    if not used:
                        raise
                    await self._renew(used)  # a stream ends with its token
                    source = await stack.enter_async_context(self._open_stream(path, after))
                yield (Event(each.id, each.event, each.data) async for each in source.aiter_sse())
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__) from error

    @asynccontextmanager
    async def _open_stream(self, path: str, after: str) -> AsyncIterator[EventSource]:
        headers = self._headers() | ({"Last-Event-ID": after} if after else {})
        async with aconnect_sse(self._http, "GET", PREFIX + path, headers=headers, timeout=STREAM_TIMEOUT) as source:
            if source.response.status_code != 200:
                await source.response.aread()
                raise _problem(source.response)
            yield source

    # ---- one request

    async def _signed(self, method: str, path: str, **rest: Any) -> Any:
        headers = rest.pop("headers", {})
        used = self._access
        try:
            return await self._answer(method, path, headers=self._headers() | headers, **rest)
        except SignedOut:
            if not used:
                raise
            await self._renew(used)
            return await self._answer(method, path, headers=self._headers() | headers, **rest)

    async def _renew(self, used: str) -> None:
        """A refresh token is good once: of many requests that find theirs over, the first gets another."""
        async with self._refreshing:
            if not self._access:
                raise SignedOut(401, "signed_out", "nobody is signed in any more")
            if self._access == used:
                form = {"grant_type": "refresh_token", "refresh_token": self._refresh}
                try:
                    self._keep(await self._answer("POST", f"{PREFIX}/login/token", data=form))
                except Problem as error:
                    self._access = self._refresh = ""
                    raise SignedOut(401, error.code, error.detail) from error

    async def _answer(self, method: str, path: str, **rest: Any) -> Any:
        answer = await self._request(method, path, **rest)
        return answer.json() if answer.content else None

    async def _request(self, method: str, path: str, **rest: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **rest)
        except httpx.HTTPError as error:
            raise Unreachable(type(error).__name__) from error
        if answer.is_error:
            raise _problem(answer)
        return answer

    def _headers(self) -> dict[str, str]:
        headers = {"Accept-Language": self.language}
        return headers | ({"Authorization": f"Bearer {self._access}"} if self._access else {})

    def _keep(self, tokens: Json) -> None:
        self._access, self._refresh = tokens["access_token"], tokens["refresh_token"]


def _problem(answer: httpx.Response) -> Problem:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    code, detail = str(said.get("code", "")), str(said.get("detail") or said.get("title") or answer.reason_phrase)
    kind = SignedOut if answer.status_code == 401 else Problem
    return kind(answer.status_code, code, detail)


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
