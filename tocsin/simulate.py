"""`tocsin simulate`: load for a broker, and the site file that goes with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from simulators.load import Sent


def simulate(
    devices: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many devices there are.")] = 400,
    broker: Annotated[str, typer.Option(metavar="URL", help="mqtt://host:1883 or mqtts://host:8883")] = "",
    rate: Annotated[float, typer.Option(min=0, help="Messages a second, over all devices; 0: as many as can be.")] = 0,
    seconds: Annotated[float, typer.Option(min=0.1, help="For how long.")] = 10,
    count: Annotated[int, typer.Option(min=0, help="Send so many messages, however long it takes.")] = 0,
    connections: Annotated[int, typer.Option(min=1, max=1_000, help="MQTT connections to spread them over.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another portfolio.")] = 1,
    site_file: Annotated[
        Path | None, typer.Option(help="Write the site file that the gateway needs here first.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Publish quiet telemetry of a generated portfolio at QoS 1, and say what the broker acknowledged.

    Payloads are encoded beforehand: the load is not the bottleneck of what is measured. What the broker has handed on
    is seen by a subscriber to one of the devices.

    Without --broker only the site file is written. Exit code 1: the broker cannot be reached, or broke off.
    """
    if site_file is not None:
        _write_site(site_file, devices, seed)
    if not broker:
        if site_file is None:
            raise typer.BadParameter("neither --broker nor --site-file is given: there is nothing to do")
        return
    sent, handed_on = _publish(broker, devices, seed, rate or None, seconds, count or None, connections)
    typer.echo(_figures(sent, handed_on) if json else _sentence(sent, handed_on, rate))


def _write_site(path: Path, devices: int, seed: int) -> None:
    from simulators.building import portfolio, site_yaml

    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(site_yaml(portfolio(devices, seed)))


def _publish(
    broker: str, devices: int, seed: int, rate: float | None, seconds: float, count: int | None, connections: int
) -> tuple[Sent, int]:
    import asyncio

    import uvloop

    from gateway.clock import now_ms
    from gateway.link_settings import link_settings_from_url
    from simulators.load import LoadFailed, publish
    from simulators.load_frames import fleet
    from simulators.witness import Witness, WitnessFailed

    async def load() -> tuple[Sent, int]:
        settings = link_settings_from_url(broker, f"tocsin-witness-{now_ms()}")
        published = fleet(devices, seed)
        topic = f"tocsin/v1/{published[0].site}/{published[0].name}/telemetry"
        async with await Witness.at(settings, topic) as witness:
            sent = await publish(broker, published, rate, seconds=seconds, count=count, connections=connections)
            return sent, await witness.heard(sent.of_first)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(load())
    except (LoadFailed, WitnessFailed, OSError, TimeoutError, ValueError) as error:
        typer.echo(f"no load for the broker: {error or type(error).__name__}", err=True)
        raise typer.Exit(1) from error


def _sentence(sent: Sent, handed_on: int, rate: float) -> str:
    cpu_us = sent.cpu_seconds / max(1, sent.sent) * 1e6
    late = f" · at worst {sent.behind_seconds * 1000:.0f} ms behind" if rate else ""
    return (
        f"sent {sent.sent:,} · acknowledged {sent.acknowledged:,} · in {sent.seconds:.2f} s · "
        f"{sent.rate_per_s:,.0f}/s · {cpu_us:.1f} µs CPU a message{late} · "
        f"of one device the broker handed on {handed_on:,} of {sent.of_first:,}"
    )


def _figures(sent: Sent, handed_on: int) -> str:
    import msgspec

    return msgspec.json.encode(
        {**msgspec.to_builtins(sent), "rate_per_s": sent.rate_per_s, "handed_on": handed_on}
    ).decode()
