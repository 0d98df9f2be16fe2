"""`python -m bench.start_worker SETTINGS`: the steps of a gateway's start, one after the other, and what each takes."""

from __future__ import annotations

import time

before = time.perf_counter(), time.process_time()

import json  # noqa: E402 - what is imported is what is measured
import sys  # noqa: E402
from pathlib import Path  # noqa: E402


def main(settings_file: str) -> None:
    steps: dict[str, float] = {}
    cpu: dict[str, float] = {}
    at, at_cpu = before

    def done(step: str) -> None:
        nonlocal at, at_cpu
        now, now_cpu = time.perf_counter(), time.process_time()
        steps[step], cpu[step] = now - at, now_cpu - at_cpu
        at, at_cpu = now, now_cpu

    import tocsin.run  # noqa: F401
    from gateway.app import Gateway  # noqa: F401

    done("imports")
    from gateway.clock import now_ms
    from gateway.config import read_settings
    from gateway.core import TELEMETRY_FOLDER, calendars
    from gateway.desk import Desk
    from gateway.history import StoredHistory
    from gateway.library import load
    from gateway.store import Store
    from gateway.telemetry import Telemetry
    from rules.screen import Screen

    settings = read_settings(Path(settings_file))
    loaded = load(settings.files)
    done("files")
    store = Store.open(settings.store_url)
    telemetry = Telemetry(settings.data / TELEMETRY_FOLDER)
    done("stores")
    desk = Desk(store, now_ms, lambda entries, effects: None)
    done("replay")
    desk.load(*loaded.documents)
    screen = Screen(loaded.directory, loaded.ruleset, StoredHistory(telemetry, desk), calendars(loaded.directory))
    screen.start([], now_ms())
    done("screen")
    telemetry.close()
    store.close()
    print(json.dumps({"steps": steps, "cpu": cpu, "replayed": desk.replayed}))


if __name__ == "__main__":
    main(*sys.argv[1:])
