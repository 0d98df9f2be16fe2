"""Every operation of the document: what to ask it with, and what has to be there so that it can be answered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx

from api.app import make_app
from api.inbox_port import FoundDevice, FoundPoint
from api.permissions import Permission, Role
from api.ports import DeadLetter
from gateway.identity.users import Users
from rules.explain import Line
from rules.order import Attachment
from rules.score import Score
from rules.site import MetricKind
from tests.api.fake_desk import FakeDesk, device
from tests.api.fake_response import START
from tests.api.fake_rules import VERSION
from tests.api.plans import PNG, plan
from tests.support.identity import HERE, PASSWORD, add_user

DOCUMENT: dict[str, Any] = make_app(FakeDesk()).openapi()
FILES = "/api/v1/attachments"
FORMS = {
    "/api/v1/login/token": {"grant_type": "password", "username": "ada", "password": PASSWORD},
    "/api/v1/login/revoke": {"token": "none"},
}
OPEN = {*FORMS, "/api/v1/login/setup", "/api/v1/login/provider", "/api/v1/login/provider/answer"}
LETTER = DeadLetter("tocsin/v1/tower-a/sd-9999/telemetry", "unknown device", "d", "{}", 1, START, START)
FOUND = FoundDevice(
    codec="z2m",
    native_id="0x00158d0001dc126a",
    title="12F/east smoke",
    model="Xiaomi JTYJ-GD-01LM/BW",
    device_class="smoke_detector",
    points=[FoundPoint("smoke", MetricKind.BOOLEAN, metric="alarm")],
    values={"smoke": False},
    said=3,
    first_at=START,
    last_at=START,
    online=None,
    ignored=False,
    gone=False,
    silent_after_ms=None,
    commands={},
)
FILE_HASH = hashlib.sha256(PNG).hexdigest()


class Operation(NamedTuple):
    path: str
    method: str
    spec: dict[str, Any]


def _operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, spec in methods.items():
            yield Operation(path, method, spec)


OPERATIONS = list(_operations())


def url(path: str) -> str:
    values = {
        "incident": "INC-000001",
        "order": "WO-000001",
        "action": "CA-000001",
        "shelf": "SH-000001",
        "handover": "HO-000001",
        "step": "investigate",
        "hazard": "fire",
        "sha256": FILE_HASH,
        "user": "grace",
        "token": "TK-000001",
        "rule": "smoke-high",
        "version": VERSION,
        "backtest": "BT-000001",
        "letter": LETTER.id,
        "command": "CMD-000001",
        "site": "tower-a",
        "name": "sd-1203",
        "drill": "DRL-000001",
        "found": FOUND.id,
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], path)


async def asked(client: httpx.AsyncClient, operation: Operation, query: str = "") -> httpx.Response:
    """The operation with the example of its own document as the body."""
    asked_for = f"{url(operation.path)}{query}"
    if operation.method == "post" and operation.path == FILES:
        separator = "&" if query else "?"
        headers = {"Content-Type": "image/png"}
        return await client.post(f"{asked_for}{separator}name=a.png", content=PNG, headers=headers)
    if operation.path in FORMS:
        return await client.post(asked_for, data=FORMS[operation.path])
    return await client.request(operation.method, asked_for, json=body(operation))


def body(operation: Operation) -> Any:
    if "requestBody" not in operation.spec:
        return None
    if operation.path == "/api/v1/me/password":
        return {"old": PASSWORD, "new": PASSWORD[::-1]}
    if operation.path in FORMS:
        return FORMS[operation.path]
    reference = operation.spec["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    return DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]["examples"][0]


async def furnished(desk: FakeDesk, users: Users, but: str = "") -> None:
    """One of everything that a path can name."""
    if but != "/api/v1/users":
        await add_user(users, "grace", Role.VIEWER)
    if but != "/api/v1/tokens":
        await users.make_api_token("ada", "wall-screen", frozenset({Permission.READ}), None, 90, HERE)
    desk.opened(evidence=[])
    desk.ordered()
    desk.to_correct()
    desk.shelved(maintenance=True)
    desk.backtested()
    desk.ruled()
    desk.letters = [LETTER]
    desk.found = {(FOUND.codec, FOUND.native_id): FOUND}
    desk.handing_over()
    desk.drilling(score=Score(1.0, 1.0, 100, 80, True))
    desk.device_states = [device("sd-1203")]
    desk.plans_in_force = [plan()]
    desk.explained = {about: [Line("it is so", "就是这样")] for about in ("INC-000001", "tower-a/sd-1203")}
    desk.files = {FILE_HASH: (Attachment("a.png", FILE_HASH, len(PNG), "image/png"), PNG)}
