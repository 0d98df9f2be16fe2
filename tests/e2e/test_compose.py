"""deploy/compose.yaml, as far as it can be tried without containers: it is what the specification has, every file it
names is there, its settings are the programs' own, and each health check works on the program it is for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from compose_spec import PyCompose
from pydantic import BaseModel
from ruamel.yaml import YAML

from gateway.config import read_settings
from tests.support.console import RunningConsole
from tests.support.gateway import RunningGateway
from tests.support.peers import client_of, mosquitto_pub
from tests.support.postgres import HOST, Postgres, administered, postgres_programs
from tests.support.servers import mosquitto_program, require
from tests.support.shipped_broker import DEVICES, ShippedBroker
from tests.support.sources import ROOT

DEPLOY = ROOT / "deploy"
SITE = (DEPLOY / "example" / "site.yaml").read_text(encoding="utf-8")
OPEN_TO_ALL = {"8883:8883"}  # devices, with TLS and a client certificate
NOT_TRIED = {  # service → why its health check is not run here
    "influxdb": "InfluxDB 2 cannot be installed here",
    "grafana": "Grafana cannot be installed here",
    "prometheus": "tests of its rules are elsewhere",
}


def compose() -> dict[str, Any]:
    loaded = YAML(typ="safe").load(DEPLOY / "compose.yaml")
    return {name: value for name, value in loaded.items() if not name.startswith("x-")}


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


SERVICES = sorted(compose()["services"])


def test_the_file_is_what_the_compose_specification_has() -> None:
    PyCompose.from_json(json.dumps(compose())).validate()


def test_a_file_that_is_not_would_be_noticed() -> None:
    for spoil in (
        lambda each: each["services"]["gateway"].update(privileges="none"),
        lambda each: each["services"]["gateway"].update(networks=["nowhere"]),
    ):
        broken = compose()
        spoil(broken)
        with pytest.raises(ValueError, match=r"privileges|nowhere"):
            PyCompose.from_json(json.dumps(broken)).validate()


def test_docker_compose_accepts_the_file_where_there_is_one(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    done = subprocess.run(
        [docker, "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_can_do_little_but_its_work(name: str) -> None:
    one = service(name)
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in one["security_opt"]
    assert not one.keys() & {"privileged", "network_mode", "pid", "ipc", "cap_add", "devices"}
    user = one.get("user") or _user_of_image()
    assert re.fullmatch(r"[1-9]\d*:\d+", user), user
    limits = one["deploy"]["resources"]["limits"]
    assert {"memory", "pids"} <= limits.keys()
    assert re.search(r":v?\d+\.\d+(\.\d+)?\b", one["image"]), f"{one['image']} is not pinned"
    assert one.get("healthcheck") or one["image"].startswith("tocsin:")


def _user_of_image() -> str:
    found = re.findall(r"^USER (\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    return str(found[-1])


def test_only_devices_reach_anything_from_outside() -> None:
    published = {port for each in compose()["services"].values() for port in each.get("ports", [])}
    assert {port for port in published if not port.startswith("127.0.0.1:")} == OPEN_TO_ALL


def test_nobody_but_the_gateway_shares_the_broker_s_inner_network() -> None:
    inside = [name for name in SERVICES if "broker" in service(name).get("networks", [])]
    assert inside == ["gateway", "mosquitto"]
    assert compose()["networks"]["broker"] == {"internal": True}


def test_no_secret_stands_in_the_file() -> None:
    for name in SERVICES:
        for variable, value in service(name).get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET", variable):
                assert re.search(r"_FILE$", variable), (name, variable)
                assert value.removeprefix("/run/secrets/") in service(name)["secrets"]


# ---- what it names is there


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of deploy/ after `sh deploy/prepare.sh broker.example`."""
    copy = tmp_path_factory.mktemp("prepared") / "deploy"
    shutil.copytree(DEPLOY, copy, ignore=shutil.ignore_patterns("secrets", "certs", "sites", "data"))
    _prepare(copy)
    return copy


def _prepare(copy: Path) -> None:
    environment = {**os.environ, "TOCSIN": f"{sys.executable} -m tocsin", "PYTHONPATH": str(ROOT)}
    command = ["sh", str(copy / "prepare.sh"), "broker.example"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=copy)
    assert done.returncode == 0, done.stderr


def test_every_file_that_is_mounted_is_there_once_everything_is_prepared(prepared: Path) -> None:
    missing = []
    for name in SERVICES:
        for mount in service(name).get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith(".") and not (prepared / source).exists():
                missing.append(source)
            if not source.startswith("."):
                assert source in compose()["volumes"]
    missing += [each["file"] for each in compose()["secrets"].values() if not (prepared / each["file"]).exists()]
    assert missing == []


def test_every_secret_is_made_and_used(prepared: Path) -> None:
    used = {secret for name in SERVICES for secret in service(name).get("secrets", [])}
    made = {path.name for path in (prepared / "compose" / "secrets").iterdir()}
    assert used == compose()["secrets"].keys() == made


def test_preparing_again_changes_no_secret_and_brings_renewed_certificates(prepared: Path, tmp_path: Path) -> None:
    copy = tmp_path / "deploy"
    shutil.copytree(prepared, copy)
    secrets = copy / "compose" / "secrets"
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}
    (secrets / "grafana_admin").unlink()
    subprocess.run(
        [sys.executable, "-m", "tocsin", "certs", "renew", "mosquitto", "-f", str(copy / "compose" / "certs")],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    _prepare(copy)
    after = {path.name: path.read_bytes() for path in secrets.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"broker_cert", "broker_key", "grafana_admin"}


def test_secrets_are_long_each_its_own_and_behind_a_folder_for_their_owner_alone(prepared: Path) -> None:
    folder = prepared / "compose" / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    words = [
        (folder / name).read_text()
        for name in ("postgres_admin", "postgres_tocsin", "postgres_reader", "metrics_token", "influx_token")
    ]
    assert len(set(words)) == len(words)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{40,}", each) for each in words)


# ---- settings


def test_the_gateway_s_settings_are_settings_that_there_are() -> None:
    settings = read_settings(DEPLOY / "compose" / "gateway.yaml", {})
    named = {path.name for path in _paths(settings) if str(path).startswith("/run/secrets/")}
    assert named <= set(service("gateway")["secrets"])
    assert settings.broker.url == "mqtts://mosquitto:8884"
    assert not settings.access.open_until_first_user


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _paths(getattr(value, name))


def test_prometheus_and_grafana_ask_for_what_the_file_gives_them() -> None:
    """Hosts are services in a network they share; secrets are theirs."""
    for name, folder in (("prometheus", "prometheus"), ("grafana", "grafana/provisioning/datasources")):
        text = "".join(path.read_text() for path in sorted((DEPLOY / folder).iterdir()) if path.is_file())
        secrets = set(re.findall(r"/run/secrets/(\w+)", text))
        assert secrets
        assert secrets <= set(service(name)["secrets"])
        hosts = set(re.findall(r"(?:http://|targets: \[\")([a-z]+):\d+", text)) - {"alertmanager"}
        assert hosts
        for host in hosts:
            assert set(service(host)["networks"]) & set(service(name)["networks"]), (name, host)


def test_both_files_for_mosquitto_are_the_same_but_for_places() -> None:
    plain, contained = (
        [line for line in (DEPLOY / "mosquitto" / name).read_text().splitlines() if not line.startswith("#")]
        for name in ("mosquitto.conf", "compose.conf")
    )
    differing = [(was, now) for was, now in zip(plain, contained, strict=True) if was != now]
    assert {was.split()[0] for was, _ in differing} == {
        "cafile",
        "certfile",
        "keyfile",
        "crlfile",
        "listener",
        "persistence_location",
    }
    assert [each for each in differing if each[0].startswith("listener")] == [
        ("listener 8884 127.0.0.1", "listener 8884")
    ]


def test_what_the_image_is_made_of_is_there_and_is_let_through() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [
        source for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for source in line.split()
    ]
    let_through = [
        line[1:].rstrip("/") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    assert sorted(copied) == sorted(let_through)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    final = text.rpartition("\nFROM ")[2]
    assert not re.search(r"gcc|build-essential|pip install|-dev\b", final)
    assert re.search(r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim", text, re.MULTILINE)


# ---- health checks, each on the program it is for


def check_of(name: str) -> list[str]:
    """The command, as compose hands it to the container."""
    text = (DEPLOY / "Dockerfile").read_text()
    in_image = json.loads(re.findall(r"HEALTHCHECK .*\\\n\s+CMD (\[.*\])", text)[-1])
    test = service(name).get("healthcheck", {}).get("test") or ["CMD", *in_image]
    assert test[0] == "CMD"
    return [part.replace("$$", "$") for part in test[1:]]


def healthy(command: list[str]) -> bool:
    found = shutil.which(command[0])
    program = [sys.executable, "-m", "tocsin"] if command[0] == "tocsin" else [found or command[0]]
    return (
        subprocess.run([*program, *command[1:]], cwd=ROOT, capture_output=True, timeout=30, check=False).returncode == 0
    )


def test_every_health_check_is_tried_or_says_why_not() -> None:
    tried = {"mosquitto", "postgres", "gateway", "console"}
    assert tried | NOT_TRIED.keys() == set(SERVICES)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with administered() as made:
        yield made


def test_broker_store_gateway_and_console_work_together_with_the_settings_of_the_file(
    prepared: Path, cluster: Postgres, gateway: Callable[..., RunningGateway], tmp_path: Path
) -> None:
    """All that can be run here, wired as the file has it: only hosts, ports and folders are the test's."""
    require("mosquitto", mosquitto_program())
    secrets = prepared / "compose" / "secrets"
    _initialised(cluster, prepared)
    broker = ShippedBroker(tmp_path / "broker", settings="compose.conf", secrets=secrets)
    broker.start()
    console: RunningConsole | None = None
    try:
        assert _broker_is_healthy(broker, secrets)
        running = _contained(gateway(SITE, {}), broker, cluster, prepared)
        running.start()
        port = running.url.rpartition(":")[2]
        assert healthy([part.replace(":8080", f":{port}") for part in check_of("gateway")])
        token = (secrets / "metrics_token").read_text()
        assert running.ask("/metrics")[0] == 401
        assert b"tocsin_" in running.ask("/metrics", headers={"Authorization": f"Bearer {token}"})[1]
        assert running.ask("/api/v1/incidents")[0] == 401
        console = RunningConsole(tmp_path / "console", running.url)
        console.start()
        assert healthy([part.replace(":8090", f":{console.port}") for part in check_of("console")])
        _press(broker, prepared)
        answered = running.until(lambda: _incidents(running, token))
        assert answered[0]["level"] == "I"
        assert running.stop() == 0
        assert not healthy([part.replace(":8080", f":{port}") for part in check_of("gateway")])
    finally:
        if console is not None:
            console.stop()
        broker.stop()
    assert not _broker_is_healthy(broker, secrets)


def _initialised(cluster: Postgres, prepared: Path) -> None:
    environment = {
        **os.environ,
        "PGHOST": HOST,
        "PGPORT": str(cluster.port),
        "SECRETS": str(prepared / "compose" / "secrets"),
        "ROLES": str(prepared / "postgres" / "roles.sql"),
    }
    script = ["sh", str(prepared / "compose" / "postgres-init.sh")]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    programs = postgres_programs()
    assert programs is not None
    command = [part.replace("127.0.0.1", HOST) for part in check_of("postgres")]
    assert healthy([str(programs / command[0]), *command[1:], "-p", str(cluster.port)])


def _broker_is_healthy(broker: ShippedBroker, secrets: Path) -> bool:
    return healthy(
        [
            part.replace("8884", str(broker.near_port)).replace("/run/secrets/", f"{secrets}/")
            for part in check_of("mosquitto")
        ]
    )


def _contained(running: RunningGateway, broker: ShippedBroker, cluster: Postgres, prepared: Path) -> RunningGateway:
    text = (prepared / "compose" / "gateway.yaml").read_text()
    for was, now in (
        ("/run/secrets/", f"{prepared / 'compose' / 'secrets'}/"),
        ("mqtts://mosquitto:8884", f"mqtts://localhost:{broker.near_port}"),
        ("@postgres/", f"@{HOST}:{cluster.port}/"),
        ("/etc/tocsin/sites", str(prepared / "compose" / "sites")),
        ("data: /var/lib/tocsin", f"data: {running.data}"),
        ("host: 0.0.0.0", "host: 127.0.0.1"),
        ("port: 8080", "port: 0"),
        ("http://influxdb:8086", "http://127.0.0.1:9"),  # away, which stops nothing
    ):
        assert was in text, was
        text = text.replace(was, now)
    running.settings.write_text(json.dumps(YAML(typ="safe").load(text)))
    return running


def _press(broker: ShippedBroker, prepared: Path) -> None:
    certs = prepared / "compose" / "certs"
    device = DEVICES[2]
    subprocess.run(
        [sys.executable, "-m", "tocsin", "certs", "device", device, "-f", str(certs)],
        check=True,
        cwd=ROOT,
        capture_output=True,
    )
    stem = certs / "clients" / device
    client = client_of(broker, device)._replace(certificate=f"{stem}.pem", key=f"{stem}.key", ca=str(certs / "ca.pem"))
    pressed = json.dumps({"values": {"alarm": True}})
    assert mosquitto_pub(client, f"tocsin/v1/{device}/telemetry", pressed) == 0


def _incidents(running: RunningGateway, token: str) -> Any:
    status, body = running.ask("/api/v1/incidents", headers={"Authorization": f"Bearer {token}"})
    return json.loads(body)["items"] if status == 200 else []
