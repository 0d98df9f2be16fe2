"""docs/clients.md as it is written: its curl commands by curl, its typed client made and used, on a running gateway."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.documented import CLIENTS, RUN_BY
from tests.support.fuzz import EMBEDDED, SITE, Fuzzed
from tests.support.gateway import RunningGateway
from tests.support.markdown import blocks, commands
from tests.support.servers import require

SECONDS_MAX = 60
HERE = "tests/e2e/test_clients.py"


class Terminal:
    """A shell with the gateway's address in place of the documented one, and a token once there is one."""

    def __init__(self, gateway: RunningGateway, folder: Path) -> None:
        self._gateway, self._folder, self.token = gateway, folder, ""

    def run(self, command: str) -> str:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command.replace("http://127.0.0.1:8080", self._gateway.url)],
            cwd=self._folder,
            env={**os.environ, "TOKEN": self.token, "PATH": path, "PYTHONPATH": str(self._folder)},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def asked(self, command: str) -> Any:
        answer = json.loads(self.run(command))
        assert "code" not in answer, answer
        return answer


@pytest.fixture
def terminal(gateway: Callable[..., RunningGateway], tmp_path: Path) -> Terminal:
    require("curl", shutil.which("curl"))
    fuzzed = Fuzzed(gateway(SITE, EMBEDDED))
    (fuzzed.gateway.folder / "password").write_text("correct-horse-battery")
    added = fuzzed.gateway.run(
        *("users", "add", "guard", "--role", "operator"),
        *("--password-file", str(fuzzed.gateway.folder / "password")),
    )
    assert added.returncode == 0, added.stderr
    return Terminal(fuzzed.gateway, tmp_path)


def written() -> list[str]:
    return [each for block in blocks(CLIENTS, "sh") for each in commands(block) if RUN_BY.get(each) == HERE]


def test_the_documented_commands_of_curl_and_the_generator_are_answered(terminal: Terminal) -> None:
    sign_in, make_token, incidents, note, report, document, generate = written()
    terminal.token = terminal.asked(sign_in)["access_token"]
    terminal.token = terminal.asked(make_token)["secret"]
    assert [each["id"] for each in terminal.asked(incidents.replace("level=I", "level=III"))["items"]] == ["INC-000001"]
    forbidden = json.loads(terminal.run(note))
    assert forbidden["code"] == "forbidden"  # the token's scope is reading
    terminal.token = terminal.asked(sign_in)["access_token"]
    assert terminal.asked(note)["entries"][0]["by"] == "guard"
    assert terminal.asked(note)["repeated"]
    assert "INC-000001" in terminal.run(report)
    terminal.run(document)
    assert "Error" not in terminal.run(generate)


def test_a_typed_client_made_from_the_document_asks_and_acts(terminal: Terminal, tmp_path: Path) -> None:
    sign_in, *_, document, generate = written()
    terminal.token = terminal.asked(sign_in)["access_token"]
    terminal.run(document)
    terminal.run(generate)
    (block,) = blocks(CLIENTS, "python")
    example = re.sub(r"^client = ", "import os\n\ntoken = os.environ['TOKEN']\nclient = ", block.text, flags=re.M)
    (tmp_path / "example.py").write_text(example.replace("http://127.0.0.1:8080", terminal._gateway.url))
    assert terminal.run("python example.py") == ""
    _, answer = terminal._gateway.ask(
        "/api/v1/incidents/INC-000001/timeline", headers={"Authorization": f"Bearer {terminal.token}"}
    )
    said = [entry for entry in json.loads(answer)["items"] if entry["kind"] == "noted"]
    assert [(entry["by"], entry["text"].endswith("from a typed client")) for entry in said][-1:] == [("guard", True)]
