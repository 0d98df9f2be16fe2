"""JSON Schemas of all kinds of file, for editors that check and complete while one writes."""

from __future__ import annotations

from typing import Any

from gateway.file_kinds import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMES = tuple(kind.name for kind in KINDS)


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file. Raises KeyError for a name that is not in `NAMES`."""
    models = {kind.name: kind.model for kind in KINDS}
    return {"$schema": DIALECT, **models[name].model_json_schema()}
