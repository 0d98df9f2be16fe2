"""From a gateway without users to an admin who has signed in, by the commands of docs/access.md."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

from gateway.broker_process import free_port
from tests.e2e.test_documented_commands import curl, program, running
from tests.support.documented import ACCESS
from tests.support.markdown import blocks, commands
from tests.support.servers import require
from tests.support.sources import ROOT

PASSWORD = "a long pass phrase"


def test_the_first_admin_is_made_by_the_setup_secret_or_at_the_command_line_and_signs_in(tmp_path: Path) -> None:
    require("curl", shutil.which("curl"))
    add, set_up, sign_in = (command for block in blocks(ACCESS, "sh") for command in commands(block))
    data, port = tmp_path / "data", free_port("127.0.0.1")
    environment = {
        **os.environ,
        "TOCSIN_DATA": str(data),
        "TOCSIN_BROKER__URL": "embedded",
        "TOCSIN_BROKER__EMBEDDED_PORT": "0",
        "TOCSIN_HTTP__PORT": str(port),
    }
    run = shlex.split("tocsin run --config deploy/example/gateway.yaml")
    with running([program(run[0]), *run[1:]], environment):
        assert curl(["http://127.0.0.1:8080/api/v1/incidents"], port)[0] == 200
        asked = set_up.replace("deploy/example/data", str(data)).replace(":8080/", f":{port}/")
        made = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
        assert json.loads(made.stdout)["roles"] == ["admin"]
        assert curl(["http://127.0.0.1:8080/api/v1/incidents"], port)[0] == 401
        status, tokens = curl(shlex.split(sign_in)[1:], port)
        assert status == 200
        header = f"Authorization: Bearer {json.loads(tokens)['access_token']}"
        assert curl(["-H", header, "http://127.0.0.1:8080/api/v1/users"], port)[0] == 200
        assert not (data / "setup-secret").exists()
        _added(add, environment, expected=2)  # there is an ada already; the running gateway does not mind being asked
    _added(add, environment | {"TOCSIN_DATA": str(tmp_path / "other")}, expected=0)


def _added(command: str, environment: dict[str, str], expected: int) -> None:
    words = shlex.split(command)
    command_line = [program(words[0]), *words[1:]]
    done = subprocess.run(
        command_line, cwd=ROOT, env=environment, input=PASSWORD, capture_output=True, text=True, check=False
    )
    assert done.returncode == expected, done.stderr
