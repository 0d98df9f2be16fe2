"""A process with so many devices and rules that measures when it is told to: `python -m bench.scaling_worker …`.

Arguments: folder, devices, more rules, class ("*": as they come). It says `ready`; for each line with a number of
messages it answers with the CPU seconds they took.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from pathlib import Path

from bench.inside import Inside, Traffic, loaded, portfolio_of
from gateway.clock import now_ms

BATCH = 500  # messages in a read of the socket and a commit: the gateway's at 25 000/s with hardly any load, and more
WARM_TURNS = 2  # of all devices, at the least
WARM_MESSAGES = 20_000


def main(folder: str, devices: str, more_rules: str, device_class: str) -> None:
    plan = portfolio_of(int(devices))
    known = loaded(plan, int(more_rules))
    inside = Inside(known, Path(folder))
    inside.start()
    speaking = [each for each in known.directory.devices.values() if device_class in ("*", each.device_class)]
    random.Random(1).shuffle(speaking)  # not the order they lie in memory
    traffic = Traffic(speaking, first_seq=now_ms())
    first = _measured(inside, traffic, len(speaking))
    for _ in range(max((WARM_TURNS - 1) * len(speaking), WARM_MESSAGES) // BATCH + 1):
        inside.take(traffic.take(BATCH, now_ms()))
    gc.collect()
    print(json.dumps({"first_us": first / len(speaking) * 1e6, "rules": len(known.ruleset.detections)}), flush=True)
    for line in sys.stdin:
        print(json.dumps(_measured(inside, traffic, int(line))), flush=True)
    inside.close()


def _measured(inside: Inside, traffic: Traffic, messages: int) -> float:
    """CPU seconds of this process, all threads, without those of making the messages."""
    spent = 0.0
    for start in range(0, messages, BATCH):
        batch = traffic.take(min(BATCH, messages - start), now_ms())
        began = time.process_time()
        inside.take(batch)
        spent += time.process_time() - began
    return spent


if __name__ == "__main__":
    main(*sys.argv[1:])
