"""What entries of drills read like, in both languages: for the tests of the timeline's texts."""

from __future__ import annotations

from rules.instant import HOUR_MS
from rules.mode import Mode
from rules.timeline import Entry, Kind

EXAMPLES = {
    Kind.DRILL: (
        Entry(
            position=1,
            incident=None,
            number=0,
            at=0,
            kind=Kind.DRILL,
            mode=Mode.EXERCISE,
            by="tocsin",
            facts={
                "id": "DRL-000003",
                "what": "suspended",
                "site": "tower-a",
                "title_en": "A fire on the 12th floor",
                "title_zh": "12层火灾",
                "within_ms": 4.0 * HOUR_MS,
            },
            reason="a real alarm: INC-000007",
        ),
        "EXERCISE: Drill DRL-000003 suspended: A fire on the 12th floor · at tower-a · by tocsin · for 4 h at the most "
        "· a real alarm: INC-000007",
        "【演练】演练 DRL-000003 暂停：12层火灾 · tower-a · tocsin · 最长 4 小时 · 真实报警 INC-000007",
    )
}
