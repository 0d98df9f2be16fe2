"""`python -m bench.memory_worker FOLDER DEVICES`: prints how much memory its parts came to hold, in bytes."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

from bench.inside import Inside, Traffic, loaded, portfolio_of
from gateway.clock import now_ms

BATCH = 500


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main(folder: str, devices: str) -> None:
    plan = portfolio_of(int(devices))
    loaded(portfolio_of(10))  # what is imported and cached once
    started = resident()
    known = loaded(plan)
    read = resident()
    inside = Inside(known, Path(folder))
    traffic = Traffic(list(known.directory.devices.values()), first_seq=now_ms())
    opened = resident()
    inside.start()
    watched = resident()
    for start in range(0, int(devices), BATCH):
        inside.take(traffic.take(min(BATCH, int(devices) - start), now_ms()))
    spoken = resident()
    counts = inside.ingest.counts
    print(
        json.dumps(
            {
                "directory": read - started,
                "watched": watched - opened,
                "spoken": spoken - watched,
                "live": counts.live,
                "devices": len(known.directory.devices),
            }
        )
    )
    inside.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
