"""What ingest counts, for the metrics: plain numbers and histograms of the shell's own."""

from __future__ import annotations

from gateway.histogram import BATCH_MESSAGES, COMMIT_S, INGEST_S, Histogram
from rules.instant import Instant


class Counts:
    """Since the start; plain numbers, read by the metrics."""

    def __init__(self) -> None:
        self.messages = self.live = self.late = self.replayed = self.verdicts = self.batches = 0
        self.last_at: Instant = 0  # when anything was last received
        self.batch_messages, self.ingest_s = Histogram(BATCH_MESSAGES), Histogram(INGEST_S)
        self.telemetry_s = Histogram(COMMIT_S)
