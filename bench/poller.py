"""`python -m bench.poller PORT CLIENTS PATH…`: clients that ask for what a console shows, one request after the other.

In one process, with the lowest priority: they stand for other machines. Prints `{"requests": …}` when told to end.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import uvloop

HOST = "127.0.0.1"
NICE = 19
_AGAIN_SECONDS = 0.2


class Poller:
    def __init__(self, port: int, paths: list[str]) -> None:
        self._port, self._paths = port, paths
        self.requests = 0
        self.refused = 0

    async def run(self, first: int) -> None:
        while True:
            try:
                await self._connection(first)
            except OSError:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _connection(self, first: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, self._port)
        number = first
        try:
            while True:
                path = self._paths[number % len(self._paths)]
                number += 1
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n\r\n".encode())
                status = await _answer(reader)
                self.requests += 1
                self.refused += status != 200
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length:"))
    await reader.readexactly(length)
    return int(head.split(" ", 2)[1])


async def _run(port: int, clients: int, paths: list[str]) -> None:
    poller, stop = Poller(port, paths), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tasks = [asyncio.create_task(poller.run(number)) for number in range(clients)]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({"requests": poller.requests, "refused": poller.refused}))


if __name__ == "__main__":
    os.nice(NICE)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
