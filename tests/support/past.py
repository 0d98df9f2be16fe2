"""A past for a gateway that is not started yet: what the tower's meters and detectors would have said for some days."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gateway.check import check
from gateway.telemetry import Telemetry
from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS, Instant
from rules.mode import Mode
from rules.site import Device, Directory
from simulators.building import demo_tower, site_yaml
from simulators.devices import readings
from simulators.scene import Layout, Scene

BEIJING_MS = 8 * HOUR_MS
METERS_EVERY_MS, DETECTORS_EVERY_MS = 10 * MINUTE_MS, 5 * MINUTE_MS
ROWS_MAX = 20_000  # kept in memory before they are written


def directory_of(folder: Path) -> Directory:
    """The demo's tower."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "site.yaml"
    file.write_text("".join(site_yaml(demo_tower())), encoding="utf-8")
    directory = check([file]).directory
    assert directory is not None
    return directory


def write_past(
    telemetry: Path, directory: Directory, now: Instant, days: int = 8, devices: tuple[str, ...] = ()
) -> int:
    """Into the folder of a gateway that does not run. All meters, and `devices` (names) every five minutes of the
    last one. → how many readings."""
    scene = Scene(0, Layout({}, {}), utc_offset_ms=BEIJING_MS)
    store = Telemetry(telemetry)
    told = 0
    try:
        for hour in range(now - days * DAY_MS, now, HOUR_MS):
            for device in directory.devices.values():
                every_ms = _every_ms(device, devices, now - hour)
                for at in range(hour, min(hour + HOUR_MS, now), every_ms) if every_ms else ():
                    body = msgspec.json.encode(readings(device, scene, at))
                    store.rows.append((store.source(Mode.ACTUAL.value, device.id), at, -1, 0, at, None, body))
                    told += 1
            if len(store.rows) > ROWS_MAX:
                store.commit()
        store.commit()
    finally:
        store.close()
    return told


def _every_ms(device: Device, wanted: tuple[str, ...], ago_ms: int) -> int:
    """0: it said nothing."""
    if device.device_class == "energy_meter":
        return METERS_EVERY_MS
    return DETECTORS_EVERY_MS if device.id.partition("/")[2] in wanted and ago_ms <= DAY_MS else 0
