"""A report as PDF/A, set by Typst in a child process (ADR 0013)."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import msgspec

from rules.report import Report, encode_report

SECONDS_MAX = 60.0  # a report of fifty pages takes two on a busy machine
NO_FONT_EXIT = 3
FONTS = "install one, e.g. Debian's fonts-noto-cjk"

_CHILD = Path(__file__).with_name("pdf_child.py")


class NotSet(RuntimeError):
    """The report could not be set as PDF. The text says why, and what would help."""


def pdf(report: Report) -> bytes:
    """Blocks until it is done: not for the event loop. Raises NotSet."""
    template = (files("gateway.reports") / "report.typ").read_text(encoding="utf-8")
    inputs = {"report": encode_report(report).decode(), "words": msgspec.json.encode(report.words).decode()}
    asked = msgspec.json.encode({"template": template, "inputs": inputs, "at": report.prepared_at // 1000})
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own file
            [sys.executable, "-I", str(_CHILD)], input=asked, capture_output=True, timeout=SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NotSet(f"it took longer than {SECONDS_MAX:g} s") from error
    except OSError as error:
        raise NotSet(f"no process could be started: {error}") from error
    if done.returncode == NO_FONT_EXIT:
        raise NotSet(f"{done.stderr.decode(errors='replace').strip()}; {FONTS}")
    if done.returncode != 0:
        raise NotSet(_last_line(done.stderr) or f"the child ended with {done.returncode}")
    return done.stdout


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1][:500] if lines else ""
