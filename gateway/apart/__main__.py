"""The API's process: `python -m gateway.apart LISTENING LINE`, two descriptors that the gateway hands down."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys

import uvloop

from gateway.apart.api_end import ApiEnd
from gateway.apart.front import front
from gateway.apart.line import take_line
from gateway.serving import serve

NICE = 5  # where there are too few cores, who looks waits for who raises alarms
log = logging.getLogger("tocsin.api")
RARELY = (2_000, 20, 200)  # a look through all objects takes 10 ms, in which no alarm is pushed; cycles are few here
SWITCH_SECONDS = 0.0005  # a thread that reads keeps the one that answers, and pushes alarms, waiting no longer
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


async def _run(listening: socket.socket, core: socket.socket) -> None:
    end = ApiEnd()
    end.take(await take_line(core, end.heard, end.gone))
    end.lost.add_done_callback(lambda _: os._exit(0))  # without a core nothing is worth finishing; the port is wanted
    begin = await end.begun
    logging.basicConfig(level=begin.log_level, format=LOG_FORMAT)
    for name in ("alembic", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)

    async def started() -> None:
        gc.collect()
        gc.freeze()  # modules and routes, for as long as the process lives
        gc.set_threshold(*RARELY)
        end.serving()

    work = asyncio.current_task()
    assert work is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    seen = front(end)
    searching = asyncio.create_task(seen.keep_search())
    try:
        await serve(seen, end.settings, listening, end.news, started)
    except asyncio.CancelledError:
        log.info("the API's process stops")
    finally:
        searching.cancel()
        await asyncio.gather(searching, return_exceptions=True)
        end.close()


def main(arguments: list[str]) -> None:
    listening, core = (socket.socket(fileno=int(each)) for each in arguments)
    os.nice(NICE)
    sys.setswitchinterval(SWITCH_SECONDS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the gateway says when to stop
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(listening, core))


if __name__ == "__main__":
    main(sys.argv[1:])
