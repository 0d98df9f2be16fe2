"""`tocsin schema [KIND]`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def schema(
    kind: Annotated[str | None, typer.Argument(help="site, device-classes, rules or plans.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the schemas of all kinds into this folder.")] = None,
) -> None:
    """The JSON Schema of a kind of file, for editors that check and complete while one writes."""
    import json

    from gateway.schema import NAMES, schema_of
    from rules.wording import not_one_of

    if kind is not None and kind not in NAMES:
        raise typer.BadParameter(not_one_of(kind, "a kind of file", NAMES))
    if kind is None and out is None:
        raise typer.BadParameter(f"say which kind ({', '.join(NAMES)}), or --out FOLDER for all of them")
    texts = {name: json.dumps(schema_of(name), indent=2, ensure_ascii=False) for name in ([kind] if kind else NAMES)}
    if out is None:
        for text in texts.values():
            typer.echo(text)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = out / f"{name}.schema.json"
        path.write_text(text + "\n", encoding="utf-8")
        typer.echo(path)
