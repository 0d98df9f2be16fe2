"""The process that makes the roll-up: `python -m gateway.rollup FOLDER HOUR`, the meters on its input.

Beside the gateway and below it: an hour of forty meters is a fifth of a second of work, which would hold up alarms.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import msgspec

from gateway.rollup.file import RollUp
from gateway.rollup.making import make
from gateway.store.errors import StoreFailed
from gateway.telemetry import Telemetry
from rules.kpi_energy import Meter

NICE = 10  # below the gateway and the API's process


def main(arguments: list[str]) -> None:
    folder, until = Path(arguments[0]), int(arguments[1])
    os.nice(NICE)
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    meters = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Meter])
    try:
        telemetry = Telemetry(folder, writer=False)
        try:
            rollup = RollUp(folder, writer=True)
            try:
                for _ in make(telemetry, rollup, meters, until):
                    pass
            finally:
                rollup.close()
        finally:
            telemetry.close()
    except StoreFailed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
