"""A failing script made as short as it can be: delta debugging (Zeller's ddmin), then plainer acts in place of what is
left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from simulators.faults import AnyAct, Script

T = TypeVar("T")

RUNS_MAX = 400  # of one script: a minute
ABOUT = ("device", "mode", "event", "status", "raw")  # what an act is about


def ddmin(items: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """A shortest part of `items`, in order, that still fails: without any one of it, it does not. `items` fails."""
    kept, parts = list(items), 2
    while len(kept) >= 2:
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            if rest and fails(rest):
                kept, parts = rest, max(parts - 1, 2)
                break
        else:
            if parts >= len(kept):
                break
            parts = min(len(kept), parts * 2)
    return kept


def shrunk(script: Script, fails: Callable[[Script], bool], runs_max: int = RUNS_MAX) -> Script:
    """`fails(script)` is true, and is true of what is returned. After `runs_max` runs it is left as it is then."""
    runs = 0

    def still_fails(acts: list[AnyAct]) -> bool:
        nonlocal runs
        runs += 1
        return runs <= runs_max and fails(_with(script, acts))

    acts = ddmin(script.acts, still_fails)
    for index in range(len(acts)):
        for field in _optional(acts[index]):
            plainer = msgspec.structs.replace(acts[index], **field)
            tried = [*acts[:index], plainer, *acts[index + 1 :]]
            if still_fails(tried):
                acts = tried
    return _with(script, acts)


def _with(script: Script, acts: list[AnyAct]) -> Script:
    return msgspec.structs.replace(script, acts=tuple(acts))


def _optional(act: AnyAct) -> Iterator[dict[str, Any]]:
    """What about the act is other than usual, as it usually is. What it is about stays."""
    for field in msgspec.structs.fields(act):
        stays = field.name in ABOUT or field.default is msgspec.NODEFAULT
        if not stays and getattr(act, field.name) != field.default:
            yield {field.name: field.default}
