"""Who gets in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import ValidationError

from api.auth import LOCAL, Principal, Tokens, is_loopback
from api.bodies import BODY_BYTES_MAX
from api.settings import ApiSettings, read_tokens
from tests.api.conftest import TOKEN, Client
from tests.api.fake_desk import FakeDesk

LIST = "/api/v1/incidents"
NOTES = "/api/v1/incidents/INC-000001/notes"
JSON = {"Content-Type": "application/json"}


def _refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


# ---- without tokens: this machine alone


async def test_this_machine_needs_no_token(client: httpx.AsyncClient) -> None:
    assert (await client.get(LIST)).status_code == 200


@pytest.mark.parametrize("path", [LIST, "/healthz", "/metrics", "/api/v1/openapi.json", "/nowhere"])
@pytest.mark.parametrize("peer", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "unknown"])
async def test_without_tokens_other_machines_are_refused(client_for: Client, path: str, peer: str) -> None:
    _refused(await client_for(peer=peer).get(path), 403, "not_local")


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "X-Forwarded-Host"])
async def test_without_tokens_a_proxy_on_this_machine_is_refused(client: httpx.AsyncClient, header: str) -> None:
    _refused(await client.get(LIST, headers={header: "127.0.0.1"}), 403, "not_local")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
        ("localhost@evil.example", 421),
        ("", 421),
    ],
)
async def test_a_page_that_rebinds_its_name_to_this_machine_is_refused(
    client: httpx.AsyncClient, host: str, status: int
) -> None:
    assert (await client.get(LIST, headers={"Host": host})).status_code == status


async def test_two_hosts_are_one_too_many(client: httpx.AsyncClient) -> None:
    answer = await client.get(LIST, headers=[("Host", "localhost"), ("Host", "evil.example")])
    _refused(answer, 421, "wrong_host")


async def test_a_configured_name_is_served(client_for: Client) -> None:
    client = client_for(ApiSettings(allowed_hosts=("gateway.tower-a.lan",)), host="gateway.tower-a.lan")
    assert (await client.get(LIST)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_of_another_site_is_refused(
    client: httpx.AsyncClient, desk: FakeDesk, method: str, headers: dict[str, str]
) -> None:
    desk.opened()
    answer = await client.request(method, NOTES, content=b'{"text":"x"}', headers=headers | JSON)
    _refused(answer, 403, "foreign_origin")
    assert len(desk.entries) == 1


async def test_its_own_pages_may_ask(client: httpx.AsyncClient) -> None:
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert (await client.get(LIST, headers=headers)).status_code == 200


async def test_no_other_site_is_ever_allowed_to_read(client: httpx.AsyncClient) -> None:
    answer = await client.get(LIST)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", None]
)
async def test_what_a_form_of_another_site_could_send_is_refused(
    client: httpx.AsyncClient, desk: FakeDesk, media_type: str | None
) -> None:
    desk.opened()
    headers = {} if media_type is None else {"Content-Type": media_type}
    _refused(await client.post(NOTES, content=b'{"text":"x"}', headers=headers), 415, "not_json")
    assert len(desk.entries) == 1


# ---- with tokens


async def test_a_known_token_is_served_from_any_machine(client_for: Client, guarded: ApiSettings) -> None:
    client = client_for(guarded, peer="192.0.2.7", host="gateway.lan")
    assert (await client.get(LIST, headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 200
    assert (await client.get(LIST, headers={"Authorization": f"bearer  {TOKEN} "})).status_code == 200


@pytest.mark.parametrize("path", [LIST, "/metrics", "/nowhere", "/api/v1/stream"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "192.0.2.7"])
async def test_with_tokens_everyone_needs_one_for_every_path(
    client_for: Client, guarded: ApiSettings, path: str, peer: str
) -> None:
    answer = await client_for(guarded, peer=peer).get(path)
    _refused(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="tocsin"'


@pytest.mark.parametrize(
    "header",
    ["Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer", "Bearer é"],
)
@pytest.mark.parametrize("path", [LIST, "/readyz"])
async def test_a_wrong_token_is_refused(client_for: Client, guarded: ApiSettings, header: str, path: str) -> None:
    answer = await client_for(guarded).get(path, headers=[(b"authorization", header.encode())])
    _refused(answer, 401, "unauthenticated")


async def test_no_token_right_or_wrong_is_ever_logged_or_answered(
    client_for: Client, desk: FakeDesk, guarded: ApiSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_for(guarded)
    desk.broken = RuntimeError("broken")
    answers = [
        await client.get(path, headers={"Authorization": f"Bearer {token}"})
        for path in (LIST, f"{LIST}?surprise=1", "/nowhere")
        for token in (TOKEN, "wrong-" + TOKEN)
    ]
    assert "refused unauthenticated" in caplog.text
    assert TOKEN not in caplog.text + "".join(answer.text for answer in answers)
    assert TOKEN not in repr(guarded)


async def test_with_tokens_and_names_the_names_count_too(client_for: Client) -> None:
    settings = ApiSettings.model_validate({"tokens": {"duty.officer": TOKEN}, "allowed_hosts": ["gateway.lan"]})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert (await client_for(settings, host="gateway.lan").get(LIST, headers=headers)).status_code == 200
    _refused(await client_for(settings, host="evil.example").get(LIST, headers=headers), 421, "wrong_host")


def test_each_token_is_its_own_principals() -> None:
    settings = ApiSettings.model_validate({"tokens": {"duty.officer": TOKEN, "engineer": TOKEN[::-1]}})
    assert Tokens(settings).principal(f"Bearer {TOKEN[::-1]}") == Principal("engineer")


def test_only_the_local_principal_can_act_as_somebody_else() -> None:
    assert LOCAL.acts_as("engineer") == "engineer"
    assert LOCAL.acts_as(None) == "local"
    assert Principal("duty.officer").acts_as("engineer") == "duty.officer"


@pytest.mark.parametrize(
    ("address", "so"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False),
     ("::ffff:10.0.0.1", False), ("localhost", False), ("", False)],
)  # fmt: skip
def test_loopback_is_127_and_colon_colon_1(address: str, so: bool) -> None:
    assert is_loopback(address) is so


# ---- settings


def test_a_file_of_tokens_names_them() -> None:
    tokens = read_tokens(f"# night shift\nduty.officer {TOKEN}\n\nengineer {TOKEN[::-1]}  # until June\n")
    assert {name: token.get_secret_value() for name, token in tokens.items()} == {
        "duty.officer": TOKEN,
        "engineer": TOKEN[::-1],
    }


def test_a_token_alone_is_the_operators() -> None:
    assert list(read_tokens(TOKEN + "\n")) == ["operator"]


@pytest.mark.parametrize("text", [f"duty officer {TOKEN}", f"engineer {TOKEN}\nengineer {TOKEN}"])
def test_a_bad_file_of_tokens_is_refused_without_showing_any(text: str) -> None:
    with pytest.raises(ValueError, match=r"^line \d: ") as refused:
        read_tokens(text)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    "tokens",
    [{"duty.officer": "short-and-secret"}, {"duty.officer": TOKEN + " "}, {"li wei": TOKEN}, {"a": TOKEN, "b": TOKEN}],
)
def test_tokens_unfit_for_use_are_refused_without_showing_them(tokens: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        ApiSettings.model_validate({"tokens": tokens})
    assert not [token for token in tokens.values() if token in str(refused.value)]


# ---- size


async def test_a_body_that_says_it_is_too_long_is_refused_unread(client: httpx.AsyncClient) -> None:
    answer = await client.post(NOTES, content=b" " * (BODY_BYTES_MAX + 1), headers=JSON)
    _refused(answer, 413, "body_too_large")


async def test_a_body_that_does_not_say_so_is_refused_once_it_is_too_long(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 16_384

    class Stoppable(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in endless():
                yield chunk

    request = client.build_request("POST", NOTES, headers=JSON)
    request.stream = Stoppable()
    _refused(await client.send(request), 413, "body_too_large")


@pytest.mark.parametrize("length", ["9" * 30, "-1", "x"])
async def test_a_length_that_is_none_does_no_harm(client: httpx.AsyncClient, length: str) -> None:
    headers = JSON | {"Content-Length": length}
    assert (await client.post(NOTES, content=b"{}", headers=headers)).status_code in (413, 422)
