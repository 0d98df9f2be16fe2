"""`tocsin …`: one line a command. A command's module imports what it works with inside its function,
so that `tocsin --help` does not wait for the gateway.
"""

from __future__ import annotations

import typer

from tocsin import (
    acl,
    audit,
    backup,
    certs,
    check,
    console,
    demo,
    devices,
    drill,
    explain,
    fuzz,
    health,
    journal,
    plan,
    play,
    play_drills,
    portfolio,
    report,
    run,
    schema,
    simulate,
    users,
)

app = typer.Typer(
    name="tocsin",
    help="An MQTT gateway that turns what a building's sensors say into graded emergency responses.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold passwords
    add_completion=False,
)

app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("console")(console.console)
app.command("check")(check.check)
app.command("schema")(schema.schema)
app.command("verify-log")(journal.verify_log)
app.command("replay")(journal.replay)
app.command("audit")(audit.audit)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("explain")(explain.explain)
app.command("report")(report.report)
app.add_typer(plan.app, name="plan")
app.add_typer(devices.app, name="devices")
app.add_typer(users.app, name="users")
app.add_typer(certs.app, name="certs")
app.command("acl")(acl.acl)
app.command("health")(health.health)
app.command("drill")(drill.drill)
app.command("play-drills")(play_drills.play_drills)
app.command("simulate")(simulate.simulate)
app.command("portfolio")(portfolio.portfolio)
app.command("play")(play.play)
app.command("fuzz")(fuzz.fuzz)


def main() -> None:
    app()
