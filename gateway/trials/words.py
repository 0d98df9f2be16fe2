"""What is said between the gateway and a process that tries something: one question in, lines out."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from api.rules_port import (
    BacktestQuestion,
    Compared,
    DryRunAnswer,
    DryRunQuestion,
    FileProblem,
    FilesChecked,
    Posted,
)


class Where(Struct, frozen=True):
    """Where what is tried finds what is in force."""

    store_url: str  # with its password: on the standard input alone, never in arguments
    telemetry: str
    files: list[str]


# ---- questions


class Check(Struct, frozen=True, tag=True):
    where: Where
    posted: Posted


class DryRun(Struct, frozen=True, tag=True):
    where: Where
    asked: DryRunQuestion


class Backtest(Struct, frozen=True, tag=True):
    where: Where
    asked: BacktestQuestion


class VerifyJournal(Struct, frozen=True, tag=True):
    where: Where


Question = Check | DryRun | Backtest | VerifyJournal

# ---- lines of an answer


class Progress(Struct, frozen=True, tag=True):
    share: float  # 0 to 1


class Problems(Struct, frozen=True, tag=True):
    """The files cannot be tried."""

    problems: list[FileProblem]


class Failed(Struct, frozen=True, tag=True):
    why: str


class Checked(Struct, frozen=True, tag=True):
    found: FilesChecked


class Ran(Struct, frozen=True, tag=True):
    answer: DryRunAnswer


class Tested(Struct, frozen=True, tag=True):
    compared: Compared


class Chain(Struct, frozen=True, tag=True):
    """The journal is whole up to `rows`, or broken at `broken_at`."""

    rows: int
    head: str
    broken_at: int | None
    why: str


Answer = Problems | Failed | Checked | Ran | Tested | Chain
Said = Progress | Answer

encode = msgspec.json.Encoder().encode
question_of = msgspec.json.Decoder(Question).decode
said_of = msgspec.json.Decoder(Said).decode
