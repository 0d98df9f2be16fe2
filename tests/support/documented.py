"""The commands of the documentation: which test runs each, or why none does."""

from __future__ import annotations

from pathlib import Path

ACCESS, CLIENTS, KEEPING = Path("docs/access.md"), Path("docs/clients.md"), Path("docs/keeping.md")
CERTS = Path("docs/certs.md")
PAGES = (
    Path("README.md"),
    Path("deploy/README.md"),
    Path("CONTRIBUTING.md"),
    Path("docs/plans.md"),
    Path("docs/reports.md"),
    ACCESS,
    CLIENTS,
    KEEPING,
    CERTS,
    Path("docs/scenarios.md"),
    Path("docs/drills.md"),
    Path("docs/fuzz.md"),
    Path("docs/devices.md"),
    Path("docs/metrics.md"),
    Path("docs/energy.md"),
)

_HERE = "tests/e2e/test_documented_commands.py"
_INCIDENT = "http://127.0.0.1:8080/api/v1/incidents/INC-000001"

SETS_UP = "sets up the virtual environment that the tests themselves run in"
IS_CI = "is what CI runs"

RUN_BY = {  # command, without line ends and comments → the test that runs it
    "make demo": "tests/e2e/test_demo_command.py",
    "tocsin check deploy/example": _HERE,
    "tocsin run --config deploy/example/gateway.yaml": _HERE,
    """mosquitto_pub -q 1 -t tocsin/v1/example/mcp-101/telemetry -m '{"values": {"alarm": true}}'""": _HERE,
    "curl -s http://127.0.0.1:8080/api/v1/incidents": _HERE,
    f"curl -s {_INCIDENT}/timeline": _HERE,
    f"curl -s {_INCIDENT}/acknowledge -H 'Content-Type: application/json' "
    """-d '{"by": "duty-officer", "role": "duty_officer", "note": "on my way"}'""": _HERE,
    f"curl -s {_INCIDENT}/acknowledge -H 'Content-Type: application/json' "
    """-d '{"by": "engineering-lead", "role": "engineering_lead"}'""": _HERE,
}
RUN_BY |= dict.fromkeys(
    ("tocsin plan list", "tocsin plan show fire --level I", "tocsin plan show lift_entrapment --level II --lang zh"),
    "tests/e2e/test_plan_command.py",
)
RUN_BY |= dict.fromkeys(
    (
        "tocsin report INC-000001 --format pdf --language zh --out INC-000001.pdf",
        f"curl -s '{_INCIDENT}/report?format=markdown&lang=en'",
        f"curl -s {_INCIDENT}/timeline.csv",
    ),
    "tests/e2e/test_report_command.py",
)
_CLIENTS = "tests/e2e/test_clients.py"
_AUTHORIZED = '-H "Authorization: Bearer $TOKEN"'
_API = "http://127.0.0.1:8080/api/v1"
RUN_BY |= dict.fromkeys(
    (
        f"curl -s {_API}/login/token -d grant_type=password -d username=guard -d password=correct-horse-battery",
        f"curl -s {_API}/tokens {_AUTHORIZED} -H 'Content-Type: application/json' "
        """-d '{"name": "wall-screen", "scopes": ["read"], "days": 90}'""",
        f"curl -s '{_API}/incidents?status=open&level=I' {_AUTHORIZED}",
        f"curl -s {_API}/incidents/INC-000001/notes {_AUTHORIZED} -H 'Content-Type: application/json' "
        """-H 'Idempotency-Key: patrol-1' -d '{"text": "the patrol is on its way"}'""",
        f"curl -s {_API}/incidents/INC-000001/report?format=markdown {_AUTHORIZED}",
        f"curl -s {_API}/openapi.json {_AUTHORIZED} -o openapi.json",
        "openapi-python-client generate --path openapi.json --output-path tocsin_client --meta none",
    ),
    _CLIENTS,
)
RUN_BY |= dict.fromkeys(
    (
        "tocsin backup /srv/backups --config deploy/example/gateway.yaml",
        "tocsin restore /srv/backups/tocsin-20261124T080000Z.zip --config deploy/example/gateway.yaml",
    ),
    "tests/e2e/test_backup_command.py",
)
RUN_BY |= {
    "tocsin play list": "tests/e2e/test_play_command.py",
    "tocsin play fire-that-spreads": "tests/drills/test_stories.py",
    "tocsin play": "tests/drills/test_stories.py",
    "tocsin portfolio --buildings 6 --floors 24 --least-floors 8 --uses office,residential,retail -o portfolio.yaml": (
        "tests/e2e/test_play_command.py"
    ),
    "tocsin check portfolio.yaml": "tests/e2e/test_play_command.py",
}
RUN_BY |= dict.fromkeys(
    (
        "tocsin users add ada --role admin --config deploy/example/gateway.yaml",
        f"curl -s {_API}/login/setup -H 'Content-Type: application/json' "
        """-d "{\\"secret\\": \\"$(cat deploy/example/data/setup-secret)\\", \\"name\\": \\"ada\\", """
        """\\"password\\": \\"a long pass phrase\\"}\"""",
        f"curl -s {_API}/login/token -d grant_type=password -d username=ada "
        "--data-urlencode 'password=a long pass phrase'",
    ),
    "tests/e2e/test_access.py",
)
RUN_BY |= dict.fromkeys(
    (
        "tocsin drill",
        "tocsin drill fire-on-12f",
        "tocsin drill fire-on-12f --format html --language zh --output report.html",
        "tocsin drill fire-on-12f --format pdf --output report.pdf",
    ),
    "tests/e2e/test_drill_command.py",
)
RUN_BY[
    "tocsin drill fire-on-12f --live --files sites --broker mqtt://127.0.0.1:1883 --api http://127.0.0.1:8080 --speed 1"
] = "tests/e2e/test_drills.py"
RUN_BY |= dict.fromkeys(
    (
        "tocsin devices",
        "tocsin devices show z2m/0x00158d0001dc126a",
        "tocsin devices assign z2m/0x00158d0001dc126a --zone example/2F-office --name sd-203 "
        '--reason "fitted on 24 November"',
        "tocsin devices assign z2m/0x00124b0022b1f5aa --zone example/2F-office --name sr-202 "
        '--reason "fitted on 24 November"',
        """mosquitto_pub -t 'zigbee2mqtt/2F/office smoke' -m '{"smoke": true, "battery": 97}'""",
        f"curl -s {_INCIDENT}/confirm -H 'Content-Type: application/json' "
        """-d '{"by": "duty-officer", "role": "duty_officer", "reason": "smoke is seen"}'""",
        'tocsin devices ignore z2m/0x0017880104e45517 --reason "a lamp"',
        'tocsin devices unassign z2m/0x00124b0022b1f5aa --reason "taken down"',
    ),
    "tests/e2e/test_foreign.py",
)
RUN_BY |= dict.fromkeys(
    ("promtool check rules deploy/prometheus/tocsin.rules.yaml", "promtool test rules tests/deploy/alerts.yaml"),
    "tests/deploy/test_prometheus.py",
)
RUN_BY["tocsin play-drills --files sites --broker mqtt://127.0.0.1:1883 --api http://127.0.0.1:8080"] = (
    "tests/console/browser/test_drills.py"
)
RUN_BY |= dict.fromkeys(
    (
        "tocsin certs init --folder certs",
        "tocsin certs server broker.example --san 10.0.0.5 --san localhost --folder certs",
        "tocsin certs gateway --folder certs",
        "tocsin certs device --site deploy/example/site.yaml --folder certs",
        "tocsin certs client tocsin-drill zigbee2mqtt --folder certs",
        "tocsin certs list --folder certs",
        "tocsin certs renew broker.example tocsin-gateway --folder certs",
        "tocsin certs revoke example/sd-101 --folder certs",
        "tocsin acl --output acl",
        "tocsin acl deploy/example/site.yaml --users panels --output acl",
        "tocsin acl --format zigbee2mqtt --format tasmota --output acl",
    ),
    "tests/e2e/test_certs_command.py",
)
RUN_BY |= {
    'psql -v tocsin_password="$(cat tocsin-password)" -v reader_password="$(cat reader-password)" '
    "-f deploy/postgres/roles.sql": "tests/e2e/test_postgres_roles.py",
    "psql -d tocsin -f deploy/postgres/reader.sql": "tests/e2e/test_postgres_roles.py",
    "sh deploy/prepare.sh broker.example": "tests/e2e/test_compose.py",
    "sh wheelhouse/install.sh /opt/tocsin-0.1.0": "tests/e2e/test_wheelhouse.py",
}
NEEDS_A_MACHINE = "installs on a machine; systemd does not run where the tests do"
NEEDS_CONTAINERS = "needs containers: not run yet, and deploy/README.md says so"
NOT_RUN = {  # command → why not
    "make test": IS_CI,
    "make check": IS_CI,
    "make test-console": "drives Chromium for minutes",
    "make setup": SETS_UP,
    ". .venv/bin/activate": SETS_UP,
    "make format": "changes the tree",
    "make lock": "asks a package index, and changes the tree",
    "make bench": "takes minutes",
    "make bench-baseline": "takes minutes; tests/bench/test_baseline.py is a short run of it",
    "make bench-console": "takes minutes; a small run of it is in tests/bench",
    "make screenshots": "changes the tree",
    "make bench-api": "takes minutes",
    "make fuzz-api": "takes many minutes; tests/e2e/test_fuzz.py is a short run of the same",
    "make audit-deps": "asks PyPI and OSV",
    "make fuzz-codecs": "takes minutes; tests/gateway/test_fuzz_codecs.py is a short run of the same",
    "make wheelhouse": IS_CI,
    "make peers": IS_CI,
    "make fuzz": IS_CI,
    'make fuzz ARGS="--seeds 10000 --save found"': "takes half an hour",
    "tocsin fuzz --seeds 1000": "takes minutes; tests/e2e/test_fuzz_command.py plays some",
    "tocsin fuzz --first 1000 --seeds 500": "takes minutes; tests/e2e/test_fuzz_command.py plays some",
    "tocsin fuzz --fresh 200 --seeds 0": IS_CI,
    "tocsin fuzz --replay failure.jsonl": "needs a failure; tests/e2e/test_fuzz_command.py replays a script",
    'make test ARGS="-k pre_alarm"': IS_CI,
    'make test ARGS="tests/rules"': IS_CI,
    'make test ARGS="-x --ff"': IS_CI,
    ".venv/bin/python -m tests.support.dashboards": "changes the tree; a test fails when it would",
    ".venv/bin/python -m tests.support.generated": "changes the tree; a test fails when it would",
}
_UNITS = "deploy/systemd/tocsin-"
NOT_RUN |= dict.fromkeys(
    (
        "python3 -m venv /opt/tocsin-0.1.0",
        "/opt/tocsin-0.1.0/bin/pip install --require-hashes --no-deps -r requirements/run.txt",
        "/opt/tocsin-0.1.0/bin/pip install --no-deps .",
        "ln -sfn /opt/tocsin-0.1.0 /opt/tocsin",
        "install -D -m 0644 deploy/systemd/tocsin.sysusers /etc/sysusers.d/tocsin.conf && systemd-sysusers",
        f"install -D -m 0644 -t /etc/systemd/system {_UNITS}gateway.service {_UNITS}console.service "
        f"{_UNITS}backup.service {_UNITS}backup.timer",
        "systemctl daemon-reload",
        "systemctl enable --now tocsin-gateway tocsin-console tocsin-backup.timer",
        "sudo -u tocsin TOCSIN_DATA=/var/lib/tocsin /opt/tocsin/bin/tocsin users add ada --role admin "
        "--config /etc/tocsin/gateway.yaml",
    ),
    NEEDS_A_MACHINE,
)
_COMPOSE = "docker compose -f deploy/compose.yaml"
NOT_RUN |= dict.fromkeys(
    (
        f"{_COMPOSE} build",
        f"{_COMPOSE} up -d",
        f"{_COMPOSE} exec gateway tocsin users add ada --role admin --config /etc/tocsin/gateway.yaml",
    ),
    NEEDS_CONTAINERS,
)
