"""When detections fire and end, followed over the outcomes of an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from rules.detection import Detection, detection_key
from rules.instant import Instant
from rules.outcome import Outcome
from rules.reading import Value
from rules.timeline import Kind


class Firing(Struct):
    """A detection that fired. `until` None: it still did at the end."""

    rule: str
    device: str
    since: Instant
    until: Instant | None
    values: dict[str, Value]  # that made it fire
    quiet: bool  # it was kept quiet when it fired: inhibited, or shelved


class Firings:
    """`begun(firing)` is told of each when it begins; its `until` is set when it ends."""

    def __init__(self, begun: Callable[[Firing], None]) -> None:
        self._begun = begun
        self._open: dict[str, Firing] = {}

    def follow(self, outcome: Outcome, detections: Mapping[str, Detection], now: Instant) -> None:
        """`detections`: of the state, after the step."""
        for mode, rule, device in outcome.ended:
            ended = self._open.pop(detection_key(mode, rule, device), None)
            if ended is not None:
                ended.until = now
        for mode, rule, device in outcome.fired:
            key = detection_key(mode, rule, device)
            detection = detections.get(key)
            quiet = any(
                (entry.kind, entry.rule, entry.device) == (Kind.SUPPRESSED, rule, device) for entry in outcome.entries
            )
            firing = Firing(rule, device, now, None, dict(detection.values) if detection else {}, quiet)
            if detection is not None and detection.fires:
                self._open[key] = firing
            else:
                firing.until = now
            self._begun(firing)
