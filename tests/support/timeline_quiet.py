"""How entries of keeping quiet, alarm discipline and audits read: kind → an entry, in English, in Chinese."""

from __future__ import annotations

from rules.instant import DAY_MS, HOUR_MS, MINUTE_MS
from rules.reading import Value
from rules.timeline import Entry, Kind

DEVICE = "tower-a/em-1"
OVERLOAD: dict[str, Value] = {"title_en": "Overload", "title_zh": "过载"}


def _entry(kind: Kind, facts: dict[str, Value] | None = None, **more: object) -> Entry:
    return Entry(position=7, incident=None, number=0, at=0, kind=kind, facts=facts or {}, **more)  # type: ignore[arg-type]


EXAMPLES: dict[Kind, tuple[Entry, str, str]] = {
    Kind.SUPPRESSED: (
        _entry(
            Kind.SUPPRESSED,
            {**OVERLOAD, "power_w": 950.0},
            device=DEVICE,
            rule="overload",
            reason="inhibition outage: explained by power-lost at tower-a/em-2; what is raised already stays",
        ),
        "Kept quiet: Overload: power_w 950 · tower-a/em-1 · inhibition outage: "
        "explained by power-lost at tower-a/em-2; what is raised already stays",
        "已抑制：过载：power_w 950 · tower-a/em-1 · 抑制 outage：由 tower-a/em-2 的 power-lost 引起；已立案的保持不变",
    ),
    Kind.SUPPRESSION_ENDED: (
        _entry(Kind.SUPPRESSION_ENDED, OVERLOAD, device=DEVICE, reason="shelf SH-000003: it has ended"),
        "No longer kept quiet: Overload · tower-a/em-1 · shelf SH-000003: it has ended",
        "抑制结束：过载 · tower-a/em-1 · 搁置 SH-000003 已结束",
    ),
    Kind.SHELVED: (
        _entry(
            Kind.SHELVED,
            {
                "id": "SH-000003",
                "what": "maintenance",
                "duration_ms": 4.0 * HOUR_MS,
                "second": "engineer",
                "one_shot": False,
            },
            device=DEVICE,
            by="duty.officer",
            reason="the fuse is changed",
        ),
        "SHELVED (maintenance) by duty.officer and engineer · tower-a/em-1 · for 4 h · the fuse is changed · SH-000003",
        "已搁置（维护） · duty.officer、engineer · tower-a/em-1 · 4 小时 · the fuse is changed · SH-000003",
    ),
    Kind.SHELF_ENDED: (
        _entry(
            Kind.SHELF_ENDED,
            {"id": "SH-000003", "zone": "tower-a/12F-east", "lasted_ms": 4.0 * HOUR_MS},
            rule="overload",
            by="tocsin",
            reason="its time is up",
        ),
        "Shelf ended by tocsin: overload · tower-a/12F-east · after 4 h · its time is up · SH-000003",
        "搁置结束 · tocsin：overload · tower-a/12F-east · 历时 4 小时 · 到期 · SH-000003",
    ),
    Kind.CHATTERING: (
        _entry(
            Kind.CHATTERING,
            {**OVERLOAD, "times": 10.0, "folded": 21.0, "lasted_ms": 1.5 * MINUTE_MS},
            device=DEVICE,
            reason="over: no change for 5min; 21 changes have no entry of their own",
        ),
        "CHATTERING: Overload · tower-a/em-1 · 10 times in 1 min 30 s · over: no change for 5min; "
        "21 changes have no entry of their own",
        "抖动报警：过载 · tower-a/em-1 · 10 次，历时 1 分钟 30 秒 · 已平息：5 分钟无变化；21 次变化未单独记录",
    ),
    Kind.STALE: (
        _entry(Kind.STALE, {"active_ms": 1.0 * DAY_MS, "signal": "supervisory"}, reason="active for more than 1d"),
        "STALE after 1 d · active for more than 1d",
        "陈旧报警，已持续 1 天 · 持续超过 1 天",
    ),
    Kind.FLOOD_STARTED: (
        _entry(Kind.FLOOD_STARTED, {"site": "tower-a", "count": 11.0}, reason="more than 10 within 10min"),
        "ALARM FLOOD at tower-a: 11 detections · more than 10 within 10min",
        "报警泛滥 · tower-a：11 条 · 10 分钟内超过 10 条",
    ),
    Kind.FLOOD_ENDED: (
        _entry(
            Kind.FLOOD_ENDED,
            {"site": "tower-a", "count": 40.0, "lasted_ms": 30.0 * MINUTE_MS},
            reason="fewer than 5 within 10min",
        ),
        "Alarm flood over at tower-a: 40 detections in 30 min · fewer than 5 within 10min",
        "报警泛滥结束 · tower-a：40 条，历时 30 分钟 · 10 分钟内少于 5 条",
    ),
    Kind.AUDIT: (
        _entry(
            Kind.AUDIT,
            {"found": "failed", "what": "countdown of INC-000042", "due_at": 0.0},
            reason="due and not done",
        ),
        "AUDIT failed: countdown of INC-000042 · due and not done",
        "审计：未通过 · countdown of INC-000042 · 到期未执行",
    ),
}
