"""`tocsin certs …`: an authority of one's own, for tests and small sites, and what it issues to broker and devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.certificates import CertificateFolder, Issued, Kind
    from rules.instant import Instant

SOON_DAYS = 30  # what expires within this is marked in the list

app = typer.Typer(
    no_args_is_help=True,
    help="Certificates for a test or a small site: an authority, the broker, the gateway, each device. docs/certs.md",
)

Folder = Annotated[Path, typer.Option("--folder", "-f", metavar="FOLDER", help="The authority's folder.")]
Days = Annotated[float, typer.Option(min=0.01, max=3_660, help="How long it is valid.")]
Sans = Annotated[
    list[str] | None, typer.Option("--san", help="A further host name or IP address; several are possible.")
]
Sites = Annotated[
    list[Path] | None, typer.Option("--site", metavar="FILE", help="A certificate for every device of a site file.")
]
HERE = Path("certs")
CLIENT, SERVER, CA = 730.0, 397.0, 3_650.0


@app.command("init")
def init(
    folder: Folder = HERE,
    name: Annotated[str, typer.Option(help="What the authority is called.")] = "Tocsin test CA",
    days: Days = CA,
) -> None:
    """Begin a folder: a new authority, and an empty list of revoked certificates."""
    with _folder(folder) as (certificates, now):
        _say(certificates.begin(name, days, now))
        typer.echo(f"Keep {folder / 'ca.key'} off every machine that is on the network: whoever has it is any device.")


@app.command("server")
def server(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As clients call it: a host name or IP address.")],
    folder: Folder = HERE,
    san: Sans = None,
    days: Days = SERVER,
) -> None:
    """A certificate for a broker or a web server."""
    _issue(folder, "SERVER", [name], san, days)


@app.command("gateway")
def gateway(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The broker's user.")] = "tocsin-gateway",
    folder: Folder = HERE,
    days: Days = SERVER,
) -> None:
    """A certificate for the gateway."""
    _issue(folder, "GATEWAY", [name], None, days)


@app.command("device")
def device(
    names: Annotated[list[str] | None, typer.Argument(metavar="SITE/DEVICE…", help="As in their topics.")] = None,
    site: Sites = None,
    folder: Folder = HERE,
    days: Days = CLIENT,
) -> None:
    """Certificates for devices: the common name is site/device, so that the broker knows whose topics are whose."""
    wanted = list(names or [])
    with _faults():
        wanted += [each for each in _devices(site or []) if each not in wanted]
    if not wanted:
        _fail("neither a device nor a --site is named")
    _issue(folder, "DEVICE", wanted, None, days)


@app.command("client")
def client(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="The broker's users.")],
    folder: Folder = HERE,
    days: Days = CLIENT,
) -> None:
    """Certificates for other programs: drill equipment, Zigbee2MQTT, a panel that speaks for its detectors."""
    _issue(folder, "CLIENT", names, None, days)


@app.command("renew")
def renew(
    names: Annotated[list[str], typer.Argument(metavar="NAME…")], folder: Folder = HERE, days: Days = SERVER
) -> None:
    """The same names, another key. The former certificate stays valid until it expires or is revoked."""
    with _folder(folder) as (certificates, now):
        for name in names:
            _say(certificates.renew(name, days, now))


@app.command("revoke")
def revoke(names: Annotated[list[str], typer.Argument(metavar="NAME…")], folder: Folder = HERE) -> None:
    """Devices that were lost, stolen, replaced: puts all their certificates on the list (crl.pem), for the broker."""
    with _folder(folder) as (certificates, now):
        for name in names:
            for serial in certificates.revoke(name, now):
                typer.echo(f"{name}: revoked {serial:x}")
        typer.echo(f"Give {folder / 'crl.pem'} to the broker, and restart it: docs/certs.md")


@app.command("list")
def list_certificates(folder: Folder = HERE) -> None:
    """Everything that was issued, and until when. Exit code 1: something in use is expired or expires soon."""
    from datetime import timedelta

    from gateway.certificates.authority import moment

    with _folder(folder) as (certificates, now):
        entries = certificates.entries(now)
        width = max(len(each.name) for each in entries)
        soon = 0
        for each in entries:
            left = (each.ends - moment(now)) // timedelta(days=1)
            in_use = each.state in ("valid", "expired") and not each.file.startswith("former/")
            late = in_use and left < SOON_DAYS
            soon += late
            remark = f"  <- {left} days left" if late and each.state == "valid" else ""
            typer.echo(
                f"{each.kind:<6}  {each.name:<{width}}  {each.state:<8}  until {each.ends:%Y-%m-%d}  "
                f"{each.file}  {each.serial:x}{remark}"
            )
        if soon:
            raise typer.Exit(1)


def _issue(folder: Path, kind: str, names: list[str], san: list[str] | None, days: float) -> None:
    from gateway.certificates import Kind, Wanted

    of: Kind = Kind[kind]
    with _folder(folder) as (certificates, now):
        for name in names:
            _say(certificates.issue(Wanted(of, name, tuple(san or ()), days), now))


def _devices(sites: list[Path]) -> list[str]:
    """All that speak Tocsin's own format; others speak through something that has a certificate of its own."""
    from gateway.library import load

    devices = load(sites).directory.devices.values() if sites else ()
    return [each.id for each in devices if each.source is None]


def _say(issued: Issued) -> None:
    remark = " (the authority's own end)" if issued.cut_short else ""
    typer.echo(f"{issued.name}: {issued.certificate}, {issued.key}, valid until {issued.ends:%Y-%m-%d}{remark}")


@contextmanager
def _folder(folder: Path) -> Iterator[tuple[CertificateFolder, Instant]]:
    from gateway.certificates import CertificateFolder
    from gateway.clock import now_ms

    with _faults():
        yield CertificateFolder(folder), now_ms()


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as fault:
        _fail(str(fault))


def _fail(fault: str) -> None:
    typer.echo(f"tocsin: {fault}", err=True)
    raise typer.Exit(2)
