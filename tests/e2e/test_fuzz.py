"""Whatever is asked of the API, as admin and as viewer: no fault inside, nothing that its document does not say.

A short run of what `make fuzz-api` does at length; against the real gateway over a real store.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fuzz import EMBEDDED, ROLES, SITE, Fuzzed, run
from tests.support.gateway import RunningGateway

SEED = 4  # the same requests in every run; `make fuzz-api` takes others
PHASES = {"admin": ("examples", "coverage", "fuzzing"), "viewer": ("examples", "fuzzing")}


@pytest.fixture
def fuzzed(gateway: Callable[..., RunningGateway]) -> Fuzzed:
    return Fuzzed(gateway(SITE, EMBEDDED))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ROLES)
def test_whatever_is_asked_is_answered_as_the_document_says(fuzzed: Fuzzed, tmp_path: Path, role: str) -> None:
    gateway = fuzzed.gateway
    assert run(gateway.url, fuzzed.token(role), tmp_path, examples=5, seed=SEED, phases=PHASES[role]) == ""
    assert gateway.json("/readyz")[0] == 200
    assert gateway.stop() == 0
    assert gateway.run("verify-log").returncode == 0
    assert gateway.run("replay").returncode == 0, gateway.run("replay").stderr


def test_an_answer_that_the_document_does_not_promise_is_found(fuzzed: Fuzzed, tmp_path: Path) -> None:
    status, text = fuzzed.gateway.ask("/api/v1/openapi.json")
    assert status == 200
    document = json.loads(text)
    health = document["paths"]["/healthz"]["get"]["responses"]["200"]["content"]["application/json"]
    health["schema"] = {"type": "object", "required": ["dead"]}
    document["paths"] = {"/healthz": document["paths"]["/healthz"]}
    (tmp_path / "lies.json").write_text(json.dumps(document))
    said = run(
        fuzzed.gateway.url, fuzzed.token("viewer"), tmp_path, 3, SEED, ("coverage",), document=tmp_path / "lies.json"
    )
    assert "'dead' is a required property" in said or '"dead" is a required property' in said
