"""The parts of the documentation that are made from the code: between `<!-- NAME -->` and `<!-- /NAME -->`.

`python -m tests.support.generated` writes them anew; a test fails while one is stale.
"""

from __future__ import annotations

import ast
import json
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from annotated_types import Ge, Gt, Le, Lt
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from api.app import make_app
from api.auth import needed_by
from api.permissions import GRANTS, Role
from api.settings import ApiSettings
from gateway.config import ENVIRONMENT, GatewaySettings
from rules import detection, drill, incident, order
from rules.instant import format_duration
from rules.order_settings import OrderLimits, OrderSettings
from tests.support.sources import PACKAGES, ROOT, module_name, python_files, tree
from tocsin.cli import app as command_line


class Part(NamedTuple):
    file: str
    name: str
    text: Callable[[], str]


# ---- lifecycles


def phases() -> str:
    moves = [(before.value, after.value, step.value) for (before, step), after in incident.TRANSITIONS.items()]
    return _diagram(moves, first=incident.Phase.ACTIVATED, last=incident.Phase.CLOSED)


def detections() -> str:
    """A verdict that changes nothing is left out."""
    moves = [
        (before.value, after.value, verdict.value.replace("_", " "))
        for (before, verdict), after in detection.TRANSITIONS.items()
        if before is not after
    ]
    moves += [(before.value, after.value, "hold over") for before, after in detection.HELD.items()]
    return _diagram(moves, first=detection.Stage.INACTIVE, last=None)


def _diagram(moves: list[tuple[str, str, str]], first: Enum, last: Enum | None) -> str:
    labels: dict[tuple[str, str], list[str]] = {}
    for before, after, label in moves:
        labels.setdefault((before, after), []).append(label)
    lines = [f"{before} --> {after}: {', '.join(named)}" for (before, after), named in labels.items()]
    lines = [f"[*] --> {first.value}", *lines, *([f"{last.value} --> [*]"] if last else [])]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```"])


def orders() -> str:
    """Two ends: both go to the end mark."""
    moves = [(before.value, after.value, step.value) for (before, step), after in order.TRANSITIONS.items()]
    diagram = _diagram(moves, first=order.Node.OPEN, last=order.Node.VERIFIED)
    return diagram.replace("    verified --> [*]", "    verified --> [*]\n    cancelled --> [*]")


def drills() -> str:
    moves = [(before.value, after.value, turning.value) for (before, turning), after in drill.TRANSITIONS.items()]
    diagram = _diagram(moves, first=drill.Stage.RUNNING, last=drill.Stage.ENDED)
    return diagram.replace("    ended --> [*]", "    ended --> [*]\n    aborted --> [*]")


def order_limits() -> str:
    kinds = {kind: OrderSettings().limits(kind) for kind in order.OrderKind}
    rows = [
        (name.removesuffix("_within"), *(format_duration(getattr(limits, name)) for limits in kinds.values()))
        for name in OrderLimits.model_fields
    ]
    sources = {name: field.description or "" for name, field in OrderSettings.model_fields.items()}
    rows.append(("source", *(sources[kind.value] for kind in kinds)))
    return _table(("within", *(kind.value for kind in kinds)), rows)


# ---- settings


def settings() -> str:
    rows = [(f"`{name}`", _kind(field), _default(field), field.description or "") for name, field in _fields()]
    return _table(("setting", "is", "default", "meaning"), rows)


def variables() -> list[str]:
    """The environment variable of each setting."""
    return [ENVIRONMENT + name.replace(".", "__").upper() for name, _ in _fields()]


def _fields(model: type[BaseModel] = GatewaySettings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        parts = [each for each in (field.annotation, *typing.get_args(field.annotation)) if _is_part(each)]
        if parts and typing.get_origin(field.annotation) is not dict:
            yield from _fields(parts[0], f"{prefix}{name}.")
        elif typing.get_origin(field.annotation) is dict:
            yield from _fields(typing.get_args(field.annotation)[1], f"{prefix}{name}.NAME.")
        else:
            yield prefix + name, field


def _is_part(annotation: Any) -> bool:
    """A group of settings; one that may be left out is a part of its annotation."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kind(field: FieldInfo) -> str:
    kind, bounds = field.annotation, list(field.metadata)
    if type(None) in typing.get_args(kind):
        kind = next(each for each in typing.get_args(kind) if each is not type(None))
    if typing.get_origin(kind) is typing.Literal:
        return " or ".join(f"`{value}`" for value in typing.get_args(kind))
    if typing.get_origin(kind) is list:
        return "list of paths" if typing.get_args(kind)[0] is Path else "list"
    names: dict[Any, str] = {str: "text", Path: "path", bool: "true or false", int: "whole number", float: "number"}
    return " ".join([names[kind], *_bounds(bounds)]) if kind in (int, float) else names[kind]


def _bounds(bounds: list[Any]) -> Iterator[str]:
    for bound in bounds:
        for kind, sign in ((Ge, "≥"), (Gt, ">"), (Le, "≤"), (Lt, "<")):
            if isinstance(bound, kind):
                yield f"{sign} {getattr(bound, kind.__name__.lower()):,}".replace(",", " ")


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is PydanticUndefined or default in (None, []):
        return "none"
    return f"`{json.dumps(default) if isinstance(default, bool) else default}`"


# ---- modules


def modules(package: str) -> str:
    """A line a module, from its docstring."""
    rows = []
    for path in python_files(package):
        text = ast.get_docstring(tree(path))
        if text and path.name != "__main__.py" and "versions" not in path.parts:
            name = module_name(path).removeprefix(f"{package}.")
            rows.append((f"`{name}`", _first_sentence(text.partition("\n\n")[0])))
    return _table(("module", "is for"), rows)


# ---- API, command line


def routes() -> str:
    paths: Mapping[str, Mapping[str, Any]] = make_app(typing.cast("Any", None), ApiSettings()).openapi()["paths"]
    rows = [
        (f"`{method.upper()} {path}`", operation["summary"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]
    return _table(("request", "answers"), rows)


def access() -> str:
    """Every route that is not open, what it needs, and which roles have that."""
    app = make_app(typing.cast("Any", None), ApiSettings())
    needed = {
        (method.lower(), context.path): needs.permission
        for context in iter_route_contexts(app.routes)
        if (needs := needed_by(context.original_route)) is not None
        for method in context.methods or ()
    }
    marks = {role: frozenset({None, *GRANTS[role]}) for role in Role}
    rows = [
        (
            f"`{method.upper()} {path}`",
            f"`{permission.value}`" if permission is not None else "a token",
            *("●" if permission in marks[role] else "" for role in Role),
        )
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if (method, path) in needed
        for permission in [needed[method, path]]
    ]
    return _table(("request", "needs", *(role.value for role in Role)), rows)


def command_list() -> str:
    named = [(f"tocsin {each.name}", each.typer_instance) for each in command_line.registered_groups]
    groups = [("tocsin", command_line), *((name, group) for name, group in named if group is not None)]
    rows = []
    for group, commands in groups:
        for command in commands.registered_commands:
            text = getattr(command.callback, "__doc__", None) or ""
            rows.append((f"`{group} {command.name}`", _first_sentence(text)))
    return _table(("command", "does"), rows)


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", " ".join(text.split()), maxsplit=1)[0].removesuffix(".")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


# ---- reading and writing

PARTS = (
    *(Part("ARCHITECTURE.md", package, partial(modules, package)) for package in PACKAGES),
    Part("ARCHITECTURE.md", "phases", phases),
    Part("ARCHITECTURE.md", "detections", detections),
    Part("docs/orders.md", "orders", orders),
    Part("docs/orders.md", "order-limits", order_limits),
    Part("docs/access.md", "access", access),
    Part("docs/drills.md", "drills", drills),
    Part("README.md", "settings", settings),
    Part("README.md", "routes", routes),
    Part("README.md", "commands", command_list),
)


def stands(part: Part) -> str:
    """What stands between the marks now. Raises LookupError when they are not there."""
    return _split(part)[2].strip()


def write() -> None:
    for part in PARTS:
        before, begin, _, end, after = _split(part)
        (ROOT / part.file).write_text(f"{before}{begin}\n{part.text()}\n\n{end}{after}", encoding="utf-8")


def _split(part: Part) -> tuple[str, str, str, str, str]:
    pattern = rf"(<!-- {part.name} -->\n)(.*?)(<!-- /{part.name} -->)"
    pieces = re.split(pattern, (ROOT / part.file).read_text(encoding="utf-8"), maxsplit=1, flags=re.DOTALL)
    if len(pieces) != 5:
        raise LookupError(f"{part.file} has no <!-- {part.name} --> … <!-- /{part.name} -->")
    before, begin, between, end, after = pieces
    return before, begin, between, end, after


if __name__ == "__main__":
    write()
