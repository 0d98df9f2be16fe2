"""The forwarder's process: `python -m gateway.forward`, told what to do over its standard input."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
from typing import BinaryIO

from gateway.clock import monotonic_s, now_ms
from gateway.config import GatewaySettings, InfluxPart
from gateway.forward.durable import Durable
from gateway.forward.forwarder import Forwarder
from gateway.forward.lines import Places
from gateway.forward.messages import Begin, Stand, ToGateway, Told, Unforwarded, decode_for_child, line_of
from gateway.forward.server import InfluxServer
from gateway.forward.stored import StoredRows

NICE = 10  # charts wait for the API, and that for alarms
TELL_SECONDS = 1.0
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
CURSOR = "influxdb.sqlite"  # in the data folder
TELEMETRY_FOLDER = "telemetry"  # as `gateway.core` has it

log = logging.getLogger("tocsin.forward")


class Ears:
    """What the gateway says, as it comes. `places`: the latest that were not taken yet."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._places: Places | None = None
        self.woken = threading.Event()
        self.stopped = False

    def listen(self) -> None:
        for line in self._pipe:
            message = decode_for_child(line)
            if isinstance(message, Stand):
                self._places = message.places
                self.woken.set()
        self.stop()  # the gateway is gone

    def take(self) -> Places | None:
        self.woken.clear()
        places, self._places = self._places, None
        return places

    def stop(self) -> None:
        self.stopped = True
        self.woken.set()


def target(part: InfluxPart) -> str:
    """What a cursor is of: with another, everything stored is sent."""
    return f"{part.url} {part.org} {part.bucket} {part.prefix}"


def _say(message: ToGateway) -> None:
    sys.stdout.buffer.write(line_of(message))
    sys.stdout.buffer.flush()


def _forward(settings: GatewaySettings, part: InfluxPart, ears: Ears) -> None:
    durable = Durable(settings.data / CURSOR, target(part))
    if durable.began_anew:
        log.warning("another InfluxDB, bucket or prefix than before: all stored readings are sent to it")
    stored = StoredRows(settings.data / TELEMETRY_FOLDER)
    server = InfluxServer(part, now_ms)
    forwarder = Forwarder(part, stored, durable, server, lambda lost: _say(Unforwarded(lost)), random.random)
    told_s, fault = float("-inf"), ""
    while not ears.stopped:
        places = ears.take()
        if places is not None:
            forwarder.stand(places)
        seconds = forwarder.turn(now_ms())
        counts = forwarder.counts
        if counts.fault != fault or monotonic_s() - told_s >= TELL_SECONDS:
            told_s, fault = monotonic_s(), counts.fault
            _say(Told(counts))
        if seconds:
            ears.woken.wait(seconds)
    durable.close()


def main() -> None:
    os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the gateway says when to stop
    begin = decode_for_child(sys.stdin.buffer.readline())
    assert isinstance(begin, Begin)
    logging.basicConfig(level=begin.log_level, format=LOG_FORMAT)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    settings = GatewaySettings.model_validate_json(begin.settings)
    assert settings.influxdb is not None
    ears = Ears(sys.stdin.buffer)
    signal.signal(signal.SIGTERM, lambda *_: ears.stop())
    threading.Thread(target=ears.listen, daemon=True).start()
    _forward(settings, settings.influxdb, ears)
    sys.stdout.flush()
    os._exit(0)  # the thread that listens holds the lock of the standard input


if __name__ == "__main__":
    main()
