"""The units of deploy/systemd: what a real `tocsin run` tells a service manager, and how much the units leave open."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.broker_process import free_port
from tests.support.gateway import RunningGateway
from tests.support.servers import require
from tests.support.service_manager import ServiceManager
from tests.support.sources import ROOT

UNITS = ROOT / "deploy" / "systemd"
SITE = (ROOT / "deploy" / "example" / "site.yaml").read_text(encoding="utf-8")
EXPOSURE_MAX = 2.0  # of 10; what systemd itself calls OK
PUT_THERE = "/opt/tocsin/bin/"  # where deploy/README.md installs
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1  # linux/prctl.h, since Linux 6.3


def unit(name: str) -> dict[str, list[str]]:
    """`Section.Key` → its values, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in (UNITS / name).read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[f"{section}.{key}"].append(value)
    return found


# ---- what is told


def test_a_service_manager_is_told_the_start_signs_of_life_and_the_stop(
    gateway: Callable[..., RunningGateway], tmp_path: Path
) -> None:
    running = gateway(SITE, {"embedded_port": 0})
    with ServiceManager(tmp_path, watchdog_ms=300) as manager:
        running.variables = manager.environment
        running.start()
        manager.until("READY=1")
        manager.until("WATCHDOG=1", times=5)
        assert running.stop() == 0
        manager.until("STOPPING=1")
        said = manager.all_that_is_there()
    kinds = [each.partition("=")[0] for each in said]
    assert (kinds[0], kinds.count("READY"), kinds.count("STOPPING")) == ("READY", 1, 1)


def test_a_gateway_whose_broker_is_away_has_started_all_the_same(
    gateway: Callable[..., RunningGateway], tmp_path: Path
) -> None:
    """Else the service manager would start it again and again, and nobody could see why."""
    running = gateway(SITE, f"mqtt://127.0.0.1:{free_port('127.0.0.1')}")
    with ServiceManager(tmp_path) as manager:
        running.variables = manager.environment
        running.start(ready=False)
        manager.until("READY=1")
        assert running.stop() == 0


def test_a_gateway_that_stands_still_gives_no_sign_of_life(
    gateway: Callable[..., RunningGateway], tmp_path: Path
) -> None:
    running = gateway(SITE, {"embedded_port": 0})
    with ServiceManager(tmp_path, watchdog_ms=300) as manager:
        running.variables = manager.environment
        running.start()
        manager.until("WATCHDOG=1", times=2)
        os.kill(running.pid, signal.SIGSTOP)
        try:
            manager.all_that_is_there()
            assert not manager.hear(1.0)
        finally:
            os.kill(running.pid, signal.SIGCONT)
        before = sum("WATCHDOG=1" in each for each in manager.said)
        manager.until("WATCHDOG=1", times=before + 1)
        assert running.stop() == 0


# ---- how much is left open


@pytest.mark.parametrize("name", ["tocsin-gateway", "tocsin-console", "tocsin-backup"])
def test_a_unit_s_exposure_is_what_systemd_calls_ok(name: str) -> None:
    program = shutil.which("systemd-analyze")
    require("systemd-analyze", program)
    command = [str(program), "security", "--offline=true", "--no-pager", str(UNITS / f"{name}.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE_MAX, done.stdout


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    require("systemd-analyze", program)
    for path in sorted(UNITS.glob("tocsin-*")):
        text = path.read_text().replace(f"{PUT_THERE}tocsin", shutil.which("true") or "/bin/true")
        (tmp_path / path.name).write_text(text)
    units = [str(path) for path in sorted(tmp_path.glob("tocsin-*"))]
    done = subprocess.run(
        [str(program), "verify", "--man=no", *units], capture_output=True, text=True, check=False, timeout=60
    )
    ours = [line for line in done.stderr.splitlines() if "tocsin" in line]
    assert ours == []
    assert len(units) == 4


@pytest.mark.parametrize("name", sorted(path.name for path in UNITS.glob("*.service")))
def test_a_unit_runs_a_command_that_there_is_with_options_that_it_has(name: str) -> None:
    (command,) = unit(name)["Service.ExecStart"]
    program, *arguments = shlex.split(command.replace(PUT_THERE, ""))
    assert program == "tocsin"
    said = subprocess.run(
        [sys.executable, "-m", "tocsin", arguments[0], "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
        cwd=ROOT,
    ).stdout
    assert [each for each in arguments if each.startswith("--") and each not in said] == []


def test_the_gateway_is_restarted_for_ever_and_its_secrets_are_credentials() -> None:
    gateway = unit("tocsin-gateway.service")
    assert (gateway["Service.Restart"], gateway["Unit.StartLimitIntervalSec"]) == (["always"], ["0"])
    given = {value.partition(":")[0] for value in gateway["Service.LoadCredential"]}
    variables = dict(value.split("=", 1) for value in gateway["Service.Environment"])
    used = {value.removeprefix("%d/") for value in variables.values() if value.startswith("%d/")}
    assert given == used


def test_the_variables_of_the_units_are_settings_that_there_are() -> None:
    from tests.support.generated import variables

    for path in UNITS.glob("*.service"):
        named = [each.partition("=")[0] for each in unit(path.name)["Service.Environment"]]
        assert {each for each in named if each.startswith("TOCSIN_")} <= set(variables()), path.name


def test_the_gateway_works_where_no_memory_may_become_code(
    gateway: Callable[..., RunningGateway], tmp_path: Path
) -> None:
    """MemoryDenyWriteExecute, as the kernel itself has it: nothing that is loaded makes code while it runs."""
    launcher = (
        "import ctypes, os, sys\n"
        f"if ctypes.CDLL(None, use_errno=True).prctl({PR_SET_MDWE}, {REFUSE_EXEC_GAIN}, 0, 0, 0): sys.exit(77)\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    tried = subprocess.run([sys.executable, "-c", launcher, shutil.which("true") or "/bin/true"], check=False)
    if tried.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE (Linux 6.3)")
    report = tmp_path / "report.pdf"
    command = [sys.executable, "-m", "tocsin", "drill", "fire-on-12f", "--format", "pdf", "--output", str(report)]
    done = subprocess.run(
        [sys.executable, "-c", launcher, *command], capture_output=True, text=True, check=False, cwd=ROOT, timeout=100
    )
    assert report.exists(), done.stderr
    checked = subprocess.run(
        [sys.executable, "-c", launcher, sys.executable, "-m", "tocsin", "check", "deploy/example"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert checked.returncode == 0, checked.stderr


def test_the_user_of_the_units_is_the_one_that_is_made() -> None:
    made = re.search(r"^u (\S+) ", (UNITS / "tocsin.sysusers").read_text(), re.MULTILINE)
    assert made
    for name in ("tocsin-gateway.service", "tocsin-backup.service"):
        assert unit(name)["Service.User"] == [made[1]]
