"""A timeline as CSV, for a spreadsheet: one row an entry, nothing left out.

A cell that a spreadsheet would take for a formula begins with an apostrophe (OWASP, CSV injection); the mark at the
beginning tells Excel that it is UTF-8; rows end in CR LF (RFC 4180).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from io import StringIO

from rules.codec import encode
from rules.instant import rfc3339
from rules.site import Title
from rules.timeline import Entry
from rules.timeline_text import Language, text

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COLUMNS: dict[Language, tuple[str, ...]] = {
    "en": (
        "number", "time (UTC)", "time (site)", "kind", "mode", "device", "rule", "by", "text", "reason",
        "device time (UTC)", "late (ms)", "facts", "position",
    ),
    "zh": (
        "序号", "时间（UTC）", "时间（当地）", "类型", "模式", "设备", "规则", "人员", "内容", "原因",
        "设备时间（UTC）", "延迟（毫秒）", "数据", "全局序号",
    ),
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


def csv_head(language: Language) -> bytes:
    """The first line, with the mark."""
    return BYTE_ORDER_MARK + _rows([COLUMNS[language]])


def csv_rows(entries: Iterable[Entry], language: Language, titles: Mapping[str, Title], zone: tzinfo) -> bytes:
    """A line an entry."""
    return _rows(_cells(entry, language, titles, zone) for entry in entries)


def _cells(entry: Entry, language: Language, titles: Mapping[str, Title], zone: tzinfo) -> tuple[str, ...]:
    return (
        str(entry.number),
        rfc3339(entry.at),
        f"{datetime.fromtimestamp(entry.at / 1000, zone):%Y-%m-%d %H:%M:%S%z}",
        entry.kind.value,
        entry.mode.value if entry.mode else "",
        safe(entry.device or ""),
        safe(entry.rule or ""),
        safe(entry.by or ""),
        safe(text(entry, language, titles)),
        safe(entry.reason),
        "" if entry.device_at is None else rfc3339(entry.device_at),
        "" if entry.late_ms is None else str(entry.late_ms),
        encode(entry.facts).decode(),  # begins with a brace
        str(entry.position),
    )


def safe(content: str) -> str:
    """Nothing that a spreadsheet computes, also behind spaces that it takes away. NUL ends a file for some."""
    content = content.replace("\0", "")
    return f"'{content}" if content.lstrip(" \u3000\u00a0").startswith(_FORMULA) else content


def _rows(rows: Iterable[tuple[str, ...]]) -> bytes:
    out = StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8", "replace")
