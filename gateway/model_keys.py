"""Which keys a model allows at a place: pydantic says that a key is too many, but not which it would have taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Tag

_CONTAINERS = (list, tuple, dict, set, frozenset)


def allowed_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that the models at `location` (as pydantic gives it) take, in the order of their fields."""
    types: list[Any] = [model]
    for step in location:
        types = [below for candidate in types for below in _step(candidate, step)] or _branch(types, step)
    keys: dict[str, None] = {}
    for member, _ in _members(types):
        if _is_model(member):
            keys.update(dict.fromkeys(info.alias or name for name, info in member.model_fields.items()))
    return list(keys)


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _branch(types: list[Any], step: str | int) -> list[Any]:
    """A step that leads nowhere names the branch of a union: by its tag, or by the name of its model."""
    return [member for member, name in _members(types) if name == step] or types


def _members(types: list[Any], tag: str = "") -> Iterator[tuple[Any, str]]:
    """The models and containers without `Annotated`, aliases (`type X = …`) and unions around them, and their names."""
    for candidate in types:
        if hasattr(candidate, "__value__"):
            yield from _members([candidate.__value__], tag)
        elif get_origin(candidate) is Annotated:
            below, *marks = get_args(candidate)
            yield from _members([below], next((mark.tag for mark in marks if isinstance(mark, Tag)), tag))
        elif _is_model(candidate):
            yield candidate, tag or candidate.__name__
        elif get_origin(candidate) in _CONTAINERS:
            yield candidate, tag
        else:
            yield from _members([argument for argument in get_args(candidate) if argument is not candidate], tag)


def _step(candidate: Any, step: str | int) -> Iterator[Any]:
    for member, _ in _members([candidate]):
        if _is_model(member):
            fields = member.model_fields.items()
            yield from (info.annotation for name, info in fields if step == (info.alias or name))
        elif get_origin(member) is dict:
            yield get_args(member)[1]
        elif isinstance(step, int):
            yield from get_args(member)[:1]
