"""The people of the demo tower: a roster, and the authorities they work with, as files that the gateway reads."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

FILES = ("roster.yaml", "authorities.yaml")
CHANNELS = ("app", "sms", "lobby-screens")  # of the roster


def write_crew(folder: Path) -> list[Path]:
    """Copies of the files, for a gateway's settings (`people`)."""
    folder.mkdir(parents=True, exist_ok=True)
    with as_file(files("simulators") / "crew") as crew:
        return [_copied(crew / name, folder / name) for name in FILES]


def _copied(source: Path, target: Path) -> Path:
    target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    return target
