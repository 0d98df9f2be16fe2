"""Examples of what is answered about devices of other formats."""

from __future__ import annotations

from api.examples import ENTRY
from api.inbox_port import found_id
from api.inbox_schemas import FoundDeviceOut, FoundPointOut, InboxDoneOut, InboxOut
from rules.site import MetricKind


def _point(name: str, kind: MetricKind, unit: str = "", metric: str = "") -> FoundPointOut:
    return FoundPointOut(
        name=name, kind=kind, unit=unit, minimum=None, maximum=None, values=[], settable=False, metric=metric
    )


FOUND_DEVICE = FoundDeviceOut(
    id=found_id("z2m", "0x00158d0001dc126a"),
    codec="z2m",
    native_id="0x00158d0001dc126a",
    title="12F/east smoke",
    model="Xiaomi JTYJ-GD-01LM/BW",
    device_class="smoke_detector",
    device=None,
    by_file=False,
    points=[
        _point("smoke", MetricKind.BOOLEAN, metric="alarm"),
        _point("battery", MetricKind.NUMBER, "%", "battery"),
    ],
    commands={},
    values={"smoke": False, "battery": 78.4},
    said=12,
    first_at="2026-11-24T04:12:10.000Z",
    last_at="2026-11-24T05:00:00.120Z",
    online=True,
    ignored=False,
    gone=False,
    silent_after_ms=90_000_000,
)
INBOX = InboxOut(items=[FOUND_DEVICE], next_cursor=None)
INBOX_DONE = InboxDoneOut(
    found=FOUND_DEVICE.model_copy(update={"device": "tower-a/sd-1209"}), entries=[ENTRY], repeated=False
)
