"""What entries of orders, reviews and handovers read like, in both languages: for the tests of the timeline's texts."""

from __future__ import annotations

from rules.reading import Value
from rules.timeline import Entry, Kind


def _entry(kind: Kind, facts: dict[str, Value], **more: str) -> Entry:
    return Entry(position=7, incident="INC-000042", number=3, at=0, kind=kind, facts=facts, **more)  # type: ignore[arg-type]


ORDER: dict[str, Value] = {"id": "WO-000017", "asset": "tower-a/lift-2", "fault": "lift-fault"}
ACTION: dict[str, Value] = {"id": "CA-000003", "text": "Change the rollers", "owner": "engineering lead"}

EXAMPLES: dict[Kind, tuple[Entry, str, str]] = {
    Kind.ORDER_OPENED: (
        _entry(
            Kind.ORDER_OPENED,
            ORDER | {"order_kind": "emergency", "role": "engineer", "summary": "Lift fault"},
            by="tocsin",
            reason="step repair of plan lift-fault",
        ),
        "Work order WO-000017 (emergency) for engineer: Lift fault · tower-a/lift-2 · step repair of plan lift-fault",
        "工单 WO-000017（紧急） → 维修工：Lift fault · tower-a/lift-2 · 预案 lift-fault 步骤 repair",
    ),
    Kind.ORDER_REPEATED: (
        _entry(Kind.ORDER_REPEATED, ORDER | {"repeats": 2.0}, reason="opened by duty officer; now emergency"),
        "Work order WO-000017: the fault came again, 2 times by now · tower-a/lift-2"
        " · opened by duty officer; now emergency",
        "工单 WO-000017：故障再次出现，累计重复 2 次 · tower-a/lift-2 · duty officer 提出；升为紧急工单",
    ),
    Kind.ORDER_STEP: (
        _entry(
            Kind.ORDER_STEP,
            ORDER | {"step": "repair", "node": "repaired", "note": "new rollers", "attachments": 2.0},
            by="engineer on duty",
        ),
        "Work order WO-000017: repair, now repaired · engineer on duty · new rollers · attachments: 2",
        "工单 WO-000017：维修实施，现为“已维修” · engineer on duty · new rollers · 附件 2 个",
    ),
    Kind.ORDER_ASSIGNED: (
        _entry(Kind.ORDER_ASSIGNED, ORDER | {"to": "engineer on duty"}, by="duty officer"),
        "Work order WO-000017 assigned to engineer on duty · duty officer",
        "工单 WO-000017 指派给 engineer on duty · duty officer",
    ),
    Kind.REVIEWED: (
        _entry(
            Kind.REVIEWED,
            {"cause": "worn rollers", "measures": "freed in 9 min", "result": "nobody hurt"},
            by="manager",
        ),
        "Reviewed by manager · cause: worn rollers · measures: freed in 9 min · result: nobody hurt",
        "已复盘（manager） · 原因：worn rollers · 措施：freed in 9 min · 结果：nobody hurt",
    ),
    Kind.ACTION: (
        _entry(Kind.ACTION, ACTION | {"what": "asked for", "due": "2026-12-15"}, by="manager"),
        "Corrective action CA-000003 asked for: Change the rollers · engineering lead · due 2026-12-15 · by manager",
        "整改 CA-000003 已提出：Change the rollers · engineering lead · 期限 2026-12-15 · manager",
    ),
    Kind.HANDOVER: (
        _entry(
            Kind.HANDOVER,
            {"id": "HO-000005", "site": "tower-a", "what": "signed by the incoming"},
            by="night shift",
            reason="both have signed",
        ),
        "Shift handover HO-000005 of tower-a: signed by the incoming · night shift · both have signed",
        "交接班 HO-000005（tower-a）：接班人已签 · night shift · 双方均已签字",
    ),
}
