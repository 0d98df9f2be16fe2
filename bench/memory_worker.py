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
FIRST_PART = 5  # what the first fifth of the devices takes is left out: it holds the caches of the stores, once for all


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
    first = int(devices) // FIRST_PART
    _speak(inside, traffic, first)
    filled = resident()
    _speak(inside, traffic, int(devices) - first)
    spoken = resident()
    print(
        json.dumps(
            {
                "directory": read - started,
                "watched": watched - opened,
                "spoken": round((spoken - filled) / (int(devices) - first) * int(devices)),
            }
        )
    )
    inside.close()


def _speak(inside: Inside, traffic: Traffic, messages: int) -> None:
    for start in range(0, messages, BATCH):
        inside.take(traffic.take(min(BATCH, messages - start), now_ms()))


if __name__ == "__main__":
    main(*sys.argv[1:])
