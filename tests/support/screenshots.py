"""`make screenshots`: every page of the console, wide and on a phone, before a tower in which something goes on.

`python -m tests.support.screenshots [NAME…] [--lang zh] [--out FOLDER]`: WebP, named `console-NAME.webp` and
`console-NAME-phone.webp`.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from playwright.sync_api import Browser, Page, expect, sync_playwright

from gateway.clock import now_ms
from tests.support.console import CLEAN, SITE, SMOKE, RunningConsole, Tower, tower
from tests.support.field_client import send
from tests.support.hook import hook
from tests.support.past import directory_of, write_past

ROOT = Path(__file__).parents[2]
WIDE, PHONE = (1600, 900), (390, 844)
QUALITY = 60
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
PAST_DAYS = 3
WHOLE_MS_MAX = 90_000
SETTLED_MS = 2_500  # charts are drawn, clocks show something


class Shot(NamedTuple):
    """`path`: of the page; `{incident}` is the fire's id. `keys`: pressed before. `phone`: there as well.
    `until`: what is there when it is whole."""

    name: str
    path: str
    keys: tuple[str, ...] = ()
    phone: bool = True
    until: str = ".content"
    then: str = ".content"  # after the keys


SHOTS = [
    Shot("wall", "/"),
    Shot("incident", "/incidents/{incident}"),
    Shot("incident-close", "/incidents/{incident}", ("x",), phone=False),
    Shot("report-an-incident", "/", ("r",), phone=False),
    Shot("orders", "/orders"),
    Shot("order", "/orders/{order}"),
    Shot("devices", "/devices?device=tower-a/sd-1201"),
    Shot("energy", "/energy", ("d",), until=".table tbody tr"),
    Shot("rules", "/rules?rule=smoke-high", until=".written"),
    Shot("plans", "/rules?view=plans", phone=False, until=".plan-steps li"),
    Shot("drills", "/drills"),
    Shot("handover", "/handover"),
    Shot("kpis", "/kpis"),
    Shot("audit", "/audit", ("v",), phone=False, until=".found tbody tr", then=".journal.whole"),
    Shot("account", "/account", phone=False),
    Shot("sign-in", "/sign-in", phone=False),
    Shot("drill", "/drills/{drill}"),
]


def fire(building: Tower) -> str:
    """A fire on 12F, half an hour's worth of readings before it, a leak in the plant room, something closed before.

    → the fire's id
    """
    building.says("sd-0501", **SMOKE)
    pan = building.incident()["id"]
    building.does(pan, "acknowledge", role="duty_officer", note="The pantry of 5F.")
    building.says("sd-0501", **CLEAN)
    building.calm()
    for step, smoke in enumerate((0.01, 0.012, 0.011, 0.014, 0.02, 0.03, 0.05, 0.07, 0.09, 0.11, 0.13, 0.14)):
        ago_s = 360 - step * 30
        building.says("sd-1201", ago_s, smoke=smoke, temperature=22 + 40 * smoke, alarm=False)
        building.says("sd-1202", ago_s, smoke=smoke / 2, temperature=22, alarm=False)
    building.says("sd-1201", smoke=0.18, temperature=31.0, alarm=True)
    id = building.incident(hazard="fire")["id"]
    building.does(id, "acknowledge", by="duty-officer", role="duty_officer", note="The guard is on the way up.")
    building.says("sd-1202", smoke=0.21, temperature=29.0, alarm=True)
    building.incident(hazard="fire", level="I")
    building.says("wd-b101", alarm=True)
    building.incident(hazard="water_leak")
    building.does(id, "respond", by="guard", note="At the door of 12F east.")
    building.says("sd-1201", smoke=0.31, temperature=41.0, alarm=True)
    building.gateway.until(
        lambda: all(each["stage"] == "done" for each in building.gateway.get(f"incidents/{id}")["commands"])
    )
    return str(id)


LEAK = {"en": "Water in the plant room", "zh": "设备机房漏水"}
ORDERS = (
    ("sd-0601", "dirty", "Clean the chamber of the detector on 6F", ()),
    ("lift-2", "noisy", "Lift 2 rattles between 9F and 10F", ("accept",)),
    ("em-0701", "wrong", "The meter of 7F reads twice as much", ("accept", "survey")),
    ("ac-0302", "stuck", "The stair door of 3F does not latch", ("accept", "survey", "repair")),
)


def scenes(building: Tower) -> dict[str, str]:
    """The fire, work orders at every node, a handover that waits, and a drill that is over. → ids by what they are."""
    gateway = building.gateway
    begun = gateway.post(
        "drills", by="safety-officer", site=SITE, scenario="water-leak", title=LEAK, lasts_ms=1_800_000
    )[1]
    drill = begun["drill"]["id"]
    leak = json.dumps({"values": {"alarm": True}})
    send(building.broker, f"tocsin-exercise/v1/{SITE}/wd-b101/telemetry", leak)
    exercise = building.incident(hazard="water_leak", mode="exercise")["id"]
    building.does(exercise, "acknowledge", by="duty-officer", role="duty_officer")
    gateway.post(f"drills/{drill}/end", by="safety-officer", reason="all is done")
    order = ""
    for asset, fault, summary, steps in ORDERS:
        body = {"by": "front-desk", "asset": f"{SITE}/{asset}", "fault": fault, "summary": summary}
        order = gateway.post("orders", **body)[1]["order"]["id"]
        for step in steps:
            gateway.post(f"orders/{order}/steps", by="engineer-1", step=step)
    incident = fire(building)
    gateway.post("handovers", by="duty-officer", site=SITE, incoming="night-officer")
    return {"incident": incident, "order": order, "drill": drill}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screenshots", description="Every page of the console, as an image.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(shot.name for shot in SHOTS))
    parser.add_argument("--lang", choices=LOCALES, help="without: both")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "img")
    options = parser.parse_args()
    wanted = [shot for shot in SHOTS if not options.names or shot.name in options.names]
    options.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="tocsin-screenshots-") as folder, hook() as phones, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        directory = directory_of(Path(folder) / "site")
        write_past(Path(folder) / "gateway" / "data" / "telemetry", directory, now_ms(), PAST_DAYS)
        with tower(Path(folder), phones.url) as building:
            console = RunningConsole(Path(folder) / "console", building.gateway.url)
            console.start()
            try:
                named = scenes(building)
                for lang in [options.lang] if options.lang else LOCALES:
                    _shoot(chromium, console, wanted, named, lang, options.out)
            finally:
                console.stop()
        chromium.close()


def _shoot(
    chromium: Browser, console: RunningConsole, shots: list[Shot], named: dict[str, str], lang: str, out: Path
) -> None:
    suffix = "" if lang == "en" else f"-{lang}"
    for size, ending in ((WIDE, ""), (PHONE, "-phone")):
        width, height = size
        context = chromium.new_context(locale=LOCALES[lang], viewport={"width": width, "height": height})
        page = context.new_page()
        for shot in shots:
            if size == PHONE and not shot.phone:
                continue
            page.goto(console.url + shot.path.format(**named), wait_until="load")
            page.locator(shot.until).first.wait_for(timeout=WHOLE_MS_MAX)
            page.wait_for_timeout(SETTLED_MS)
            for key in shot.keys:
                page.keyboard.press(key)
                page.wait_for_timeout(SETTLED_MS)
                expect(page.locator(".busy").filter(visible=True)).to_have_count(0, timeout=WHOLE_MS_MAX)
            page.locator(shot.then).first.wait_for(timeout=WHOLE_MS_MAX)
            path = out / f"console-{shot.name}{ending}{suffix}.webp"
            path.write_bytes(_webp(page))
            sys.stdout.write(f"{path}  {path.stat().st_size / 1024:.0f} KiB\n")
        context.close()


def _webp(page: Page) -> bytes:
    """A third of a PNG; Playwright itself makes none."""
    session = page.context.new_cdp_session(page)
    made = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    session.detach()
    return base64.b64decode(made["data"])


if __name__ == "__main__":
    main()
