"""What entries of messages read like, in both languages: for the tests of the timeline's texts."""

from __future__ import annotations

from rules.mode import Mode
from rules.reading import Value
from rules.timeline import Entry, Kind


def _entry(kind: Kind, facts: dict[str, Value], reason: str = "", mode: Mode = Mode.ACTUAL) -> Entry:
    return Entry(position=7, incident="INC-000042", number=3, at=0, kind=kind, facts=facts, reason=reason, mode=mode)


MESSAGE: dict[str, Value] = {"what": "notify", "to": "duty-officer-1", "channel": "duty-app", "id": "NTF-000007"}
CAP: dict[str, Value] = {"what": "authority", "to": "fire_brigade", "id": "AUT-000008"}

EXAMPLES: dict[Kind, tuple[Entry, str, str]] = {
    Kind.NOTICE_ISSUED: (
        _entry(Kind.NOTICE_ISSUED, CAP, "CAP Alert, level I"),
        "Sending a CAP message to fire brigade · CAP Alert, level I · AUT-000008",
        "发送对外通报 → 消防部门 · CAP Alert，I 级 · AUT-000008",
    ),
    Kind.NOTICE_TRIED: (
        _entry(
            Kind.NOTICE_TRIED,
            MESSAGE | {"attempt": 3.0, "detail": "duty-app: it did not take it (HTTP 503)"},
            "the next channel is duty-sms",
        ),
        "Not delivered yet: a message to duty-officer-1 by duty-app, attempt 3: duty-app: it did not take it (HTTP 503)"
        " · the next channel is duty-sms · NTF-000007",
        "尚未送达：通知 → duty-officer-1（duty-app），第 3 次：duty-app 拒收 · 改用通道 duty-sms · NTF-000007",
    ),
    Kind.NOTICE_DONE: (
        _entry(Kind.NOTICE_DONE, CAP | {"attempt": 1.0, "detail": "200 thank you"}),
        "Delivered: a CAP message to fire brigade: 200 thank you · AUT-000008",
        "已送达：对外通报 → 消防部门：200 thank you · AUT-000008",
    ),
    Kind.NOTICE_FAILED: (
        _entry(Kind.NOTICE_FAILED, {"what": "notify", "to": "duty_officer"}, "nobody has the role duty_officer now"),
        "NOT DELIVERED: a message to duty officer · nobody has the role duty_officer now",
        "未送达：通知 → 值班员 · 岗位 duty_officer 当前无人值守",
    ),
    Kind.NOTICE_HELD_BACK: (
        _entry(
            Kind.NOTICE_HELD_BACK,
            {"what": "notify", "to": "duty-officer-1"},
            "no channel of duty-officer-1 is marked for exercises",
            Mode.EXERCISE,
        ),
        "EXERCISE: Held back: a message to duty-officer-1 · no channel of duty-officer-1 is marked for exercises",
        "【演练】暂缓发送：通知 → duty-officer-1 · duty-officer-1 没有可用于演练的通道",
    ),
}
