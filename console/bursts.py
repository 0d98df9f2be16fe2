"""A timeline for people: what a plan sets off at once, hundreds of entries, stands as one line that counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from console.client import Json
from console.settings import Language
from console.words import Words, add, say

KEPT_APART = 3  # so few stand as they are
FAMILIES = {  # what failed is in none of them: it is shown by itself
    "command_issued": "commands",
    "command_published": "commands",
    "command_done": "commands",
    "notice_issued": "messages",
    "notice_done": "messages",
    "task_issued": "tasks",
}

WORDS: Words = {
    "burst_commands": ("Commands", "联动指令"),
    "burst_messages": ("Messages", "消息"),
    "burst_tasks": ("Tasks", "任务"),
    "burst_command_issued": ("{count} issued", "下发 {count}"),
    "burst_command_published": ("{count} sent", "发送 {count}"),
    "burst_command_done": ("{count} done", "完成 {count}"),
    "burst_notice_issued": ("{count} issued", "下发 {count}"),
    "burst_notice_done": ("{count} delivered", "送达 {count}"),
    "burst_task_issued": ("{count} to do", "待办 {count}"),
}
add(WORDS)


def gathered(entries: list[Json], language: Language) -> list[Json]:
    """In the same order; a run of one family is its last entry with another text."""
    return list(_gathered(entries, language))


def _gathered(entries: list[Json], language: Language) -> Iterator[Json]:
    for family, run in groupby(entries, key=lambda entry: FAMILIES.get(entry["kind"], "")):
        some = list(run)
        if not family or len(some) <= KEPT_APART:
            yield from some
            continue
        counts = Counter(entry["kind"] for entry in some)
        parts = [say(f"burst_{kind}", language, count=counts[kind]) for kind in FAMILIES if counts[kind]]
        text = f"{say(f'burst_{family}', language)}: {', '.join(parts)}"
        yield some[-1] | {"text": text, "kind": family, "late_ms": None}
