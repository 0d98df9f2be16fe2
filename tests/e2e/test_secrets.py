"""No secret stands in a log. Every test of this folder looks, when it ends; here is what would be worth a look."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.fuzz import EMBEDDED, PASSWORD, SITE, name_of
from tests.support.gateway import RunningGateway
from tests.support.secrecy import Secrets

WRONG = "not the password at all"


def test_signing_in_and_failing_to_at_the_most_talkative_leaves_no_secret_in_the_log(
    gateway: Callable[..., RunningGateway],
) -> None:
    running = gateway(SITE, EMBEDDED)
    file = running.folder / "password"
    file.write_text(PASSWORD)
    running.start(verbose=True)
    setup = (running.data / "setup-secret").read_text().strip()
    assert running.post("login/setup", secret="guessed-setup-secret", name="admin", password=PASSWORD)[0] != 200
    made = running.post("login/setup", secret=setup, name=name_of("admin"), password=PASSWORD)
    assert made[0] == 200, made
    for password in (WRONG, PASSWORD):
        status, tokens = running.post_form("login/token", _form(username=name_of("admin"), password=password))
    assert status == 200
    authorized = {"Authorization": f"Bearer {tokens['access_token']}"}
    made = running.post("tokens", authorized, name="screen", scopes=["read"], days=1)
    assert made[0] in (200, 201), made
    program = {"Authorization": f"Bearer {made[1]['secret']}"}
    assert running.ask("/api/v1/incidents", headers=program)[0] == 200
    assert running.post("incidents/INC-000001/notes", program, text="x")[0] == 403
    assert running.ask("/api/v1/incidents", headers={"Authorization": "Bearer a-made-up-token"})[0] == 401
    assert running.ask(f"/api/v1/incidents?token={tokens['access_token']}", headers=authorized)[0] == 422
    refreshed = running.post_form("login/token", _form("refresh_token", refresh_token=tokens["refresh_token"]))
    assert refreshed[0] == 200
    assert running.post_form("login/token", _form("refresh_token", refresh_token=tokens["refresh_token"]))[0] == 400
    assert running.stop() == 0
    assert len(running.log) > 1000
    assert running.secrets.within(running.log) == []
    given = {setup, PASSWORD, WRONG, tokens["access_token"], tokens["refresh_token"], made[1]["secret"]}
    assert set(running.secrets.within(" ".join(given))) == given


def _form(grant: str = "password", **fields: str) -> str:
    return urlencode({"grant_type": grant, **fields})


def test_a_secret_that_does_stand_in_a_log_is_found_wherever_it_came_from(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("screen first-secret-token\nwall second-secret-token\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "identity.key").write_text("00112233445566778899")
    (tmp_path / "settings.yaml").write_text(json.dumps({"http": {"tokens_file": "tokens"}}))
    secrets = Secrets(tmp_path / "settings.yaml", tmp_path / "data")
    secrets.asked({"Authorization": "Bearer bearer-secret"}, b"grant_type=password&password=form+secret")
    secrets.asked({}, b'{"password": "json-secret", "name": "not-a-secret"}')
    secrets.said(b'{"token": {"id": "TK-000001"}, "secret": "made-secret", "token_type": "not-a-secret"}')
    for secret in (
        *("first-secret-token", "second-secret-token", "00112233445566778899"),
        *("bearer-secret", "form secret", "json-secret", "made-secret"),
    ):
        assert secrets.within(f"2026-11-24 INFO something {secret} and more") == [secret]
    assert secrets.within("INFO screen wall TK-000001 not-a-secret") == []


@pytest.mark.parametrize("body", [b"\xff\xfe password", b"", b'{"password": 7}', b"password"])
def test_what_is_no_document_holds_no_secret(tmp_path: Path, body: bytes) -> None:
    secrets = Secrets(tmp_path / "settings.yaml", tmp_path)
    secrets.said(body)
    assert secrets.within("password 7") == []
