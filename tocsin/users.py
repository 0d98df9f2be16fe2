"""`tocsin users …`: who may use the API. For whoever can write to the data folder; the gateway may run meanwhile."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.run import Config

if TYPE_CHECKING:
    from api.identity_port import Account
    from api.permissions import Role
    from gateway.identity.at_the_console import Console

app = typer.Typer(no_args_is_help=True, help="Who may use the API: users, their roles, sites and passwords.")

Name = Annotated[str, typer.Argument(metavar="NAME")]
Roles = Annotated[list[str] | None, typer.Option("--role", help="Several are possible; see docs/access.md.")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="Several are possible; none: all sites.")]
Person = Annotated[str | None, typer.Option("--person", help="Who they are in the roster.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="Where the password stands; else it is asked for.")
]


@app.command("add")
def add(
    name: Name,
    role: Roles = None,
    site: Sites = None,
    person: Person = None,
    password_file: PasswordFile = None,
    config: Config = None,
) -> None:
    """Make a user. The first one should have the role admin."""
    from api.identity_port import Change

    roles = _roles(role or [])
    if not roles:
        _fail("a user needs a --role")
    with _console(config) as console:
        sites = frozenset(site) if site else None
        change = Change(roles, sites, person, frozenset(), None, disabled=False)
        _say([console.add(name, change, _password(password_file))])


@app.command("list")
def list_users(config: Config = None) -> None:
    """All users, by name."""
    with _console(config) as console:
        _say(console.accounts())


@app.command("change")
def change(
    name: Name,
    role: Roles = None,
    site: Sites = None,
    all_sites: Annotated[bool, typer.Option("--all-sites", help="Also those that are added later.")] = False,
    person: Person = None,
    config: Config = None,
) -> None:
    """Say what a user may do, where, and as whom. What is not named stays."""
    with _console(config) as console:
        sites = frozenset(site) if site else None
        _say([console.change(name, _roles(role) if role else None, sites, all_sites, person)])


@app.command("password")
def password(name: Name, password_file: PasswordFile = None, config: Config = None) -> None:
    """Give a user another password. Ends every session of theirs."""
    with _console(config) as console:
        _say([console.set_password(name, _password(password_file))])


@app.command("disable")
def disable(name: Name, config: Config = None) -> None:
    """Let a user in no more: sessions end, API tokens of theirs do nothing. Users are never removed."""
    with _console(config) as console:
        _say([console.change(name, disabled=True)])


@app.command("enable")
def enable(name: Name, config: Config = None) -> None:
    """Let a user in again."""
    with _console(config) as console:
        _say([console.change(name, disabled=False)])


@app.command("sign-out")
def sign_out(name: Name, config: Config = None) -> None:
    """End all sessions of a user."""
    with _console(config) as console:
        _say([console.end_sessions(name)])


def _say(accounts: list[Account]) -> None:
    for each in accounts:
        roles = ",".join(sorted(role.value for role in each.roles)) or "no role"
        sites = "all sites" if each.sites is None else ",".join(sorted(each.sites)) or "no site"
        rest = [f"as {each.person}"] if each.person else []
        rest += ["disabled"] if each.disabled else []
        typer.echo("  ".join([each.name, roles, sites, *rest]))


def _roles(words: list[str]) -> frozenset[Role]:
    from api.permissions import Role

    known = [role.value for role in Role]
    for word in words:
        if word not in known:
            _fail(f"{word!r} is no role; expected one of {', '.join(known)}")
    return frozenset(Role(word) for word in words)


def _password(file: Path | None) -> str:
    """Never an argument: those can be read in the list of processes, and in the shell's history."""
    if file is not None:
        from gateway.config import read_secret

        return read_secret(file) or ""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@contextmanager
def _console(config: Path | None) -> Iterator[Console]:
    from api.identity_port import NotDone
    from gateway.config import BadSettings, read_settings
    from gateway.identity.at_the_console import console
    from gateway.store import StoreFailed

    try:
        with console(read_settings(config), f"{getpass.getuser()} at the command line") as opened:
            yield opened
    except (BadSettings, NotDone, StoreFailed, ValueError, OSError) as fault:
        _fail(str(fault))


def _fail(fault: str) -> None:
    typer.echo(f"tocsin: {fault}", err=True)
    raise typer.Exit(2)
