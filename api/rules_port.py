"""What the API asks about rules: those in force, their versions, and what others would have done."""

from __future__ import annotations

from enum import Enum
from typing import Literal, Protocol

from msgspec import Struct

from api.port_basics import Page, Unknown
from rules.backtest import Judged
from rules.dry_run import Heard, Rehearsed
from rules.instant import Instant
from rules.mode import Mode
from rules.ruleset import Ruleset

FILES_MAX = 20  # posted together: a site's rule files
RANGE_MS_MAX = 92 * 24 * 60 * 60 * 1000  # of a backtest: a quarter


class UnknownRule(Unknown): ...


class UnknownVersion(Unknown):
    """No version that was ever in force has this hash."""


class UnknownBacktest(Unknown):
    """It never was, or it is forgotten."""


class VersionKind(Enum):
    RULES = "rules"
    PLANS = "plans"


class Version(Struct, frozen=True):
    """One stay in force. The same version can come back: then it stands twice."""

    version: str  # content hash, 64 hexadecimal digits
    kind: VersionKind
    since: Instant
    until: Instant | None  # None: in force
    position: int  # of the entry that says so


class VersionText(Struct, frozen=True):
    """`content`: everything that was in force, the shipped library with it, as canonical JSON. `files`: the site's own
    files as they were written, by name; empty where they were not kept."""

    version: str
    kind: VersionKind
    content: str
    files: dict[str, str]


class PostedFile(Struct, frozen=True):
    name: str  # as problems name it; where it ends the path of a file in force, it stands in for that
    text: str


class Posted(Struct, frozen=True):
    """Files to try. `beside`: what they are checked with; "library" alone is what `tocsin check` does."""

    files: list[PostedFile]
    beside: Literal["running", "library"] = "running"


class FileProblem(Struct, frozen=True):
    file: str
    line: int  # 0: the file as a whole
    path: str
    message: str
    text: str  # the line that `tocsin check` prints


class FilesChecked(Struct, frozen=True):
    problems: list[FileProblem]
    remarks: list[str]
    summary: str


class DryRunQuestion(Struct, frozen=True):
    """`posted` None: what is in force."""

    posted: Posted | None
    heard: list[Heard]
    lasts_ms: int  # how long time goes on after the last message
    mode: Mode = Mode.ACTUAL


class DryRunAnswer(Struct, frozen=True):
    """`problems`: the files cannot be tried, and nothing was."""

    problems: list[FileProblem] = []
    rehearsed: Rehearsed | None = None


class BacktestQuestion(Struct, frozen=True):
    posted: Posted
    since: Instant
    until: Instant
    site: str | None = None


class BacktestState(Enum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # the files have problems
    FAILED = "failed"
    CANCELLED = "cancelled"


class Compared(Struct, frozen=True):
    """What a backtest has come to. Firings match where they are of one rule and device and overlap."""

    rules: list[str]  # that were judged: those that differ, and what they build on
    candidate: Judged
    running: Judged
    both: int
    only_candidate: list[int]  # indexes into `candidate.firings`
    only_running: list[int]
    readings: int  # messages that were judged
    remarks: list[str]


class Backtest(Struct, frozen=True):
    id: str
    state: BacktestState
    asked_by: str
    asked_at: Instant
    question: BacktestQuestion
    ended_at: Instant | None = None
    progress: float = 0.0  # 0 to 1
    problems: list[FileProblem] = []
    why: str = ""  # it failed
    compared: Compared | None = None


class Verification(Struct, frozen=True):
    """Whether the journal is whole. `head`: hash of its last row, to be compared with one noted elsewhere."""

    state: Literal["running", "whole", "broken", "failed"]
    asked_by: str
    asked_at: Instant
    ended_at: Instant | None = None
    rows: int = 0
    head: str = ""
    broken_at: int | None = None
    why: str = ""


class RulesDesk(Protocol):
    async def ruleset(self) -> tuple[str, Ruleset]:
        """(version, what is in force)."""
        ...

    async def versions(self, kind: VersionKind, cursor: str | None = None, limit: int = 50) -> Page[Version]:
        """Newest first."""
        ...

    async def version_text(self, version: str) -> VersionText:
        """`version`: the hash, or at least its first 12 digits. Raises UnknownVersion."""
        ...

    async def check_files(self, posted: Posted) -> FilesChecked:
        """Raises TooBusy."""
        ...

    async def dry_run(self, question: DryRunQuestion) -> DryRunAnswer:
        """With the real screen and engine on virtual time; nothing of it is stored or sent. Raises TooBusy."""
        ...

    async def backtest(self, question: BacktestQuestion, asked_by: str, key: str | None = None) -> Backtest:
        """Begins one. The same `key` again is the same backtest. Raises TooBusy."""
        ...

    async def backtests(self) -> list[Backtest]:
        """Those that are not forgotten, newest first, without what they came to."""
        ...

    async def backtest_of(self, id: str) -> Backtest:
        """Raises UnknownBacktest."""
        ...

    async def cancel_backtest(self, id: str) -> Backtest:
        """Ends it if it runs. Raises UnknownBacktest."""
        ...

    async def verify(self, asked_by: str) -> Verification:
        """Begins to verify; answers at once where nothing was journaled since the last time. Raises TooBusy."""
        ...

    async def verification(self) -> Verification | None:
        """The last one, or the one that runs. None: there was none since the API's process began."""
        ...
