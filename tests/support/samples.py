"""Recorded samples of foreign formats: files of lines, each a message and what its codec makes of it.

    tests/gateway/samples/FORMAT/NAME.jsonl
        {"topic": …, "payload": text or {"base64": …}, "retained": false, "out": […]}
    tests/gateway/samples/FORMAT/options.json
        what the settings say beside `format`; optional, and so is NAME.options.json

`out` holds the outputs as `msgspec.to_builtins` gives them, with a key `type` naming the class; what has its default
may be left out. One codec takes the lines of a file in their order. Whoever adds lines without `out` has it written:

    .venv/bin/python -m tests.support.samples tests/gateway/samples/FORMAT/NAME.jsonl
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gateway.codec_settings import CodecPart
from gateway.codecs import port
from gateway.codecs.port import Codec, Output

SAMPLES = Path(__file__).parents[1] / "gateway" / "samples"
RECEIVED_AT = 1_795_500_000_000  # a November morning in 2026
_TYPES: dict[str, Any] = {
    name: getattr(port, name) for name in ("Found", "Gone", "Said", "Happened", "Heard", "Answered", "Ask", "Rejected")
}


def options_of(file: Path) -> dict[str, Any]:
    """Those that stand beside the file."""
    options: dict[str, Any] = {}
    for path in (file.parent / "options.json", file.with_suffix(".options.json")):
        if path.exists():
            options |= json.loads(path.read_text())
    return options


def codec_of(file: Path) -> Codec:
    return CodecPart(format=file.parent.name, **options_of(file)).codec()


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines() if line.strip()]


def decoded(codec: Codec, line: dict[str, Any]) -> list[Output]:
    payload = line["payload"]
    raw = b64decode(payload["base64"]) if isinstance(payload, dict) else payload.encode()
    return codec.decode(line["topic"].encode(), raw, RECEIVED_AT, line.get("retained", False))


def expected(line: dict[str, Any]) -> list[Output]:
    return [
        msgspec.convert({k: v for k, v in each.items() if k != "type"}, _TYPES[each["type"]]) for each in line["out"]
    ]


def written(outputs: list[Output]) -> list[dict[str, Any]]:
    """Without what has its default."""
    return [{"type": type(each).__name__, **_brief(each)} for each in outputs]


def _brief(value: Any) -> Any:
    plain = msgspec.to_builtins(value)
    if not isinstance(value, msgspec.Struct):
        return plain
    defaults = dict(zip(reversed(value.__struct_fields__), reversed(value.__struct_defaults__), strict=False))
    brief: dict[str, Any] = {}
    for name in value.__struct_fields__:
        own = getattr(value, name)
        if name not in defaults or own != defaults[name]:
            inner = isinstance(own, tuple) and own and isinstance(own[0], msgspec.Struct)
            brief[name] = [_brief(each) for each in own] if inner else plain[name]
    return brief


def fill(file: Path) -> None:
    codec, lines = codec_of(file), lines_of(file)
    for line in lines:
        line["out"] = written(decoded(codec, line))
    file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))


def files() -> Iterator[Path]:
    return iter(sorted(SAMPLES.glob("*/*.jsonl")))


if __name__ == "__main__":
    for each in sys.argv[1:]:
        fill(Path(each))
