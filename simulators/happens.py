"""What can happen in a scenario: fires, faults of devices, outages, channels that take nothing.

happens:
  - {at: 10s, fire: 12F-east, growth: medium, smoulders: 30s, spreads_after: 3min, put_out_after: 10min}
  - {at: 1min, fault: entrapment, device: lift-2, lasts: 10min}
  - {at: 2min, fault: fault, devices: {class: [siren, smoke_vent], floor: 12F, at_most: 20}, over: 1min}
  - {at: 0s, undelivered: sms, lasts: 5min}                       # a channel or an authority that takes nothing
  - {at: 3min, outage: broker, lasts: 1min}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from rules.file_types import FileModel, Id, Name
from rules.instant import DurationMs, Instant
from rules.mode import Mode
from rules.site import Device
from simulators.chance import key, uniform
from simulators.fire import Fire, Growth
from simulators.scene import Disturbance, Fault, Layout

HOPS_MAX = 8  # how far a fire itself can be said to spread


class InMode(FileModel):
    at: DurationMs
    mode: Mode | None = Field(None, description="without: the one in which the scenario is played")


class FireStarts(InMode):
    fire: Id = Field(description="the zone, by its id in the site file")
    growth: Growth = Growth.MEDIUM
    smoulders: DurationMs = Field(0, description="before it flames")
    put_out_after: DurationMs | None = Field(None, description="from its start; without it burns to the end")
    peak_kw: float = Field(2_000.0, gt=20, le=50_000)
    spreads_after: DurationMs | None = Field(
        None, ge=1_000, description="so long after its start the zones that adjoin it burn, twice as long the one above"
    )
    spreads_hops: int = Field(1, ge=1, le=HOPS_MAX, description="and so often on from there; the zone above counts two")

    def fires(self, site: str, begins: Instant, layout: Layout) -> list[Fire]:
        """It and those it lights, until all are put out together."""
        origin, since = f"{site}/{self.fire}", begins + self.at
        until = None if self.put_out_after is None else since + self.put_out_after
        hops = _reached(layout, origin, self.spreads_hops) if self.spreads_after is not None else {origin: 0}
        found = [Fire(origin, since, self.growth, self.smoulders / 1000, until, self.peak_kw)]
        for zone, count in hops.items():
            lit_at = since + count * (self.spreads_after or 0)
            if zone != origin and (until is None or lit_at < until):
                found.append(Fire(zone, lit_at, self.growth, 0.0, until, self.peak_kw))
        return found


def _reached(layout: Layout, origin: str, hops_max: int) -> dict[str, int]:
    """Zone → hops, of every zone that fire itself comes to."""
    found, reached = {origin: 0}, [origin]
    for zone in reached:
        steps = [*((each, 1) for each in layout.beside(zone)), *((each, 2) for each in layout.over(zone))]
        for each, hops in steps:
            if each not in found and found[zone] + hops <= hops_max:
                found[each] = found[zone] + hops
                reached.append(each)
    return found


class Several(FileModel):
    """Devices by what they are and where they stand, in the order of the site file."""

    model_config = ConfigDict(populate_by_name=True)
    classes: tuple[Name, ...] = Field((), alias="class", description="empty: every class")
    floor: Id | None = None
    zone: Id | None = None
    at_most: int = Field(100_000, ge=1, le=100_000)

    def of(self, devices: Iterable[Device], site: str) -> list[Device]:
        found = [
            device
            for device in devices
            if device.site == site
            and (not self.classes or device.device_class in self.classes)
            and self.floor in (None, device.floor)
            and self.zone in (None, device.zone.partition("/")[2])
        ]
        return found[: self.at_most]


class FaultStarts(InMode):
    fault: Fault
    device: Id | None = Field(None, description="by its id in the site file")
    devices: Several | None = Field(None, description="instead of one")
    over: DurationMs = Field(0, description="it begins at each of them at a moment of its own within this time")
    lasts: DurationMs | None = Field(None, description="without, to the end")

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.device is None) == (self.devices is None):
            raise ValueError("expected either a device or devices")
        if self.over and self.devices is None:
            raise ValueError("over is for several devices")
        return self

    def disturbances(self, site: str, begins: Instant, devices: Iterable[Device], seed: int) -> list[Disturbance]:
        if self.devices is None:
            return [self._one(f"{site}/{self.device}", begins + self.at)]
        chosen = self.devices.of(devices, site)
        moments = (round(self.over * uniform(key(seed, f"{each.id}/{self.at}/begins"))) for each in chosen)
        return [self._one(each.id, begins + self.at + moment) for each, moment in zip(chosen, moments, strict=True)]

    def _one(self, device: str, since: Instant) -> Disturbance:
        return Disturbance(self.fault, device, since, None if self.lasts is None else since + self.lasts)


class DeliveryFails(FileModel):
    """A channel or an authority takes nothing. Played on virtual time alone: live, nobody can break it."""

    at: DurationMs
    undelivered: Id = Field(description="the channel, by its id in the roster; or the authority")
    lasts: DurationMs | None = Field(None, description="without, to the end")


class BrokerAway(FileModel):
    """Nobody is heard and nothing is sent. Devices keep what they say and send it afterwards (QoS 1); a command waits
    until it expires. Played on virtual time alone, as above."""

    at: DurationMs
    outage: Literal["broker"]
    lasts: DurationMs


def _what(value: Any) -> str:
    written = value if isinstance(value, dict) else vars(value)
    found = {"fire": "a fire", "undelivered": "a delivery", "outage": "an outage"}
    return next((tag for name, tag in found.items() if name in written), "a fault")


Happens = Annotated[
    Annotated[FireStarts, Tag("a fire")]
    | Annotated[FaultStarts, Tag("a fault")]
    | Annotated[DeliveryFails, Tag("a delivery")]
    | Annotated[BrokerAway, Tag("an outage")],
    Discriminator(_what),
]
