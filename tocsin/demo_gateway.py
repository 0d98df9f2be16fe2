"""The gateway of the demo: the real one, `tocsin run`, as a child process with a data folder of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import httpx
import msgspec

from gateway.child_process import dies_with
from simulators.crew import write_crew

HOST = "127.0.0.1"
READY_SECONDS_MAX = 60.0  # a slow machine that starts Python and a broker for the first time
STOP_SECONDS_MAX = 15.0  # it says goodbye and stops its broker
CHECK_SECONDS = 0.1
LOG_TAIL_LINES = 15


class GatewayFailed(Exception):
    """The gateway ended, or did not become ready; the text ends with what it logged last."""


class ChildGateway:
    """`async with ChildGateway(folder, site_yaml, channels, http_port=…, mqtt_port=…)`. Ended with it, always.

    `channels`: the channels file, for the messages to the demo's crew; the fire brigade's go into a folder.

    In a session of its own, so that a Ctrl-C is for the demo alone, which then stops it in order; should the demo be
    killed, the kernel ends it (Linux).
    """

    def __init__(self, folder: Path, site_yaml: str, channels: str, *, http_port: int, mqtt_port: int) -> None:
        self.url = f"http://{HOST}:{http_port}"
        self.broker_url = f"mqtt://{HOST}:{mqtt_port}"
        self.site_file = folder / "site.yaml"
        self._log_file = folder / "gateway.log"
        self._settings_file = folder / "tocsin.yaml"
        self.site_file.write_text(site_yaml, encoding="utf-8")
        self.crew = write_crew(folder / "crew")
        (folder / "channels").write_text(channels, encoding="utf-8")
        settings = {
            "data": "data",
            "sites": ["site.yaml"],
            "people": ["crew"],
            "notify": {"channels_file": "channels"},
            "authorities": {"fire_brigade": {"folder": "fire-brigade"}},
            "broker": {"url": "embedded", "embedded_host": HOST, "embedded_port": mqtt_port},
            "http": {"host": HOST, "port": http_port},
        }
        self._settings_file.write_bytes(msgspec.json.encode(settings))  # YAML 1.2 contains JSON
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> ChildGateway:
        program = [sys.executable, "-m", "tocsin", "run", "--config", str(self._settings_file)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        with self._log_file.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *dies_with(os.getpid(), program),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        try:
            await self._ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def ended(self) -> None:
        """Waits for an end nobody asked for; then raises GatewayFailed."""
        assert self._process is not None
        code = await self._process.wait()
        raise GatewayFailed(f"the gateway ended with code {code}:\n{self._log_tail()}")

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _ready(self) -> None:
        ended = asyncio.create_task(self.ended())
        asking = asyncio.create_task(self._ask())
        try:
            await asyncio.wait((ended, asking), timeout=READY_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                ended.result()
            if not asking.done():
                raise GatewayFailed(f"the gateway is not ready after {READY_SECONDS_MAX:.0f} s:\n{self._log_tail()}")
        finally:
            for task in (ended, asking):
                task.cancel()
            await asyncio.gather(ended, asking, return_exceptions=True)

    async def _ask(self) -> None:
        """Until `/readyz` says yes."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=5) as client:
            while True:
                try:
                    if (await client.get("/readyz")).is_success:
                        return
                except httpx.HTTPError:
                    pass  # not listening yet
                await asyncio.sleep(CHECK_SECONDS)

    def _log_tail(self) -> str:
        return "\n".join(self._log_file.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
